import type { Carrier } from '../../domain/carrier.ts'
import { randomId } from '../../domain/ids.ts'
import type { Environment } from '../../domain/names.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Engine, type KeyedTable, marks, Refusal, type Session, type SqlRow, unavailable, type Value } from '../sql/index.ts'
import {
  type CarrierRow,
  type Database,
  distinct,
  type Final,
  type Migration,
  type RejectedRow,
  type Row,
  type Unfit,
} from './database.ts'
import { unfitIn } from './fitness.ts'
import { type Layout, layoutOf, ourStatus } from './layout.ts'
import type { Owner } from './ledger.ts'
import { steps, tableSql, versionsSql } from './schema.ts'

const seenIds: KeyedTable = {
  name: 'ingest_seen',
  columns: ['msg_id', 'seen_at', 'customer', 'environment', 'ref'],
  types: ['text', 'bigint', 'text', 'text', 'text'],
}
/** Rows that one statement of the housekeeping touches: short locks. */
const sweepRows = 10_000
const maxReason = 500
const monthMs = 28 * 86_400_000

const ownTable = /ingest_|apigw_schema/

function outdated({ address, cause }: Refusal): Problem {
  const detail = `${address} lacks the tables that messages are written into.`
  return new Problem('schema-outdated', detail, { next: apigw('schema apply'), cause })
}

function environmentOf(value: unknown): Environment {
  return value === 'test' ? 'test' : 'live'
}

function optional(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value)
}

