import * as z from 'zod'
import { type Environment, queueName } from './names.ts'
import { Problem } from './problem.ts'

/** One queue of a route. */
export interface Target {
  readonly queue: string
  /** Its share of the calls among the targets of the same order; 0: only when the others refuse. */
  readonly weight: number
  /** Targets of a higher order are used when all of the lower ones refuse. */
  readonly order: number
}

/** What an image may be: carriers differ. */
export interface MediaLimits {
  readonly maxBytes: number
  readonly maxWidth: number
  readonly maxHeight: number
}

/** Where calls go, as it is stored beside what admission reads. */
export interface RoutePlan {
  readonly targets: readonly Target[]
  readonly media?: MediaLimits
}

/** Which queues serve a customer's calls to an API in an environment; of no customer: everybody's who has no own. */
export interface Route extends RoutePlan {
  readonly api: string
  readonly environment: Environment
}

export const apis = ['messages'] as const
/** An API that customers call. Each has its own routes. */
export type Api = (typeof apis)[number]

/** What Korean carriers take of an MMS image; NAVER Cloud SENS publishes the same figures. */
export const defaultMedia: MediaLimits = { maxBytes: 307_200, maxWidth: 1500, maxHeight: 1440 }

const maxTargets = 8
const maxWeight = 1000

/** `carrier-a`, `carrier-a*3` (weight), `carrier-b@2` (order), `carrier-b*3@2`. */
const targetPattern = /^([^*@]+)(?:\*(\d{1,4}))?(?:@(\d))?$/

/** Reads a target as an operator writes it. @throws Problem `route-invalid` */
export function targetFrom(text: string, environment: Environment): Target {
  const [, queue, weight = '1', order = '1'] = targetPattern.exec(text) ?? []
  if (queue === undefined && !/[*@]/.test(text)) return { queue: queueName(text, environment), weight: 1, order: 1 }
  if (queue === undefined || Number(weight) > maxWeight) {
    throw new Problem('route-invalid', `"${text}" cannot be a target.`, {
      next: 'write QUEUE, QUEUE*WEIGHT (0 to 1000) or QUEUE*WEIGHT@ORDER (order 0 to 9, lower first), as in carrier-a*3@1',
    })
  }
  return { queue: queueName(queue, environment), weight: Number(weight), order: Number(order) }
}

/** A target as an operator writes it. */
export function targetText({ queue, weight, order }: Target): string {
  return `${queue}${weight === 1 ? '' : `*${weight}`}${order === 1 ? '' : `@${order}`}`
}

/** @throws Problem `route-invalid` */
export function route(api: string, environment: Environment, targets: readonly string[], media?: MediaLimits): Route {
  if (!apis.some((known) => known === api)) {
    throw new Problem('route-invalid', `The API "${api}" does not exist.`, { next: `use one of: ${apis.join(', ')}` })
  }
  const read = targets.map((text) => targetFrom(text, environment))
  if (read.length === 0 || read.length > maxTargets) {
    throw new Problem('route-invalid', `A route has 1 to ${maxTargets} targets, not ${read.length}.`)
  }
  const twice = read.find((one, at) => read.findIndex((other) => other.queue === one.queue) !== at)
  if (twice !== undefined) throw new Problem('route-invalid', `The queue "${twice.queue}" is named more than once.`)
  return { api, environment, targets: read, ...(media !== undefined && { media }) }
}

/** What is stored of a route: the part that a call needs. */
export function routePlanText({ targets, media }: RoutePlan): string {
  return JSON.stringify(media === undefined ? { targets } : { targets, media })
}

const plan: z.ZodType<RoutePlan> = z.object({
  targets: z.array(z.object({ queue: z.string(), weight: z.number(), order: z.number() })).min(1),
  media: z.object({ maxBytes: z.number(), maxWidth: z.number(), maxHeight: z.number() }).exactOptional(),
})

/** Parses what `routePlanText` wrote. */
export function routePlanFrom(text: string): RoutePlan {
  return plan.parse(JSON.parse(text))
}

/**
 * The queues of a way, first choice first. Among targets of the same order the share of each follows its weight.
 * @param draw 0 to below 1: which share this call falls into; the same draw gives the same order
 */
export function orderTargets(targets: readonly Target[], draw: number): string[] {
  const orders = [...new Set(targets.map((target) => target.order))].sort((a, b) => a - b)
  return orders.flatMap((order) => {
    const group = targets.filter((target) => target.order === order)
    const total = group.reduce((sum, target) => sum + target.weight, 0)
    let left = draw * total
    const first = group.findIndex((target) => {
      left -= target.weight
      return left < 0
    })
    const at = Math.max(first, 0)
    return [...group.slice(at), ...group.slice(0, at)].map((target) => target.queue)
  })
}
