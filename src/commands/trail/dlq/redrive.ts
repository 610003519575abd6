import { Flags } from '@oclif/core'
import { shared } from '../../../cli/base.ts'
import { confirmed } from '../../../cli/confirm.ts'
import { redriveDeadLetters } from '../../../operations/trail/index.ts'
import { TrailCommand, trailFlags } from '../../../presenters/trail.ts'

export default class TrailDlqRedrive extends TrailCommand {
  static override summary = 'tell again what could not be told'
  static override description =
    'Each is given to the notifier and deleted once Slack has it; what fails again stays. What was told meanwhile is not told twice. Exit code 1 if anything failed again.'
  static override examples = ['<%= config.bin %> trail dlq redrive', '<%= config.bin %> trail dlq redrive --most 1']
  static override flags = {
    most: Flags.integer({ default: 10_000, min: 1, env: 'APIGW_MOST', summary: 'how many at most' }),
    yes: shared.yes,
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailDlqRedrive)
    await confirmed('Give the dead letters to the notifier again?', { yes: flags.yes ?? false, interactive: this.interactive })
    const done = await this.withTrail(flags, (clients) => redriveDeadLetters(clients, flags.most))
    this.log(`${done.told} told, ${done.failed} failed again${done.why === null ? '' : `: ${done.why}`}.`)
    if (done.failed > 0) {
      this.note('Next: apigw trail status')
      process.exitCode = 1
    }
    return done
  }
}
