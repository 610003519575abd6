import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { readInput } from '../../cli/input-file.ts'
import { findWebhooks } from '../../cli/webhooks.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { eventsIn, parseWebhooks, replay } from '../../operations/trail/index.ts'

export default class TrailReplay extends BaseCommand {
  static override summary = 'run the notifier over recorded events, to Slack or stdout'
  static override description =
    'Reads Lambda events: one JSON object, a list, or one object per line. Reads the webhook from APIGW_SLACK_WEBHOOK or a prompt. --dry-run needs no webhook and prints what would be posted. Exits with 1 if an alert could not be posted.'
  static override examples = [
    '<%= config.bin %> trail replay events.json --dry-run',
    'cat events.jsonl | <%= config.bin %> trail replay - --dry-run --json',
  ]
  static override args = { file: Args.string({ required: true, description: 'events file; - for stdin' }) }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(TrailReplay)
    const { trail: choices } = this.settings(flags)
    const events = eventsIn(await readInput(args.file), args.file)
    const found = flags['dry-run']
      ? undefined
      : await findWebhooks(undefined, { interactive: this.interactive && args.file !== '-' })
    if (found === undefined && !flags['dry-run']) {
      throw new Problem('input-missing', 'No webhook was given.', { next: 'set APIGW_SLACK_WEBHOOK, or add --dry-run' })
    }
    const webhooks = found === undefined ? undefined : parseWebhooks(found)
    const log = (event: string, fields: Readonly<Record<string, unknown>>): void => {
      if (event === 'alert-failed') this.note(`Not posted: ${fields.report}: ${fields.error ?? fields.detail}`)
    }
    const done = await replay(events, { choices, webhooks, log })
    if (flags['dry-run']) for (const { message } of done.messages) this.log(JSON.stringify(message))
    const { posted, collected, repeated, ignored, failed } = done
    this.note(
      `${quantity(done.events, 'event')}: ${posted} posted, ${collected} in a digest, ${repeated} repeated, ${ignored} without a rule, ${failed} failed.`,
    )
    if (failed > 0) process.exitCode = 1
    return { ...done, dryRun: flags['dry-run'] }
  }
}
