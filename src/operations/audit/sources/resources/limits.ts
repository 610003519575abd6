import { quantity } from '../../../../domain/quantity.ts'

/** How much a run may read of other services. Real accounts stay far below. */
export interface ReadLimits {
  readonly calls: number
  readonly resources: number
  readonly milliseconds: number
}

export const readLimits: ReadLimits = { calls: 20_000, resources: 200_000, milliseconds: 10 * 60_000 }

/** A limit of the run was reached. What was read until then counts, and the rest is unknown. */
export class LimitReached extends Error {}

/** Counts what a run reads. */
export class Meter {
  readonly #limits: ReadLimits
  readonly signal: AbortSignal
  #calls = 0
  #resources = 0

  constructor(limits: ReadLimits) {
    this.#limits = limits
    this.signal = AbortSignal.timeout(limits.milliseconds)
  }

  /** @throws LimitReached */
  call(): void {
    const { calls, milliseconds } = this.#limits
    if (this.signal.aborted) throw new LimitReached(`the run took more than ${quantity(milliseconds / 1_000, 'second')}`)
    this.#calls++
    if (this.#calls > calls) throw new LimitReached(`the run made more than ${quantity(calls, 'call')}`)
  }

  /** @throws LimitReached */
  resource(): void {
    this.#resources++
    const { resources } = this.#limits
    if (this.#resources > resources) throw new LimitReached(`the account has more than ${quantity(resources, 'resource')}`)
  }
}
