import type { Admission, AdmitRequest, OpenReservations, Repayment, Reservation, Usage } from '../domain/admission.ts'
import type { Credential } from '../domain/credential.ts'
import type { Customer } from '../domain/customer.ts'
import type { Environment } from '../domain/names.ts'
import type { Quota } from '../domain/quota.ts'
import type { Route } from '../domain/route.ts'
import type { SendingSettings } from '../domain/sending.ts'
import type { Counts, HourCounts, Parts } from '../domain/usage.ts'
import type { Changed } from './changes/carry-out.ts'
import type { Actor, Change } from './changes/change.ts'

/** Everything that an operator decides about one customer: one document, changed as a whole. */
export interface Profile {
  readonly customer: Customer
  readonly quotas: { readonly [environment in Environment]?: Quota }
  readonly routes: readonly Route[]
  readonly credentials: readonly Credential[]
  /** Absent: never set (`policyOf` has the defaults). */
  readonly sending?: SendingSettings
}

/** A profile as it was read. `version` is a token that differs for every content. */
export interface StoredProfile {
  readonly profile: Profile
  readonly version: string
}

/** Customers in the order of their ids. */
export interface ProfilePage {
  readonly profiles: readonly StoredProfile[]
  /** After which id the next page begins; absent: this is the last one. A page may be empty and not be the last one. */
  readonly next?: string
}

/** Profiles of one page. A function answers with at most 6 MB, and a profile may have 400 KB. */
export const maxProfilesPage = 500

export interface StoredDocument {
  readonly text: string
  readonly version: string
}

/** How much time one reading of counters may span. A function answers with at most 6 MB. */
export const maxCountsMs = 4 * 86_400_000

/** The customer of an audit log entry for a change that affects every customer. */
export const allCustomers = '*'

/** One entry of the audit log. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly who: string
  /** Where the change came from: the host, or the caller's address. */
  readonly from: string
  readonly customer: string
  readonly what: string
}

/** How a call ended. Its parts (`kinds`, `weights`) are those of `untaken`, or of all its messages where no ids are named. */
export type Outcome =
  | (Parts & {
      readonly kind: 'accepted'
      readonly response?: string
      /**
       * Units of this call that were not used, and are given back. Where messages have keys of their own, the units of `untaken` are
       * given back, whatever is said here.
       */
      readonly refund?: number
      /** The ids of the messages that they were for. Those with keys of their own are new again. */
      readonly untaken?: readonly string[]
    })
  | (Parts & { readonly kind: 'failed'; readonly untaken?: readonly string[] })
  /**
   * The ledger has no message of the call, and the reservation is older than `reconcileAfterMs`.
   * Here and for `failed`, `untaken` has the ids of the call's messages, where they have no keys of their own: the registry then
   * knows that their units came back (`giveBack`).
   */
  | (Parts & { readonly kind: 'abandoned'; readonly untaken?: readonly string[] })
  /** Does not end the reservation: the call is still running, and keeps its Idempotency-Key for another `leaseMs`. */
  | { readonly kind: 'running' }

/** Reports that are counted together. */
export interface CountedReports {
  /** Up to where others were counted before. */
  readonly seen: string | undefined
  /** Up to where they are counted now. */
  readonly cursor: string
  readonly counts: Counts
}

/** One finding about a registry that answers. A finding with `fix` is a fault. */
export interface HealthAspect {
  readonly about:
    | 'version'
    | 'eviction'
    | 'persistence'
    | 'file'
    | 'memory'
    | 'writes'
    | 'cluster'
    | 'access'
    | 'capacity'
    | 'protection'
  readonly what: string
  readonly fix?: string
  /** Calls fail because of it, or a customer may exceed its quota. */
  readonly severe?: boolean
}

/** Whether calls can be admitted. */
export interface Readiness {
  /** Calls fail for some customers only. */
  readonly degraded?: { readonly reason: string; readonly what: string }
}

/** What `apigw doctor` reports about a registry that answers. */
export interface RegistryHealth {
  readonly engine: string
  readonly version: string
  readonly aspects: readonly HealthAspect[]
}

/**
 * The part of a registry that an operator uses: reads, and changes by intent. Every method throws Problem
 * `registry-unavailable` when the store does not answer in time.
 */
export interface OperatorRegistry {
  /** Where it is, without any password. */
  readonly address: string

