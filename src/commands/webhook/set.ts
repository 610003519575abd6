import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { repeated } from '../../cli/repeated.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { Problem } from '../../domain/problem.ts'
import { resolveName, setWebhook } from '../../operations/webhooks/index.ts'
import { webhookJson } from '../../presenters/webhooks.ts'

export default class WebhookSet extends WebhookCommand {
  static override summary = 'change the URL or the event types of a webhook'
  static override description = 'Events that wait are sent to the new URL. The secret stays the same.'
  static override examples = [
    '<%= config.bin %> webhook set acme main --url https://new.acme.kr/apigw',
    '<%= config.bin %> webhook set acme main --event message.failed',
    '<%= config.bin %> webhook set acme main --all-events',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    url: Flags.string({ env: 'APIGW_URL', summary: 'https URL on the public internet' }),
    event: Flags.string({
      multiple: true,
      env: 'APIGW_EVENT',
      helpValue: 'TYPE',
      summary: 'event type to send; repeatable',
      exclusive: ['all-events'],
    }),
    'all-events': Flags.boolean({ default: false, env: 'APIGW_ALL_EVENTS', summary: 'send all event types, also future ones' }),
    local: Flags.boolean({
      default: false,
      env: 'APIGW_LOCAL',
      summary: 'allow http://localhost, which only "apigw dev" sends to',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(WebhookSet)
    const { url, local, 'dry-run': dryRun } = flags
    const key = this.keyOf(args, flags)
    const events = flags['all-events'] ? [] : repeated(flags.event)
    if (url === undefined && events === undefined) {
      throw new Problem('input-missing', 'Nothing to change.', { next: 'add --url, --event or --all-events' })
    }
    return this.withWebhooks(args.customer, flags, async (place) => {
      const input = { ...(url !== undefined && { target: { url, local } }), ...(events !== undefined && { events }) }
      const webhook = await setWebhook(place, key, input, resolveName)
      const sent = webhook.events.length === 0 ? 'all events' : webhook.events.join(', ')
      this.log(`${dryRun ? 'Would send' : 'Sends'} ${sent} to ${webhook.url}.`)
      return { ...webhookJson(webhook, Date.now()), dryRun }
    })
  }
}
