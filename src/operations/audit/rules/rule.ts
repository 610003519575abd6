import type { Account } from '../account/account.ts'
import type { Searched } from '../escalation/search.ts'
import type { Severity } from '../finding.ts'
import type { Actions } from '../knowledge/actions.ts'

/** All that rules look at. */
export interface View extends Searched {
  readonly account: Account
  readonly actions: Actions
  /** Names of vendors by account id. */
  readonly vendors: ReadonlyMap<string, string>
  readonly now: number
}

/** What a rule found, before it has an id. */
export interface Found {
  readonly resource: string
  /** Tells several findings on one resource apart. */
  readonly key?: string
  readonly title: string
  readonly evidence: readonly string[]
  readonly fix: string
  /** Where it is not the rule's own. */
  readonly severity?: Severity
}

/** A check and what is known of it, together. */
export interface Rule {
  readonly id: string
  readonly severity: Severity
  readonly level: 'account' | 'credential' | 'principal' | 'trust' | 'hygiene'
  readonly title: string
  readonly why: string
  /** CIS AWS Foundations Benchmark and pages of AWS. */
  readonly references: readonly string[]
  /** Whether it says anything of a template, which nobody uses yet. */
  readonly templates: boolean
  find(view: View): Iterable<Found>
}

export const day = 86_400_000

/** Days between an instant and now, in whole days. */
export function daysSince(instant: number, now: number): number {
  return Math.floor((now - instant) / day)
}

/** Names for a sentence: the first few, and how many more. */
export function some(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
