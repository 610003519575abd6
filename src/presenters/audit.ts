import { quantity } from '../domain/quantity.ts'
import type { Audit, Finding, Severity } from '../operations/audit/index.ts'
import { grouped, severities } from '../operations/audit/index.ts'
import { count, plain, styled } from './output.ts'

const styles = { critical: ['bold', 'red'], high: 'red', medium: 'yellow', low: 'dim' } as const satisfies Record<
  Severity,
  unknown
>

function severityText(severity: Severity): string {
  const style = styles[severity]
  return styled(typeof style === 'string' ? style : [...style], severity.toUpperCase().padEnd(8))
}

function findingText({ severity, title, evidence, dependsOn, fix, id }: Finding): string {
  const indent = '           '
  return [
    `  ${severityText(severity)} ${plain(title)}${dependsOn.length > 0 ? styled('yellow', ' [depends]') : ''}`,
    ...evidence.map((line) => `${indent}${plain(line)}`),
    `${indent}${styled('cyan', 'Fix:')} ${plain(fix)}`,
    `${indent}${styled('dim', id)}`,
  ].join('\n')
}

/** The number of findings by severity, worst first, in one line. */
export function tallyText({ summary }: Audit): string {
  const counts = severities.map((severity) => `${count(summary.findings[severity])} ${severity}`).join(', ')
  return summary.suppressed === 0 ? counts : `${counts}; ${count(summary.suppressed)} accepted`
}

/** The report for a terminal: findings by resource, worst first, each with its fix. The totals come last. */
export function auditText(audit: Audit): string {
  const { summary, findings } = audit
  const sections = grouped(findings).map(({ resource, findings: own }) =>
    [styled('bold', plain(resource)), ...own.map(findingText)].join('\n'),
  )
  const who = `${quantity(summary.users, 'user')} and ${quantity(summary.roles, 'role')}: ${quantity(summary.administrators, 'administrator')}, ${quantity(summary.escalations, 'other')} can become administrator.`
  return [...sections, `${who}\n${tallyText(audit)}`].join('\n\n')
}
