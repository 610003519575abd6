import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayClient, GatewayReport } from '../../client/index.ts'
import { apart } from './apart.ts'
import type { ObserveAgent } from './events.ts'
import { referenceFrom } from './identity.ts'
import type { Journal, JournalRow } from './journal.ts'
import type { RowChange } from './statements.ts'
import type { CustomerTable } from './table.ts'
import { writeOutcomes } from './write-outcomes.ts'

export interface ReporterOptions {
  readonly tables: readonly CustomerTable[]
  readonly journal: Journal
  readonly gateway: GatewayClient
  readonly observe: ObserveAgent
  /** The name of this agent in claims. */
  readonly agent: string
}

/** Reports come up to three days after the message; after that an open row is looked up. */
export const followMs = 96 * 3_600_000
const lookupRows = 100
/** Rows that one transaction moves, how many such transactions one round makes, and the pause between two. */
const rowsPerMove = 500
const movesAtOnce = 200
const movePauseMs = 20
/** Where the place in the list of reports is kept. */
const cursorName = 'reports-cursor'

/** Why there is no answer of the gateway. */
interface NotRead {
  readonly why: string
  readonly retryMs: number
}

/** A message with one of these has not ended: an advertisement may be held until the morning. */
const openStatuses: ReadonlySet<string> = new Set(['accepted', 'scheduled', 'queued'])

type Final = 'delivered' | 'failed' | 'expired' | 'unknown'

/** A status that this version does not know is an outcome that is not a delivery; its word becomes the code. */
function finalOf({ status, code }: GatewayReport): { readonly to: Final; readonly code: string } {
  if (status === 'delivered' || status === 'expired') return { to: status, code: code ?? status }
  return { to: 'failed', code: code ?? status }
}

/** Brings outcomes from the gateway into the customer's tables. */
export class Reporter {
  readonly #options: ReporterOptions
  /** By the name in the database; several maps may serve one table. */
  #reportsRead = 0
  readonly #tables: ReadonlyMap<string, readonly CustomerTable[]>

  constructor(options: ReporterOptions) {
    this.#options = options
    this.#tables = Map.groupBy(options.tables, ({ name }) => name)
  }

  /** How many reports were read so far. */
  get reportsRead(): number {
    return this.#reportsRead
  }

  /**
   * Reads one page of reports. The place in the list moves on only after the page is in the tables, so a crash reads it again.
   * @param waitSeconds how long the gateway may wait for a report
   * @returns why there is no page; `undefined`: it was read
   * @throws Problem `database-unavailable`
   */
  async read(waitSeconds: number, signal?: AbortSignal): Promise<NotRead | undefined> {
    const { journal, gateway, observe } = this.#options
    const cursor = journal.meta(cursorName)
    const answer = await gateway.reports(cursor === '' ? undefined : cursor, waitSeconds, signal)
    if (answer.kind === 'unclear') return { why: answer.why, retryMs: answer.retryAfterMs ?? 5_000 }
    if (answer.kind === 'refused') {
      // A cursor of another gateway, or one that was restored from a backup: the oldest reports that are kept come again.
      if (answer.code === 'cursor-invalid') journal.setMeta(cursorName, '')
      return { why: `${answer.code}: ${answer.detail}`, retryMs: answer.retryAfterMs ?? 30_000 }
    }
    const unmatched = await this.#write(answer.reports)
    this.#reportsRead += answer.reports.length
    journal.setMeta(cursorName, answer.cursor)
    if (answer.reports.length > 0) observe({ kind: 'reported', reports: answer.reports.length, unmatched })
    return undefined
  }

  /**
   * Looks up rows that were accepted days ago and have no report; what has no outcome even then ends as unknown. Then moves
   * finished rows into their log tables, also where the gateway does not answer.
   */
  async followUp(signal?: AbortSignal): Promise<NotRead | undefined> {
    const failed = await this.#followAll(signal)
    for (const table of this.#options.tables) await this.#moveFinished(table, signal)
    return failed
  }

  async #followAll(signal?: AbortSignal): Promise<NotRead | undefined> {
    for (const table of this.#options.tables) {
      for (let more = true; more && signal?.aborted !== true; ) {
        const { failed, rows } = await this.#follow(table, signal)
        if (failed !== undefined) return failed
        more = rows === lookupRows
      }
    }
    return undefined
  }

