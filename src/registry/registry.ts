import type { Admission, AdmitRequest, OpenReservations, Reservation, Usage } from '../domain/admission.ts'
import type { Credential } from '../domain/credential.ts'
import type { Customer } from '../domain/customer.ts'
import type { Environment } from '../domain/names.ts'
import type { Quota } from '../domain/quota.ts'
import type { Route } from '../domain/route.ts'
import type { Changed } from './changes/carry-out.ts'
import type { Actor, Change } from './changes/change.ts'

/** Everything that an operator decides about one customer: one document, changed as a whole. */
export interface Profile {
  readonly customer: Customer
  readonly quotas: { readonly [environment in Environment]?: Quota }
  readonly routes: readonly Route[]
  readonly credentials: readonly Credential[]
}

/** A profile as it was read. `version` is a token: it is never the same for two different contents. */
export interface StoredProfile {
  readonly profile: Profile
  readonly version: string
}

export interface StoredDocument {
  readonly text: string
  readonly version: string
}

/** Stands in the audit log where a change concerns every customer. */
export const allCustomers = '*'

/** One line of the audit log. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly who: string
  /** Where it was done: the host, or the caller's address. */
  readonly from: string
  readonly customer: string
  readonly what: string
}

export type Outcome =
  | {
      readonly kind: 'accepted'
      readonly response?: string
      /** Units of this call that came to nothing, and are given back. */
      readonly refund?: number
    }
  | { readonly kind: 'failed' }
  /** Nothing of it is known to the ledger, and it is older than `reconcileAfterMs`. */
  | { readonly kind: 'abandoned' }
  /** Not an end: the run is alive, and its Idempotency-Key stays its own for `leaseMs` more. */
  | { readonly kind: 'running' }

/** One thing about a registry that answers. With `fix`, something is wrong with it. */
export interface HealthAspect {
  readonly about: 'version' | 'eviction' | 'persistence' | 'file' | 'memory' | 'writes' | 'cluster' | 'access'
  readonly what: string
  readonly fix?: string
  /** Calls fail because of it, or more may be sold than was bought. */
  readonly severe?: boolean
}

/** Whether calls can be admitted. */
export interface Readiness {
  /** Some customers' calls fail, and others' do not. */
  readonly degraded?: { readonly reason: string; readonly what: string }
}

/** What `apigw doctor` wants to know of a registry that answers. */
export interface RegistryHealth {
  readonly engine: string
  readonly version: string
  readonly aspects: readonly HealthAspect[]
}

/**
 * What an operator has of a registry: everything that can be read, and changes by what is meant. Every method throws Problem
 * `registry-unavailable` when the store does not answer in time.
 */
export interface OperatorRegistry {
  /** Where it is, without any password. */
  readonly address: string

  /** What a customer has spent, and the registry's clock. Takes nothing. */
  usage(customer: string, environment: Environment): Promise<{ readonly usage: Usage; readonly now: number }>
  /** The reservations that are not settled: calls under way, and what crashed gateways and lost answers left behind. */
  open(customer: string, environment: Environment): Promise<OpenReservations>
  /** The stored side of one key, to verify a secret against. */
  credential(customer: string, keyId: string): Promise<Credential | undefined>
  profile(customer: string): Promise<StoredProfile | undefined>
  /** Every customer, sorted by id. */
  customers(): Promise<Customer[]>
  /** The newest `most` lines of the audit log, newest first; of one customer, or of all. */
  history(customer: string | undefined, most: number): Promise<HistoryEntry[]>
  /** A text that all gateways share, such as the keys that sign tokens. */
  document(name: string): Promise<StoredDocument | undefined>
  /**
   * Carries a change out and writes its line of the audit log, or neither.
   * @param actor who makes it, as far as that is believed: behind a function it is whoever AWS proved
   */
  change(change: Change, actor: Actor): Promise<Changed>

  health(): Promise<RegistryHealth>
  close(): Promise<void>
}

/**
 * Who may call, how often and where to: a store itself, as gateways have it. Nothing is ever admitted on a guess.
 */
export interface Registry extends OperatorRegistry {
  /** Decides one call in one atomic step; takes units only if it admits. */
  admit(request: AdmitRequest): Promise<Admission>
  /**
   * Ends a reservation. `failed` and `abandoned` give its units back, once, however often it is said, and free its
   * Idempotency-Key. `accepted` keeps the answer for replays, and gives back what part of the call came to nothing, once.
   * Units come back only of a reservation that is open, and never more than it took.
   * @returns whether this was the call that settled it; of `running`, whether the call still owns its key
   */
  settle(reservation: Reservation, outcome: Outcome): Promise<boolean>
  /**
   * Writes a whole profile and its line of the audit log, or neither.
   * @param expected the version that the change was made from; absent: the customer must not exist
   * @returns false if somebody else changed it meanwhile
   * @throws Problem `customer-id-retired` for a new customer with the id of one that was removed
   */
  save(profile: Profile, expected: string | undefined, entry: HistoryEntry): Promise<boolean>
  /**
   * Removes a profile. Usage and idempotency records stay until they expire, so in the same step its id is retired for
   * `retiredMs`: whoever had it next would read them.
   */
  remove(customer: string, expected: string, entry: HistoryEntry): Promise<boolean>
  /**
   * Writes a shared text if it still has the version that it was read with.
   * @param entry its line of the audit log, where an operator made the change
   * @returns false if somebody else wrote meanwhile
   */
  saveDocument(name: string, text: string, expected: string | undefined, entry?: HistoryEntry): Promise<boolean>
  /** Proves, by a write of its own, that calls can be admitted. It takes nothing from any limit. */
  ready(): Promise<Readiness>
  /** To be called when the process may have been frozen: replaces connections that are gone. It never throws. */
  revive(): Promise<void>
}
