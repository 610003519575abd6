import { hash } from 'node:crypto'
import type { Sql, SqlRow } from './database.ts'
import type { SentLog } from './log.ts'
import { pause } from './patience.ts'

const everyMs = 100
const most = 1_000
const done = 2

export type CarrierOutcome = 'delivered' | 'failed' | 'expired'

/** What the carrier answers of a message: the same each time, and mostly that it was delivered. */
function outcomeOf(ref: string): CarrierOutcome {
  const draw = Number.parseInt(hash('sha256', ref, 'hex').slice(0, 6), 16) % 50
  if (draw === 0) return 'failed'
  return draw === 1 ? 'expired' : 'delivered'
}

const codes: Readonly<Record<CarrierOutcome, string>> = { delivered: 'delivered', expired: 'expired', failed: '4001' }

function listed(ids: readonly string[]): string {
  return ids.map((id) => `'${id.replaceAll(/[^0-9A-Z]/g, '')}'`).join(', ')
}

/** A carrier's own agent: takes the rows that wait in its table, and writes back what came of them. */
export class Carrier {
  /** What it has answered, by message id. */
  readonly outcomes = new Map<string, CarrierOutcome>()
  /** The name of each message that it has seen, by message id. */
  readonly refs = new Map<string, string>()
  /** Ids of rows that waited again after they had been ended: written a second time. */
  readonly repeated = new Set<string>()
  readonly #sql: Sql
  readonly #log: SentLog
  readonly #ended = new Set<string>()
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(sql: Sql, log: SentLog) {
    this.#sql = sql
    this.#log = log
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      // The database is away, or locked: as any carrier, it looks again.
      const rows = await this.#round().catch(() => 0)
      if (rows < most) await pause(everyMs, signal)
    }
  }

  async #round(): Promise<number> {
    const rows = await this.#sql.all(`SELECT id, ref FROM carrier_a WHERE status = 0 ORDER BY id LIMIT ${most}`)
    const byOutcome = Map.groupBy(rows, ({ ref }: SqlRow) => outcomeOf(String(ref)))
    for (const { id, ref } of rows) {
      this.refs.set(String(id), String(ref))
      this.#log.saw(String(id))
      if (this.#ended.has(String(id))) this.repeated.add(String(id))
    }
    for (const [outcome, some] of byOutcome) {
      const ids = some.map(({ id }) => String(id))
      // Written down first: it may be done although nothing is said of it.
      for (const id of ids) this.outcomes.set(id, outcome)
      const set = `status = ${done}, result = '${codes[outcome]}', result_at = ${Date.now()}`
      await this.#sql.all(`UPDATE carrier_a SET ${set} WHERE status = 0 AND id IN (${listed(ids)})`)
      for (const id of ids) this.#ended.add(id)
    }
    return rows.length
  }
}