  /** Looks up some rows of one table. @returns how many it ended */
  async #follow(table: CustomerTable, signal?: AbortSignal): Promise<{ readonly rows: number; readonly failed?: NotRead }> {
    const { journal, gateway } = this.#options
    // By the database's clock, which wrote the times: this machine's may have jumped.
    const rows = journal.overdue(table.target, table.now() - followMs, lookupRows)
    const ids = rows.flatMap(({ id }) => id ?? [])
    if (rows.length === 0) return { rows: 0 }
    const answer = ids.length === 0 ? undefined : await gateway.lookup(ids, signal)
    if (answer?.kind === 'unclear') return { rows: 0, failed: { why: answer.why, retryMs: answer.retryAfterMs ?? 5_000 } }
    if (answer?.kind === 'refused') {
      return { rows: 0, failed: { why: `${answer.code}: ${answer.detail}`, retryMs: answer.retryAfterMs ?? 30_000 } }
    }
    const found = new Map((answer?.messages ?? []).map((one) => [one.id, one]))
    const outcomes = rows.map((row): JournalRow => {
      const one = row.id === undefined ? undefined : found.get(row.id)
      const isOpen = one === undefined || openStatuses.has(one.status)
      const { to, code } = isOpen ? { to: 'unknown' as const, code: 'no-report' } : finalOf(one)
      return { ...row, state: to, code, at: isOpen ? table.now() : one.at }
    })
    journal.record(outcomes)
    await writeOutcomes({ ...this.#options, table })
    return { rows: rows.length }
  }

  /** Many short transactions: a long one would keep the rows of a whole day locked. */
  async #moveFinished(table: CustomerTable, signal?: AbortSignal): Promise<void> {
    const { observe } = this.#options
    let rows = 0
    for (let part = 0; part < movesAtOnce && signal?.aborted !== true; part++) {
      const moved = await table.moveFinished(rowsPerMove)
      rows += moved.rows
      if (moved.isDone) {
        for (const { why, fix } of moved.problems) observe({ kind: 'not-moved', table: table.name, why, fix })
        break
      }
      await sleep(movePauseMs, undefined, { signal }).catch(() => undefined)
    }
    if (rows > 0) observe({ kind: 'moved', table: table.name, rows })
  }

  /** @returns how many reports found no row */
  async #write(reports: readonly GatewayReport[]): Promise<number> {
    const { tables, journal } = this.#options
    const known: JournalRow[] = []
    const changes = new Map<string, RowChange[]>()
    let unmatched = 0
    for (const report of reports) {
      const { to, code } = finalOf(report)
      const row = this.#rowOf(report)
      if (row !== undefined) {
        known.push({ ...row, state: to, code, at: report.at, id: report.id })
        continue
      }
      const reference = referenceFrom(report.ref ?? '')
      if (reference === undefined || !this.#tables.has(reference.table)) unmatched += 1
      else
        append(changes, reference.table, {
          key: reference.key,
          messageKey: reference.mark,
          to,
          code,
          at: report.at,
          id: report.id,
        })
    }
    journal.record(known)
    for (const table of tables) unmatched += await writeOutcomes({ ...this.#options, table })
    for (const [name, some] of changes) unmatched += (await this.#apply(name, some)).length
    return unmatched
  }

  /** Rows that the journal does not know, as after the loss of a disk. */
  async #apply(name: string, changes: readonly RowChange[]): Promise<readonly RowChange[]> {
    let left = changes
    for (const table of this.#tables.get(name) ?? []) {
      const missing: RowChange[] = []
      const refused = await apart(left, async (some) => void missing.push(...(await table.apply(some))))
      const [first] = refused
      if (first !== undefined) this.#options.observe({ kind: 'refused', table: name, rows: refused.length, why: first.why })
      left = missing
    }
    return left
  }

  #rowOf({ ref = '' }: GatewayReport): JournalRow | undefined {
    const { journal } = this.#options
    const reference = referenceFrom(ref)
    if (reference === undefined) return journal.findByMessageKey(ref)
    for (const { target } of this.#tables.get(reference.table) ?? []) {
      const row = journal.find(target, reference.key, reference.mark)
      if (row !== undefined) return row
    }
    return undefined
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
