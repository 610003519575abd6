import type { Carrier } from '../../domain/carrier.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { isManaged } from '../../domain/table-rules.ts'
import {
  type CarrierEngine,
  type CarrierSession,
  columnNames,
  type KeyedTable,
  marks,
  Refusal,
  type Session,
  type SqlRow,
  unavailable,
  type Value,
  withNamesOf,
} from '../sql/index.ts'
import {
  type CarrierResult,
  type CarrierRow,
  type Database,
  distinct,
  type ErasedRows,
  type FinishedMessage,
  type Migration,
  type RejectedRow,
  type Row,
  type Searched,
  type SearchFor,
  type SearchPlace,
  type TableFault,
} from './database.ts'
import { detailFaultsIn, tableFaultsIn } from './fitness.ts'
import type { HeldMessages } from './held.ts'
import { type Layout, layoutOf, managedStatus } from './layout.ts'
import type { Owner } from './ledger.ts'
import { mappedLayout } from './mapped-layout.ts'
import { steps, tableSql, tablesSql, upgradeSql, versionsSql } from './schema.ts'
import { SqlErasure } from './sql-erase.ts'
import { byTime, insertEnded, insertHeld, SqlHeld } from './sql-held.ts'
import { insertRows, referencesSql, referencesTable } from './sql-insert.ts'
import { forgetEnded, outcomeTime, readOutcomes } from './sql-outcomes.ts'
import { insertAndRollBack, inventedRow } from './trial-row.ts'

const seenIds: KeyedTable = {
  name: 'ingest_seen',
  columns: ['msg_id', 'seen_at', 'customer', 'environment', 'ref', 'callback'],
  types: ['text', 'bigint', 'text', 'text', 'text', 'text'],
}
/** Rows that one statement of the housekeeping touches: short locks. */
const sweepRows = 10_000
const maxReason = 500

const ownTable = /ingest_|held_messages|apigw_schema/

function outdated({ address, cause }: Refusal): Problem {
  const detail = `${address} lacks the tables that messages are written into.`
  return new Problem('schema-outdated', detail, { next: apigw('schema apply'), cause })
}

function waitingRow(row: SqlRow): CarrierRow {
  const { subject, media, expires_at: expiresAt, fallback_type: fallbackType } = row
  return {
    id: String(row.id),
    customer: String(row.customer),
    recipient: String(row.recipient),
    sender: String(row.sender),
    type: String(row.type),
    body: String(row.body),
    ...(subject !== null && { subject: String(subject) }),
    ...(media !== null && { media: String(media) }),
    ...(expiresAt !== null && { expiresAt: Number(expiresAt) }),
    ...(fallbackType !== null && { fallbackType: String(fallbackType) }),
  }
}

/** The carriers' database over any engine: what is said in SQL once. */
export class SqlDatabase implements Database {
  readonly #engine: CarrierEngine
  /** Monthly tables that are known to be there. */
  readonly #made = new Set<string>()
  /** The last row that each table took. */
  readonly #taken = new Map<string, Row>()
  /** Layouts of maps, with the names that the database has. */
  readonly #mapped = new WeakMap<Carrier, Layout>()

  readonly held: HeldMessages
  readonly #erasure: SqlErasure

