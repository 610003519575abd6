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
 * A cell per RFC 4180. Text that starts like a formula gets an apostrophe, because user and role names are untrusted and
 * spreadsheets run formulas (OWASP, CSV injection).
 */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The findings as CSV, each in its own row. */
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
