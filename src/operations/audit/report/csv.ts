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
  'suppressed_because',
  'variant',
] as const

/**
 * A cell per RFC 4180, always in quotes: a spreadsheet that separates by semicolons would split others. Text that starts like a
 * formula gets an apostrophe, because names of users, roles and statements are untrusted and spreadsheets run formulas
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function cell(text: string): string {
  const safe = /^\s*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

/** The findings as CSV, each in its own row. */
export function csv({ findings }: Audit): string {
  const rows = findings.map(({ id, severity, rule, resource, title, evidence, fix, references, suppressed, variant }) => [
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
    suppressed?.reason ?? '',
    variant,
  ])
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}
