import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { duration, instant } from '../../cli/instant.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { Problem } from '../../domain/problem.ts'
import { replayMessage, replaySince } from '../../operations/webhooks/index.ts'
import { iso } from '../../presenters/output.ts'

/** A time, or how long ago. @throws Problem `input-invalid` */
function past(text: string, now: number): number {
  return /^\d+[mhd]$/.test(text) ? now - duration(text) : instant(text, now)
}

export default class WebhookReplay extends WebhookCommand {
  static override summary = 'send events of messages to a webhook again'
  static override description =
    'Each event has the id that it had, so a receiver recognises what it has seen. --message sends one event. --since moves the webhook\nback: it gets all events of messages from then on again, at most seven days.'
  static override examples = [
    '<%= config.bin %> webhook replay acme main --message 0ABCDEFGHJKMNPQRSTVWXYZ012',
    '<%= config.bin %> webhook replay acme main --since 6h --dry-run',
    '<%= config.bin %> webhook replay acme main --since 2026-11-27T09:00:00+09:00 --yes',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    message: Flags.string({
      env: 'APIGW_MESSAGE',
      helpValue: 'ID',
      summary: 'only the event of this message',
      exclusive: ['since'],
    }),
    since: Flags.string({
      env: 'APIGW_SINCE',
      helpValue: 'WHEN',
      summary: 'all from this time on (2026-11-27T09:00:00Z), or from so long ago (6h, 2d)',
    }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(WebhookReplay)
    const { message, since, yes = false, 'dry-run': dryRun } = flags
    const key = this.keyOf(args, flags)
    const at = since === undefined ? undefined : past(since, Date.now())
    if (message === undefined && at === undefined) {
      throw new Problem('input-missing', 'Which events is missing.', { next: 'add --message ID or --since WHEN' })
    }
    return this.withWebhooks(args.customer, flags, async (place) => {
      if (message !== undefined) {
        const { id } = await replayMessage(place, key, message)
        this.log(`${dryRun ? 'Would send' : 'The worker sends'} ${id} again.`)
        return { ...key, message, since: null, events: 1, dryRun }
      }
      const question = `Send all events of ${key.customer} since ${iso(at)} to ${key.name} again?`
      if (!dryRun) await confirm(question, { yes, interactive: this.interactive })
      const events = await replaySince(place, key, at ?? 0)
      this.log(`${dryRun ? 'Would send' : 'The worker sends'} up to ${events} events again.`)
      return { ...key, message: null, since: iso(at), events, dryRun }
    })
  }
}
