import type { Balance } from './books.ts'
import type { Wrong } from './wrong.ts'

/** What a proof says while it runs. */
export type ProveEvent =
  | {
      readonly event: 'started'
      readonly seed: number
      readonly registry: string
      readonly database: string
      readonly folder: string
      /** Every process that was started, and that is gone at the end. */
      readonly processes: readonly { readonly name: string; readonly pid: number }[]
      readonly rounds: number
    }
  | {
      readonly event: 'fault'
      readonly round: number
      readonly fault: string
      readonly title: string
      /** What was hit. */
      readonly detail: string
      /** How long it lasted. */
      readonly seconds: number
      /** From its end until all that had been accepted was written; `null`: it was not within two minutes. */
      readonly recoverySeconds: number | null
      /** Messages accepted so far. */
      readonly accepted: number
    }
  /** All faults are over: what is under way comes to its end. */
  | { readonly event: 'settling'; readonly accepted: number; readonly open: number }

export interface Proof {
  readonly event: 'result'
  /** Whether everything held. */
  readonly ok: boolean
  readonly seed: number
  readonly registry: string
  readonly database: string
  /** How often each fault happened. */
  readonly faults: Readonly<Record<string, number>>
  readonly accepted: number
  readonly calls: number
  /** Calls that were made again, because the one before came to no answer or to a passing one. */
  readonly retried: number
  /** Accepted and not in the database, nor rejected. */
  readonly lost: number
  /** In the database more than once. */
  readonly duplicated: number
  /** Messages of the limited customer that were accepted beyond its limit. */
  readonly oversold: number
  readonly books: readonly Balance[]
  readonly wrong: readonly Wrong[]
  /** Seconds that a fault took longest to recover from. */
  readonly slowestRecoverySeconds: number
  readonly seconds: number
}
