import { createHash } from 'node:crypto'

export const severities = ['critical', 'high', 'medium', 'low'] as const
export type Severity = (typeof severities)[number]

/** Why a finding is not counted. */
export interface Suppression {
  readonly owner: string
  readonly reason: string
  readonly expires: string
}

/** One result of an audit. */
export interface Finding {
  /** The same for the same finding in every run, and unique in each. */
  readonly id: string
  readonly rule: string
  readonly severity: Severity
  /** An ARN, or what comes nearest to one. */
  readonly resource: string
  readonly title: string
  readonly evidence: readonly string[]
  /** What to do, with the commands where there are any. */
  readonly fix: string
  readonly references: readonly string[]
  readonly suppressed: Suppression | null
}

const idDigits = 12

/** @param key what tells findings of one rule on one resource apart */
export function findingId(rule: string, resource: string, key = ''): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([rule, resource, key]))
    .digest('hex')
  return `${rule}-${digest.slice(0, idDigits)}`
}

/** Whether a severity is as bad as another, or worse. */
export function atLeast(severity: Severity, limit: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(limit)
}
