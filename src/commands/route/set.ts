import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { routeOwner } from '../../cli/route-owner.ts'
import { apis, defaultMedia } from '../../domain/route.ts'
import { setRoute } from '../../operations/customers/index.ts'
import { routeJson, routeText } from '../../presenters/routes.ts'

export default class RouteSet extends BaseCommand {
  static override summary = "set the queues for a customer's calls, or the default route"
  static override description =
    'Takes effect on the next call. Several --queue values share the calls by weight (QUEUE*3). A queue of a higher order (QUEUE@2) is used only if all queues before it refuse. A test route accepts only queues named "sandbox…", so that test messages never reach a carrier.'
  static override examples = [
    '<%= config.bin %> route set acme --queue carrier-b',
    '<%= config.bin %> route set acme --queue carrier-a*3 --queue carrier-b*1 --queue carrier-c@2',
    '<%= config.bin %> route set --default --queue carrier-a',
    '<%= config.bin %> route set acme --env test --queue sandbox',
  ]
  static override args = { customer: Args.string({ description: 'customer id; omit with --default' }) }
  static override flags = {
    default: Flags.boolean({
      default: false,
      env: 'APIGW_DEFAULT',
      summary: 'the default route, for customers without their own',
    }),
    env: shared.env({ default: 'live' }),
    api: Flags.option({ options: apis, default: 'messages', env: 'APIGW_API', summary: 'API of the route' })(),
    queue: Flags.string({
      required: true,
      multiple: true,
      env: 'APIGW_QUEUE',
      helpValue: 'QUEUE[*WEIGHT][@ORDER]',
      summary: 'SQS queue; repeatable',
    }),
    'media-bytes': Flags.integer({
      min: 1,
      max: 10_000_000,
      env: 'APIGW_MEDIA_BYTES',
      summary: 'maximum size of an MMS image, in bytes',
    }),
    'media-width': Flags.integer({ min: 1, max: 20_000, env: 'APIGW_MEDIA_WIDTH', summary: 'maximum image width, in pixels' }),
    'media-height': Flags.integer({ min: 1, max: 20_000, env: 'APIGW_MEDIA_HEIGHT', summary: 'maximum image height, in pixels' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RouteSet)
    const owner = routeOwner(args.customer, flags.default)
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
      const route = await setRoute(context, owner, { api: flags.api, environment: flags.env, targets: flags.queue, media })
      this.log(`${owner ?? 'default'} ${route.environment} ${route.api} → ${routeText(route)}`)
      return { customer: owner ?? null, ...routeJson(route), dryRun: flags['dry-run'] }
    })
  }
}
