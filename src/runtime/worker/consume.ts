import { rememberMs } from '../../domain/admission.ts'
import { Problem } from '../../domain/problem.ts'
import { batchEntries, type Received } from '../ports/index.ts'
import { type ConsumeOptions, type ConsumeSettings, settingsFrom } from './consume-options.ts'
import { moveToDeadLetters } from './dead-letters.ts'
import { Deletions } from './deletions.ts'
import { Gate, type Trouble } from './gate.ts'
import { InFlightParcels } from './in-flight.ts'
import { writeRows } from './isolate.ts'
import { Notes } from './notes.ts'
import { type Parcel, parcelFrom, rejectUnreadable } from './open-envelope.ts'
import { pause } from './pause.ts'
import { tableAcceptsRows, tableReady } from './table-check.ts'

export interface Consumer {
  /** Writes what was received and stops; gives back what cannot be written within `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

const firstIdleMs = 250
const firstRetryMs = 500
/** An outage must not be outlived by a pause. */
const maxRetryMs = 5_000
const forgetEveryMs = 3_600_000
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

class QueueConsumer implements Consumer {
  readonly #options: ConsumeSettings
  readonly #inFlight: InFlightParcels
  readonly #notes: Notes | undefined
  readonly #stopping = new AbortController()
  /** Aborts the tries to write. */
  readonly #giveUp = new AbortController()
  readonly #gate: Gate
  readonly #deletions: Deletions
  readonly #receiving: Promise<void>
  #buffer: Parcel[] = []
  #rows = 0
  #extra = 0
  #flushing = new Set<Promise<void>>()
  #room: (() => void)[] = []
  #forgotAt = 0

  constructor({ ledger, ...options }: ConsumeOptions) {
    this.#options = settingsFrom(options)
    const { queue, carrier, observe } = this.#options
    const onError = (error: unknown) => this.#failed(error, 0)
    this.#inFlight = new InFlightParcels(queue, carrier.queue, onError, (parcels) => this.#forgetParcels(parcels))
    this.#deletions = new Deletions(queue, carrier.queue, onError, (parcels) => this.#inFlight.drop(parcels))
    this.#gate = new Gate(this.#gateParts(), this.#giveUp.signal)
    this.#notes =
      ledger && new Notes(ledger, carrier.queue, (messages) => observe({ kind: 'unnoted', queue: carrier.queue, messages }))
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
    this.#deletions.start()
    await this.#deletions.settled()
    await this.#notes?.stop()
    this.#inFlight.stop()
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
          if (!(await tableReady(this.#options, signal))) return
          await this.#inFlight.start()
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
      const parcel = parcelFrom(one, carrier.queue)
      if (typeof parcel !== 'string') parcels.push(parcel)
      else await this.#bad(one, parcel)
    }
    this.#inFlight.add(parcels)
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
      this.#inFlight.drop([parcel])
    }
  }

  async #bad(received: Received, why: string): Promise<void> {
    const { queue, carrier, observe } = this.#options
    observe({ kind: 'bad', queue: carrier.queue, why, receiveCount: received.receiveCount })
    try {
      if (await moveToDeadLetters(queue, carrier.queue, received, why, observe))
        await queue.delete(carrier.queue, [received.receipt])
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
        if (this.#buffer.length === 0) this.#deletions.start()
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
      const { written, repeated, rejected } = await writeRows(database, carrier, rows, this.#gate.troubledMs < patienceMs)
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
    this.#deletions.add(parcels.filter(({ kept }) => kept === undefined))
    await this.#keep(parcels)
    if (this.#deletions.waiting >= batchEntries) this.#deletions.start()
  }

  #gateParts() {
    const { carrier, observe, releaseAfterMs } = this.#options
    return {
      probe: (trouble: Trouble) => (trouble === 'away' ? this.#options.database.answers() : this.#tableAccepts()),
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

  #tableAccepts(): Promise<boolean> {
    const rows = this.#buffer.flatMap((parcel) => parcel.rows)
    return tableAcceptsRows(this.#options, rows, this.#gate.troubledMs)
  }

  /** Gives back what is held. */
  async #release(seconds: number): Promise<void> {
    const parcels = this.#buffer.splice(0)
    if (parcels.length === 0) return
    const { queue, carrier, observe } = this.#options
    this.#rows -= parcels.reduce((sum, parcel) => sum + parcel.rows.length, 0)
    this.#inFlight.drop(parcels)
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

  async #forgetOld(): Promise<void> {
    if (Date.now() - this.#forgotAt < forgetEveryMs) return
    this.#forgotAt = Date.now()
    await this.#options.database.forget(this.#forgotAt - rememberMs)
  }
}
