import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { table } from '../../cli/output.ts'
import { targetText } from '../../domain/route.ts'
import { routesOf } from '../../operations/customers/index.ts'
import { routeJson, whoseRoute } from '../../presenters/routes.ts'

export default class RouteList extends BaseCommand {
  static override summary = "list a customer's own routes, or the defaults"
  static override examples = ['<%= config.bin %> route list acme', '<%= config.bin %> route list --default']
  static override args = { customer: Args.string({ description: 'whose routes; left out with --default' }) }
  static override flags = {
    default: Flags.boolean({ default: false, env: 'APIGW_DEFAULT', summary: 'the routes of all who have none of their own' }),
  }

  async run() {
    const { args, flags } = await this.parse(RouteList)
    const whose = whoseRoute(args.customer, flags.default)
    return this.withRegistry(flags, async (registry) => {
      const routes = await routesOf(registry, whose)
      if (routes.length === 0) this.note(`No routes. Next: apigw route set ${whose ?? '--default'} --queue QUEUE`)
      else
        this.log(
          table(
            ['env', 'api', 'queues'],
            routes.map(({ environment, api, targets }) => [environment, api, targets.map(targetText).join(', ')]),
          ),
        )
      return { customer: whose ?? null, routes: routes.map(routeJson) }
    })
  }
}
