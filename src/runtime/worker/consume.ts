import { setTimeout as sleep } from 'node:timers/promises'
import { rememberMs } from '../../domain/admission.ts'
import type { Carrier } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'
import { type Database, type Ledger, type Queue, type Received, Refusal } from '../ports/index.ts'
import { bury } from './dead-letters.ts'
import type { Observe } from './events.ts'
import { Gate, type Trouble } from './gate.ts'
import { Held } from './held.ts'
import { manyRefused, write } from './isolate.ts'
import { Notes } from './notes.ts'
import { opened, type Parcel, rejectUnreadable } from './open-envelope.ts'

export interface ConsumeOptions {
  readonly queue: Queue
  readonly database: Database
  /** The queue to read and the table to write. */
  readonly carrier: Carrier
  /** Where it is noted that a message is with its carrier. */
  readonly ledger?: Ledger | undefined
  /** Long poll, 0 to 20 seconds. 20 costs least. */
  readonly waitSeconds?: number
  /** Longest pause between two polls of an empty queue. */
  readonly idleMaxMs?: number
  /** Receivers at the same time while the queue is full; an idle queue has one. */
  readonly receivers?: number
  /** Transactions at the same time. */
  readonly flushes?: number
  /** Rows that one transaction is filled up to. */
  readonly flushRows?: number
  /** How long messages are held while the database is away, before others may have them, in milliseconds. */
  readonly releaseAfterMs?: number
  /** How long a table that refuses many rows may take a trial row before the rows are believed to be bad. */
  readonly patienceMs?: number
  readonly observe?: Observe
}

export interface Consumer {
  /** Writes what was received and stops; gives back what cannot be written within `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

const firstIdleMs = 250
const firstRetryMs = 500
/** An outage must not be outlived by a pause. */
const maxRetryMs = 5_000
const firstFitMs = 1_000
const maxFitMs = 60_000
const forgetEveryMs = 3_600_000
const releasedSeconds = 10
/** Rows that are tried while a table takes none. */
const trialRows = 8
/** Flushes' worth of rows that may wait. More would only wait here instead of in SQS. */
const bufferedFlushes = 4

/**
 * Reads one queue until stopped: receive, write in one transaction, and only after the commit delete. A process that
 * dies between the two leaves messages that come again and are recognised.
 *
 * Whatever has been received when a transaction ends goes into the next one together: nothing waits for a batch to fill,
 * and the slower the database, the larger the batches.
 *
 * While the database is away nothing is received, so an outage uses up no receives: what is here is held, and after a while
 * given back once, because only this process may be cut off. While the table refuses, there is room for a few flushes' worth
 * of rows, because another row may get in and show that the first were bad.
 *
 * While the queue stays empty the pauses between polls grow: an idle queue that is polled without a pause costs
 * 131,400 requests a month for nothing. The first message ends the pauses.
 */
export function consume(options: ConsumeOptions): Consumer {
  return new QueueConsumer(options)
}

/** An abortable pause. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}

class QueueConsumer implements Consumer {
  readonly #options: Required<Omit<ConsumeOptions, 'ledger'>>
  readonly #held: Held
  readonly #notes: Notes | undefined
  readonly #stopping = new AbortController()
  /** Aborts the tries to write. */
  readonly #giveUp = new AbortController()
  readonly #gate: Gate
  readonly #receiving: Promise<void>
  #buffer: Parcel[] = []
  #rows = 0
  #extra = 0
  #flushing = new Set<Promise<void>>()
  #deleting = new Set<Promise<void>>()
  #receipts: Parcel[] = []
  #room: (() => void)[] = []
  #forgotAt = 0

  constructor({ ledger, ...options }: ConsumeOptions) {
    const polling = { waitSeconds: 20, idleMaxMs: 20_000, receivers: 4 }
    const writing = { flushes: 2, flushRows: 1000, releaseAfterMs: 120_000, patienceMs: 3_600_000 }
    this.#options = { ...polling, ...writing, observe: () => undefined, ...options }
    const { queue, carrier, observe } = this.#options
    const onError = (error: unknown) => this.#failed(error, 0)
    this.#held = new Held(queue, carrier.queue, onError, (parcels) => this.#forgetParcels(parcels))
    this.#gate = new Gate(this.#gateParts(), this.#giveUp.signal)
    this.#notes = ledger && new Notes(ledger, (messages) => observe({ kind: 'unnoted', queue: carrier.queue, messages }))
    this.#receiving = this.#receive()
  }