/** The carriers' database over any engine: what is said in SQL once. */
export class SqlDatabase implements Database {
  readonly #engine: Engine
  /** Monthly tables that are known to be there. */
  readonly #made = new Set<string>()
  /** The last row that each table took. */
  readonly #taken = new Map<string, Row>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async pending(): Promise<readonly Migration[]> {
    return this.#ask((session) => this.#pending(session))
  }

  async migrate(carriers: readonly Carrier[]): Promise<readonly Migration[]> {
    return this.#engine.exclusive(async (session) => {
      await session.run(versionsSql)
      const missing = await this.#pending(session)
      for (const { version, name } of missing) {
        const step = steps.find((one) => one.version === version)
        for (const sql of step?.sql[this.#engine.name] ?? []) await session.run(sql)
        await session.insert('apigw_schema', ['version', 'name', 'applied_at'], [[version, name, Date.now()]])
      }
      for (const layout of carriers.map(layoutOf).filter(({ ours }) => ours)) {
        for (const sql of tableSql(this.#engine, layout.table)) await session.run(sql)
      }
      return missing
    })
  }

  async #pending(session: Session): Promise<readonly Migration[]> {
    if (!(await this.#engine.hasTable(session, 'apigw_schema'))) return steps.map(({ version, name }) => ({ version, name }))
    const applied = new Set((await session.all('SELECT version FROM apigw_schema')).map(({ version }) => Number(version)))
    return steps.filter(({ version }) => !applied.has(version)).map(({ version, name }) => ({ version, name }))
  }

  async flush(carrier: Carrier, rows: readonly Row[]): Promise<number> {
    const batch = distinct(rows)
    if (batch.length === 0) return 0
    const { table, columns, types, valuesOf } = layoutOf(carrier)
    const written = await this.#transaction(async (session) => {
      const fresh = await this.#see(session, batch)
      // Never with IGNORE: it cuts off what does not fit, with a warning that nobody reads.
      if (fresh.length > 0) await session.insert(table, columns, fresh.map(valuesOf), types)
      return fresh
    })
    const last = written.at(-1)
    if (last !== undefined) this.#taken.set(table, last)
    return written.length
  }

  async takes(carrier: Carrier, invented = false): Promise<true | Error | undefined> {
    const layout = layoutOf(carrier)
    const facts = await this.#ask((session) => this.#engine.facts(session, layout.table))
    if (facts?.transactional === false) return undefined
    const taken = this.#taken.get(layout.table)
    const like = taken === undefined ? undefined : await this.#insertAndRollBack(layout, taken)
    if (like === true || (like !== undefined && !invented)) return like
    return this.#insertAndRollBack(layout, inventedRow())
  }

  async #insertAndRollBack(layout: Layout, row: Row): Promise<true | Error> {
    const taken = new Error('the row was taken')
    const { status, done } = layout.result
    const values = layout.valuesOf({ ...row, message: { ...row.message, id: randomId(), ref: randomId() } })
    let named = layout.columns.map((column, at): [string, Value] => [column, values[at] ?? null])
    // PostgreSQL has no reader of uncommitted rows, and the very statement of a real row says most.
    if (this.#engine.name !== 'postgres') {
      named = named.filter(([column]) => column.toLowerCase() !== status.toLowerCase())
      named.push([status, done[0] ?? null])
    }
    try {
      return await this.#transaction(async (session) => {
        await session.insert(
          layout.table,
          named.map(([column]) => column),
          [named.map(([, value]) => value)],
        )
        if (this.#engine.name === 'postgres') await session.run('SET CONSTRAINTS ALL IMMEDIATE')
        throw taken
      })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return error.cause === taken ? true : error
    }
  }

  async answers(): Promise<boolean> {
    return this.#engine
      .transaction((session) => session.all('SELECT 1 AS one'))
      .then(
        () => true,
        () => false,
      )
  }

  async unfit(carrier: Carrier): Promise<readonly Unfit[]> {
    const layout = layoutOf(carrier)
    const facts = await this.#ask((session) => this.#engine.facts(session, layout.table))
    const found = unfitIn(layout, facts)
    if (facts === undefined || !found.some(({ keepsOut }) => keepsOut === 'all')) return found
    if ((await this.takes(carrier)) !== true) return found
    return found.map((one) => ({ ...one, keepsOut: 'some' }))
  }

  /** What needs no row to be taken: a refusal here is a fault of the database. */
  async #ask<T>(run: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#transaction(run)
    } catch (error) {
      throw error instanceof Refusal ? unavailable(error.address, error.cause) : error
    }
  }

  /** @throws Problem `schema-outdated` where one of our own tables is missing */
  async #transaction<T>(run: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#engine.transaction(run)
    } catch (error) {
      if (error instanceof Refusal && error.missingTable && ownTable.test(error.message)) throw outdated(error)
      throw error
    }
  }

  async reject(carrier: Carrier, row: RejectedRow, reason: string): Promise<void> {
    await this.#ask(async (session) => {
      if ((await this.#see(session, [row])).length === 0) return
      const values = [row.message.id, carrier.queue, reason.slice(0, maxReason), Date.now()]
      await session.insert('ingest_rejected', ['msg_id', 'queue', 'reason', 'rejected_at'], [values])
    })
  }

  /** Marks ids as seen. @returns the rows whose id this transaction was the first to mark */
  async #see<One extends RejectedRow>(session: Session, rows: readonly One[]): Promise<readonly One[]> {
    const now = Date.now()
    const values = rows.map(({ customer, environment, message }): Value[] => [
      message.id,
      now,
      customer,
      environment,
      message.ref ?? null,
    ])
    const fresh = await session.insertNew(seenIds, values)
    return fresh === undefined ? rows : rows.filter(({ message }) => fresh.has(message.id))
  }

  async finals(carrier: Carrier, most: number, except: readonly Owner[] = []): Promise<Final[]> {
    const layout = layoutOf(carrier)
    const left = except.flatMap(({ customer, environment }) => [customer, environment])
    return this.#ask(async (session) => {
      const read = async (table: string, limit: number): Promise<Final[]> => {
        const values = [...left, ...layout.result.done, limit]
        const rows = await session.all(this.#finalsSql(layout, table, except.length), values)
        return rows.map((row) => finalOf(layout, row))
      }
      const found = await read(layout.table, most)
      // Rows of ours are moved after their report, those of others before it.
      const now = Date.now()
      const logs = layout.ours ? [] : [layout.logOf(now), layout.logOf(now - monthMs)]
      for (const log of new Set(logs)) {
        if (log === undefined || found.length >= most || !(await this.#engine.hasTable(session, log))) continue
        found.push(...(await read(log, most - found.length)))
      }
      if (found.length < most) found.push(...(await this.#rejected(session, carrier, most - found.length, except)))
      const once = new Map(found.map((final) => [final.id, final]))
      return [...once.values()].sort((one, other) => one.at - other.at)
    })
  }

  #finalsSql({ id, result }: Layout, table: string, except: number): string {
    const { quoted } = this.#engine
    const at = result.at === undefined ? 'NULL' : `t.${quoted(result.at)}`
    return `SELECT t.${quoted(id)} AS id, t.${quoted(result.code)} AS code, ${at} AS at, s.customer, s.environment, s.ref
      FROM ${quoted(table)} t JOIN ingest_seen s ON s.msg_id = t.${quoted(id)} AND s.reported_at IS NULL${others(except)}
      WHERE t.${quoted(result.status)} IN ${marks(result.done.length)} LIMIT ?`
  }

  async #rejected(session: Session, { queue }: Carrier, most: number, except: readonly Owner[]): Promise<Final[]> {
    const rows = await session.all(
      `SELECT r.msg_id AS id, r.rejected_at AS at, s.customer, s.environment, s.ref
       FROM ingest_rejected r JOIN ingest_seen s ON s.msg_id = r.msg_id AND s.reported_at IS NULL${others(except.length)}
       WHERE r.queue = ? LIMIT ?`,
      [...except.flatMap(({ customer, environment }) => [customer, environment]), queue, most],
    )
    return rows.map((row) => ({ ...namesOf(row), outcome: 'rejected', code: 'invalid', at: Number(row.at) }))
  }

  async reported(ids: readonly string[]): Promise<void> {
    await this.#ask(async (session) => {
      for (let from = 0; from < ids.length; from += 1000) {
        const some = ids.slice(from, from + 1000)
        const sql = `UPDATE ingest_seen SET reported_at = ? WHERE reported_at IS NULL AND msg_id IN ${marks(some.length)}`
        await session.run(sql, [Date.now(), ...some])
      }
    })
  }

  async archive(carrier: Carrier, most: number): Promise<number> {
    const layout = layoutOf(carrier)
    if (!layout.ours) return 0
    const { quoted } = this.#engine
    const table = quoted(layout.table)
    const rows = await this.#ask((session) =>
      session.all(
        `SELECT t.id, t.result_at AS at FROM ${table} t
         JOIN ingest_seen s ON s.msg_id = t.id AND s.reported_at IS NOT NULL WHERE t.status = ? LIMIT ?`,
        [ourStatus.done, most],
      ),
    )
    const byLog = Map.groupBy(rows, ({ at }) => layout.logOf(timeOf(layout, at).at) ?? layout.table)
    for (const [log, some] of byLog) {
      const ids = some.map(({ id }) => String(id))
      await this.#makeTable(log)
      await this.#ask(async (session) => {
        await session.run(`INSERT INTO ${quoted(log)} SELECT * FROM ${table} WHERE id IN ${marks(ids.length)}`, ids)
        await session.run(`DELETE FROM ${table} WHERE id IN ${marks(ids.length)}`, ids)
      })
    }
    return rows.length
  }

  async #makeTable(table: string): Promise<void> {
    if (this.#made.has(table)) return
    await this.#engine.exclusive(async (session) => {
      if (await this.#engine.hasTable(session, table)) return
      for (const sql of tableSql(this.#engine, table)) await session.run(sql)
    })
    this.#made.add(table)
  }

  async unreported(): Promise<{ count: number; oldestAt?: number }> {
    const [row] = await this.#ask((session) =>
      session.all('SELECT count(*) AS n, min(seen_at) AS oldest FROM ingest_seen WHERE reported_at IS NULL'),
    )
    const oldest = optional(row?.oldest)
    return { count: Number(row?.n ?? 0), ...(oldest !== undefined && { oldestAt: Number(oldest) }) }
  }

  async forget(before: number): Promise<void> {
    // Reported long ago, or never and seen long ago: both read the one index. A report is never older than its message.
    for (const old of ['reported_at < ?', 'reported_at IS NULL AND seen_at < ?']) {
      await this.#ask(async (session) => {
        const rows = await session.all(`SELECT msg_id FROM ingest_seen WHERE ${old} LIMIT ${sweepRows}`, [before])
        const ids = rows.map(({ msg_id }) => String(msg_id))
        for (let from = 0; from < ids.length; from += 1000) {
          const some = ids.slice(from, from + 1000)
          for (const table of ['ingest_seen', 'ingest_rejected']) {
            await session.run(`DELETE FROM ${table} WHERE msg_id IN ${marks(some.length)}`, some)
          }
        }
      })
    }
  }

  async waiting(carrier: Carrier, most: number): Promise<CarrierRow[]> {
    const table = this.#engine.quoted(carrier.table)
    const sql = `SELECT id, recipient, body FROM ${table} WHERE status = ? AND send_at <= ? ORDER BY send_at LIMIT ?`
    const rows = await this.#ask((session) => session.all(sql, [ourStatus.waiting, Date.now(), most]))
    return rows.map(({ id, recipient, body }) => ({ id: String(id), recipient: String(recipient), body: String(body) }))
  }

  async end(carrier: Carrier, results: readonly { id: string; delivered: boolean; code: string; at: number }[]): Promise<void> {
    const table = this.#engine.quoted(carrier.table)
    const alike = Map.groupBy(results, ({ delivered, code, at }) => JSON.stringify([delivered ? 'delivered' : code, at]))
    await this.#ask(async (session) => {
      for (const [key, some] of alike) {
        const [code, at]: [string, number] = JSON.parse(key)
        const sql = `UPDATE ${table} SET status = ?, result = ?, result_at = ? WHERE id IN ${marks(some.length)}`
        await session.run(sql, [ourStatus.done, code, at, ...some.map(({ id }) => id)])
      }
    })
  }

  async count(carrier: Carrier): Promise<number> {
    const sql = `SELECT count(*) AS n FROM ${this.#engine.quoted(carrier.table)}`
    const [row] = await this.#ask((session) => session.all(sql))
    return Number(row?.n)
  }

  async close(): Promise<void> {
    await this.#engine.close()
  }
}

