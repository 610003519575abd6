/** Rows that were looked at and cannot be claimed yet. They are left out for a while, so that others get their turn. */
export class WaitingRows {
  readonly #until = new Map<string, number>()
  readonly #pauseMs: number

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs
  }

  add(keys: readonly string[]): void {
    for (const key of keys) {
      this.#until.delete(key)
      this.#until.set(key, Date.now() + this.#pauseMs)
    }
  }

  /** The keys that are to be left out now, up to `most`. */
  keys(most: number): string[] {
    const now = Date.now()
    for (const [key, until] of this.#until) {
      if (until > now && this.#until.size <= most) break
      this.#until.delete(key)
    }
    return [...this.#until.keys()]
  }
}
