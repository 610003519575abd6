/** A map that holds `most` entries for `ms` each: the oldest goes first. */
export class TtlCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>()
  readonly #most: number
  readonly #ms: number
  readonly #now: () => number

  constructor(most: number, ms: number, now: () => number) {
    this.#most = most
    this.#ms = ms
    this.#now = now
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#now() < entry.until) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  /** @param until sooner than the usual time, such as a token's own end */
  set(key: string, value: Value, until = Number.POSITIVE_INFINITY): void {
    if (this.#entries.size >= this.#most) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, { value, until: Math.min(until, this.#now() + this.#ms) })
  }
}
