import { type Environment, queueName } from './names.ts'
import { Problem } from './problem.ts'

/** One queue that a route may send to. */
export interface Target {
  readonly queue: string
}

/** Which queue serves a customer's calls to an API in an environment. */
export interface Route {
  readonly api: string
  readonly environment: Environment
  readonly target: Target
}

export const apis = ['messages'] as const
/** What is sold: each API has its own routes. */
export type Api = (typeof apis)[number]

/** @throws Problem `route-invalid` */
export function route(api: string, environment: Environment, queue: string): Route {
  if (!apis.some((known) => known === api)) {
    throw new Problem('route-invalid', `There is no API "${api}".`, { next: `use one of: ${apis.join(', ')}` })
  }
  return { api, environment, target: { queue: queueName(queue, environment) } }
}
