import { Problem } from '../../domain/problem.ts'

const retryAfterMs = 2000

/** Whether a call ended because its time was over, and not because its client left. */
export function isLate(signal: AbortSignal | undefined): boolean {
  const reason: unknown = signal?.reason
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** Why a call ended before its answer was whole. */
export function gaveUp(signal: AbortSignal): Problem {
  return isLate(signal)
    ? new Problem('ledger-unavailable', 'The ledger did not answer in the time of the call.', { retryAfterMs })
    : new Problem('client-closed', 'The client left before its call was answered.')
}

/** What one call may read: a number of requests to the store, and none after its signal fired. */
export class ReadBudget {
  readonly signal: AbortSignal | undefined
  #left: number

  constructor(maxReads: number, signal?: AbortSignal) {
    this.#left = maxReads
    this.signal = signal
  }

  /** Requests that are left. */
  get left(): number {
    return this.#left
  }

  /** Counts one request. @throws Problem `client-closed`, `ledger-unavailable` */
  spend(): void {
    if (this.signal?.aborted) throw gaveUp(this.signal)
    if (this.#left <= 0) {
      throw new Problem('ledger-unavailable', 'The call has used up the reads that one call may cost.', { retryAfterMs })
    }
    this.#left -= 1
  }
}