/** The part of a condition that leaves out a number of owners. */
function others(count: number): string {
  return ' AND NOT (s.customer = ? AND s.environment = ?)'.repeat(count)
}

function namesOf(row: SqlRow): Pick<Final, 'id' | 'customer' | 'environment' | 'ref'> {
  const ref = optional(row.ref)
  return {
    id: String(row.id),
    customer: String(row.customer),
    environment: environmentOf(row.environment),
    ...(ref !== undefined && { ref }),
  }
}

/** Before this there was no such service, and a day ahead of our clock no carrier's is. */
const firstTime = Date.UTC(2000, 0)
const aheadMs = 86_400_000
const maxCode = 64

/** The time of an outcome; where it cannot be one, now, and what stood there. A zero date is no time. */
function timeOf(layout: Layout, value: unknown): { readonly at: number; readonly unreadable?: string } {
  const now = Date.now()
  if (value === null || value === undefined) return { at: now }
  const at = layout.timeOf(value)
  if (at !== undefined && at >= firstTime && at <= now + aheadMs) return { at: Math.round(at) }
  return { at: now, unreadable: `the time "${String(value).slice(0, 40)}"` }
}

/** The carrier's word for an outcome, as a report can hold it. */
function codeOf(code: string): { readonly code: string; readonly unreadable?: string } {
  const shown = code.replaceAll(/\p{C}/gu, '\ufffd').slice(0, maxCode)
  return shown === code ? { code } : { code: shown, unreadable: `the code ${JSON.stringify(shown)}, cut to what a report holds` }
}

/** A row that a carrier has ended, whatever is in it: one that cannot be read must not keep the others from their reports. */
function finalOf(layout: Layout, row: SqlRow): Final {
  const raw = optional(row.code)
  const code = raw === undefined ? undefined : codeOf(raw)
  const time = timeOf(layout, row.at)
  const unreadable = [time.unreadable, code?.unreadable].filter((one) => one !== undefined).join(' and ')
  return {
    ...namesOf(row),
    outcome: layout.outcomeOf(raw),
    ...(code !== undefined && { code: code.code }),
    at: time.at,
    ...(unreadable !== '' && { unreadable }),
  }
}

/** A row that no message asked for: only to find out whether a table takes any. */
function inventedRow(): Row {
  const now = Date.now()
  const message = {
    id: randomId(),
    to: '+821000000000',
    from: '+821000000000',
    type: 'sms' as const,
    text: 'apigw',
    acceptedAt: now,
  }
  return { customer: 'apigw', environment: 'live', message }
}
