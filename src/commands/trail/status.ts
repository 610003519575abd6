import { TrailCommand, trailFlags } from '../../cli/trail-command.ts'
import { status } from '../../operations/trail/index.ts'
import { checkLine } from '../../presenters/checks.ts'

export default class TrailStatus extends TrailCommand {
  static override summary = 'check each part of the activity trail, and suggest fixes'
  static override description = 'Posts nothing. Exits with 1 if a check fails; a warning does not change the exit code.'
  static override examples = ['<%= config.bin %> trail status', '<%= config.bin %> trail status --json']
  static override flags = trailFlags

  async run() {
    const { flags } = await this.parse(TrailStatus)
    const found = await this.withTrail(flags, (clients) => status(clients, Date.now()))
    const checks = found.map((one) => ({ ...one, fix: one.fix === null ? null : this.nextText(one.fix) }))
    for (const { check, state, detail, fix } of checks) this.log(checkLine({ name: check, state, detail, fix: fix ?? undefined }))
    if (checks.some(({ state }) => state === 'fail')) process.exitCode = 1
    return { checks }
  }
}