  constructor(engine: CarrierEngine) {
    this.#engine = engine
    this.#erasure = new SqlErasure({
      engine,
      ask: (run) => this.#ask(run),
      transaction: (run) => this.#transaction(run),
      layoutOf: (carrier) => this.#layoutOf(carrier),
      monthlyTables: (session, table) => this.#monthlyTables(session, table),
    })
    this.held = new SqlHeld({
      engine,
      ask: (run) => this.#ask(run),
      transaction: (run) => this.#transaction(run),
      recordIds: (session, rows) => this.#recordIds(session, rows),
      writerOf: async (carrier) => {
        const layout = await this.#layoutOf(carrier)
        return {
          write: (session, rows) => this.#write(session, carrier, layout, rows),
          took: (row) => void this.#taken.set(layout.table, row),
        }
      },
    })
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
      for (const { table } of carriers.filter(isManaged)) {
        for (const sql of tableSql(this.#engine, table)) await session.run(sql)
        for (const one of [table, ...(await this.#monthlyTables(session, table))]) await this.#upgrade(session, one)
      }
      if (carriers.some(({ mapped }) => mapped?.write.referenceLength !== undefined)) {
        for (const sql of referencesSql(this.#engine)) await session.run(sql)
      }
      return missing
    })
  }

  /** The monthly tables of a managed table. */
  async #monthlyTables(session: Session, table: string): Promise<string[]> {
    const names = (await session.all(tablesSql(this.#engine))).map(({ name }) => String(name))
    return names.filter(
      (name) => name.startsWith(`${table}_log_`) && /^\d{6}$/.test(name.slice(-6)) && name.length === table.length + 11,
    )
  }

  /** Adds the columns that a managed table or one of its monthly tables lacks. */
  async #upgrade(session: CarrierSession, table: string): Promise<void> {
    const facts = await this.#engine.facts(session, table)
    if (facts === undefined) return
    for (const sql of upgradeSql(this.#engine, table, facts)) await session.run(sql)
  }

  async #pending(session: CarrierSession): Promise<readonly Migration[]> {
    if (!(await this.#engine.hasTable(session, 'apigw_schema'))) return steps.map(({ version, name }) => ({ version, name }))
    const applied = new Set((await session.all('SELECT version FROM apigw_schema')).map(({ version }) => Number(version)))
    return steps.filter(({ version }) => !applied.has(version)).map(({ version, name }) => ({ version, name }))
  }

  async flush(carrier: Carrier, rows: readonly Row[]): Promise<number> {
    const batch = distinct(rows)
    if (batch.length === 0) return 0
    const layout = await this.#layoutOf(carrier)
    const written = await this.#transaction(async (session) => {
      const fresh = await this.#recordIds(session, batch)
      const { direct, held } = byTime(fresh, Date.now())
      await insertHeld(session, carrier, held)
      const taken = await this.#write(session, carrier, layout, direct)
      return { rows: held.length + taken.length, last: taken.at(-1) }
    })
    if (written.last !== undefined) this.#taken.set(layout.table, written.last)
    return written.rows
  }

  /** Writes rows that the table has a place for, and ends the others. @returns the rows that the table took */
  async #write(session: CarrierSession, carrier: Carrier, layout: Layout, given: readonly Row[]): Promise<readonly Row[]> {
    const lacking = given.flatMap((row) => {
      const code = layout.lackOf(row)
      return code === undefined ? [] : [{ row, code }]
    })
    await insertEnded(
      session,
      carrier,
      lacking.map(({ row, code }) => ({ id: row.message.id, as: 'rejected', code })),
    )
    const rows = lacking.length === 0 ? given : given.filter((row) => layout.lackOf(row) === undefined)
    if (rows.length === 0) return rows
    const { idLength } = layout
    if (idLength !== undefined) {
      const short = rows.map(({ message }) => [message.id.slice(0, idLength), message.id])
      await session.insert(referencesTable, ['reference', 'msg_id'], short)
    }
    // Never with IGNORE: it truncates values and only warns.
    await insertRows(session, this.#engine, layout, rows)
    return rows
  }

  async acceptsRow(carrier: Carrier, invented = false): Promise<true | Error | undefined> {
    const layout = await this.#layoutOf(carrier)
    const facts = await this.#ask((session) => this.#engine.facts(session, layout.table))
    if (facts?.transactional === false) return undefined
    const taken = this.#taken.get(layout.table)
    const like = taken === undefined ? undefined : await this.#tryRow(layout, taken)
    if (like === true || (like !== undefined && !invented)) return like
    return this.#tryRow(layout, inventedRow())
  }

  #tryRow(layout: Layout, row: Row): Promise<true | Error> {
    return insertAndRollBack(this.#engine, (run) => this.#transaction(run), layout, row)
  }

  async answers(): Promise<boolean> {
    return this.#engine
      .transaction((session) => session.all('SELECT 1 AS one'))
      .then(
        () => true,
        () => false,
      )
  }

  async tableFaults(carrier: Carrier): Promise<readonly TableFault[]> {
    const layout = await this.#layoutOf(carrier)
    const facts = await this.#ask((session) => this.#engine.facts(session, layout.table))
    const found = [...tableFaultsIn(layout, facts), ...(await this.#detailFaults(layout))]
    if (facts === undefined || !found.some(({ keepsOut }) => keepsOut === 'all')) return found
    if ((await this.acceptsRow(carrier)) !== true) return found
    return found.map((one) => ({ ...one, keepsOut: 'some' }))
  }

  async #detailFaults({ detail, idLength }: Layout): Promise<readonly TableFault[]> {
    const { facts, references } = await this.#ask(async (session) => ({
      facts: detail === undefined ? undefined : await this.#engine.facts(session, detail.table),
      references: idLength === undefined || (await this.#engine.hasTable(session, referencesTable)),
    }))
    const lacking: TableFault = {
      table: referencesTable,
      detail: `the table ${referencesTable} does not exist`,
      fix: 'apigw schema apply',
      keepsOut: 'all',
    }
    return [...(detail === undefined ? [] : detailFaultsIn(detail, facts)), ...(references ? [] : [lacking])]
  }

  /** The layout of a carrier. A map's names are looked for in the database, once its table is there. */
  async #layoutOf(carrier: Carrier): Promise<Layout> {
    const { mapped } = carrier
    if (mapped === undefined) return layoutOf(carrier)
    const known = this.#mapped.get(carrier)
    if (known !== undefined) return known
    const map = await withNamesOf(this.#engine, mapped.map)
    const main = await columnNames(this.#engine, map.table)
    const detail = await columnNames(this.#engine, map.detail?.table ?? map.table)
    const layout = mappedLayout({ ...mapped, map }, { main, detail })
    const isThere = await this.#ask((session) => this.#engine.hasTable(session, map.table))
    if (isThere) this.#mapped.set(carrier, layout)
    return layout
  }

  /** What needs no row to be taken: a refusal here is a fault of the database. */
  async #ask<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    try {
      return await this.#transaction(run)
    } catch (error) {
      throw error instanceof Refusal ? unavailable(error.address, error.cause) : error
    }
  }

  /** @throws Problem `schema-outdated` where one of our own tables is missing */
  async #transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    try {
      return await this.#engine.transaction(run)
    } catch (error) {
      if (error instanceof Refusal && error.missingTable && ownTable.test(error.message)) throw outdated(error)
      throw error
    }
  }

  async reject(carrier: Carrier, row: RejectedRow, reason: string): Promise<void> {
    await this.#ask(async (session) => {
      if ((await this.#recordIds(session, [row])).length === 0) return
      const values = [row.message.id, carrier.queue, reason.slice(0, maxReason), Date.now()]
      await session.insert('ingest_rejected', ['msg_id', 'queue', 'reason', 'rejected_at'], [values])
    })
  }

  /** Marks ids as seen. @returns the rows whose id this transaction was the first to mark */
  async #recordIds<One extends RejectedRow>(session: CarrierSession, rows: readonly One[]): Promise<readonly One[]> {
    const now = Date.now()
    const values = rows.map(({ customer, environment, message }): Value[] => [
      message.id,
      now,
      customer,
      environment,
      message.ref ?? null,
      message.callback ?? null,
    ])
    const fresh = await session.insertNew(seenIds, values)
    return fresh === undefined ? rows : rows.filter(({ message }) => fresh.has(message.id))
  }

  async outcomes(carrier: Carrier, limit: number, except: readonly Owner[] = []): Promise<FinishedMessage[]> {
    const layout = await this.#layoutOf(carrier)
    return this.#ask((session) => readOutcomes(this.#engine, session, { carrier, layout }, limit, except))
  }

  async markReported(ids: readonly string[]): Promise<void> {
    await this.#ask(async (session) => {
      for (let from = 0; from < ids.length; from += 1000) {
        const some = ids.slice(from, from + 1000)
        const sql = `UPDATE ingest_seen SET reported_at = ? WHERE reported_at IS NULL AND msg_id IN ${marks(some.length)}`
        await session.run(sql, [Date.now(), ...some])
      }
    })
  }

  async archive(carrier: Carrier, limit: number): Promise<number> {
    await this.#ask((session) => forgetEnded(session, limit))
    if (!isManaged(carrier)) return 0
    const layout = layoutOf(carrier)
    const { quoted } = this.#engine
    const table = quoted(layout.table)
    const rows = await this.#ask((session) =>
      session.all(
        `SELECT t.id, t.result_at AS at FROM ${table} t
         JOIN ingest_seen s ON s.msg_id = t.id AND s.reported_at IS NOT NULL WHERE t.status = ? LIMIT ?`,
        [managedStatus.done, limit],
      ),
    )
    const { status, code, at: doneAt = [], channel } = layout.result
    const names = new Set([...layout.columns, status, code, doneAt, channel?.columns ?? []].flat())
    const all = [...names].map((name) => quoted(name)).join(', ')
    const byLog = Map.groupBy(rows, ({ at }) => layout.logOf(outcomeTime(layout, at).at) ?? layout.table)
    for (const [log, some] of byLog) {
      const ids = some.map(({ id }) => String(id))
      await this.#makeTable(log)
      await this.#ask(async (session) => {
        // A table that was made by another version may have the same columns in another order.
        await session.run(`INSERT INTO ${quoted(log)} (${all}) SELECT ${all} FROM ${table} WHERE id IN ${marks(ids.length)}`, ids)
        await session.run(`DELETE FROM ${table} WHERE id IN ${marks(ids.length)}`, ids)
      })
    }
    return rows.length
  }

  async #makeTable(table: string): Promise<void> {
    if (this.#made.has(table)) return
    await this.#engine.exclusive(async (session) => {
      if (await this.#engine.hasTable(session, table)) return this.#upgrade(session, table)
      for (const sql of tableSql(this.#engine, table)) await session.run(sql)
    })
    this.#made.add(table)
  }

  async unreported(): Promise<{ count: number; oldestAt?: number }> {
    const [row] = await this.#ask((session) =>
      session.all('SELECT count(*) AS n, min(seen_at) AS oldest FROM ingest_seen WHERE reported_at IS NULL'),
    )
    const oldest = row?.oldest ?? null
    return { count: Number(row?.n ?? 0), ...(oldest !== null && { oldestAt: Number(oldest) }) }
  }

  async forget(before: number): Promise<void> {
    const references = await this.#ask((session) => this.#engine.hasTable(session, referencesTable))
    const tables = ['ingest_seen', 'ingest_rejected', 'ingest_ended', ...(references ? [referencesTable] : [])]
    // Reported long ago, or never and seen long ago: both read the one index. A report is never older than its message.
    for (const old of ['reported_at < ?', 'reported_at IS NULL AND seen_at < ?']) {
      await this.#ask(async (session) => {
        // A held message is remembered until it is handed over, and then as long as any other.
        const held = 'EXISTS (SELECT 1 FROM held_messages h WHERE h.msg_id = ingest_seen.msg_id)'
        const sql = `SELECT msg_id FROM ingest_seen WHERE ${old} AND NOT ${held} LIMIT ${sweepRows}`
        const rows = await session.all(sql, [before])
        const ids = rows.map(({ msg_id }) => String(msg_id))
        for (let from = 0; from < ids.length; from += 1000) {
          const some = ids.slice(from, from + 1000)
          for (const table of tables) {
            await session.run(`DELETE FROM ${table} WHERE msg_id IN ${marks(some.length)}`, some)
          }
        }
      })
    }
  }

  async waitingRows(carrier: Carrier, limit: number): Promise<CarrierRow[]> {
    const table = this.#engine.quoted(carrier.table)
    const columns = 'id, customer, recipient, sender, type, subject, body, media, expires_at, fallback_type'
    const sql = `SELECT ${columns} FROM ${table} WHERE status = ? AND send_at <= ? ORDER BY send_at LIMIT ?`
    const rows = await this.#ask((session) => session.all(sql, [managedStatus.waiting, Date.now(), limit]))
    return rows.map(waitingRow)
  }

  async writeResults(carrier: Carrier, results: readonly CarrierResult[]): Promise<void> {
    const table = this.#engine.quoted(carrier.table)
    const groups = Map.groupBy(results, ({ delivered, code, at, channel }) =>
      JSON.stringify([delivered ? 'delivered' : code, at, channel]),
    )
    await this.#ask(async (session) => {
      for (const some of groups.values()) {
        const [first] = some
        if (first === undefined) continue
        const { delivered, at, channel = null } = first
        const code = delivered ? 'delivered' : first.code
        const sql = `UPDATE ${table} SET status = ?, result = ?, result_at = ?, channel = ? WHERE id IN ${marks(some.length)}`
        await session.run(sql, [managedStatus.done, code, at, channel, ...some.map(({ id }) => id)])
      }
    })
  }

  erase(carriers: readonly Carrier[], ids: readonly string[], write: boolean): Promise<ErasedRows> {
    return this.#erasure.erase(carriers, ids, write)
  }

  eraseFound(carriers: readonly Carrier[], search: SearchFor, at: SearchPlace | undefined): Promise<Searched> {
    return this.#erasure.eraseFound(carriers, search, at)
  }

  async count(carrier: Carrier): Promise<number> {
    const { table } = await this.#layoutOf(carrier)
    const sql = `SELECT count(*) AS n FROM ${this.#engine.quoted(table)}`
    const [row] = await this.#ask((session) => session.all(sql))
    return Number(row?.n)
  }

  async close(): Promise<void> {
    await this.#engine.close()
  }
}
