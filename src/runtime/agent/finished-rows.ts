import type { TableMap } from '../../domain/table-map.ts'
import { finishedStates } from '../../domain/table-rules.ts'
import { readTime, writeTime } from '../../domain/wall-clock.ts'
import { type Engine, marks, Refusal, type TableFacts } from '../sql/index.ts'
import { apart } from './apart.ts'
import { type LogFault, logFaults, logTableAt, logTables } from './log-tables.ts'
import { whereOf } from './statements.ts'
import { WaitingRows } from './waiting-rows.ts'

/** What one move did. */
export interface Moved {
  readonly rows: number
  /** Whether there is nothing more to move now. */
  readonly isDone: boolean
  /** Why rows or a table of the next month had to stay as they are. */
  readonly problems: readonly LogFault[]
}

/** A row that could not be moved is left out for so long, and so many are: each is named in a statement. */
const refusedMs = 6 * 3_600_000
const maxRefused = 500
/** So long before a month begins its table is made, so that there is time to make it by hand. */
const earlyMs = 7 * 86_400_000

interface Columns {
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/**
 * Moves finished rows of a table into the log table that its map names: copied and deleted in one transaction, by the names of
 * the columns. Outcomes were written before, so a move that fails changes none of them.
 */
export class FinishedRows {
  readonly #engine: Engine
  readonly #map: TableMap
  readonly #refused = new WaitingRows(refusedMs)
  /** Log tables that are known to take rows. */
  readonly #ready = new Map<string, Columns>()

  /** @param map with the names of the database */
  constructor(engine: Engine, map: TableMap) {
    this.#engine = engine
    this.#map = map
  }

