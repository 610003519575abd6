import type { Ledger, Owner, Queued, Row } from '../ports/index.ts'

const maxWaiting = 10_000

/**
 * Notes in the ledger that messages are with the carrier, behind the worker's back: a slow ledger must not hold up a
 * message. What is dropped is missing from a status look-up until the message's report comes, and nothing else.
 */
export class Notes {
  readonly #ledger: Ledger
  readonly #dropped: (messages: number) => void
  #waiting: Row[] = []
  #running: Promise<void> | undefined

  constructor(ledger: Ledger, dropped: (messages: number) => void) {
    this.#ledger = ledger
    this.#dropped = dropped
  }

  add(rows: readonly Row[]): void {
    if (this.#waiting.length + rows.length > maxWaiting) {
      this.#dropped(rows.length)
      return
    }
    this.#waiting.push(...rows)
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Ends what has been begun. */
  async stop(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const rows = this.#waiting
      this.#waiting = []
      const at = Date.now()
      const owned = Map.groupBy(rows, ({ customer, environment }) => JSON.stringify([customer, environment]))
      for (const some of owned.values()) {
        const [first] = some
        if (first === undefined) continue
        const owner: Owner = { customer: first.customer, environment: first.environment }
        const notes = some.map(
          ({ message }): Queued => ({ id: message.id, at, ...(message.ref !== undefined && { ref: message.ref }) }),
        )
        await this.#ledger.queued(owner, notes).catch(() => this.#dropped(some.length))
      }
    }
  }
}
