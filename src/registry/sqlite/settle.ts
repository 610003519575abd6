import {
  type IdempotencyRecord,
  leaseMs,
  type OpenReservation,
  type Repayment,
  type Reservation,
  reconcileAfterMs,
} from '../../domain/admission.ts'
import { closing, type Ending, hasUnits, repaid } from '../../domain/settling.ts'
import type { Outcome } from '../registry.ts'
import type { Books } from './books.ts'
import type { Counters } from './counts.ts'
import type { Messages } from './messages.ts'
import type { Records } from './records.ts'
import type { Returns } from './returns.ts'

export interface Stores {
  readonly books: Books
  readonly records: Records
  readonly messages: Messages
  readonly returns: Returns
  readonly counters: Counters
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
      return release(stores, reservation, outcome, record, now)
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

/**
 * Ends an open reservation.
 * @param claim the Idempotency-Key with which the same messages may be asked for again
 */
function close(
  { books, messages, returns, counters }: Stores,
  { customer, environment }: Reservation,
  entry: OpenReservation,
  ending: Ending,
  claim: string | undefined,
  now: number,
): void {
  const before = entry.ids === undefined ? returns.of(customer, environment, ending.untaken ?? [], now) : []
  const { usage, released, counts } = closing(books.usage(customer, environment), entry, ending, before, now)
  counters.add(customer, environment, counts)
  books.close(customer, environment, entry.id)
  if (usage !== undefined) books.writeUsage(customer, environment, usage)
  messages.ended(customer, environment, entry.id, released)
  returns.released(customer, environment, released, entry.ids === undefined ? claim : undefined, now)
}

function accept(
  stores: Stores,
  reservation: Reservation,
  outcome: Extract<Outcome, { kind: 'accepted' }>,
  record: IdempotencyRecord | undefined,
  now: number,
): boolean {
  const { books, records } = stores
  const { response } = outcome
  const { id, customer, environment, attempt, idempotency: claim } = reservation
  const entry = books.find(customer, environment, id)
  if (entry !== undefined) close(stores, reservation, entry, outcome, undefined, now)
  if (claim === undefined) return entry !== undefined
  if (response === undefined || record?.response !== undefined) return false
  const plan = record?.plan ?? claim.plan
  const { fingerprint } = claim
  const isUnpaid = entry === undefined && record === undefined
  const done: IdempotencyRecord = {
    ...{ fingerprint, attempt, leaseUntil: now, reservation, response },
    ...(plan !== undefined && { plan }),
    ...(isUnpaid && { unpaid: true }),
  }
  records.write(customer, environment, claim.key, done, now)
  return true
}

function release(
  stores: Stores,
  reservation: Reservation,
  outcome: Extract<Outcome, { kind: 'failed' | 'abandoned' }>,
  record: IdempotencyRecord | undefined,
  now: number,
): boolean {
  const { books, records } = stores
  const { kind } = outcome
  const { id, customer, environment, attempt, idempotency: claim } = reservation
  const mine = ownedBy(reservation, record)
  if (mine !== undefined && (kind === 'failed' ? mine.attempt > attempt : mine.leaseUntil > now)) return false
  const entry = books.find(customer, environment, id)
  if (entry === undefined || (kind === 'abandoned' && now - entry.admittedAt < reconcileAfterMs)) return false
  // A record that stays answers for this call, so its messages are not asked for again.
  const again = mine === record ? claim?.key : undefined
  close(stores, reservation, entry, { ...outcome, kind: 'nothing' }, again, now)
  if (mine !== undefined && claim !== undefined) records.drop(customer, environment, claim.key)
  return true
}

/** Gives the units of one message back. Runs inside a transaction that its caller holds. @returns as `Registry.giveBack` */
export function giveBack({ books, records, messages, returns, counters }: Stores, repayment: Repayment, now: number): boolean {
  const { customer, environment, id } = repayment
  const [stored] = messages.read(customer, environment, [id], now)
  const message = stored === undefined || stored === 'accepted' ? stored : books.find(customer, environment, stored.reservation)
  const state = {
    usage: books.usage(customer, environment),
    isReturned: returns.of(customer, environment, [id], now).length > 0,
    isReleased: returns.isReleased(repayment, now, (key) => hasUnits(records.read(customer, environment, key, now))),
    ...(message !== undefined && { message }),
  }
  const paid = repaid(repayment, state, now)
  if (paid === undefined) return false
  books.writeUsage(customer, environment, paid.usage)
  counters.add(customer, environment, paid.counts)
  if (paid.holder !== undefined) {
    const { id: reservation, left } = paid.holder
    if (left === undefined) books.close(customer, environment, reservation)
    else books.open(customer, environment, left)
    messages.accept(customer, environment, reservation, id)
  }
  returns.returned(repayment, now)
  return true
}
