import type { Owner } from '../ports/index.ts'

const firstPauseMs = 500
const maxPauseMs = 60_000
/** Owners that one query leaves out at most. */
const maxLeftOut = 100

interface Refused {
  readonly owner: Owner
  readonly times: number
  readonly until: number
}

/**
 * Owners whose reports the ledger refuses. The second refusal in a row makes an owner wait, longer each time: the reports
 * that wait would otherwise fill each round, and the other owners would get none.
 */
export class RefusedOwners {
  readonly #refused = new Map<string, Refused>()

  /** Owners that have to wait at `now`. */
  until(now: number): Owner[] {
    const waiting = [...this.#refused.values()].filter(({ until }) => until > now)
    return waiting.slice(0, maxLeftOut).map(({ owner }) => owner)
  }

  /** Notes what came out of a round. */
  learn(written: readonly Owner[], refused: readonly Owner[], now: number = Date.now()): void {
    for (const owner of written) this.#refused.delete(keyOf(owner))
    for (const owner of refused) {
      const times = (this.#refused.get(keyOf(owner))?.times ?? 0) + 1
      const pauseMs = times === 1 ? 0 : Math.min(maxPauseMs, firstPauseMs * 2 ** (times - 1))
      this.#refused.set(keyOf(owner), { owner, times, until: now + pauseMs })
    }
  }
}

function keyOf({ customer, environment }: Owner): string {
  return `${environment}/${customer}`
}
