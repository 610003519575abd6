import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { apis, defaultMedia } from '../../domain/route.ts'
import { setRoute } from '../../operations/customers/index.ts'
import { routeJson, routeText, whoseRoute } from '../../presenters/routes.ts'

export default class RouteSet extends BaseCommand {
  static override summary = "choose the queues for a customer's calls, or the default for all"
  static override description =
    'Takes effect on the next call. Several --queue share the calls by weight (QUEUE*3); one of a higher order (QUEUE@2) is used when all before it refuse. A test route takes only queues named "sandbox…", so that test never reaches a carrier.'
  static override examples = [
    '<%= config.bin %> route set acme --queue carrier-b',
    '<%= config.bin %> route set acme --queue carrier-a*3 --queue carrier-b*1 --queue carrier-c@2',
    '<%= config.bin %> route set --default --queue carrier-a',
    '<%= config.bin %> route set acme --env test --queue sandbox',
  ]
  static override args = { customer: Args.string({ description: 'whose route; left out with --default' }) }
  static override flags = {
    default: Flags.boolean({ default: false, env: 'APIGW_DEFAULT', summary: 'the route of all who have none of their own' }),
    env: shared.env({ default: 'live' }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'which API' })(),
    queue: Flags.string({
      required: true,
      multiple: true,
      env: 'APIGW_QUEUE',
      helpValue: 'QUEUE[*WEIGHT][@ORDER]',
      summary: 'name of an SQS queue; may be given several times',
    }),
    'media-bytes': Flags.integer({ min: 1, max: 10_000_000, env: 'APIGW_MEDIA_BYTES', summary: 'largest image of an MMS' }),
    'media-width': Flags.integer({ min: 1, max: 20_000, env: 'APIGW_MEDIA_WIDTH', summary: 'widest image, in pixels' }),
    'media-height': Flags.integer({ min: 1, max: 20_000, env: 'APIGW_MEDIA_HEIGHT', summary: 'highest image, in pixels' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RouteSet)
    const whose = whoseRoute(args.customer, flags.default)
    const { 'media-bytes': maxBytes, 'media-width': maxWidth, 'media-height': maxHeight } = flags
    const media =
      maxBytes === undefined && maxWidth === undefined && maxHeight === undefined
        ? undefined
        : {
            maxBytes: maxBytes ?? defaultMedia.maxBytes,
            maxWidth: maxWidth ?? defaultMedia.maxWidth,
            maxHeight: maxHeight ?? defaultMedia.maxHeight,
          }
    return this.withContext(flags, async (context) => {
      const route = await setRoute(context, whose, { api: flags.api, environment: flags.env, targets: flags.queue, media })
      this.log(`${whose ?? 'default'} ${route.environment} ${route.api} → ${routeText(route)}`)
      return { customer: whose ?? null, ...routeJson(route), dryRun: flags['dry-run'] }
    })
  }
}
