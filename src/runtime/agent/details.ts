import type { TableMap } from '../../domain/table-map.ts'
import { type Engine, marks, type Session } from '../sql/index.ts'
import { detailColumnsOf, type TableRow, withDetail } from './rows.ts'

/**
 * Rows with what the second table holds for them. It is a statement of its own: PostgreSQL locks no row of an outer join, and
 * MariaDB cannot say which table of a join to lock.
 */
export async function readDetails(
  session: Session,
  { quoted }: Engine,
  map: TableMap,
  rows: readonly TableRow[],
): Promise<TableRow[]> {
  const { detail } = map
  const links = [...new Set(rows.flatMap(({ link }) => link ?? []))]
  if (detail === undefined || links.length === 0) return [...rows]
  const list = detailColumnsOf(detail).map(([name, column]) => `${quoted(column)} AS ${quoted(name)}`)
  const order = detail.order === undefined ? '' : ` ORDER BY ${quoted(detail.order)}`
  const where = `${quoted(detail.key)} IN ${marks(links.length)}`
  const select = `SELECT ${list.join(', ')} FROM ${quoted(detail.table)} WHERE ${where}${order}`
  const details = Map.groupBy(await session.all(select, links), (row) => String(row.f_key).trimEnd())
  return rows.map((row) => withDetail(row, details.get(row.link ?? '') ?? [], map))
}
