import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { interruptible } from '../../cli/interrupt.ts'
import { repeated } from '../../cli/repeated.ts'
import { TrailCommand, trailFlags } from '../../cli/trail-command.ts'
import { confirmNames } from '../../cli/typed-name.ts'
import { apigw } from '../../domain/next-step.ts'
import { uninstall } from '../../operations/trail/index.ts'

export default class TrailUninstall extends TrailCommand {
  static override summary = 'remove the activity trail and keep the recorded events'
  static override examples = ['<%= config.bin %> trail uninstall', '<%= config.bin %> trail uninstall --delete-logs']
  static override flags = {
    'delete-logs': Flags.boolean({
      default: false,
      env: 'APIGW_DELETE_LOGS',
      summary: 'also delete the recorded events; cannot be undone',
    }),
    yes: shared.yes,
    confirm: shared.confirm,
    wait: shared.wait,
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailUninstall)
    const deleteLogs = flags['delete-logs']
    if (deleteLogs) {
      await confirmNames('This permanently deletes all recorded events.', ['apigw-trail'], {
        confirmed: repeated(flags.confirm) ?? [],
        interactive: this.interactive,
        next: apigw('trail uninstall', '--delete-logs', '--yes'),
      })
    }
    const done = await interruptible((signal) =>
      this.withTrail(flags, (clients) =>
        uninstall(clients, { deleteLogs }, this.stackSteps(flags, apigw('trail uninstall'), signal)),
      ),
    )
    this.log('Removed the activity trail.')
    this.log(done.left.length === 0 ? 'Nothing was retained.' : `Retained:\n${done.left.map((one) => `  ${one}`).join('\n')}`)
    return done
  }
}
