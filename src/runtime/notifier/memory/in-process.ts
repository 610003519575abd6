import { type Collected, leaseMs, type Memory, type Taken } from './memory.ts'

interface Hold {
  readonly report: string
  readonly sent: boolean
  readonly until: number
}

/** A memory as long as the process: for `apigw trail replay`, and for measuring without a database. */
export class InProcessMemory implements Memory {
  readonly #now: () => number
  readonly #holds = new Map<string, Hold>()
  readonly #counts = new Map<string, Map<string, number>>()
  readonly #collected = new Map<string, { due: number; alert: Collected }>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  async take(key: string, report: string): Promise<Taken> {
    const held = this.#holds.get(key)
    if (held === undefined || (held.report === report && !held.sent && held.until <= this.#now())) {
      this.#holds.set(key, { report, sent: false, until: this.#now() + leaseMs })
      return 'ours'
    }
    if (held.report !== report) return 'others'
    return held.sent ? 'sent' : 'busy'
  }

  async settle(key: string, report: string): Promise<void> {
    this.#holds.set(key, { report, sent: true, until: Number.POSITIVE_INFINITY })
  }

  async release(key: string, report: string): Promise<void> {
    const held = this.#holds.get(key)
    if (held?.report === report && !held.sent) this.#holds.delete(key)
  }

  async count(what: string, id: string, at: number, windowMs: number, most: number): Promise<number> {
    const seen = this.#counts.get(what) ?? new Map<string, number>()
    this.#counts.set(what, seen)
    seen.set(id, at)
    let found = 0
    for (const time of seen.values()) if (time > at - windowMs && time <= at && ++found === most) break
    return found
  }

  async collect(due: number, alert: Collected): Promise<void> {
    this.#collected.set(`${due}|${alert.key}`, { due, alert })
  }

  async due(now: number): Promise<{ due: number; alert: Collected }[]> {
    return [...this.#collected.values()].filter(({ due }) => due <= now).sort((one, other) => one.due - other.due)
  }

  async markSent(alerts: readonly { readonly due: number; readonly alert: Collected }[]): Promise<void> {
    for (const { due, alert } of alerts) this.#collected.delete(`${due}|${alert.key}`)
  }
}
