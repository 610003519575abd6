import type { Queue } from '../ports/index.ts'
import type { Parcel } from './open-envelope.ts'

/** SQS's own default, where a queue does not say. */
const defaultVisibilitySeconds = 30

/**
 * Parcels that were received and not deleted yet. Their time is extended for as long as they are held, so that a slow
 * database does not make SQS hand them out again.
 */
export class InFlightParcels {
  readonly #queue: Queue
  readonly #name: string
  /** When each has to be extended, in milliseconds of `performance.now`. */
  readonly #due = new Map<Parcel, number>()
  #seconds = defaultVisibilitySeconds
  #timer: NodeJS.Timeout | undefined
  readonly #onError: (error: unknown) => void
  readonly #onLost: (parcels: readonly Parcel[]) => void

  /** @param onLost gets parcels that SQS hides for us no longer, as 12 hours after a receive: they will come again */
  constructor(queue: Queue, name: string, onError: (error: unknown) => void, onLost: (parcels: readonly Parcel[]) => void) {
    this.#queue = queue
    this.#name = name
    this.#onError = onError
    this.#onLost = onLost
  }

  /** Learns how long the queue hides what was received. */
  async start(): Promise<void> {
    const { visibilitySeconds } = await this.#queue.state(this.#name)
    this.#seconds = Math.max(1, visibilitySeconds)
    const everyMs = (this.#seconds * 1000) / 6
    this.#timer = setInterval(() => void this.#extend(), everyMs)
  }

  add(parcels: readonly Parcel[]): void {
    const due = performance.now() + (this.#seconds * 1000) / 3
    for (const parcel of parcels) this.#due.set(parcel, due)
  }

  drop(parcels: readonly Parcel[]): void {
    for (const parcel of parcels) this.#due.delete(parcel)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #extend(): Promise<void> {
    const now = performance.now()
    const late = [...this.#due].flatMap(([parcel, due]) => (due <= now ? [parcel] : []))
    if (late.length === 0) return
    try {
      const receipts = late.map((parcel) => parcel.received.receipt)
      const failed = new Set(await this.#queue.extend(this.#name, receipts, this.#seconds))
      const next = performance.now() + (this.#seconds * 1000) / 3
      const lost: Parcel[] = []
      for (const parcel of late) {
        if (!this.#due.has(parcel)) continue
        if (failed.has(parcel.received.receipt)) lost.push(parcel)
        else this.#due.set(parcel, next)
      }
      if (lost.length === 0) return
      this.drop(lost)
      this.#onLost(lost)
    } catch (error) {
      // They may come again, and their ids are known by then.
      this.#onError(error)
    }
  }
}
