import { Args } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { enableWebhook } from '../../operations/webhooks/index.ts'
import { webhookJson } from '../../presenters/webhooks.ts'

export default class WebhookEnable extends WebhookCommand {
  static override summary = 'let a webhook that was disabled get events again'
  static override description =
    'It continues from where it was; what waits is sent at once. Reports are kept for seven days, so later is too late for the oldest.'
  static override examples = ['<%= config.bin %> webhook enable acme main']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = { env: shared.env({ default: 'live' }), 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(WebhookEnable)
    const dryRun = flags['dry-run']
    const key = this.keyOf(args, flags)
    return this.withWebhooks(args.customer, flags, async (place) => {
      const webhook = await enableWebhook(place, key)
      this.log(`${dryRun ? 'Would enable' : 'Enabled'} the webhook ${key.name}.`)
      if (!dryRun) this.noteDeliveries(key)
      return { ...webhookJson(webhook, Date.now()), dryRun }
    })
  }
}
