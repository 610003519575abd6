import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'
import type { Database, Ledger, Row } from '../ports/index.ts'
import type { Observe } from './events.ts'
import { decideAll, type HandedOver } from './hand-over.ts'
import { writeRows } from './isolate.ts'
import { byOwner, noteOf } from './notes.ts'

/** Held rows of one round. A round that finds fewer has found all of them. */
const roundSize = 500
const firstPauseMs = 250
const maxPauseMs = 5_000
const tellEveryMs = 30_000

export interface ReleaseParts {
  readonly database: Database
  readonly ledger: Ledger
  readonly carriers: readonly Carrier[]
  readonly observe: Observe
  readonly now?: () => number
  /** How long a table that refuses many rows is given to accept a trial row before the rows are considered bad. */
  readonly patienceMs?: number
}

/**
 * Releases the held messages of one carrier: notes them in the ledger, and hands over those whose time has come.
 *
 * The order makes every crash harmless. The ledger's decision comes first, and a cancelled message cannot be decided again. Then one
 * transaction of the database takes the row out of the held ones and writes what becomes of it; the second finds
 * no row. While the ledger is away nothing is decided, so nothing is released.
 */
class CarrierReleaser {
  readonly #parts: ReleaseParts
  readonly #carrier: Carrier
  readonly #now: () => number
  /** Since when the table took no row. */
  #refusingSince: number | undefined
  /** The oldest time that was due when the last look could tell. */
  #oldestDueAt: number | undefined

  constructor(parts: ReleaseParts, carrier: Carrier) {
    this.#parts = parts
    this.#carrier = carrier
    this.#now = parts.now ?? Date.now
  }

  /** @returns how many rows were taken: fewer than a round's where that was all */
  async round(): Promise<number> {
    const noted = await this.#note()
    const handedOver = await this.#handOver()
    return Math.max(noted, handedOver)
  }

  /** A round whose failure is observed. */
  async tried(retryMs: number): Promise<number> {
    try {
      return await this.round()
    } catch (error) {
      this.#failed(error, retryMs)
      return 0
    }
  }

