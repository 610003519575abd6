import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { deploySteps } from '../../cli/stacks.ts'
import { TrailCommand, trailFlags } from '../../cli/trail.ts'
import { confirmed } from '../../cli/confirm.ts'
import { uninstall } from '../../trail/index.ts'

export default class TrailUninstall extends TrailCommand {
  static override summary = 'take the activity trail away; what was recorded stays'
  static override examples = ['<%= config.bin %> trail uninstall', '<%= config.bin %> trail uninstall --delete-logs']
  static override flags = {
    'delete-logs': Flags.boolean({ default: false, env: 'APIGW_DELETE_LOGS', summary: 'delete the recorded events too; there is no way back' }),
    yes: shared.yes,
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailUninstall)
    const deleteLogs = flags['delete-logs']
    const what = deleteLogs ? 'the trail and everything that it recorded' : 'the trail; what it recorded stays'
    await confirmed(`Take away ${what}?`, { yes: flags.yes ?? false, interactive: this.interactive })
    const steps = deploySteps(this, { ...flags, yes: true })
    try {
      const done = await this.withTrail(flags, (clients) => uninstall(clients, { deleteLogs }, steps))
      this.log(`The trail is gone. ${done.left.length === 0 ? 'Nothing was left.' : `Left: ${done.left.join(', ')}`}`)
      return done
    } finally {
      steps.done()
    }
  }
}
