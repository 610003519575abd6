import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { routeOwner } from '../../cli/route-owner.ts'
import { apis } from '../../domain/route.ts'
import { removeRoute } from '../../operations/customers/index.ts'
import { routeJson, routeText } from '../../presenters/routes.ts'

export default class RouteRemove extends BaseCommand {
  static override summary = 'remove a route; calls then use the default route, if there is one'
  static override examples = [
    '<%= config.bin %> route remove acme --env live',
    '<%= config.bin %> route remove --default --env live',
  ]
  static override args = { customer: Args.string({ description: 'customer id; omit with --default' }) }
  static override flags = {
    default: Flags.boolean({
      default: false,
      env: 'APIGW_DEFAULT',
      summary: 'the default route, for customers without their own',
    }),
    env: shared.env({ required: true }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'API of the route' })(),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RouteRemove)
    const owner = routeOwner(args.customer, flags.default)
    return this.withContext(flags, async (context) => {
      const route = await removeRoute(context, owner, flags.api, flags.env)
      this.log(`${owner ?? 'default'} ${route.environment} ${route.api}: removed the route to ${routeText(route)}`)
      return { customer: owner ?? null, ...routeJson(route), dryRun: flags['dry-run'] }
    })
  }
}