  /**
   * Moves rows that have been finished for as long as the map says, and makes the tables of this month and the next.
   * @param now the database's clock
   * @throws Problem `database-unavailable`
   */
  async move(now: number, limit: number): Promise<Moved> {
    const { log, moveAfter } = this.#map
    if (log === undefined || moveAfter === undefined) return { rows: 0, isDone: true, problems: [] }
    const problems: LogFault[] = []
    const early = [now, now + earlyMs].flatMap((at) => logTableAt(this.#map, at) ?? [])
    for (const table of new Set(early)) problems.push(...(await this.#prepare(table, now)))
    const finished = await this.#finished(now - moveAfter, limit)
    let moved = 0
    for (const [table, keys] of finished) {
      problems.push(...(early.includes(table) ? [] : await this.#prepare(table, now)))
      const columns = this.#ready.get(table)
      if (columns === undefined) continue
      try {
        const refused = await apart(keys, async (some) => {
          moved += await this.#moveTo(table, columns, some)
        })
        this.#refused.add(refused.map(({ item }) => item))
        const [first] = refused
        if (first !== undefined) problems.push(refusal(table, refused.length, first.why))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        // The table may have been changed or removed since.
        this.#ready.delete(table)
        problems.push(refusal(table, keys.length, error.message))
      }
    }
    const found = [...finished.values()].reduce((sum, keys) => sum + keys.length, 0)
    // Rows that stay would be found again.
    return { rows: moved, isDone: found < limit || moved === 0, problems }
  }

  /** Keys of finished rows, by the log table that they belong into. The newest first: an old table that takes none holds up no others. */
  async #finished(before: number, limit: number): Promise<ReadonlyMap<string, readonly string[]>> {
    const { quoted, dialect } = this.#engine
    const { table, key, columns, status, result, time, timeZone } = this.#map
    const states = finishedStates(this.#map)
    if (states.length === 0) return new Map()
    const at = quoted(result.at ?? columns.dueAt)
    const where = whereOf(this.#map, this.#engine)
    const except = this.#refused.keys(maxRefused)
    const others = except.length === 0 ? '' : ` AND ${quoted(key)} NOT IN ${marks(except.length)}`
    const select = dialect.select({
      columns: `${dialect.key(key)} AS k, ${at} AS at`,
      table,
      where: `${quoted(status.column)} IN ${marks(states.length)} AND ${at} <= ?${where.sql}${others}`,
      values: [...states, writeTime(before, time, timeZone), ...where.values, ...except],
      order: `${at} DESC`,
      limit,
    })
    const rows = await this.#engine.transaction((session) => session.all(select.sql, select.values))
    const byTable = Map.groupBy(rows, (row) => logTableAt(this.#map, readTime(row.at, time, timeZone) ?? before) ?? '')
    return new Map([...byTable].map(([name, some]) => [name, some.map(({ k }) => String(k).trimEnd())]))
  }

  /** Copies and deletes rows that are still finished. @returns how many */
  async #moveTo(log: string, { from, to }: Columns, keys: readonly string[]): Promise<number> {
    const { quoted, dialect } = this.#engine
    const { table, key, status } = this.#map
    const states = finishedStates(this.#map)
    const list = (names: readonly string[]) => names.map((one) => quoted(one)).join(', ')
    return this.#engine.transaction(async (session) => {
      const where = `${quoted(key)} IN ${marks(keys.length)} AND ${quoted(status.column)} IN ${marks(states.length)}`
      const columns = `${dialect.key(key)} AS k`
      const select = dialect.select({ columns, table, where, values: [...keys, ...states], locked: true })
      const rows = (await session.all(select.sql, select.values)).map(({ k }) => String(k))
      if (rows.length === 0) return 0
      const these = `WHERE ${quoted(key)} IN ${marks(rows.length)}`
      const copy = `INSERT INTO ${quoted(log)} (${list(to)}) SELECT ${list(from)} FROM ${quoted(table)} ${these}`
      const copied = await session.run(copy, rows)
      const deleted = await session.run(`DELETE FROM ${quoted(table)} ${these}`, rows)
      // The transaction is rolled back: a trigger or a rule does something else with these rows.
      if (copied !== rows.length || deleted !== rows.length) {
        throw new Error(`of ${rows.length} rows ${copied} were copied and ${deleted} deleted`)
      }
      return rows.length
    })
  }

  /** Makes a log table where it is missing, and compares its columns. @returns what keeps rows out */
  async #prepare(log: string, now: number): Promise<readonly LogFault[]> {
    if (this.#ready.has(log)) return []
    const { table } = this.#map
    const facts = await this.#facts(table)
    if (facts === undefined) return [{ why: `there is no table ${table}`, fix: 'correct the name in the map' }]
    const missing = (await this.#facts(log)) === undefined ? await this.#make(log, now) : []
    const found = await this.#facts(log)
    if (found === undefined) return missing
    const faults = logFaults({ name: table, facts }, { name: log, facts: found })
    if (faults.length > 0) return faults
    const names = new Map(found.columns.map(({ name }) => [name.toLowerCase(), name]))
    const from = facts.columns.map(({ name }) => name)
    this.#ready.set(log, { from, to: from.map((name) => names.get(name.toLowerCase()) ?? name) })
    return []
  }

  /** Like the last log table that there is, so that programs find the columns that they know; else like the table itself. */
  async #make(log: string, now: number): Promise<readonly LogFault[]> {
    const { table, key } = this.#map
    let like = table
    for (const one of logTables(this.#map, now)) {
      if (one === log || (await this.#facts(one)) === undefined) continue
      like = one
      break
    }
    const statements = this.#engine.dialect.createLike({ table: log, like, key })
    try {
      for (const sql of statements) await this.#engine.transaction((session) => session.run(sql))
      return []
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const why = `there is no table ${log}, and the database does not let the agent create it: ${error.message}`
      return [{ why, fix: statements.join('; ') }]
    }
  }

  #facts(table: string): Promise<TableFacts | undefined> {
    return this.#engine.transaction((session) => this.#engine.facts(session, table))
  }
}

function refusal(table: string, rows: number, why: string): LogFault {
  const detail = `${table} does not take ${rows} of the rows: ${why}`
  return { why: detail, fix: `compare these rows with ${table}; they keep their outcome` }
}
