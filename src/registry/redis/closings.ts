/** How long an id waits for others of the same key. */
const waitMs = 20

/** Removes the open entries of settled reservations, those of one customer together. */
export class Closings {
  readonly #remove: (key: string, ids: readonly string[]) => Promise<unknown>
  #waiting = new Map<string, string[]>()
  #timer: NodeJS.Timeout | undefined

  /** @param remove may fail: an entry that stays behind is found again in the ledger */
  constructor(remove: (key: string, ids: readonly string[]) => Promise<unknown>) {
    this.#remove = remove
  }

  add(key: string, id: string): void {
    const ids = this.#waiting.get(key)
    if (ids === undefined) this.#waiting.set(key, [id])
    else ids.push(id)
    this.#timer ??= setTimeout(() => void this.flush(), waitMs)
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    const waiting = this.#waiting
    this.#waiting = new Map()
    await Promise.all([...waiting].map(([key, ids]) => this.#remove(key, ids).catch(() => undefined)))
  }
}
