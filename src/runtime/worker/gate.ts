import { setTimeout as sleep } from 'node:timers/promises'

/** `away`: the database is unavailable. `refusing`: it answers, but the carrier's table rejects every row. */
export type Trouble = 'away' | 'refusing'

export interface GateParts {
  /** Whether work may resume. Cheap, because it is called repeatedly. */
  probe(trouble: Trouble): Promise<boolean>
  /** Called before each pause, with the last error. */
  waiting(trouble: Trouble, error: unknown, pauseMs: number): void
  /** Called after each pause while the trouble lasts. */
  lasting(trouble: Trouble, milliseconds: number): Promise<void>
  opened(): void
  /** Rows were written again after a trouble. */
  resumed(milliseconds: number): void
}

const firstPauseMs = 250
/** Short, so that work resumes soon after an outage: a probe is one SELECT. */
const maxPauseMs: Readonly<Record<Trouble, number>> = { away: 3_000, refusing: 15_000 }

/**
 * Guards the database. A failure closes it and a successful probe opens it. Only a successful write resets the failure count, so
 * pauses also grow if every probe succeeds and every write fails.
 */
export class Gate {
  readonly #parts: GateParts
  readonly #signal: AbortSignal
  #trouble: Trouble | undefined
  #since: number | undefined
  #failures = 0
  #probing: Promise<void> | undefined
  #error: unknown

  /** @param signal ends probing */
  constructor(parts: GateParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  /** How long nothing has been written, in milliseconds. */
  get troubledMs(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since
  }

  /** Something was written. */
  worked(): void {
    if (this.#since === undefined) return
    this.#parts.resumed(this.troubledMs)
    this.#since = undefined
    this.#failures = 0
  }

  close(trouble: Trouble, error: unknown): void {
    this.#trouble = trouble
    this.#error = error
    this.#since ??= performance.now()
    this.#probing ??= this.#probe()
  }

  /** Resolves when no probe is under way. */
  async settled(): Promise<void> {
    await this.#probing
  }

  async #probe(): Promise<void> {
    while (this.#trouble !== undefined && !this.#signal.aborted) {
      const pauseMs = Math.min(maxPauseMs[this.#trouble], firstPauseMs * 2 ** this.#failures)
      this.#failures = Math.min(16, this.#failures + 1)
      this.#parts.waiting(this.#trouble, this.#error, pauseMs)
      await sleep(pauseMs, undefined, { signal: this.#signal }).catch(() => undefined)
      if (this.#signal.aborted) break
      await this.#parts.lasting(this.#trouble, this.troubledMs)
      if (await this.#answered(this.#trouble)) this.#trouble = undefined
    }
    // From here on a write that fails closes the gate again.
    this.#probing = undefined
    if (this.#trouble === undefined) this.#parts.opened()
  }

  async #answered(trouble: Trouble): Promise<boolean> {
    try {
      return await this.#parts.probe(trouble)
    } catch (error) {
      this.#error = error
      return false
    }
  }
}
