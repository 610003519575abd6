import { BaseCommand, shared } from '../cli/base.ts'
import { carriersOf, databaseFlags, databasePlace } from '../cli/database.ts'
import { quantity } from '../domain/quantity.ts'
import { type Check, examine } from '../operations/doctor/index.ts'
import { checkLine } from '../presenters/checks.ts'

export default class Doctor extends BaseCommand {
  static override summary = 'check everything a call passes through, and suggest fixes'
  static override description = [
    'Changes nothing. Exits with 1 if a check fails; a warning does not change the exit code. For a stage with a region it also',
    'checks the AWS account: stacks, clock, trail, WAF, budget and alarm subscriptions. A check without permission is skipped',
    'and names the permission.',
  ].join(' ')
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --stage prod --json']
  static override flags = { gateway: shared.gateway, ...databaseFlags, profile: shared.profile }

  async run() {
    const { flags } = await this.parse(Doctor)
    const { database, carriers, profile } = flags
    const found = await examine({
      ...this.settings({ ...flags, gateway: flags.gateway?.href }),
      profile,
      database: database === undefined ? undefined : databasePlace(database, this.argv),
      carriers: database === undefined ? [] : carriersOf(carriers),
    })
    const checks = found.map(({ fix, ...check }) => (fix === undefined ? check : { ...check, fix: this.nextText(fix) }))
    const count = (state: Check['state']): number => checks.filter((check) => check.state === state).length
    const skipped = count('skipped')
    const summary = { ok: count('ok'), warn: count('warn'), fail: count('fail'), ...(skipped > 0 && { skipped }) }
    const sum = `${summary.ok} ok, ${quantity(summary.warn, 'warning')}, ${summary.fail} failed`
    this.log([...checks.map(checkLine), '', skipped === 0 ? sum : `${sum}, ${skipped} skipped`].join('\n'))
    if (summary.fail > 0) process.exitCode = 1
    return { summary, checks }
  }
}
