import { createHash } from 'node:crypto'

export const severities = ['critical', 'high', 'medium', 'low'] as const
export type Severity = (typeof severities)[number]

/** Who accepted a finding, why, and until when. */
export interface Suppression {
  readonly owner: string
  readonly reason: string
  readonly expires: string
}

/** A finding of the audit. */
export interface Finding {
  /** Unique within a run, and stable across runs. */
  readonly id: string
  /** Changes when the finding is of the same kind but got there differently, as by another escalation path. */
  readonly variant: string
  readonly rule: string
  readonly severity: Severity
  /** An ARN, or an ARN-like identifier where AWS defines none. */
  readonly resource: string
  readonly title: string
  readonly evidence: readonly string[]
  /** What the audit does not know and would decide, such as a condition key or a running task. Empty: the finding is certain. */
  readonly dependsOn: readonly string[]
  /** The remediation, with the AWS CLI commands where possible. */
  readonly fix: string
  readonly references: readonly string[]
  readonly suppressed: Suppression | null
}

const idDigits = 12

/** @param key distinguishes several findings of the same rule on the same resource */
export function findingId(rule: string, resource: string, key = ''): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([rule, resource, key]))
    .digest('hex')
  return `${rule}-${digest.slice(0, idDigits)}`
}

const variantDigits = 8

/** @param path what makes the finding this one; empty if nothing but its ID does */
export function variantOf(path: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(path)).digest('hex').slice(0, variantDigits)
}

/** Whether a severity is at or above a limit. */
export function atLeast(severity: Severity, limit: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(limit)
}