  async stop(graceMs = 15_000): Promise<void> {
    this.#stopping.abort()
    this.#makeRoom()
    const timer = setTimeout(() => this.#giveUp.abort(), graceMs)
    await this.#receiving
    while (this.#flushing.size > 0 || (this.#gate.trouble !== undefined && !this.#giveUp.signal.aborted)) {
      await Promise.all([...this.#flushing, this.#gate.settled()])
    }
    clearTimeout(timer)
    await this.#release(0)
    this.#deleteNow()
    await Promise.all(this.#deleting)
    await this.#notes?.stop()
    this.#held.stop()
  }

  #failed(error: unknown, retryMs: number): void {
    this.#options.observe({ kind: 'failed', queue: this.#options.carrier.queue, error, retryMs })
  }

  /** The one receiver that is always there. */
  async #receive(): Promise<void> {
    const { signal } = this.#stopping
    const { idleMaxMs, waitSeconds } = this.#options
    let idleMs = 0
    let retryMs = firstRetryMs
    let started = false
    while (!signal.aborted) {
      try {
        if (!started) {
          if (!(await this.#fits())) return
          await this.#held.start()
        }
        started = true
        await this.#whenRoom()
        if (signal.aborted) return
        const count = await this.#receiveOnce(waitSeconds)
        retryMs = firstRetryMs
        if (count > 0) {
          idleMs = 0
          if (count === 10) this.#startExtra()
          continue
        }
        await this.#forgetOld()
        await pause(idleMs, signal)
        idleMs = Math.min(idleMaxMs, idleMs === 0 ? firstIdleMs : idleMs * 2)
      } catch (error) {
        if (signal.aborted) return
        this.#failed(error, retryMs)
        await pause(retryMs, signal)
        retryMs = Math.min(maxRetryMs, retryMs * 2)
      }
    }
  }

  /** Waits until the table's columns let rows in: what cannot be written is not received. @returns false: stopped */
  async #fits(): Promise<boolean> {
    const { database, carrier, observe } = this.#options
    const { signal } = this.#stopping
    for (let pauseMs = firstFitMs; !signal.aborted; pauseMs = Math.min(maxFitMs, pauseMs * 2)) {
      const found = await database.unfit(carrier)
      for (const { detail, fix, keepsOut } of found) observe({ kind: 'unfit', queue: carrier.queue, detail, fix, keepsOut })
      if (found.every(({ keepsOut }) => keepsOut === 'some')) return true
      await pause(pauseMs, signal)
    }
    return false
  }

  /** Another receiver for as long as the queue fills each receive. */
  #startExtra(): void {
    if (this.#gate.trouble !== undefined || this.#extra >= this.#options.receivers - 1) return
    this.#extra += 1
    const run = async (): Promise<void> => {
      let count = 10
      while (count === 10 && !this.#stopping.signal.aborted) {
        await this.#whenRoom()
        if (this.#stopping.signal.aborted) return
        count = await this.#receiveOnce(0)
        if (count === 10) this.#startExtra()
      }
    }
    void run()
      .catch(() => undefined)
      .finally(() => {
        this.#extra -= 1
      })
  }

  async #receiveOnce(waitSeconds: number): Promise<number> {
    const { queue, carrier } = this.#options
    const received = await queue.receive(carrier.queue, { most: 10, waitSeconds, signal: this.#stopping.signal })
    const parcels: Parcel[] = []
    for (const one of received) {
      const parcel = opened(one, carrier.queue)
      if (typeof parcel !== 'string') parcels.push(parcel)
      else await this.#bad(one, parcel)
    }
    this.#held.add(parcels)
    this.#buffer.push(...parcels)
    this.#rows += parcels.reduce((sum, parcel) => sum + parcel.rows.length, 0)
    this.#flush()
    return received.length
  }

  /** Leaves to the queue what has messages without an id, until it goes to the dead letters. */
  async #keep(parcels: readonly Parcel[]): Promise<void> {
    for (const parcel of parcels) {
      if (parcel.kept === undefined) continue
      await this.#bad(parcel.received, parcel.kept)
      this.#held.drop([parcel])
    }
  }

  async #bad(received: Received, why: string): Promise<void> {
    const { queue, carrier, observe } = this.#options
    observe({ kind: 'bad', queue: carrier.queue, why, receiveCount: received.receiveCount })
    try {
      if (await bury(queue, carrier.queue, received, why, observe)) await queue.delete(carrier.queue, [received.receipt])
    } catch (error) {
      // It comes again.
      this.#failed(error, 0)
    }
  }

  async #whenRoom(): Promise<void> {
    const isFull = () => this.#rows >= bufferedFlushes * this.#options.flushRows || this.#gate.trouble === 'away'
    while (isFull() && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.#room.push(resolve))
    }
  }

  #makeRoom(): void {
    for (const resolve of this.#room.splice(0)) resolve()
  }

  /** Starts as many transactions as may run, each with all that fits. */
  #flush(): void {
    const { flushes, flushRows } = this.#options
    while (this.#gate.trouble === undefined && this.#flushing.size < flushes && this.#buffer.length > 0) {
      let rows = 0
      const fits = this.#buffer.findIndex((parcel) => {
        rows += parcel.rows.length
        return rows > flushRows
      })
      const parcels = this.#buffer.splice(0, fits < 0 ? this.#buffer.length : Math.max(1, fits))
      const flushing = this.#flushParcels(parcels).finally(() => {
        this.#flushing.delete(flushing)
        this.#makeRoom()
        this.#flush()
        if (this.#buffer.length === 0) this.#deleteNow()
      })
      this.#flushing.add(flushing)
    }
  }

  /** Writes parcels, or puts them back and closes the gate. */
  async #flushParcels(parcels: readonly Parcel[]): Promise<void> {
    const { database, carrier, observe, patienceMs } = this.#options
    const started = performance.now()
    const rows = parcels.flatMap((parcel) => parcel.rows)
    try {
      const { written, repeated, rejected } = await write(database, carrier, rows, this.#gate.troubledMs < patienceMs)
      const milliseconds = performance.now() - started
      observe({ kind: 'flushed', queue: carrier.queue, written, repeated, milliseconds })
      const unreadable = await rejectUnreadable(database, carrier, parcels)
      for (const { row, why } of [...rejected, ...unreadable]) {
        observe({ kind: 'rejected', queue: carrier.queue, id: row.message.id, why })
      }
    } catch (error) {
      this.#buffer.unshift(...parcels)
      const refusing = error instanceof Problem && error.code === 'table-refuses'
      this.#gate.close(refusing ? 'refusing' : 'away', error)
      return
    }
    this.#gate.worked()
    this.#rows -= rows.length
    this.#notes?.add(rows)
    this.#receipts.push(...parcels.filter(({ kept }) => kept === undefined))
    await this.#keep(parcels)
    if (this.#receipts.length >= 10) this.#deleteNow()
  }

  #gateParts() {
    const { carrier, observe, releaseAfterMs } = this.#options
    return {
      probe: (trouble: Trouble) => (trouble === 'away' ? this.#options.database.answers() : this.#trial()),
      waiting: (trouble: Trouble, error: unknown, retryMs: number) => {
        const { queue } = carrier
        if (trouble === 'away') observe({ kind: 'failed', queue, error, retryMs })
        else observe({ kind: 'refusing', queue, error, rows: this.#rows, retryMs })
      },
      lasting: async (trouble: Trouble, milliseconds: number) => {
        if (trouble === 'away' && milliseconds >= releaseAfterMs) await this.#release(releasedSeconds)
      },
      opened: () => {
        this.#makeRoom()
        this.#flush()
      },
      resumed: (milliseconds: number) => observe({ kind: 'resumed', queue: carrier.queue, milliseconds }),
    }
  }

  /** Whether the table takes one of the rows that are held, or, where they are few and may all be bad, a trial row. */
  async #trial(): Promise<boolean> {
    const { database, carrier, patienceMs } = this.#options
    const held = this.#buffer.flatMap((parcel) => parcel.rows)
    const some = Array.from({ length: trialRows - 1 }, () => held[Math.floor(Math.random() * held.length)])
    let refused = 0
    // The newest is the one that was not tried before.
    for (const row of [held.at(-1), ...some]) {
      if (row === undefined) continue
      try {
        if ((await database.flush(carrier, [row])) === 1) return true
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        refused += 1
      }
    }
    if (refused === 0) return true
    const mayAllBeBad = held.length < manyRefused || this.#gate.troubledMs >= patienceMs
    return mayAllBeBad && (await database.takes(carrier)) === true
  }

  /** Gives back what is held. */
  async #release(seconds: number): Promise<void> {
    const parcels = this.#buffer.splice(0)
    if (parcels.length === 0) return
    const { queue, carrier, observe } = this.#options
    this.#rows -= parcels.reduce((sum, parcel) => sum + parcel.rows.length, 0)
    this.#held.drop(parcels)
    observe({ kind: 'released', queue: carrier.queue, messages: parcels.length })
    const receipts = parcels.map((parcel) => parcel.received.receipt)
    await queue.extend(carrier.queue, receipts, seconds).catch(() => [])
  }

  /** Lets go of parcels that will come again. */
  #forgetParcels(parcels: readonly Parcel[]): void {
    const lost = new Set(parcels)
    const here = this.#buffer.filter((parcel) => lost.has(parcel))
    this.#buffer = this.#buffer.filter((parcel) => !lost.has(parcel))
    this.#rows -= here.reduce((sum, parcel) => sum + parcel.rows.length, 0)
    this.#makeRoom()
  }

  /** Deletes what has been written, beside the next transaction. What cannot be deleted comes again and is known. */
  #deleteNow(): void {
    const parcels = this.#receipts.splice(0)
    if (parcels.length === 0) return
    const { queue, carrier } = this.#options
    const receipts = parcels.map((parcel) => parcel.received.receipt)
    const deleting = queue
      .delete(carrier.queue, receipts)
      .then(() => undefined)
      .catch((error) => this.#failed(error, 0))
      .finally(() => {
        this.#held.drop(parcels)
        this.#deleting.delete(deleting)
      })
    this.#deleting.add(deleting)
  }

  async #forgetOld(): Promise<void> {
    if (Date.now() - this.#forgotAt < forgetEveryMs) return
    this.#forgotAt = Date.now()
    await this.#options.database.forget(this.#forgotAt - rememberMs)
  }
}
