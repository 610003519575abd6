import { Flags } from '@oclif/core'
import { shared } from '../../../cli/base.ts'
import { confirm } from '../../../cli/confirm.ts'
import { TrailCommand, trailFlags } from '../../../cli/trail-command.ts'
import { apigw, step } from '../../../domain/next-step.ts'
import { redriveDeadLetters } from '../../../operations/trail/index.ts'

export default class TrailDlqRedrive extends TrailCommand {
  static override summary = 'post undelivered alerts to Slack again'
  static override description =
    'Passes each dead letter to the notifier, and deletes it once Slack has accepted it. Letters that fail again stay in the queue. Alerts that were posted in the meantime are not posted twice. Exits with 1 if any failed again.'
  static override examples = ['<%= config.bin %> trail dlq redrive', '<%= config.bin %> trail dlq redrive --most 1']
  static override flags = {
    most: Flags.integer({ default: 10_000, min: 1, env: 'APIGW_MOST', summary: 'maximum number of alerts' }),
    yes: shared.yes,
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailDlqRedrive)
    await confirm('Post the undelivered alerts again?', { yes: flags.yes ?? false, interactive: this.interactive })
    const done = await this.withTrail(flags, (clients) => redriveDeadLetters(clients, flags.most))
    this.log(`${done.told} posted, ${done.failed} failed again${done.why === null ? '' : `: ${done.why}`}.`)
    if (done.failed > 0) {
      this.note(step`Next: ${apigw('trail status')}`)
      process.exitCode = 1
    }
    return done
  }
}
