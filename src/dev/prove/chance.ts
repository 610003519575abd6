/** Chance that comes out the same for the same seed: the order of the faults, and what each of them hits. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 to below 1 (mulberry32, https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.next() * from.length)]
  }

  shuffled<T>(from: readonly T[]): T[] {
    const left = [...from]
    for (let at = left.length - 1; at > 0; at--) {
      const other = Math.floor(this.next() * (at + 1))
      const [one, two] = [left[at], left[other]]
      if (one !== undefined && two !== undefined) [left[at], left[other]] = [two, one]
    }
    return left
  }
}
