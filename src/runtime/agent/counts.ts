import type { TableMap } from '../../domain/table-map.ts'
import { readTime, writeTime } from '../../domain/wall-clock.ts'
import type { Engine } from '../sql/index.ts'
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
  const { quoted } = engine
  const { columns, status, time, timeZone } = map
  const { sql, values } = whereOf(map, quoted)
  const table = quoted(map.table)
  const due = quoted(columns.dueAt)
  const count = (where: string) =>
    `SELECT count(*) AS n FROM (SELECT 1 AS one FROM ${table} WHERE ${where}${sql} LIMIT ?) AS found`
  const ready = `${quoted(status.column)} = ? AND ${due} <= ?`
  const at = writeTime(now, time, timeZone)
  return engine.transaction(async (session) => {
    const [waiting] = await session.all(count(ready), [status.ready, at, ...values, limit])
    const [claimed] = await session.all(count(`${quoted(status.column)} = ?`), [status.claimed, ...values, limit])
    const oldest = `SELECT ${due} AS at FROM ${table} WHERE ${ready}${sql} ORDER BY ${due} LIMIT 1`
    const [first] = await session.all(oldest, [status.ready, at, ...values])
    const oldestDueMs = readTime(first?.at, time, timeZone)
    return { due: Number(waiting?.n), claimed: Number(claimed?.n), ...(oldestDueMs !== undefined && { oldestDueMs }) }
  })
}
