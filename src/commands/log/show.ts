import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { instant } from '../../cli/instant.ts'
import { Problem } from '../../domain/problem.ts'
import { findHistory } from '../../operations/customers/index.ts'
import { iso, table } from '../../presenters/output.ts'

/** `7d` is seven days ago; a time is that time. */
function past(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const at = instant(text, now)
  return /^\d+[mhd]$/.test(text) ? 2 * now - at : at
}

export default class LogShow extends BaseCommand {
  static override summary = 'show the audit log: who changed what, newest first'
  static override examples = [
    '<%= config.bin %> log show acme',
    '<%= config.bin %> log show --since 7d --who kim --what quota',
    '<%= config.bin %> log show --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z --json',
  ]
  static override args = {
    customer: Args.string({ description: 'customer id; "*" for changes that concern all customers (default: everything)' }),
  }
  static override flags = {
    since: Flags.string({ env: 'APIGW_SINCE', helpValue: 'TIME', summary: 'not older than this: 7d, 12h, or a time' }),
    until: Flags.string({ env: 'APIGW_UNTIL', helpValue: 'TIME', summary: 'older than this: 7d, 12h, or a time' }),
    who: Flags.string({ env: 'APIGW_WHO', helpValue: 'TEXT', summary: 'a part of the name of who made the change' }),
    what: Flags.string({ env: 'APIGW_WHAT', helpValue: 'TEXT', summary: 'a part of what was changed' }),
    limit: Flags.integer({
      default: 50,
      min: 1,
      max: 10_000,
      env: 'APIGW_LIMIT',
      helpValue: 'N',
      summary: 'show at most this many lines',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(LogShow)
    const now = Date.now()
    const [since, until] = [past(flags.since, now), past(flags.until, now)]
    if (since !== undefined && until !== undefined && since >= until) {
      throw new Problem('input-invalid', '--since is not before --until.', { next: 'exchange the two' })
    }
    return this.withRegistry(flags, async (registry) => {
      const { who, what, limit } = flags
      const { entries, cut } = await findHistory(registry, { customer: args.customer, who, what, since, until, limit })
      const rows = entries.map((one) => [iso(one.at) ?? '', one.customer, `${one.who}@${one.from}`, one.what])
      if (rows.length === 0) this.note('No changes found.')
      else this.log(table(['when', 'customer', 'who', 'what'], rows))
      if (cut) this.note('Only the newest 10,000 lines were searched. Name a customer to search its own.')
      return { entries: entries.map((one) => ({ ...one, at: iso(one.at) })), cut }
    })
  }
}
