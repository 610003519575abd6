import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { duration } from '../../cli/instant.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { rotateWebhook } from '../../operations/webhooks/index.ts'
import { iso } from '../../presenters/output.ts'
import { secretText, webhookJson } from '../../presenters/webhooks.ts'

export default class WebhookRotate extends WebhookCommand {
  static override summary = 'replace the secret of a webhook; both sign for a while'
  static override description =
    'The new secret is shown only once. Until the old one ends, each event has a signature of both, so a receiver can change from one\nto the other at any time.'
  static override examples = [
    '<%= config.bin %> webhook rotate acme main',
    '<%= config.bin %> webhook rotate acme main --overlap 0m',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    overlap: Flags.string({
      default: '24h',
      env: 'APIGW_OVERLAP',
      helpValue: 'SPAN',
      summary: 'how long the old secret stays valid: 7d, 24h, 30m',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(WebhookRotate)
    const overlapMs = duration(flags.overlap)
    const dryRun = flags['dry-run']
    const key = this.keyOf(args, flags)
    return this.withWebhooks(args.customer, flags, async (place) => {
      const rotated = await rotateWebhook(await this.sealing(place, flags), key, overlapMs)
      this.log(secretText(rotated, dryRun))
      const endsAt = iso(rotated.webhook.secrets[1]?.endsAt)
      this.note(endsAt === null ? 'The old secret no longer signs.' : `The old secret signs until ${endsAt}.`)
      return { ...webhookJson(rotated.webhook, Date.now()), secret: dryRun ? null : rotated.secret, dryRun }
    })
  }
}
