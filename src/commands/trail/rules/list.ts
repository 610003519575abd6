import { BaseCommand } from '../../../cli/base.ts'
import { table } from '../../../cli/output.ts'
import { allRules } from '../../../operations/trail/index.ts'

export default class TrailRulesList extends BaseCommand {
  static override summary = 'show the rules by which alerts are told, and those that are ignored'
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
      [...(threshold === null ? [] : [`from ${threshold.count} in ${threshold.within}`]), ...(digest ? ['digest'] : [])].join(
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
      const gone = Date.parse(expires) < Date.now() ? ' (has run out)' : ''
      this.note(`Ignored: ${[rule ?? 'by pattern'].flat().join(', ')}, says ${owner}: ${reason}; until ${expires}${gone}`)
    }
    return { rules, ignored }
  }
}
