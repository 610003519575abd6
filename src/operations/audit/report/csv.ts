import type { Audit } from '../audit.ts'

const columns = [
  'id',
  'severity',
  'rule',
  'resource',
  'title',
  'evidence',
  'fix',
  'references',
  'suppressed_by',
  'suppressed_until',
] as const

/**
 * A cell after RFC 4180. What begins like a formula is quoted with an apostrophe: names of users and roles are other
 * people's text, and spreadsheets run it (OWASP, CSV injection).
 */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** One row a finding. */
export function csv({ findings }: Audit): string {
  const rows = findings.map(({ id, severity, rule, resource, title, evidence, fix, references, suppressed }) => [
    id,
    severity,
    rule,
    resource,
    title,
    evidence.join('; '),
    fix,
    references.join(' '),
    suppressed?.owner ?? '',
    suppressed?.expires ?? '',
  ])
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}
