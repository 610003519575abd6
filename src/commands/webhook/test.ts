import { setTimeout as sleep } from 'node:timers/promises'
import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { attemptOf, testWebhook } from '../../operations/webhooks/index.ts'
import { attemptJson } from '../../presenters/webhooks.ts'

const lookEveryMs = 500

export default class WebhookTest extends WebhookCommand {
  static override summary = 'have a webhook.test event sent, and show the answer'
  static override description =
    'The worker sends it, as it sends every event. The first attempt may take a minute. Exits with 1 if the webhook did not take it.'
  static override examples = [
    '<%= config.bin %> webhook test acme main',
    '<%= config.bin %> webhook test acme main --wait-seconds 0',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    'wait-seconds': Flags.integer({
      default: 90,
      min: 0,
      max: 600,
      env: 'APIGW_WAIT_SECONDS',
      summary: 'how long to wait for the answer; 0: not at all',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(WebhookTest)
    const { 'wait-seconds': seconds, 'dry-run': dryRun } = flags
    const key = this.keyOf(args, flags)
    return this.withWebhooks(args.customer, flags, async (place) => {
      const { id } = await testWebhook(place, key)
      if (dryRun || seconds === 0) {
        this.log(`${dryRun ? 'Would send' : 'The worker sends'} a test event.`)
        if (!dryRun) this.noteDeliveries(key)
        return { ...key, id: dryRun ? null : id, attempt: null, dryRun }
      }
      this.note('Waiting for the worker …')
      const attempt = await attemptOf(place, key, id, AbortSignal.timeout(seconds * 1000), () => sleep(lookEveryMs))
      if (attempt === undefined) {
        this.log(`No attempt within ${seconds} seconds.`)
        this.noteDeliveries(key)
      } else this.log(`${attempt.result}: ${attempt.why} after ${attempt.ms} ms  ${id}`)
      if (attempt?.result !== 'delivered') process.exitCode = 1
      return { ...key, id, attempt: attempt === undefined ? null : attemptJson(attempt), dryRun }
    })
  }
}
