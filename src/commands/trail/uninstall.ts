import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { interruptible } from '../../cli/interrupt.ts'
import { repeated } from '../../cli/repeated.ts'
import { typedNames } from '../../cli/typed-name.ts'
import { uninstall } from '../../operations/trail/index.ts'
import { TrailCommand, trailFlags } from '../../presenters/trail.ts'

export default class TrailUninstall extends TrailCommand {
  static override summary = 'take the activity trail away; what was recorded stays'
  static override examples = ['<%= config.bin %> trail uninstall', '<%= config.bin %> trail uninstall --delete-logs']
  static override flags = {
    'delete-logs': Flags.boolean({
      default: false,
      env: 'APIGW_DELETE_LOGS',
      summary: 'delete the recorded events too; there is no way back',
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
      await typedNames('Everything that was recorded would be deleted, for good.', ['apigw-trail'], {
        confirmed: repeated(flags.confirm) ?? [],
        interactive: this.interactive,
        next: 'apigw trail uninstall --delete-logs --yes',
      })
    }
    const done = await interruptible((signal) =>
      this.withTrail(flags, (clients) =>
        uninstall(clients, { deleteLogs }, this.stackSteps(flags, 'apigw trail uninstall', signal)),
      ),
    )
    this.log('The trail is gone.')
    this.log(
      done.left.length === 0 ? 'Nothing was left.' : `Left, and still kept:\n${done.left.map((one) => `  ${one}`).join('\n')}`,
    )
    return done
  }
}
