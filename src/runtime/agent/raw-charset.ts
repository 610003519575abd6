import { decodeCp949 } from '../../domain/cp949.ts'
import type { TableMap } from '../../domain/table-map.ts'
import type { Engine, SqlRow } from '../sql/index.ts'
import type { Named } from './rows.ts'

/** Whether a column holds a text of people. Numbers, times and states are ASCII. */
function isText(name: string, { recipients }: TableMap): boolean {
  return /^f_(?:text|subject|folder|file\d+)$/.test(name) || (name === 'f_to' && recipients !== undefined)
}

/** The columns of a SELECT, each under its name. Texts in a charset that the database does not know are read as bytes. */
export function selectList(engine: Engine, map: TableMap, columns: readonly Named[]): string {
  const { quoted, dialect } = engine
  const read = (name: string, column: string): string => {
    if (map.charset !== undefined && isText(name, map)) return dialect.hex(column)
    return column === map.key ? dialect.key(column) : quoted(column)
  }
  return columns.map(([name, column]) => `${read(name, column)} AS ${quoted(name)}`).join(', ')
}

/** A row of `selectList` with its texts. A byte that is not Korean becomes U+FFFD, which the gateway refuses with its place. */
export function decoded(row: SqlRow, map: TableMap): SqlRow {
  if (map.charset === undefined) return row
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      isText(name, map) && typeof value === 'string' ? decodeCp949(Buffer.from(value, 'hex')) : value,
    ]),
  )
}

/** A text as it may be written: where the database does not know the charset, only ASCII is the same to everybody. */
export function writable(text: string, { charset }: TableMap): string {
  return charset === undefined ? text : text.replaceAll(/[^\x20-\x7e]/gu, '?')
}
