import type { TableMap } from '../../domain/table-map.ts'
import { type Engine, marks, type Session } from '../sql/index.ts'
import { decoded, selectList } from './raw-charset.ts'
import { detailColumnsOf, type TableRow, withDetail } from './rows.ts'

/**
 * Rows with what the second table holds for them. It is a statement of its own: PostgreSQL locks no row of an outer join, and
 * MariaDB cannot say which table of a join to lock.
 */
export async function readDetails(
  session: Session,
  engine: Engine,
  map: TableMap,
  rows: readonly TableRow[],
): Promise<TableRow[]> {
  const { detail } = map
  const { quoted } = engine
  const links = [...new Set(rows.flatMap(({ link }) => link ?? []))]
  if (detail === undefined || links.length === 0) return [...rows]
  const list = selectList(engine, map, detailColumnsOf(detail))
  const order = detail.order === undefined ? '' : ` ORDER BY ${quoted(detail.order)}`
  const where = `${quoted(detail.key)} IN ${marks(links.length)}`
  const select = `SELECT ${list} FROM ${quoted(detail.table)} WHERE ${where}${order}`
  const found = (await session.all(select, links)).map((row) => decoded(row, map))
  const details = Map.groupBy(found, (row) => String(row.f_key).trimEnd())
  return rows.map((row) => withDetail(row, details.get(row.link ?? '') ?? [], map))
}
