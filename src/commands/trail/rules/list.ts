import { BaseCommand } from '../../../cli/base.ts'
import { allRules } from '../../../operations/trail/index.ts'
import { table } from '../../../presenters/output.ts'

export default class TrailRulesList extends BaseCommand {
  static override summary = 'list alert rules and ignored alerts'
  static override examples = ['<%= config.bin %> trail rules list', '<%= config.bin %> trail rules list --json']

  async run() {
    const { flags } = await this.parse(TrailRulesList)
    const { trail } = this.settings(flags)
    const rules = allRules(trail).map(({ id, severity, title, cis, source, threshold, digest }) => ({
      id,
      severity,
      title,
      cis,
      source,
      threshold: threshold ?? null,
      digest,
    }))
    const rows = rules.map(({ id, severity, title, threshold, digest }) => [
      severity,
      id,
      title,
      [...(threshold === null ? [] : [`${threshold.count} or more in ${threshold.within}`]), ...(digest ? ['digest'] : [])].join(
        ', ',
      ),
    ])
    this.log(table(['severity', 'rule', 'title', 'when'], rows))
    const ignored = (trail.ignore ?? []).map(({ rule, pattern, owner, reason, expires }) => ({
      rule: rule ?? null,
      pattern: pattern ?? null,
      owner,
      reason,
      expires,
    }))
    for (const { rule, owner, reason, expires } of ignored) {
      const expired = Date.parse(expires) < Date.now() ? ' (expired)' : ''
      this.note(`Ignored until ${expires}${expired}: ${[rule ?? 'by pattern'].flat().join(', ')} (${owner}: ${reason})`)
    }
    return { rules, ignored }
  }
}
