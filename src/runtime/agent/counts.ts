import type { TableMap } from '../../domain/table-map.ts'
import { readTime, writeTime } from '../../domain/wall-clock.ts'
import type { Engine, Statement } from '../sql/index.ts'
import { whereOf } from './statements.ts'

export interface RowCounts {
  readonly due: number
  readonly claimed: number
  /** Milliseconds since 1970; absent: nothing is due. */
  readonly oldestDueMs?: number
}

/** Counts rows by their state. @param now the database's clock @param limit where counting ends: a backlog may be long */
export async function countRows(
  engine: Engine,
  map: TableMap,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<RowCounts> {
  const { quoted, dialect } = engine
  const { table, columns, status, time, timeZone } = map
  const { sql, values } = whereOf(map, engine)
  const due = quoted(columns.dueAt)
  const ready = {
    table,
    where: `${quoted(status.column)} = ? AND ${due} <= ?${sql}`,
    values: [status.ready, writeTime(now, time, timeZone), ...values],
  }
  const taken = { table, where: `${quoted(status.column)} = ?${sql}`, values: [status.claimed, ...values] }
  return engine.transaction(async (session) => {
    const ask = async (statement: Statement) => (await session.all(statement.sql, statement.values))[0]
    const waiting = await ask(dialect.count({ ...ready, limit }))
    const claimed = await ask(dialect.count({ ...taken, limit }))
    const first = await ask(dialect.select({ ...ready, columns: `${due} AS at`, order: due, limit: 1 }))
    const oldestDueMs = readTime(first?.at, time, timeZone)
    return { due: Number(waiting?.n), claimed: Number(claimed?.n), ...(oldestDueMs !== undefined && { oldestDueMs }) }
  })
}
