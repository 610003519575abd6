import type { Queue } from '../ports/index.ts'
import type { Parcel } from './open-envelope.ts'

/** Deletes written parcels from the queue, beside the next transaction. A failed deletion is harmless: SQS delivers again. */
export class Deletions {
  readonly #queue: Queue
  readonly #name: string
  readonly #onError: (error: unknown) => void
  readonly #onDone: (parcels: readonly Parcel[]) => void
  readonly #running = new Set<Promise<void>>()
  #waiting: Parcel[] = []

  constructor(queue: Queue, name: string, onError: (error: unknown) => void, onDone: (parcels: readonly Parcel[]) => void) {
    this.#queue = queue
    this.#name = name
    this.#onError = onError
    this.#onDone = onDone
  }

  get waiting(): number {
    return this.#waiting.length
  }

  add(parcels: readonly Parcel[]): void {
    this.#waiting.push(...parcels)
  }

  /** Starts deleting everything that waits. */
  start(): void {
    const parcels = this.#waiting.splice(0)
    if (parcels.length === 0) return
    const receipts = parcels.map((parcel) => parcel.received.receipt)
    const running = this.#queue
      .delete(this.#name, receipts)
      .then(() => undefined)
      .catch(this.#onError)
      .finally(() => {
        this.#onDone(parcels)
        this.#running.delete(running)
      })
    this.#running.add(running)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }
}
