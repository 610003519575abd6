import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { routeJson } from '../../cli/render.ts'
import { setRoute } from '../../customers/index.ts'
import { apis } from '../../domain/route.ts'

export default class RouteSet extends BaseCommand {
  static override summary = "choose the queue for a customer's calls"
  static override description =
    'Takes effect on the next call. A test route takes only queues named "sandbox…", so that test never reaches a carrier.'
  static override examples = [
    '<%= config.bin %> route set acme --queue carrier-b',
    '<%= config.bin %> route set acme --env test --queue sandbox',
  ]
  static override args = { customer: Args.string({ required: true, description: 'whose route' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'which API' })(),
    queue: Flags.string({ required: true, env: 'APIGW_QUEUE', summary: 'name of the SQS queue' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RouteSet)
    return this.withContext(flags, async (context) => {
      const route = await setRoute(context, args.customer, flags.api, flags.env, flags.queue)
      this.log(`${args.customer} ${route.environment} ${route.api} → queue ${route.target.queue}`)
      return { customer: args.customer, ...routeJson(route), dryRun: flags['dry-run'] }
    })
  }
}
