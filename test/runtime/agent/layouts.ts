import type { TestDatabase } from '../../support/databases.ts'
import type { agentEngines } from '../../support/sql-servers/databases.ts'
import type { Layout, Row } from './layout.ts'
import { emLayouts } from './layouts-em.ts'
import { ktLayouts } from './layouts-kt.ts'
import { otherLayouts } from './layouts-other.ts'

export const layouts: readonly Layout[] = [...emLayouts, ...ktLayouts, ...otherLayouts]

export function layoutOf(map: string): Layout {
  const found = layouts.find((layout) => layout.map === map)
  if (found === undefined) throw new Error(`no layout ${map}`)
  return found
}

type EngineName = (typeof agentEngines)[number]['engine']

/** Creates the tables of a layout. PostgreSQL has no DATETIME, and folds the names to small letters. */
export async function createLayout(database: TestDatabase, engine: EngineName, layout: Layout): Promise<void> {
  for (const sql of layout.ddl) {
    await database.sql(engine === 'PostgreSQL' ? sql.replaceAll(/\bdatetime\b/g, 'timestamp') : sql)
  }
}

export async function insertRow(database: TestDatabase, table: string, row: Row): Promise<void> {
  const columns = Object.keys(row)
  const marks = columns.map(() => '?').join(', ')
  await database.sql(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`, Object.values(row))
}

/** Columns of one row as text, without the blanks that CHAR adds. */
export async function readRow(
  database: TestDatabase,
  engine: EngineName,
  { table, key }: Pick<Layout, 'table' | 'key'>,
  value: string | number,
  columns: readonly string[],
): Promise<Row> {
  const text = engine === 'MariaDB' ? 'CHAR(60)' : 'varchar(60)'
  const list = columns.map((column, at) => `CAST(${column} AS ${text}) AS c${at}`)
  const [row = {}] = await database.sql(`SELECT ${list.join(', ')} FROM ${table} WHERE ${key} = ?`, [value])
  return Object.fromEntries(
    columns.map((column, at) => {
      const found = row[`c${at}`]
      return [column, found === null || found === undefined ? null : String(found).trimEnd()]
    }),
  )
}
