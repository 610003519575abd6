import type { IdempotencyRecord, OpenReservation, Usage } from '../../domain/admission.ts'
import type { Environment } from '../../domain/names.ts'
import type { Returned } from '../../domain/settling.ts'
import type { HourCounts } from '../../domain/usage.ts'
import type { HistoryEntry } from '../registry.ts'

/** A run of an Idempotency-Key without an answer. */
export interface RunEntry {
  readonly key: string
  readonly fingerprint: string
  readonly attempt: number
  readonly leaseUntil: number
  readonly plan?: string
  readonly reservation: {
    readonly id: string
    readonly units: number
    readonly day: string
    readonly month: string
    readonly rateCost: number
    readonly admittedAt: number
    readonly keyed?: true
  }
  readonly expiresAt: number
}

/** All instants are in milliseconds since 1970. */
interface Kinds {
  readonly profile: { readonly customer: string; readonly version: string; readonly document: string }
  /** The id of a removed customer, until it may be used again. */
  readonly retired: { readonly customer: string; readonly until: number }
  readonly document: { readonly name: string; readonly text: string }
  /** One line of the audit log. `place` counts them from the oldest. */
  readonly history: { readonly place: number; readonly entry: HistoryEntry }
  /** What was spent, open reservations with their messages, and unanswered runs. One for each customer and environment. */
  readonly books: {
    readonly customer: string
    readonly environment: Environment
    readonly usage: Usage
    readonly open: readonly OpenReservation[]
    readonly runs: readonly RunEntry[]
    /** Up to where its reports were counted: a cursor of the ledger. */
    readonly reported?: string
  }
  /** What was counted in one hour. */
  readonly counts: { readonly customer: string; readonly environment: Environment } & HourCounts
  /** The answer to a call with an Idempotency-Key. */
  readonly answer: {
    readonly customer: string
    readonly environment: Environment
    readonly key: string
    readonly fingerprint: string
    readonly response: string
    readonly plan?: string
    /** Its units had come back before it was answered. */
    readonly unpaid?: true
    readonly expiresAt: number
  }
  /** An accepted message with a key of its own, and the newest period in which it was accepted. */
  readonly message: {
    readonly customer: string
    readonly environment: Environment
    readonly id: string
    readonly period: number
  }
  /** A message whose units were given back. */
  readonly returned: { readonly customer: string; readonly environment: Environment; readonly id: string } & Returned
  /** A message whose units a settlement gave back, for `releasedMs`. */
  readonly released: {
    readonly customer: string
    readonly environment: Environment
    readonly id: string
    readonly at: number
    /** The Idempotency-Key with which it may be taken again. */
    readonly again?: string
  }
  readonly nonce: { readonly customer: string; readonly keyId: string; readonly value: string; readonly expiresAt: number }
}

export type EntryKind = keyof Kinds
export type EntryOf<K extends EntryKind> = K extends EntryKind ? { readonly kind: K } & Kinds[K] : never
/** One thing that a registry keeps, in the form in which it is carried from one store to another. */
export type Entry = EntryOf<EntryKind>

export const entryKinds = [
  'profile',
  'retired',
  'document',
  'history',
  'books',
  'counts',
  'answer',
  'message',
  'returned',
  'released',
  'nonce',
] as const satisfies readonly EntryKind[]

/** The record of a run, as a store keeps it. */
export function recordOfRun(
  { customer, environment }: { readonly customer: string; readonly environment: Environment },
  { key, fingerprint, attempt, leaseUntil, plan, reservation }: RunEntry,
): IdempotencyRecord {
  const owned = { ...reservation, customer, environment, attempt, idempotency: { key, fingerprint } }
  return { fingerprint, attempt, leaseUntil, reservation: owned, ...(plan !== undefined && { plan }) }
}

/** The record of an answered call. Redis does not keep its reservation, which has ended, so none is carried. */
export function recordOfAnswer({
  customer,
  environment,
  key,
  fingerprint,
  response,
  plan,
  unpaid,
}: EntryOf<'answer'>): IdempotencyRecord {
  const ended = { id: '', units: 0, day: '', month: '', rateCost: 0, admittedAt: 0, attempt: 1 }
  const reservation = { ...ended, customer, environment, idempotency: { key, fingerprint } }
  const more = { ...(plan !== undefined && { plan }), ...(unpaid && { unpaid }) }
  return { fingerprint, attempt: 1, leaseUntil: 0, reservation, response, ...more }
}

/** A stored record as it is carried. */
export function entryOfRecord(
  owner: { readonly customer: string; readonly environment: Environment },
  key: string,
  { fingerprint, attempt, leaseUntil, plan, response, reservation, unpaid }: IdempotencyRecord,
  expiresAt: number,
): { readonly answer: EntryOf<'answer'> } | { readonly run: RunEntry } {
  const planned = plan === undefined ? {} : { plan }
  if (response !== undefined) {
    const answered = { key, fingerprint, response, ...planned, ...(unpaid && { unpaid }) }
    return { answer: { kind: 'answer', ...owner, ...answered, expiresAt } }
  }
  const { id, units, day, month, rateCost, admittedAt, keyed } = reservation
  const owned = { id, units, day, month, rateCost, admittedAt, ...(keyed && { keyed }) }
  return { run: { key, fingerprint, attempt, leaseUntil, ...planned, reservation: owned, expiresAt } }
}

/** Whether books hold anything. */
export function isBlank({
  usage,
  open,
  runs,
  reported,
}: Pick<EntryOf<'books'>, 'usage' | 'open' | 'runs' | 'reported'>): boolean {
  return reported === undefined && open.length === 0 && runs.length === 0 && usage.zone === '' && usage.tat === 0
}
