import { BaseCommand, shared } from '../cli/base.ts'
import { checkLine } from '../cli/checks.ts'
import { type Check, examine } from '../doctor/index.ts'

export default class Doctor extends BaseCommand {
  static override summary = 'look at everything a call passes through, and say what to fix'
  static override description = 'Changes nothing. Exits with 1 if anything failed; a warning is no failure.'
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --stage prod --json']
  static override flags = { gateway: shared.gateway }

  async run() {
    const { flags } = await this.parse(Doctor)
    const checks = await examine(this.settings({ ...flags, gateway: flags.gateway?.href }))
    const count = (state: Check['state']): number => checks.filter((check) => check.state === state).length
    const summary = { ok: count('ok'), warn: count('warn'), fail: count('fail') }
    this.log([...checks.map(checkLine), '', `${summary.ok} ok, ${summary.warn} to look at, ${summary.fail} failed`].join('\n'))
    if (summary.fail > 0) process.exitCode = 1
    return { summary, checks }
  }
}
