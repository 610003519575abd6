import { Args } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { removeWebhook } from '../../operations/webhooks/index.ts'

export default class WebhookRemove extends WebhookCommand {
  static override summary = 'remove a webhook with its secret'
  static override description =
    'Events that wait for it are not sent. A request that is under way may still arrive. The reports are not affected.'
  static override examples = ['<%= config.bin %> webhook remove acme main', '<%= config.bin %> webhook remove acme main --yes']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = { env: shared.env({ default: 'live' }), yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(WebhookRemove)
    const { yes = false, 'dry-run': dryRun } = flags
    const key = this.keyOf(args, flags)
    // Also of a customer who is gone: apigw doctor finds such webhooks.
    return this.withWebhooksOfAnyone(flags, async (place) => {
      const question = `Remove the webhook ${key.name} of ${key.customer} (${key.environment})?`
      if (!dryRun) await confirm(question, { yes, interactive: this.interactive })
      const { url } = await removeWebhook(place, key)
      this.log(`${dryRun ? 'Would remove' : 'Removed'} the webhook ${key.name}.`)
      return { ...key, url, removed: !dryRun, dryRun }
    })
  }
}
