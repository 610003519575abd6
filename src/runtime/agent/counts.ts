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

export interface CountOptions {
  /** The database's clock. */
  readonly now: number
  /** Where counting ends: a backlog may be long. */
  readonly limit: number
}

/** Counts rows by their state. */
export async function countRows(engine: Engine, map: TableMap, { now, limit }: CountOptions): Promise<RowCounts> {
  const { quoted } = engine
  const { columns, status, time, timeZone } = map
  const { sql, values } = whereOf(map, quoted)
  const table = quoted(map.table)
  const due = quoted(columns.dueAt)
  const count = (where: string) =>
    `SELECT count(*) AS n FROM (SELECT 1 AS one FROM ${table} WHERE ${where}${sql} LIMIT ?) AS some`
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

/** Counts claimed rows of the last hour whose claim column is empty. Always 0 where the map names no such column. */
export async function countForeignClaims(engine: Engine, map: TableMap, { now, limit }: CountOptions): Promise<number> {
  const { quoted } = engine
  const { columns, status, claim, time, timeZone } = map
  if (claim === undefined) return 0
  const { sql, values } = whereOf(map, quoted)
  const due = `${quoted(columns.dueAt)} BETWEEN ? AND ?`
  const empty = `(${quoted(claim)} IS NULL OR ${quoted(claim)} = '')`
  const where = `${quoted(status.column)} = ? AND ${due} AND ${empty}${sql}`
  const select = `SELECT count(*) AS n FROM (SELECT 1 AS one FROM ${quoted(map.table)} WHERE ${where} LIMIT ?) AS some`
  const [from, to] = [now - 3_600_000, now].map((instant) => writeTime(instant, time, timeZone))
  const wanted = [status.claimed, from ?? '', to ?? '', ...values, limit]
  const [row] = await engine.transaction((session) => session.all(select, wanted))
  return Number(row?.n)
}
