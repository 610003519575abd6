import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { table } from '../../cli/output.ts'
import { routeJson } from '../../cli/render.ts'
import { routesOf } from '../../customers/index.ts'

export default class RouteList extends BaseCommand {
  static override summary = "list a customer's routes"
  static override examples = ['<%= config.bin %> route list acme']
  static override args = { customer: Args.string({ required: true, description: 'whose routes' }) }

  async run() {
    const { args, flags } = await this.parse(RouteList)
    return this.withRegistry(flags, async (registry) => {
      const routes = await routesOf(registry, args.customer)
      if (routes.length === 0) this.note(`No routes. Next: apigw route set ${args.customer} --queue QUEUE`)
      else
        this.log(
          table(
            ['env', 'api', 'queue'],
            routes.map(({ environment, api, target }) => [environment, api, target.queue]),
          ),
        )
      return { customer: args.customer, routes: routes.map(routeJson) }
    })
  }
}
