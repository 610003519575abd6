import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { apis } from '../../domain/route.ts'
import { removeRoute } from '../../operations/customers/index.ts'
import { routeJson, routeText, whoseRoute } from '../../presenters/routes.ts'

export default class RouteRemove extends BaseCommand {
  static override summary = 'remove a route: its calls take the default, or are refused'
  static override examples = [
    '<%= config.bin %> route remove acme --env live',
    '<%= config.bin %> route remove --default --env live',
  ]
  static override args = { customer: Args.string({ description: 'whose route; left out with --default' }) }
  static override flags = {
    default: Flags.boolean({ default: false, env: 'APIGW_DEFAULT', summary: 'the route of all who have none of their own' }),
    env: shared.env({ required: true }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'which API' })(),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RouteRemove)
    const whose = whoseRoute(args.customer, flags.default)
    return this.withContext(flags, async (context) => {
      const route = await removeRoute(context, whose, flags.api, flags.env)
      this.log(`${whose ?? 'default'} ${route.environment} ${route.api}: route to ${routeText(route)} removed.`)
      return { customer: whose ?? null, ...routeJson(route), dryRun: flags['dry-run'] }
    })
  }
}
