import {
  type IdempotencyRecord,
  leaseMs,
  type OpenReservation,
  type Reservation,
  reconcileAfterMs,
} from '../../domain/admission.ts'
import type { Ending } from '../../domain/settling.ts'
import type { Outcome } from '../registry.ts'
import type { Books, Noting } from './books.ts'
import { keys } from './items.ts'
import type { Found, Job } from './lane.ts'
import { type Answer, answerFrom, recordKeys, recordOf, returnsOf, runOf } from './records.ts'
import { type Key, keyText } from './table.ts'

export type Accepted = Extract<Outcome, { kind: 'accepted' }>

/** What a settlement leads to. */
export interface Settled {
  /** Whether this settlement ended the reservation. */
  readonly settled: boolean
  /** What is to be noted of messages in items of their own. */
  readonly notings: readonly (readonly [string, Noting])[]
}

/** Messages of a process that has ended are noted by the next settlement. */
const notingMs = 60_000

/** A noting, and those that have waited for longer than a process needs. */
export function notingsOf(books: Books, name: string, now: number): Settled['notings'] {
  return [...books.noting].filter(([one, { at }]) => one === name || now - at > notingMs)
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

  wants(books: Books): Key[] {
    const { idempotency } = this.reservation
    return idempotency === undefined ? [] : recordKeys(this.reservation, idempotency.key, books)
  }

  /** The items that say whether the units of messages were given back. Messages with keys of their own need none. */
  protected returnKeys({ open }: Books, untaken: readonly string[]): Key[] {
    const { id, customer, environment } = this.reservation
    const isOpen = open.has(id) && open.get(id)?.ids === undefined
    return isOpen ? untaken.map((one) => keys.returned(customer, environment, one)) : []
  }

  /** Closes the books of the reservation. */
  protected close(
    books: Books,
    found: Found,
    { entry, ending, again, now }: { entry: OpenReservation; ending: Ending; again?: string | undefined; now: number },
  ): void {
    const before = entry.ids === undefined ? returnsOf(this.reservation, ending.untaken ?? [], books, found, now) : []
    books.close(entry, ending, { again, before, now })
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
    const ofCall = this.#isAnswer ? [] : super.wants(books)
    return [...ofCall, ...this.returnKeys(books, this.#outcome.untaken ?? [])]
  }

  protected end(books: Books, found: Found, now: number): Settled {
    const { id, idempotency } = this.reservation
    const answer = this.answer(found, now)
    // The answer that was stored first decides, also on what is given back.
    const how = answer?.record.reservation.id === id ? answer : this.#outcome
    const entry = books.open.get(id)
    if (entry !== undefined) this.close(books, found, { entry, ending: endingOf('accepted', how), now })
    if (idempotency !== undefined && (this.#isAnswer || answer !== undefined)) books.dropRun(idempotency.key)
    return { settled: entry !== undefined, notings: notingsOf(books, id, now) }
  }
}

/** What closes the books, of an outcome or of a stored answer. */
function endingOf(kind: Ending['kind'], { refund, untaken, kinds, weights }: Omit<Ending, 'kind'>): Ending {
  return {
    kind,
    ...(refund !== undefined && { refund }),
    ...(untaken !== undefined && { untaken }),
    ...(kinds !== undefined && { kinds }),
    ...(weights !== undefined && { weights }),
  }
}

type Nothing = Extract<Outcome, { kind: 'failed' | 'abandoned' }>

/** Gives the units of a call back that came to nothing. */
export class ReleaseJob extends Settlement<Settled> {
  readonly #outcome: Nothing

  constructor(reservation: Reservation, outcome: Nothing, now: () => number) {
    super(reservation, now)
    this.#outcome = outcome
  }

  override wants(books: Books) {
    return [...super.wants(books), ...this.returnKeys(books, this.#outcome.untaken ?? [])]
  }

  protected end(books: Books, found: Found, now: number): Settled {
    const { id, attempt, idempotency } = this.reservation
    const { kind } = this.#outcome
    const entry = books.open.get(id)
    const answer = this.answer(found, now)
    if (entry !== undefined && answer?.record.reservation.id === id) {
      // It was accepted, and the process ended between the answer and the books.
      this.close(books, found, { entry, ending: endingOf('accepted', answer), now })
      if (idempotency !== undefined) books.dropRun(idempotency.key)
      return { settled: false, notings: notingsOf(books, id, now) }
    }
    const nothing = { settled: false, notings: notingsOf(books, id, now) }
    const run = this.ownRun(books, found, now)
    if (run !== undefined && (kind === 'failed' ? run.attempt > attempt : run.leaseUntil > now)) return nothing
    if (entry === undefined || (kind === 'abandoned' && now - entry.admittedAt < reconcileAfterMs)) return nothing
    // A record that stays answers for this call, so its messages are not asked for again.
    const isGone = idempotency !== undefined && run === recordOf(this.reservation, idempotency.key, books, found, now)
    const again = isGone ? idempotency.key : undefined
    this.close(books, found, { entry, ending: endingOf('nothing', this.#outcome), again, now })
    if (run !== undefined && idempotency !== undefined) books.dropRun(idempotency.key)
    return { settled: true, notings: notingsOf(books, id, now) }
  }
}
