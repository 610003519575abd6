import { Problem } from '../../../domain/problem.ts'
import type { Owner } from '../../ports/index.ts'

/** `read`: status, reports, searches, quota. `upload`: an image, or opt-outs. */
export type ReadKind = 'read' | 'upload'

/** What one customer may ask of one process, in each environment. */
export interface ReadRates {
  readonly readsPerSecond: number
  readonly readBurst: number
  readonly uploadsPerSecond: number
  readonly uploadBurst: number
  /** Calls that wait for reports at the same time. */
  readonly longPolls: number
}

export const defaultRates: ReadRates = { readsPerSecond: 20, readBurst: 100, uploadsPerSecond: 5, uploadBurst: 50, longPolls: 10 }

interface Bucket {
  left: number
  at: number
}

/** Maximum number of buckets. Beyond it the one that was used least recently goes. */
const maxBuckets = 20_000

/**
 * How often each customer reads. Reads take no unit, so no quota bounds them; they are counted in this process alone, which
 * costs the registry nothing, so n gateways allow n times as much.
 */
export class ReadLimits {
  readonly #rates: ReadRates
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()
  readonly #polls = new Map<string, number>()

  constructor(rates: Partial<ReadRates> = {}, now: () => number = () => performance.now()) {
    this.#rates = { ...defaultRates, ...rates }
    this.#now = now
  }

  /** Counts a call. @throws Problem `read-rate-exceeded` */
  take(kind: ReadKind, owner: Owner): void {
    const { readsPerSecond, readBurst, uploadsPerSecond, uploadBurst } = this.#rates
    const [perSecond, burst] = kind === 'read' ? [readsPerSecond, readBurst] : [uploadsPerSecond, uploadBurst]
    const now = this.#now()
    const key = `${kind}/${nameOf(owner)}`
    const { left, at } = this.#buckets.get(key) ?? { left: burst, at: now }
    const filled = Math.min(burst, left + ((now - at) * perSecond) / 1000)
    if (filled < 1) {
      const what = kind === 'read' ? 'reads' : 'uploads'
      throw new Problem('read-rate-exceeded', `${perSecond} ${what} a second are allowed, with a burst of ${burst}.`, {
        retryAfterMs: ((1 - filled) * 1000) / perSecond,
      })
    }
    // Set anew, so that the map's order is that of the last use.
    this.#buckets.delete(key)
    if (this.#buckets.size >= maxBuckets) this.#forgetOldest()
    this.#buckets.set(key, { left: filled - 1, at: now })
  }

  /** Begins a long poll. @returns ends it. @throws Problem `read-rate-exceeded` */
  poll(owner: Owner): () => void {
    const key = nameOf(owner)
    const under = this.#polls.get(key) ?? 0
    if (under >= this.#rates.longPolls) {
      const detail = `${this.#rates.longPolls} calls may wait for reports at the same time. One is enough to read them all.`
      throw new Problem('read-rate-exceeded', detail, { retryAfterMs: 1000 })
    }
    this.#polls.set(key, under + 1)
    return () => {
      const left = (this.#polls.get(key) ?? 1) - 1
      if (left > 0) this.#polls.set(key, left)
      else this.#polls.delete(key)
    }
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next()
    if (!oldest.done) this.#buckets.delete(oldest.value)
  }
}

function nameOf({ customer, environment }: Owner): string {
  return `${environment}/${customer}`
}
