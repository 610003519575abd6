import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { routeOwner } from '../../cli/route-owner.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { targetText } from '../../domain/route.ts'
import { routesOf } from '../../operations/customers/index.ts'
import { table } from '../../presenters/output.ts'
import { routeJson } from '../../presenters/routes.ts'

export default class RouteList extends BaseCommand {
  static override summary = "list a customer's routes, or the default routes"
  static override examples = ['<%= config.bin %> route list acme', '<%= config.bin %> route list --default']
  static override args = { customer: Args.string({ description: 'customer id; omit with --default' }) }
  static override flags = {
    default: Flags.boolean({
      default: false,
      env: 'APIGW_DEFAULT',
      summary: 'the default routes, for customers without their own',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(RouteList)
    const owner = routeOwner(args.customer, flags.default)
    return this.withRegistry(flags, async (registry) => {
      const routes = await routesOf(registry, owner)
      if (routes.length === 0) this.note(step`No routes. Next: ${apigw('route set', owner ?? '--default', '--queue', 'QUEUE')}`)
      else
        this.log(
          table(
            ['env', 'api', 'queues'],
            routes.map(({ environment, api, targets }) => [environment, api, targets.map(targetText).join(', ')]),
          ),
        )
      return { customer: owner ?? null, routes: routes.map(routeJson) }
    })
  }
}
