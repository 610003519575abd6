import { type IdempotencyRecord, leaseMs, type Reservation, reconcileAfterMs } from '../../domain/admission.ts'
import type { Outcome } from '../registry.ts'
import type { Books } from './books.ts'
import type { Messages } from './messages.ts'
import type { Records } from './records.ts'

export interface Stores {
  readonly books: Books
  readonly records: Records
  readonly messages: Messages
}

/**
 * Ends a reservation, or renews its lease. What is given back is what its open entry says that it took, and the entry
 * goes with it: units come back once, whatever the caller claims. Runs inside a transaction that its caller holds.
 * @returns as `Registry.settle`
 */
export function settle(stores: Stores, reservation: Reservation, outcome: Outcome, now: number): boolean {
  const { records } = stores
  const { customer, environment, idempotency: claim } = reservation
  const record = claim === undefined ? undefined : records.read(customer, environment, claim.key, now)
  switch (outcome.kind) {
    case 'running':
      return renew(records, reservation, record, now)
    case 'accepted':
      return accept(stores, reservation, outcome, record, now)
    default:
      return giveBack(stores, reservation, outcome.kind, record, now)
  }
}

/** A record whose call is not answered, and whose units this reservation took. */
function ownedBy({ id }: Reservation, record: IdempotencyRecord | undefined): IdempotencyRecord | undefined {
  return record?.response === undefined && record?.reservation.id === id ? record : undefined
}

function renew(records: Records, reservation: Reservation, record: IdempotencyRecord | undefined, now: number): boolean {
  const { customer, environment, attempt, idempotency: claim } = reservation
  const mine = ownedBy(reservation, record)
  if (claim === undefined || mine?.attempt !== attempt) return false
  records.write(customer, environment, claim.key, { ...mine, leaseUntil: now + leaseMs }, now)
  return true
}

function accept(
  { books, records, messages }: Stores,
  reservation: Reservation,
  { response, refund = 0, untaken = [] }: Extract<Outcome, { kind: 'accepted' }>,
  record: IdempotencyRecord | undefined,
  now: number,
): boolean {
  const { id, customer, environment, attempt, idempotency: claim } = reservation
  const entry = books.find(customer, environment, id)
  if (entry !== undefined) {
    books.close(customer, environment, entry, refund)
    messages.accepted(customer, environment, id, untaken)
  }
  if (claim === undefined) return entry !== undefined
  if (response === undefined || record?.response !== undefined) return false
  const plan = record?.plan ?? claim.plan
  const { fingerprint } = claim
  const done = { fingerprint, attempt, leaseUntil: now, reservation, response, ...(plan !== undefined && { plan }) }
  records.write(customer, environment, claim.key, done, now)
  return true
}

function giveBack(
  { books, records, messages }: Stores,
  reservation: Reservation,
  why: 'failed' | 'abandoned',
  record: IdempotencyRecord | undefined,
  now: number,
): boolean {
  const { id, customer, environment, attempt, idempotency: claim } = reservation
  const mine = ownedBy(reservation, record)
  if (mine !== undefined && (why === 'failed' ? mine.attempt > attempt : mine.leaseUntil > now)) return false
  const entry = books.find(customer, environment, id)
  if (entry === undefined || (why === 'abandoned' && now - entry.admittedAt < reconcileAfterMs)) return false
  books.close(customer, environment, entry, entry.units)
  messages.release(customer, environment, id)
  if (mine !== undefined && claim !== undefined) records.drop(customer, environment, claim.key)
  return true
}