  /** Notes rows, so that their customers can read and cancel them. */
  async #note(): Promise<number> {
    const { held } = this.#parts.database
    const rows = await held.takeUnnoted(this.#carrier, roundSize)
    const at = this.#now()
    const open: HandedOver['open'] = []
    for (const { owner, rows: some } of byOwner(rows)) {
      const ids = some.map(({ id }) => id)
      const notes = some.flatMap(({ content, dueAt }) =>
        typeof content === 'string' ? [] : [noteOf(content.message, at, this.#carrier.queue, dueAt)],
      )
      await this.#parts.ledger
        .queued(owner, notes)
        .then(() => held.noted(ids))
        .catch((error: unknown) => void open.push({ ids, error }))
    }
    await this.#leaveOpen(open, rows.length)
    return rows.length
  }

  async #handOver(): Promise<number> {
    const { database, ledger } = this.#parts
    if (!(await this.#mayTakeRows())) return 0
    const rows = await database.held.takeDue(this.#carrier, roundSize)
    if (rows.length === 0) return 0
    const decided = await decideAll(ledger, rows, this.#now)
    await database.held.end(this.#carrier, decided.ended)
    for (const { id, until } of decided.held) await database.held.holdUntil(id, until)
    await this.#release(decided)
    this.#tell(decided)
    await this.#leaveOpen(decided.open, rows.length)
    return rows.length
  }

  /**
   * Leaves rows for later that the ledger said nothing about. Where it said nothing at all, they may be taken again at once. Where
   * it refuses one customer, that customer's claims last for a while, so that the rows of others come first.
   * @throws what kept the ledger from answering, where it did not answer at all
   */
  async #leaveOpen(open: HandedOver['open'], taken: number): Promise<void> {
    const [first] = open
    if (first === undefined) return
    const ids = open.flatMap((one) => one.ids)
    if (ids.length < taken) return this.#failed(first.error, firstPauseMs)
    await this.#parts.database.held.letGo(ids)
    throw first.error
  }

  /** While the table refuses all rows, a trial row is asked first: each row that is taken costs a request to the ledger. */
  async #mayTakeRows(): Promise<boolean> {
    if (this.#refusingSince === undefined || !this.#isPatient()) return true
    return !((await this.#parts.database.acceptsRow(this.#carrier)) instanceof Error)
  }

  #isPatient(): boolean {
    const { patienceMs = 3_600_000 } = this.#parts
    return this.#refusingSince === undefined || this.#now() - this.#refusingSince < patienceMs
  }

  /** Writes rows like those that arrive: a bad one is isolated, and ends as rejected. */
  async #release({ sent }: HandedOver): Promise<void> {
    const { database, observe } = this.#parts
    const { queue } = this.#carrier
    if (sent.length === 0) return
    const store = {
      flush: (carrier: Carrier, rows: readonly Row[]) => database.held.release(carrier, rows),
      reject: (carrier: Carrier, { customer, environment, message }: Parameters<Database['reject']>[1], reason: string) =>
        database.held.end(carrier, [{ id: message.id, customer, environment, as: 'rejected', reason }]),
      acceptsRow: (carrier: Carrier, invented?: boolean) => database.acceptsRow(carrier, invented),
      answers: () => database.answers(),
    }
    try {
      const { rejected } = await writeRows(store, this.#carrier, sent, this.#isPatient())
      this.#refusingSince = undefined
      for (const { row, why } of rejected) observe({ kind: 'rejected', queue, id: row.message.id, why })
    } catch (error) {
      if (error instanceof Problem && error.code === 'table-refuses') this.#refusingSince ??= this.#now()
      throw error
    }
  }

  #tell({ sent, ended, held }: HandedOver): void {
    const count = (...as: readonly string[]): number => ended.filter((one) => as.includes(one.as)).length
    this.#parts.observe({
      kind: 'handed-over',
      queue: this.#carrier.queue,
      sent: sent.length,
      cancelled: count('cancelled', 'reported'),
      expired: count('expired'),
      refused: count('failed'),
      held: held.length,
    })
  }

  /** Says how late the oldest held message is: what the alarm watches. It is said when the database is away, too. */
  async tellLate(): Promise<void> {
    const { database, observe } = this.#parts
    const waiting = await database.held.waiting(this.#carrier).catch(() => undefined)
    if (waiting !== undefined) this.#oldestDueAt = waiting.oldestDueAt
    observe({
      kind: 'held',
      queue: this.#carrier.queue,
      lateMs: Math.max(0, this.#now() - (this.#oldestDueAt ?? Number.POSITIVE_INFINITY)),
      ...(waiting !== undefined && { messages: waiting.count }),
    })
  }

  #failed(error: unknown, retryMs: number): void {
    this.#parts.observe({ kind: 'failed', queue: this.#carrier.queue, error, retryMs })
  }
}

/** The releasers of all carriers. */
export class Releaser {
  readonly #releasers: readonly CarrierReleaser[]

  constructor(parts: ReleaseParts) {
    this.#releasers = parts.carriers.map((carrier) => new CarrierReleaser(parts, carrier))
  }

  /** One round over all carriers. A carrier that fails does not stop the others. @returns how many rows were taken */
  async once(): Promise<number> {
    const taken = await Promise.all(this.#releasers.map((releaser) => releaser.tried(firstPauseMs)))
    return taken.reduce((sum, one) => sum + one, 0)
  }

  async tellLate(): Promise<void> {
    await Promise.all(this.#releasers.map((releaser) => releaser.tellLate()))
  }

  /** Releases until `signal`, each carrier by itself, with pauses that grow while there is nothing due. */
  async run(signal: AbortSignal): Promise<void> {
    const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined)
    const release = async (releaser: CarrierReleaser): Promise<void> => {
      let pauseMs = firstPauseMs
      while (!signal.aborted) {
        const taken = await releaser.tried(pauseMs)
        pauseMs = taken > 0 ? firstPauseMs : Math.min(maxPauseMs, pauseMs * 2)
        if (taken < roundSize) await pause(pauseMs)
      }
    }
    const tell = async (): Promise<void> => {
      while (!signal.aborted) {
        await this.tellLate()
        await pause(tellEveryMs)
      }
    }
    await Promise.all([...this.#releasers.map(release), tell()])
  }
}

/** Releases held messages until stopped. */
export function releaseHeld(parts: ReleaseParts): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const running = new Releaser(parts).run(stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
