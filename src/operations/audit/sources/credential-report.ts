import { Problem } from '../../../domain/problem.ts'
import type { Credentials } from '../account/account.ts'

const next = 'aws iam get-credential-report --query Content --output text | base64 -d > credentials.csv'

/**
 * Splits a line into cells. A user name may contain commas, and the report does not quote them. Extra commas belong in
 * equal number to the name and to the ARN, which ends with the name.
 */
function cells(line: string, columns: number): string[] | undefined {
  const parts = line.split(',').map((part) => part.replace(/^"(.*)"$/, '$1'))
  const extra = (parts.length - columns) / 2
  if (extra === 0) return parts
  if (extra < 0 || !Number.isInteger(extra)) return undefined
  const user = parts.slice(0, extra + 1).join(',')
  const arn = parts.slice(extra + 1, 2 * extra + 2).join(',')
  return [user, arn, ...parts.slice(2 * extra + 2)]
}

function instant(text: string | undefined): number | undefined {
  const found = Date.parse(text ?? '')
  return Number.isNaN(found) ? undefined : found
}

function flag(text: string | undefined): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function credentialsFrom(row: ReadonlyMap<string, string>): Credentials {
  const keys = ([1, 2] as const).map((slot) => ({
    slot,
    active: row.get(`access_key_${slot}_active`) === 'true',
    rotated: instant(row.get(`access_key_${slot}_last_rotated`)),
    used: instant(row.get(`access_key_${slot}_last_used_date`)),
  }))
  return {
    user: row.get('user') ?? '',
    arn: row.get('arn') ?? '',
    created: instant(row.get('user_creation_time')),
    password: flag(row.get('password_enabled')),
    passwordUsed: instant(row.get('password_last_used')),
    passwordChanged: instant(row.get('password_last_changed')),
    mfa: row.get('mfa_active') === 'true',
    keys,
    certificates: [1, 2].filter((slot) => row.get(`cert_${slot}_active`) === 'true').length,
  }
}

/** Parses a credential report. @throws Problem `audit-input-invalid` with the line number */
export function readCredentialReport(text: string, name: string): Credentials[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const columns = head.split(',').map((column) => column.trim())
  const lacking = ['user', 'arn', 'password_enabled', 'mfa_active', 'access_key_1_active'].find((one) => !columns.includes(one))
  if (lacking !== undefined) {
    throw new Problem('audit-input-invalid', `${name} is not a credential report: column "${lacking}" is missing.`, {
      next,
    })
  }
  return lines.map((line, at) => {
    const found = cells(line, columns.length)
    if (found === undefined) {
      throw new Problem(
        'audit-input-invalid',
        `${name}, line ${at + 2}: expected ${columns.length} cells, found ${line.split(',').length}.`,
        { next },
      )
    }
    return credentialsFrom(new Map(columns.map((column, index) => [column, found[index] ?? ''])))
  })
}
