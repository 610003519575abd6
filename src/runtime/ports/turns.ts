/** Lets a limited number of calls run at the same time. The others wait in order. */
export class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  /** @param size maximum number of calls at the same time */
  constructor(size: number) {
    this.#free = size
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await call()
    } finally {
      // The turn goes to the next one directly, so a new call cannot take it first.
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
