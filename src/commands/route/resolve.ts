import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { apis, type Target } from '../../domain/route.ts'
import { resolveRoute } from '../../operations/customers/index.ts'
import { facts } from '../../presenters/output.ts'
import { routeJson } from '../../presenters/routes.ts'

const rules = {
  customer: "the customer's own route",
  default: 'the default route, because the customer has no route of its own',
} as const

/** The share of the calls that a target gets, in words. */
function shareOf(target: Target, all: readonly Target[]): string {
  const group = all.filter((other) => other.order === target.order)
  const total = group.reduce((sum, other) => sum + other.weight, 0)
  const first = Math.min(...all.map((other) => other.order))
  const part = total === 0 ? (group[0] === target ? 100 : 0) : Math.round((100 * target.weight) / total)
  const share = part === 0 ? 'only if the others refuse' : `${part}% of the calls`
  return target.order === first ? share : `${share} that all earlier queues refuse`
}

export default class RouteResolve extends BaseCommand {
  static override summary = 'show which queues a call would use, and why'
  static override examples = ['<%= config.bin %> route resolve acme --env live']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'API of the route' })(),
  }

  async run() {
    const { args, flags } = await this.parse(RouteResolve)
    return this.withRegistry(flags, async (registry) => {
      const { route, rule } = await resolveRoute(registry, args.customer, flags.api, flags.env)
      const inOrder = [...route.targets].sort((one, other) => one.order - other.order)
      for (const { queue } of inOrder) this.log(queue)
      // Only the queues go to stdout, for scripts.
      this.note(`Uses ${rules[rule]}.\n${facts(inOrder.map((target) => [target.queue, shareOf(target, route.targets)]))}`)
      return { customer: args.customer, rule, ...routeJson(route) }
    })
  }
}
