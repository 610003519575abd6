import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { routeJson } from '../../cli/render.ts'
import { resolveRoute } from '../../customers/index.ts'
import { apis } from '../../domain/route.ts'

export default class RouteResolve extends BaseCommand {
  static override summary = 'show which queue a call would go to now'
  static override examples = ['<%= config.bin %> route resolve acme --env live']
  static override args = { customer: Args.string({ required: true, description: 'whose call' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'which API' })(),
  }

  async run() {
    const { args, flags } = await this.parse(RouteResolve)
    return this.withRegistry(flags, async (registry) => {
      const route = await resolveRoute(registry, args.customer, flags.api, flags.env)
      this.log(route.target.queue)
      return { customer: args.customer, ...routeJson(route) }
    })
  }
}
