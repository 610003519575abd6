import type { Account } from '../account/account.ts'
import type { EscalationResult } from '../escalation/search.ts'
import type { Severity } from '../finding.ts'
import type { Actions } from '../knowledge/actions.ts'

/** The input of the rules. */
export interface RuleInput extends EscalationResult {
  readonly account: Account
  readonly actions: Actions
  /** Vendor names by account ID. */
  readonly vendors: ReadonlyMap<string, string>
  readonly now: number
}

/** A finding as a rule returns it, without an ID. */
export interface RuleFinding {
  readonly resource: string
  /** Distinguishes several findings on one resource. Part of the finding ID. */
  readonly key?: string
  /** The path that was found. If it changes, an acceptance of the finding no longer holds. */
  readonly path?: readonly string[]
  readonly title: string
  readonly evidence: readonly string[]
  /** What would decide, if the finding depends on something that is not known. */
  readonly dependsOn?: readonly string[]
  readonly fix: string
  /** Overrides the severity of the rule. */
  readonly severity?: Severity
}

/** A check and its metadata. */
export interface Rule {
  readonly id: string
  readonly severity: Severity
  readonly level: 'account' | 'credential' | 'principal' | 'trust' | 'hygiene'
  readonly title: string
  readonly why: string
  /** Controls of the CIS AWS Foundations Benchmark, and AWS documentation. */
  readonly references: readonly string[]
  /** Whether the rule applies to templates, which have no usage data. */
  readonly templates: boolean
  find(input: RuleInput): Iterable<RuleFinding>
}

export const day = 86_400_000

/** The number of full days since a point in time. */
export function daysSince(instant: number, now: number): number {
  return Math.floor((now - instant) / day)
}

/** A list of names for a sentence, shortened to the first few. */
export function listNames(names: readonly string[], max = 6): string {
  const shown = names.slice(0, max).join(', ')
  return names.length > max ? `${shown} and ${names.length - max} more` : shown
}
