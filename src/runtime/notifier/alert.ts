import type { Severity } from '../../domain/alerting.ts'

/** One line of an alert: what it is, and what it says of this case. */
export interface Fact {
  readonly label: string
  readonly value: string
}

/** The content of an alert, before it is formatted as a message. */
export interface Alert {
  /** The same for every report of the same action, from any source. */
  readonly key: string
  /** Id of the rule, or the kind of report if it has no rule. */
  readonly rule: string
  /** Further rules that fit the same action. */
  readonly also: readonly string[]
  readonly severity: Severity
  readonly title: string
  readonly why?: string | undefined
  readonly fix?: string | undefined
  readonly facts: readonly Fact[]
  /** Where to look it up: an address of AWS's console. */
  readonly link?: string | undefined
  /** Milliseconds since 1970 at which it happened. */
  readonly at: number
  /** Alerts of one group count as one burst. */
  readonly group: string
  /** Whether it was sent on purpose, to see whether alerts arrive. */
  readonly test: boolean
}

/** A fact, where there is something to say. */
export function fact(label: string, value: unknown): Fact[] {
  if (typeof value === 'number' || typeof value === 'boolean') return [{ label, value: String(value) }]
  return typeof value === 'string' && value !== '' ? [{ label, value }] : []
}
