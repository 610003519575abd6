import { withoutUnsafe } from '../../../domain/names.ts'
import { quantity } from '../../../domain/quantity.ts'
import type { Audit } from '../audit.ts'
import { severities } from '../finding.ts'
import { acceptedOf, grouped } from './group.ts'

/** Escapes untrusted text for Markdown and removes line breaks. */
function safe(text: string): string {
  return withoutUnsafe(text.replaceAll(/\s+/g, ' ')).replaceAll(/[\\`*_{}[\]<>#|]/g, '\\$&')
}

/** A code span. */
function code(text: string): string {
  return `\`${withoutUnsafe(text.replaceAll(/[`\s]/g, ' '))}\``
}

/** The report as Markdown, for a ticket or a pull request. */
export function markdown({ summary, findings, missing }: Audit): string {
  const head = [
    `# IAM audit of account ${safe(summary.account || 'unknown')}`,
    '',
    `${severities.map((severity) => `${summary.findings[severity]} ${severity}`).join(', ')}; ${summary.suppressed} accepted. ` +
      `${quantity(summary.users, 'user')}, ${quantity(summary.roles, 'role')}; ${quantity(summary.administrators, 'administrator')}, ${quantity(summary.escalations, 'other')} can become administrator.`,
    '',
  ]
  const body = grouped(findings).flatMap(({ resource, findings: own }) => [
    `## ${safe(resource)}`,
    '',
    ...own.flatMap(({ severity, title, evidence, fix, rule, id }) => [
      `- **${severity}** ${safe(title)} (${code(rule)}, ${code(id)})`,
      ...evidence.map((line) => `  - ${safe(line)}`),
      `  - Fix: ${code(fix)}`,
    ]),
    '',
  ])
  const accepted = acceptedOf(findings).map(
    ({ id, severity, title, resource, suppressed: { owner, reason, expires } }) =>
      `- ${code(id)} ${severity}: ${safe(title)} (${safe(resource)}). ${safe(reason)}; ${safe(owner)}, until ${safe(expires)}`,
  )
  const taken = accepted.length === 0 ? [] : ['## Accepted', '', ...accepted, '']
  const gaps = missing.length === 0 ? [] : ['## Not checked', '', ...missing.map((line) => `- ${safe(line)}`), '']
  return [...head, ...body, ...taken, ...gaps].join('\n')
}
