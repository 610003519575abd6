import { type EventLoopUtilization, performance } from 'node:perf_hooks'

/** How long the calls under way may take to be worked off while the processor is the limit, in seconds. */
const targetSeconds = 0.25
/** These may always be under way: a short burst is not overload. */
const minCalls = 64
const windowMs = 250
/** Part of the time for which the event loop worked, from which on it is the limit. */
const busy = 0.9

export interface Slot {
  /** Leaves for as long as the call only waits: for a slow client, a long poll, a delay. */
  rest(): void
  /** Comes back, whatever the load is now: the call was let in already. */
  resume(): void
  leave(): void
}

/**
 * Calls under way in this process. While the event loop has time to spare, calls wait for the registry and the queue,
 * and `maxCalls` bounds them. While it has none, each further call makes all of them later: then as many are let in as
 * it works off in `targetSeconds` (Little's law), and the rest is better refused at once.
 */
export class Load {
  readonly #maxCalls: number
  #limit: number
  #underWay = 0
  #done = 0
  #since = performance.now()
  #worked: EventLoopUtilization = performance.eventLoopUtilization()

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls
    this.#limit = maxCalls
  }

  get calls(): number {
    return this.#underWay
  }

  /** @returns `undefined` where the call is to be refused */
  enter(): Slot | undefined {
    const now = performance.now()
    if (now - this.#since >= windowMs) this.#measure(now)
    if (this.#underWay >= this.#limit) return undefined
    this.#underWay += 1
    return this.#slot()
  }

  #slot(): Slot {
    let state: 'in' | 'resting' | 'left' = 'in'
    return {
      rest: () => {
        if (state !== 'in') return
        state = 'resting'
        this.#underWay -= 1
      },
      resume: () => {
        if (state !== 'resting') return
        state = 'in'
        this.#underWay += 1
      },
      leave: () => {
        if (state === 'in') this.#underWay -= 1
        if (state !== 'left') this.#done += 1
        state = 'left'
      },
    }
  }

  #measure(now: number): void {
    const worked = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(worked, this.#worked)
    const perSecond = (this.#done * 1000) / (now - this.#since)
    const fitting = Math.max(minCalls, Math.ceil(perSecond * targetSeconds))
    this.#limit = utilization > busy ? Math.min(this.#maxCalls, fitting) : this.#maxCalls
    this.#worked = worked
    this.#since = now
    this.#done = 0
  }
}
