import { type CarrierEngine, marks, type Session, type Value } from '../sql/index.ts'
import type { Row } from './database.ts'
import type { DetailLayout, Layout } from './layout.ts'

/** Short references of messages, for tables that have no room for a whole id. */
export const referencesTable = 'ingest_reference'

/** Creates the table of short references. */
export function referencesSql({ name }: Pick<CarrierEngine, 'name'>): string[] {
  const create = `CREATE TABLE IF NOT EXISTS ${referencesTable}`
  const index = `CREATE INDEX IF NOT EXISTS ${referencesTable}_msg ON ${referencesTable} (msg_id)`
  switch (name) {
    case 'sqlite':
      return [`${create} (reference TEXT PRIMARY KEY, msg_id TEXT NOT NULL) STRICT, WITHOUT ROWID`, index]
    case 'mysql': {
      const ascii = 'CHARACTER SET ascii COLLATE ascii_bin NOT NULL'
      const columns = `reference VARCHAR(25) ${ascii} PRIMARY KEY, msg_id CHAR(26) ${ascii}`
      return [`${create} (${columns}, KEY ${referencesTable}_msg (msg_id)) ENGINE = InnoDB`]
    }
    default:
      return [`${create} (reference text COLLATE "C" PRIMARY KEY, msg_id text COLLATE "C" NOT NULL)`, index]
  }
}

/** The next numbers of a sequence of PostgreSQL or MariaDB (10.3 or later). */
async function nextNumbers(session: Session, { name, quoted }: CarrierEngine, sequence: string, count: number): Promise<Value[]> {
  if (name === 'sqlite') throw new Error('SQLite has no sequences: remove "sequence", and let the table number its rows')
  if (name === 'postgres') {
    const rows = await session.all('SELECT nextval(?) AS v FROM generate_series(1, ?::int)', [sequence, count])
    return rows.map(({ v }) => String(v))
  }
  const values: Value[] = []
  for (let at = 0; at < count; at++) {
    const [row] = await session.all(`SELECT NEXTVAL(${quoted(sequence)}) AS v`)
    values.push(String(row?.v))
  }
  return values
}

/** Inserts one row, and returns the key that the database gave it. */
async function insertForKey(
  session: Session,
  engine: CarrierEngine,
  detail: DetailLayout,
  values: readonly Value[],
): Promise<Value> {
  const { quoted, name } = engine
  const { table, key, columns } = detail
  const list = columns.map((column) => quoted(column)).join(', ')
  const insert = `INSERT INTO ${quoted(table)} (${list}) VALUES ${marks(columns.length)}`
  if (name === 'postgres') {
    const [row] = await session.all(`${insert} RETURNING ${quoted(key)} AS k`, values)
    return String(row?.k)
  }
  await session.run(insert, values)
  const [row] = await session.all(`SELECT ${name === 'mysql' ? 'LAST_INSERT_ID()' : 'last_insert_rowid()'} AS k`)
  return String(row?.k)
}

/** Writes the second part of a message. @returns its key; `undefined`: it has none */
async function insertDetail(session: Session, engine: CarrierEngine, detail: DetailLayout, row: Row): Promise<Value | undefined> {
  const rows = detail.rowsOf(row)
  const [first] = rows
  if (first === undefined) return undefined
  if (detail.sequence === undefined) return insertForKey(session, engine, detail, first)
  const [key = null] = await nextNumbers(session, engine, detail.sequence, 1)
  await session.insert(
    detail.table,
    [detail.key, ...detail.columns],
    rows.map((values) => [key, ...values]),
  )
  return key
}

/** A value that takes the place of the one of the layout. */
export interface Replaced {
  readonly column: string
  readonly value: Value
}

/**
 * Inserts messages into the table of a layout, and their second parts into its second table. A plain INSERT: a value that does
 * not fit is an error. It is the caller's transaction.
 */
export async function insertRows(
  session: Session,
  engine: CarrierEngine,
  layout: Layout,
  rows: readonly Row[],
  replaced?: Replaced,
): Promise<void> {
  const { table, detail, numbered } = layout
  const isReplaced = (column: string) => column.toLowerCase() === replaced?.column.toLowerCase()
  const kept = layout.columns.map((column) => !isReplaced(column))
  const columns = layout.columns.filter((_, at) => kept[at])
  const types = replaced === undefined ? layout.types : undefined
  const values = rows.map((row) => layout.valuesOf(row).filter((_, at) => kept[at]))
  const more: { columns: string[]; values: Value[][] } = { columns: [], values: rows.map(() => []) }
  if (replaced !== undefined) {
    more.columns.push(replaced.column)
    for (const one of more.values) one.push(replaced.value)
  }
  if (numbered !== undefined) {
    const numbers = await nextNumbers(session, engine, numbered.sequence, rows.length)
    more.columns.push(numbered.column)
    more.values.forEach((one, at) => void one.push(numbers[at] ?? null))
  }
  const links: (Value | undefined)[] = []
  if (detail !== undefined) for (const row of rows) links.push(await insertDetail(session, engine, detail, row))
  const all = values.map((one, at) => [...one, ...(more.values[at] ?? [])])
  const names = [...columns, ...more.columns]
  // A row without a second part leaves the link to the table's default.
  const linked = all.flatMap((one, at) => (links[at] === undefined ? [] : [[...one, links[at]]]))
  const single = all.filter((_, at) => links[at] === undefined)
  if (single.length > 0) await session.insert(table, names, single, types)
  if (linked.length > 0 && detail !== undefined) await session.insert(table, [...names, detail.link], linked)
}
