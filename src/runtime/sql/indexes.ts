import type { Engine, Session, SqlRow } from './engine.ts'

/** The columns of an index, in order. */
export type IndexColumns = readonly string[]

const mysql = `SELECT index_name AS name, column_name AS col FROM information_schema.statistics
  WHERE table_schema = DATABASE() AND table_name = ? ORDER BY index_name, seq_in_index`

/** An index over a part of the rows is left out: it may not hold the rows that are looked for. */
const postgres = `SELECT c.relname AS name, a.attname AS col FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE i.indrelid = to_regclass(?) AND i.indpred IS NULL AND i.indisvalid ORDER BY c.relname, k.place`

const sqlite = `SELECT l.name, i.name AS col FROM pragma_index_list(?) l, pragma_index_info(l.name) i
  WHERE l.partial = 0 AND i.name IS NOT NULL ORDER BY l.name, i.seqno`

function statementOf(engine: Engine, table: string): { readonly sql: string; readonly value: string } {
  if (engine.name === 'mysql') return { sql: mysql, value: table }
  if (engine.name === 'postgres') return { sql: postgres, value: engine.quoted(table) }
  return { sql: sqlite, value: table }
}

/** The indexes of a table, each by its columns. */
export async function indexesOf(engine: Engine, session: Session, table: string): Promise<IndexColumns[]> {
  const { sql, value } = statementOf(engine, table)
  const rows = await session.all(sql, [value])
  const byName = Map.groupBy(rows, ({ name }: SqlRow) => String(name))
  return [...byName.values()].map((columns) => columns.map(({ col }) => String(col)))
}
