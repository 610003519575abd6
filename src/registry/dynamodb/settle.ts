import { type IdempotencyRecord, leaseMs, type Reservation, reconcileAfterMs } from '../../domain/admission.ts'
import type { Outcome } from '../registry.ts'
import type { Books, Noting } from './books.ts'
import { keys } from './items.ts'
import type { Found, Job } from './lane.ts'
import { type Answer, answerFrom, recordKeys, runOf } from './records.ts'
import { keyText } from './table.ts'

export type Accepted = Extract<Outcome, { kind: 'accepted' }>

/** What a settlement leads to. */
export interface Settled {
  /** Whether this settlement ended the reservation. */
  readonly settled: boolean
  /** Accepted messages that have no item of their own yet, by their reservation. */
  readonly notings: readonly (readonly [string, Noting])[]
}

/** Messages of a process that has ended are noted by the next settlement. */
const notingMs = 60_000

/** The messages of one reservation, and those that have waited for longer than a process needs. */
function notingsOf(books: Books, reservation: string, now: number): Settled['notings'] {
  return [...books.noting].filter(([id, { at }]) => id === reservation || now - at > notingMs)
}

abstract class Settlement<T> implements Job<T> {
  protected readonly reservation: Reservation
  readonly #now: () => number

  constructor(reservation: Reservation, now: () => number) {
    this.reservation = reservation
    this.#now = now
  }

  isRefused(books: Books): boolean {
    return books.frozen === 'all'
  }

  wants(books: Books) {
    const { idempotency } = this.reservation
    return idempotency === undefined ? [] : recordKeys(this.reservation, idempotency.key, books)
  }

  run(books: Books, found: Found): T {
    return this.end(books, found, this.#now())
  }

  protected answer(found: Found, now: number): Answer | undefined {
    const { customer, environment, idempotency } = this.reservation
    if (idempotency === undefined) return undefined
    return answerFrom(found.get(keyText(keys.record(customer, environment, idempotency.key))), now)
  }

  /** The run of the reservation's Idempotency-Key, if it has no answer and this reservation took its units. */
  protected ownRun(books: Books, found: Found, now: number): IdempotencyRecord | undefined {
    const { id, idempotency } = this.reservation
    if (idempotency === undefined || this.answer(found, now) !== undefined) return undefined
    const run = runOf(idempotency.key, books, found, now)
    return run?.reservation.id === id ? run : undefined
  }

  protected abstract end(books: Books, found: Found, now: number): T
}

/** Renews the lease of a running call. */
export class RenewJob extends Settlement<boolean> {
  protected end(books: Books, found: Found, now: number): boolean {
    const { attempt, idempotency } = this.reservation
    const run = this.ownRun(books, found, now)
    if (idempotency === undefined || run?.attempt !== attempt) return false
    const isPlanApart = books.run(idempotency.key, now)?.planApart === true
    books.setRun(idempotency.key, { ...run, leaseUntil: now + leaseMs }, now, isPlanApart)
    return true
  }
}

/** Closes the books of an accepted call. Its answer, if it has one, is stored already. */
export class AcceptJob extends Settlement<Settled> {
  readonly #outcome: Accepted
  readonly #isAnswer: boolean

  /** @param isAnswer whether the outcome has just been stored as the answer, so that it need not be read */
  constructor(reservation: Reservation, outcome: Accepted, isAnswer: boolean, now: () => number) {
    super(reservation, now)
    this.#outcome = outcome
    this.#isAnswer = isAnswer
  }

  override wants(books: Books) {
    return this.#isAnswer ? [] : super.wants(books)
  }

  protected end(books: Books, found: Found, now: number): Settled {
    const { id, idempotency } = this.reservation
    const answer = this.answer(found, now)
    // The answer that was stored first decides, also on what is given back.
    const { refund = 0, untaken = [] } = answer?.record.reservation.id === id ? answer : this.#outcome
    const entry = books.open.get(id)
    if (entry !== undefined) books.close(entry, refund, { untaken, now })
    if (idempotency !== undefined && (this.#isAnswer || answer !== undefined)) books.dropRun(idempotency.key)
    return { settled: entry !== undefined, notings: notingsOf(books, id, now) }
  }
}

/** Gives the units of a call back that came to nothing. */
export class GiveBackJob extends Settlement<Settled> {
  readonly #why: 'failed' | 'abandoned'

  constructor(reservation: Reservation, why: 'failed' | 'abandoned', now: () => number) {
    super(reservation, now)
    this.#why = why
  }

  protected end(books: Books, found: Found, now: number): Settled {
    const { id, attempt, idempotency } = this.reservation
    const entry = books.open.get(id)
    const answer = this.answer(found, now)
    if (entry !== undefined && answer?.record.reservation.id === id) {
      // It was accepted, and the process ended between the answer and the books.
      books.close(entry, answer.refund, { untaken: answer.untaken, now })
      if (idempotency !== undefined) books.dropRun(idempotency.key)
      return { settled: false, notings: notingsOf(books, id, now) }
    }
    const nothing = { settled: false, notings: notingsOf(books, id, now) }
    const run = this.ownRun(books, found, now)
    if (run !== undefined && (this.#why === 'failed' ? run.attempt > attempt : run.leaseUntil > now)) return nothing
    if (entry === undefined || (this.#why === 'abandoned' && now - entry.admittedAt < reconcileAfterMs)) return nothing
    books.close(entry, entry.units)
    if (run !== undefined && idempotency !== undefined) books.dropRun(idempotency.key)
    return { ...nothing, settled: true }
  }
}
