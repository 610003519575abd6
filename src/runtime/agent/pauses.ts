/** In milliseconds of a monotonic clock: a wall clock that jumps must not shorten or stop a pause. */
export type Monotonic = () => number

export const monotonic: Monotonic = () => performance.now()

const firstRetryMs = 500
const maxRetryMs = 30_000
/** How long rows wait that were refused for now, where the gateway does not say. */
const defaultHoldMs = 5_000
const maxHoldMs = 10 * 60_000

interface Retry {
  readonly at: number
  readonly pauseMs: number
  /** Whether other rows wait for it too. */
  readonly holdsOthers: boolean
}

/** When calls may be repeated, and when rows may be claimed. */
export class Pauses {
  readonly #now: Monotonic
  readonly #retries = new Map<string, Retry>()
  #heldUntil = Number.NEGATIVE_INFINITY

  constructor(now: Monotonic = monotonic) {
    this.#now = now
  }

  /** Whether no row may be claimed: the gateway holds the customer back, or a call waits for an answer. */
  get isHeld(): boolean {
    return this.#now() < this.#heldUntil || [...this.#retries.values()].some(({ holdsOthers }) => holdsOthers)
  }

  /** @returns for how long no row is claimed */
  hold(retryAfterMs: number = defaultHoldMs): number {
    const pauseMs = Math.min(maxHoldMs, Math.max(firstRetryMs, retryAfterMs))
    this.#heldUntil = Math.max(this.#heldUntil, this.#now() + pauseMs)
    return pauseMs
  }

  /** @param holdsOthers false where the call itself is at fault @returns after how long the call may be repeated */
  repeat(call: string, { retryAfterMs = 0, holdsOthers = true }: { retryAfterMs?: number | undefined; holdsOthers?: boolean }) {
    const before = this.#retries.get(call)?.pauseMs ?? firstRetryMs / 2
    const grown = Math.min(maxRetryMs, before * 2)
    const pauseMs = Math.min(maxHoldMs, Math.max(grown, retryAfterMs))
    this.#retries.set(call, { at: this.#now() + pauseMs, pauseMs: grown, holdsOthers })
    return pauseMs
  }

  isWaiting(call: string): boolean {
    return (this.#retries.get(call)?.at ?? Number.NEGATIVE_INFINITY) > this.#now()
  }

  over(call: string): void {
    this.#retries.delete(call)
  }
}

const maxRows = 500

/** How many rows the next call has: fewer where limits refuse it as a whole, and more again where they do not. */
export class CallSize {
  #rows: number
  readonly #most: number

  constructor(most: number = maxRows) {
    this.#most = most
    this.#rows = most
  }

  get rows(): number {
    return this.#rows
  }

  refused(rows: number): void {
    this.#rows = Math.max(1, Math.floor(rows / 2))
  }

  accepted(rows: number): void {
    if (rows >= this.#rows) this.#rows = Math.min(this.#most, this.#rows * 2)
  }
}
