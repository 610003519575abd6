import { setTimeout as sleep } from 'node:timers/promises'
import { rememberMs } from '../../domain/admission.ts'
import type { Carrier } from '../../domain/carrier.ts'
import type { Database, Ledger, Queue } from '../ports/index.ts'
import type { Observe } from './events.ts'
import { opened, type Parcel, write } from './flush.ts'
import { Held } from './held.ts'
import { Notes } from './notes.ts'

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
  readonly observe?: Observe
}

export interface Consumer {
  /** Writes what was received and stops; gives back what cannot be written within `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

const firstIdleMs = 250
const firstRetryMs = 500
const longestRetryMs = 30_000
const forgetEveryMs = 3_600_000
/** How long messages are held while the database is away, before others may have them. */
const releaseAfterMs = 120_000
const releasedSeconds = 10
/** Flushes' worth of rows that may wait. More would only wait here instead of in SQS. */
const bufferedFlushes = 4

/**
 * Reads one queue until stopped: receive, write in one transaction, and only after the commit delete. A process that
 * dies between the two leaves messages that come again and are recognised.
 *
 * Whatever has been received when a transaction ends goes into the next one together: nothing waits for a batch to fill,
 * and the slower the database, the larger the batches.
 *
 * While the queue stays empty the pauses between polls grow: an idle queue that is polled without a pause costs
 * 131,400 requests a month for nothing. The first message ends the pauses.
 */
export function consume(options: ConsumeOptions): Consumer {
  return new Running(options)
}

/** An abortable pause. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}

class Running implements Consumer {
  readonly #options: Required<Omit<ConsumeOptions, 'ledger'>>
  readonly #held: Held
  readonly #notes: Notes | undefined
  readonly #stopping = new AbortController()
  /** Aborts the tries to write. */
  readonly #giveUp = new AbortController()
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
    const usual = { waitSeconds: 20, idleMaxMs: 20_000, receivers: 4, flushes: 2, flushRows: 1000, observe: () => undefined }
    this.#options = { ...usual, ...options }
    const { queue, carrier, observe } = this.#options
    this.#held = new Held(queue, carrier.queue, (error) => this.#failed(error, 0))
    this.#notes = ledger && new Notes(ledger, (messages) => observe({ kind: 'unnoted', queue: carrier.queue, messages }))
    this.#receiving = this.#receive()
  }

  async stop(graceMs = 15_000): Promise<void> {
    this.#stopping.abort()
    this.#makeRoom()
    const timer = setTimeout(() => this.#giveUp.abort(), graceMs)
    await this.#receiving
    while (this.#flushing.size > 0) await Promise.all(this.#flushing)
    clearTimeout(timer)
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
        if (!started) await this.#held.start()
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
        retryMs = Math.min(longestRetryMs, retryMs * 2)
      }
    }
  }

  /** Another receiver for as long as the queue fills each receive. */
  #startExtra(): void {
    if (this.#extra >= this.#options.receivers - 1) return
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
    const { queue, carrier, observe } = this.#options
    const received = await queue.receive(carrier.queue, { most: 10, waitSeconds, signal: this.#stopping.signal })
    const parcels: Parcel[] = []
    for (const one of received) {
      const parcel = opened(one, carrier.queue)
      if (typeof parcel !== 'string') parcels.push(parcel)
      else observe({ kind: 'bad', queue: carrier.queue, why: parcel, receiveCount: one.receiveCount })
    }
    this.#held.add(parcels)
    this.#buffer.push(...parcels)
    this.#rows += parcels.reduce((sum, parcel) => sum + parcel.rows.length, 0)
    this.#flush()
    return received.length
  }

  async #whenRoom(): Promise<void> {
    while (this.#rows >= bufferedFlushes * this.#options.flushRows && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.#room.push(resolve))
    }
  }

  #makeRoom(): void {
    for (const resolve of this.#room.splice(0)) resolve()
  }

  /** Starts as many transactions as may run, each with all that fits. */
  #flush(): void {
    const { flushes, flushRows } = this.#options
    while (this.#flushing.size < flushes && this.#buffer.length > 0) {
      let rows = 0
      const fits = this.#buffer.findIndex((parcel) => {
        rows += parcel.rows.length
        return rows > flushRows
      })
      const parcels = this.#buffer.splice(0, fits < 0 ? this.#buffer.length : Math.max(1, fits))
      const flushing = this.#flushParcels(parcels).finally(() => {
        this.#flushing.delete(flushing)
        this.#rows -= parcels.reduce((sum, parcel) => sum + parcel.rows.length, 0)
        this.#makeRoom()
        this.#flush()
        if (this.#buffer.length === 0) this.#deleteNow()
      })
      this.#flushing.add(flushing)
    }
  }

  /** Tries until it is written, or has been tried for so long that others had better have it. */
  async #flushParcels(parcels: readonly Parcel[]): Promise<void> {
    const { database, carrier, observe, queue } = this.#options
    const { signal } = this.#giveUp
    const started = performance.now()
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(longestRetryMs, retryMs * 2)) {
      try {
        const rows = parcels.flatMap((parcel) => parcel.rows)
        const { written, repeated, rejected } = await write(database, carrier, rows)
        const milliseconds = performance.now() - started
        observe({ kind: 'flushed', queue: carrier.queue, written, repeated, milliseconds })
        for (const { row, why } of rejected) observe({ kind: 'rejected', queue: carrier.queue, id: row.message.id, why })
        this.#notes?.add(rows)
        this.#receipts.push(...parcels)
        if (this.#receipts.length >= 10) this.#deleteNow()
        return
      } catch (error) {
        this.#failed(error, retryMs)
        if (!signal.aborted && performance.now() - started < releaseAfterMs) {
          await pause(retryMs, signal)
          continue
        }
        this.#held.drop(parcels)
        observe({ kind: 'released', queue: carrier.queue, messages: parcels.length })
        const receipts = parcels.map((parcel) => parcel.received.receipt)
        await queue.extend(carrier.queue, receipts, signal.aborted ? 0 : releasedSeconds).catch(() => [])
        return
      }
    }
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
