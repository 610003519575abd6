import { status } from '../../operations/trail/index.ts'
import { checkLine } from '../../presenters/checks.ts'
import { TrailCommand, trailFlags } from '../../presenters/trail.ts'

export default class TrailStatus extends TrailCommand {
  static override summary = 'look at each part of the activity trail, and say what to fix'
  static override description = 'Posts nothing. Exits with 1 if anything failed; a warning is no failure.'
  static override examples = ['<%= config.bin %> trail status', '<%= config.bin %> trail status --json']
  static override flags = trailFlags

  async run() {
    const { flags } = await this.parse(TrailStatus)
    const checks = await this.withTrail(flags, (clients) => status(clients, Date.now()))
    for (const { check, state, detail, fix } of checks) this.log(checkLine({ name: check, state, detail, fix: fix ?? undefined }))
    if (checks.some(({ state }) => state === 'fail')) process.exitCode = 1
    return { checks }
  }
}
