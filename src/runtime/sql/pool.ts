import { within } from './deadline.ts'

/** A connection that was idle for longer is asked first: its peer may be gone without a FIN. */
const idleMs = 5_000

interface PoolOptions<C> {
  /** Most connections at a time. */
  readonly size: number
  /** Longest wait for one of them. */
  readonly waitMs: number
  /** Opens a connection. */
  connect(): Promise<C>
  /** Fails if the connection does not answer. */
  ping(connection: C): Promise<void>
  /** Ends a connection at once. */
  destroy(connection: C): void
}

interface Idle<C> {
  readonly connection: C
  readonly since: number
}

/** Connections of a driver that has no pool of its own, or none that ends a connection at once. */
export class Pool<C> {
  readonly #options: PoolOptions<C>
  readonly #idle: Idle<C>[] = []
  /** Who waits for a place, the first first. */
  readonly #waiting: (() => void)[] = []
  #free: number
  #isClosed = false

  constructor(options: PoolOptions<C>) {
    this.#options = options
    this.#free = options.size
  }

  /** A connection that answers. It is given back by `release` or `discard`. */
  async take(): Promise<C> {
    await this.#place()
    try {
      for (let found = this.#idle.pop(); found !== undefined; found = this.#idle.pop()) {
        if (await this.#answers(found)) return found.connection
        // It had ended while it was idle.
        this.#options.destroy(found.connection)
      }
      return await this.#options.connect()
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  release(connection: C): void {
    if (this.#isClosed) this.#options.destroy(connection)
    else this.#idle.push({ connection, since: Date.now() })
    this.#leave()
  }

  /** Gives back a connection that cannot be used any more. */
  discard(connection: C): void {
    this.#options.destroy(connection)
    this.#leave()
  }

  /** Ends what is idle. What is in use ends when it is given back. */
  close(): void {
    this.#isClosed = true
    for (const { connection } of this.#idle.splice(0)) this.#options.destroy(connection)
  }

  async #answers({ connection, since }: Idle<C>): Promise<boolean> {
    if (Date.now() - since <= idleMs) return true
    return this.#options.ping(connection).then(
      () => true,
      () => false,
    )
  }

  async #place(): Promise<void> {
    if (this.#isClosed) throw new Error('the database is closed')
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    await within(promise, this.#options.waitMs, () => {
      const at = this.#waiting.indexOf(resolve)
      if (at >= 0) this.#waiting.splice(at, 1)
    })
  }

  /** Hands the place to the next that waits. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
