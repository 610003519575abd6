import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { deliveriesOf } from '../../operations/webhooks/index.ts'
import { attemptJson, attemptsText } from '../../presenters/webhooks.ts'

export default class WebhookDeliveries extends WebhookCommand {
  static override summary = 'list the last attempts of a webhook, newest first'
  static override description =
    'Attempts are kept for seven days. failed: the event is sent again. given up: it is not; replay sends it again.'
  static override examples = [
    '<%= config.bin %> webhook deliveries acme main',
    '<%= config.bin %> webhook deliveries acme main --failed --json',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    failed: Flags.boolean({ default: false, env: 'APIGW_FAILED', summary: 'only attempts that failed' }),
    cursor: Flags.string({ env: 'APIGW_CURSOR', summary: 'resume from this cursor (default: the newest attempt)' }),
  }

  async run() {
    const { args, flags } = await this.parse(WebhookDeliveries)
    const key = this.keyOf(args, flags)
    return this.withWebhooks(args.customer, flags, async (place) => {
      const page = await deliveriesOf(place, key, flags.cursor)
      const attempts = page.attempts.filter(({ result }) => !flags.failed || result !== 'delivered')
      if (attempts.length === 0) this.note('No attempts.')
      else this.log(attemptsText(attempts))
      const { cursor = null } = page
      if (cursor !== null) {
        const more = apigw('webhook deliveries', key.customer, key.name, '--env', key.environment, '--cursor', cursor)
        this.note(step`More: ${more}`)
      }
      return { ...key, attempts: attempts.map(attemptJson), cursor }
    })
  }
}
