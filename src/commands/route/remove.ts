import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { routeJson } from '../../cli/render.ts'
import { removeRoute } from '../../customers/index.ts'
import { apis } from '../../domain/route.ts'

export default class RouteRemove extends BaseCommand {
  static override summary = 'remove a route: calls that would take it are refused'
  static override examples = ['<%= config.bin %> route remove acme --env live']
  static override args = { customer: Args.string({ required: true, description: 'whose route' }) }
  static override flags = {
    env: shared.env({ required: true }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'which API' })(),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RouteRemove)
    return this.withContext(flags, async (context) => {
      const route = await removeRoute(context, args.customer, flags.api, flags.env)
      this.log(`${args.customer} ${route.environment} ${route.api}: route to queue ${route.target.queue} removed.`)
      return { customer: args.customer, ...routeJson(route), dryRun: flags['dry-run'] }
    })
  }
}
