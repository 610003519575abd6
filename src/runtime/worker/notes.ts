import { setTimeout as sleep } from 'node:timers/promises'
import { dueAt } from '../../domain/holding.ts'
import type { Message } from '../../domain/message.ts'
import { callingCode } from '../../domain/usage.ts'
import type { Ledger, Owner, Queued, Row } from '../ports/index.ts'

const maxWaiting = 10_000

/** Rows by customer and environment. */
export function byOwner<One extends Owner>(rows: readonly One[]): { readonly owner: Owner; readonly rows: readonly One[] }[] {
  const owned = Map.groupBy(rows, ({ customer, environment }) => JSON.stringify([customer, environment]))
  return [...owned.values()].flatMap((some) => {
    const [first] = some
    return first === undefined ? [] : [{ owner: { customer: first.customer, environment: first.environment }, rows: some }]
  })
}

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

  /** Takes rows that were written. Those that are held are noted by who releases them (`release.ts`). */
  add(written: readonly Row[]): void {
    const rows = withCarrier(written)
    if (rows.length === 0) return
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
      for (const { owner, rows: some } of byOwner(rows)) {
        const notes = some.map(({ message }) => noteOf(message, at, this.#queue))
        await this.#ledger.queued(owner, notes).catch(() => this.#dropped(some.length))
      }
    }
  }
}

/** Rows that went to the carrier at once. */
function withCarrier(written: readonly Row[]): Row[] {
  const now = Date.now()
  return written.filter(({ message }) => dueAt(message, now) === undefined)
}

/**
 * Notes the rows of one event of a function. Lambda freezes a function that has answered, so the notes are waited for, but not longer
 * than `maxMs`. Nothing here fails.
 * @returns how many rows were not noted in this time
 */
export async function noteWithin(ledger: Ledger, queue: string, written: readonly Row[], maxMs: number): Promise<number> {
  const rows = withCarrier(written)
  const at = Date.now()
  const inTime = new AbortController()
  let open = rows.length
  const noting = byOwner(rows).map(async ({ owner, rows: some }) => {
    const notes = some.map(({ message }) => noteOf(message, at, queue))
    await ledger.queued(owner, notes).then(
      () => {
        open -= some.length
      },
      () => undefined,
    )
  })
  const late = sleep(maxMs, undefined, { signal: inTime.signal }).catch(() => undefined)
  await Promise.race([Promise.all(noting), late])
  inTime.abort()
  return open
}

/**
 * What the ledger keeps of a message, and finds it by.
 * @param heldUntil when it is due, where it is held
 */
export function noteOf(message: Message, at: number, queue: string, heldUntil?: number): Queued {
  const { id, ref, callback, acceptedAt, type, purpose = 'normal', units = 1, sendAt, recipientHash, to } = message
  return {
    id,
    at,
    acceptedAt,
    type,
    purpose,
    units,
    queue,
    destination: callingCode(to),
    ...(ref !== undefined && { ref }),
    ...(callback !== undefined && { callback }),
    ...(sendAt !== undefined && { sendAt }),
    ...(recipientHash !== undefined && { recipientHash }),
    ...(heldUntil !== undefined && { heldUntil }),
  }
}
