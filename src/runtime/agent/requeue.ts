import type { TableMap } from '../../domain/table-map.ts'
import { writeTime } from '../../domain/wall-clock.ts'
import { type Engine, marks, type Session, type SqlRow, type Statement, type Value } from '../sql/index.ts'

/** A row that failed, with the result that is in the table. */
export interface FailedRow {
  readonly key: string
  readonly code: string
}

export interface FailedFilter {
  /** The table's value for a result; absent: each. */
  readonly code?: string | undefined
  readonly keys?: readonly string[] | undefined
  readonly limit: number
}

/** Failed rows. In some tables `failed` and `delivered` are the same state, and only the result distinguishes them. */
function failedWhere({ quoted }: Engine, { key, status, result }: TableMap, { code, keys }: FailedFilter): Statement {
  const delivered = typeof result.delivered === 'object' ? Object.values(result.delivered) : [result.delivered]
  const parts = [`${quoted(status.column)} = ?`, `${quoted(result.code)} NOT IN ${marks(delivered.length)}`]
  const values: Value[] = [status.failed, ...delivered]
  if (code !== undefined) {
    parts.push(`${quoted(result.code)} = ?`)
    values.push(code)
  }
  if (keys !== undefined) {
    parts.push(`${quoted(key)} IN ${marks(keys.length)}`)
    values.push(...keys)
  }
  return { sql: parts.join(' AND '), values }
}

async function select(session: Session, engine: Engine, map: TableMap, filter: FailedFilter): Promise<SqlRow[]> {
  // Sending such a row again would send it to each of its recipients again.
  if (map.recipients !== undefined) return []
  const { quoted, dialect } = engine
  const { sql: where, values } = failedWhere(engine, map, filter)
  const columns = `${dialect.key(map.key)} AS k, ${quoted(map.result.code)} AS code`
  const order = quoted(map.key)
  const { sql, values: all } = dialect.select({
    columns,
    table: map.table,
    where,
    values,
    order,
    limit: filter.limit,
    locked: true,
  })
  return session.all(sql, all)
}

/** Failed rows, up to the limit. */
export async function failedRows(engine: Engine, map: TableMap, filter: FailedFilter): Promise<FailedRow[]> {
  const rows = await engine.transaction((session) => select(session, engine, map, filter))
  return rows.map(({ k, code }) => ({ key: String(k).trimEnd(), code: String(code).trimEnd() }))
}

/** Rows of one transaction: SQL Server takes 2,100 values in a statement, and Oracle 1,000 in a list. */
const rowsAtOnce = 500

/**
 * Makes failed rows ready again, due now. The new due time makes each another message: the gateway answers a message that it has
 * accepted before with its old id, and sends nothing.
 * @param now the database's clock
 * @returns how many
 */
export async function requeue(engine: Engine, map: TableMap, filter: FailedFilter, now: number): Promise<number> {
  const { keys, limit } = filter
  let ready = 0
  for (let from = 0; from < (keys?.length ?? limit) && ready < limit; from += rowsAtOnce) {
    const some = { keys: keys?.slice(from, from + rowsAtOnce), limit: Math.min(rowsAtOnce, limit - ready) }
    const changed = await requeueSome(engine, map, { ...filter, ...some }, now)
    // The next look finds other rows, because these are not failed any more.
    if (changed === 0 && keys === undefined) break
    ready += changed
  }
  return ready
}

async function requeueSome(engine: Engine, map: TableMap, filter: FailedFilter, now: number): Promise<number> {
  const { quoted } = engine
  const { key, columns, status, time, timeZone } = map
  return engine.transaction(async (session) => {
    const rows = await select(session, engine, map, filter)
    if (rows.length === 0) return 0
    const sets = `${quoted(status.column)} = ?, ${quoted(columns.dueAt)} = ?`
    const sql = `UPDATE ${quoted(map.table)} SET ${sets} WHERE ${quoted(key)} IN ${marks(rows.length)}`
    return session.run(sql, [status.ready, writeTime(now, time, timeZone), ...rows.map(({ k }) => String(k))])
  })
}