  /** The registry's clock, in milliseconds since 1970. */
  now(): Promise<number>
  /** What a customer has spent, and the registry's clock. Uses up nothing. */
  usage(customer: string, environment: Environment): Promise<{ readonly usage: Usage; readonly now: number }>
  /**
   * What was counted in the hours that begin from `from` up to, not including, `until`: at most `maxCountsMs` at a time. Hours without
   * calls are left out; the others are in their order. What other processes count may be half a second late.
   */
  counts(customer: string, environment: Environment, from: number, until: number): Promise<HourCounts[]>
  /** Unsettled reservations: calls in progress, and those left by crashed gateways and lost answers. */
  open(customer: string, environment: Environment): Promise<OpenReservations>
  /** The stored side of one key, to verify a secret against. */
  credential(customer: string, keyId: string): Promise<Credential | undefined>
  profile(customer: string): Promise<StoredProfile | undefined>
  /**
   * Profiles in the order of their ids, in pages of at most `limit`.
   * @param after the `next` of the page before; absent: from the first one
   * @param limit up to `maxProfilesPage`
   */
  profiles(after: string | undefined, limit: number): Promise<ProfilePage>
  /** Every customer, sorted by id. */
  customers(): Promise<Customer[]>
  /** The newest entries of the audit log, newest first, for one customer or for all. */
  history(customer: string | undefined, limit: number): Promise<HistoryEntry[]>
  /** A text that all gateways share, such as the keys that sign tokens. */
  document(name: string): Promise<StoredDocument | undefined>
  /**
   * Makes a change and writes its entry of the audit log, or does neither.
   * @param actor who makes the change; the admin function replaces it with the caller that AWS authenticated
   */
  change(change: Change, actor: Actor): Promise<Changed>

  health(): Promise<RegistryHealth>
  close(): Promise<void>
}

/**
 * The whole registry, as gateways use it: who may call, how often, and to which queues. It never admits a call on a guess.
 */
export interface Registry extends OperatorRegistry {
  /** Decides one call in one atomic step; takes units only if it admits. */
  admit(request: AdmitRequest): Promise<Admission>
  /**
   * Ends a reservation. `failed` and `abandoned` give its units back once, however often they are repeated, and free its
   * Idempotency-Key. `accepted` keeps the answer for replays, and gives back `refund` once.
   * Only an open reservation gives units back, and never more than it took.
   * @returns whether this call settled it; for `running`, whether the call still owns its key
   */
  settle(reservation: Reservation, outcome: Outcome): Promise<boolean>
  /**
   * Gives the units of one accepted message back that was never handed over: once for its id, however often that is asked for, and
   * not if a settlement gave them back. They go to the day and the month that held `acceptedAt`, as long as these last. A message
   * with a key of its own stays known.
   * @returns whether this call gave them back
   */
  giveBack(repayment: Repayment): Promise<boolean>
  /**
   * Moves counters of hours that are over out of what each admission reads. Nothing is lost or counted twice if it is interrupted;
   * `counts` answers the same before and after.
   */
  fileCounts(customer: string, environment: Environment): Promise<void>
  /**
   * Adds the counters of the hours of one day to its first hour, where they are kept in less room. Nothing is lost or counted twice if it
   * is interrupted, repeated, or done by two at once. Hours that are not filed yet, and whole days, stay.
   * @param day from `start` up to, not including, `end`: at most 26 hours, all of them over
   */
  rollCounts(customer: string, environment: Environment, day: { readonly start: number; readonly end: number }): Promise<void>
  /** Up to where the customer's reports were counted: a cursor of the ledger; `undefined`: none were. */
  reportsCounted(customer: string, environment: Environment): Promise<string | undefined>
  /**
   * Counts reports and notes up to where, in one step.
   * @param seen what `reportsCounted` answered
   * @returns false if others were counted in the meantime: nothing was changed
   */
  countReports(customer: string, environment: Environment, reports: CountedReports): Promise<boolean>
  /**
   * Writes a whole profile and its entry of the audit log, or neither.
   * @param expected the version that was read; absent: the customer must not exist
   * @returns false if the profile was changed in the meantime
   * @throws Problem `customer-id-retired` for a new customer with the id of a removed one
   */
  save(profile: Profile, expected: string | undefined, entry: HistoryEntry): Promise<boolean>
  /**
   * Removes a profile. Usage and idempotency records stay until they expire, so the same step retires the id for
   * `retiredMs`: the next customer with that id would read them.
   */
  remove(customer: string, expected: string, entry: HistoryEntry): Promise<boolean>
  /**
   * Writes a shared text if it still has the version that it was read with.
   * @param entry the entry of the audit log, if an operator made the change
   * @returns false if the text was changed in the meantime
   */
  saveDocument(name: string, text: string, expected: string | undefined, entry?: HistoryEntry): Promise<boolean>
  /** Checks with a write that calls can be admitted. Uses up no limit. */
  ready(): Promise<Readiness>
  /** Replaces lost connections. Call it when the process may have been frozen. It never throws. */
  revive(): Promise<void>
}
