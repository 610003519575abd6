import type { Engine, Session, SqlRow } from './engine.ts'

/** The columns of an index, in order. */
export type IndexColumns = readonly string[]

/** The indexes of a table, each by its columns. */
export async function indexesOf({ dialect }: Engine, session: Session, table: string): Promise<IndexColumns[]> {
  const { sql, values } = dialect.indexes(table)
  const byName = Map.groupBy(await session.all(sql, values), ({ name }: SqlRow) => String(name))
  return [...byName.values()].map((columns) => columns.map(({ col }) => String(col)))
}
