import { type Monotonic, monotonic } from './pauses.ts'

/**
 * For so long after a notification a table is polled more often. A row that is due "now" may be due only in the next second: times
 * of due rows are compared in whole seconds, and `timestamp(0)` rounds up.
 */
const afterMs = 1_500
const oftenMs = 200

/** Notifications of the database that there are new rows. They shorten the pause between two polls. */
export class Wakeups {
  readonly #waiting = new Set<() => void>()
  #lastAt = Number.NEGATIVE_INFINITY
  #count = 0
  readonly #now: Monotonic

  constructor(now: Monotonic = monotonic) {
    this.#now = now
  }

  /** How many there were. Read it before a poll: one that comes during the poll may tell of a row that the poll did not see. */
  get count(): number {
    return this.#count
  }

  wake(): void {
    this.#lastAt = this.#now()
    this.#count += 1
    for (const end of this.#waiting) end()
  }

  /** Waits `ms`, or until the next notification. @param seen `count` before the poll */
  async pause(ms: number, seen: number, signal: AbortSignal): Promise<void> {
    if (seen !== this.#count || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (): void => resolve()
    const timer = setTimeout(end, this.#now() - this.#lastAt < afterMs ? Math.min(ms, oftenMs) : ms)
    this.#waiting.add(end)
    signal.addEventListener('abort', end)
    await promise
    clearTimeout(timer)
    this.#waiting.delete(end)
    signal.removeEventListener('abort', end)
  }
}
