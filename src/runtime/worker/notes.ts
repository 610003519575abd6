import type { Message } from '../../domain/message.ts'
import type { Ledger, Owner, Queued, Row } from '../ports/index.ts'

const maxWaiting = 10_000

/**
 * Notes in the ledger that messages are with the carrier, behind the worker's back: a slow ledger must not hold up a
 * message. What is dropped is missing from a status look-up until the message's report comes, and nothing else.
 */
export class Notes {
  readonly #ledger: Ledger
  readonly #queue: string
  readonly #dropped: (messages: number) => void
  #waiting: Row[] = []
  #running: Promise<void> | undefined

  /** @param queue the queue that the messages come through */
  constructor(ledger: Ledger, queue: string, dropped: (messages: number) => void) {
    this.#ledger = ledger
    this.#queue = queue
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
        await this.#ledger
          .queued(
            owner,
            some.map(({ message }) => noteOf(message, at, this.#queue)),
          )
          .catch(() => this.#dropped(some.length))
      }
    }
  }
}

/** What the ledger keeps of a message, and finds it by. */
function noteOf(message: Message, at: number, queue: string): Queued {
  const { id, ref, acceptedAt, type, purpose = 'normal', units = 1, sendAt, recipientHash } = message
  return {
    id,
    at,
    acceptedAt,
    type,
    purpose,
    units,
    queue,
    ...(ref !== undefined && { ref }),
    ...(sendAt !== undefined && { sendAt }),
    ...(recipientHash !== undefined && { recipientHash }),
  }
}
