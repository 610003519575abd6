import type { Column, TableFacts } from '../sql/index.ts'
import type { TableFault } from './database.ts'
import type { DetailLayout, Layout, WrittenColumn } from './layout.ts'

/** Characters that a field needs: `least` for the shortest message, `most` for the longest that the gateway accepts. */
const needs: Partial<Record<WrittenColumn['field'], { readonly least: number; readonly most: number }>> = {
  id: { least: 26, most: 26 },
  recipient: { least: 8, most: 16 },
  sender: { least: 8, most: 16 },
  // 2,000 bytes in EUC-KR are up to 2,000 characters.
  body: { least: 1, most: 2000 },
  subject: { least: 0, most: 40 },
  customer: { least: 1, most: 40 },
  ref: { least: 0, most: 64 },
  media: { least: 0, most: 250 },
  purpose: { least: 4, most: 6 },
  originCode: { least: 0, most: 20 },
  profile: { least: 0, most: 40 },
  template: { least: 0, most: 50 },
  // Five buttons with four links each, and their names.
  buttons: { least: 0, most: 10_800 },
  fallbackType: { least: 0, most: 3 },
  fallbackSender: { least: 0, most: 16 },
  fallbackSubject: { least: 0, most: 40 },
  fallbackBody: { least: 0, most: 2000 },
}

/** Character sets of MySQL and MariaDB that hold Hangul. */
const hangul = /^(utf8|utf8mb3|utf8mb4|ucs2|utf16|utf16le|utf32|euckr|gb18030|gbk)$/
const textual = /char|text|string|clob|^$|enum|set/

/** @param more columns that are written beside those of a message */
function notWritten({ table, columns, written }: Table, more: readonly string[]): TableFault[] {
  const ours = new Set([...written.map(({ column }) => column), ...more].map((column) => column.toLowerCase()))
  return columns
    .filter(({ name, optional }) => !optional && !ours.has(name.toLowerCase()))
    .map(({ name }) => ({
      table,
      column: name,
      detail: `${table}.${name} takes no NULL, has no default, and is not written`,
      fix: `give ${name} a default, or a value under "constants" in the list of carriers`,
      keepsOut: 'all',
    }))
}

function missing({ table, byName, written }: Table, read: readonly string[], fix?: string): TableFault[] {
  const all = new Set([...written.map(({ column }) => column), ...read])
  return [...all]
    .filter((column) => !byName.has(column.toLowerCase()))
    .map((column) => ({
      table,
      column,
      detail: `${table} has no column ${column}`,
      fix: fix ?? `add ${column}, or correct the list of carriers`,
      keepsOut: 'all',
    }))
}

function tooNarrow({ table, byName, written }: Table): TableFault[] {
  return written.flatMap(({ field, column, most }): TableFault[] => {
    const found = byName.get(column.toLowerCase())
    const usual = needs[field]
    if (found === undefined || usual === undefined) return []
    const need = most === undefined ? usual : { least: Math.min(usual.least, most), most }
    const isNumber = field === 'id' && !textual.test(found.type)
    const { length = isNumber ? 0 : Number.POSITIVE_INFINITY } = found
    if (length >= need.most) return []
    const keepsOut = length < need.least ? 'all' : 'some'
    const holds = isNumber ? `is ${found.type}` : `holds ${length} characters`
    const detail = `${table}.${column} ${holds}, and ${field === 'id' ? 'each id' : `the longest ${field}`} has ${need.most}`
    return [{ table, column, detail, fix: `make ${column} at least ${need.most} characters wide`, keepsOut }]
  })
}

function charsets({ table, byName, written }: Table): TableFault[] {
  return written.flatMap(({ field, column }): TableFault[] => {
    const charset = byName.get(column.toLowerCase())?.charset
    if ((field !== 'body' && field !== 'subject') || charset === undefined || hangul.test(charset)) return []
    const detail = `${table}.${column} is in ${charset}, which holds no Hangul`
    return [{ table, column, detail, fix: `convert ${column} to utf8mb4 or euckr`, keepsOut: 'some' }]
  })
}

function enumerations({ table, byName, written }: Table): TableFault[] {
  return written.flatMap(({ column, values }): TableFault[] => {
    const known = byName.get(column.toLowerCase())?.values
    if (known === undefined || values === undefined) return []
    const lower = new Set(known.map((value) => value.toLowerCase()))
    const absent = values.filter((value) => !lower.has(String(value).toLowerCase()))
    if (absent.length === 0) return []
    const detail = `${table}.${column} is an ENUM without ${absent.map((value) => `"${value}"`).join(', ')}`
    const keepsOut = absent.length === values.length ? 'all' : 'some'
    return [{ table, column, detail, fix: `add the values to ${column}, or name its own under "types"`, keepsOut }]
  })
}

interface Table {
  readonly table: string
  readonly columns: readonly Column[]
  readonly byName: ReadonlyMap<string, Column>
  readonly written: readonly WrittenColumn[]
}

/** The faults in the columns of a table. @param facts from the database; absent: the table does not exist */
export function tableFaultsIn(layout: Layout, facts: TableFacts | undefined): TableFault[] {
  const { table, written, numbered, detail } = layout
  const { status, code, at, channel } = layout.result
  const read = [status, code, ...(at === undefined ? [] : [at]), ...(channel?.columns ?? [])]
  if (facts === undefined) {
    const fix = layout.managed ? 'apigw schema apply' : 'create it, or correct "table" in the list of carriers'
    return [{ table, detail: `the table ${table} does not exist`, fix, keepsOut: 'all' }]
  }
  const byName = new Map(facts.columns.map((column) => [column.name.toLowerCase(), column]))
  const table_: Table = { table, columns: facts.columns, byName, written }
  const rollback: TableFault = {
    table,
    detail: `${table} cannot roll back, so a batch that fails half way is in it in part, and its rows are refused the second time`,
    fix: `ALTER TABLE ${table} ENGINE = InnoDB`,
    keepsOut: 'some',
  }
  return [
    ...missing(table_, read, layout.managed ? 'apigw schema apply' : undefined),
    ...notWritten(table_, [...(numbered === undefined ? [] : [numbered.column]), ...(detail === undefined ? [] : [detail.link])]),
    ...tooNarrow(table_),
    ...charsets(table_),
    ...enumerations(table_),
    ...(facts.transactional ? [] : [rollback]),
  ]
}

/** The faults in the columns of the second table. They keep out only the rows that have a second part. */
export function detailFaultsIn({ table, key, sequence, written }: DetailLayout, facts: TableFacts | undefined): TableFault[] {
  if (facts === undefined) {
    return [
      { table, detail: `the table ${table} does not exist`, fix: 'create it, or correct "detail" in the map', keepsOut: 'some' },
    ]
  }
  const byName = new Map(facts.columns.map((column) => [column.name.toLowerCase(), column]))
  const all: Table = { table, columns: facts.columns, byName, written }
  const faults = [
    ...missing(all, [key]),
    ...notWritten(all, sequence === undefined ? [] : [key]),
    ...tooNarrow(all),
    ...charsets(all),
  ]
  return faults.map((fault) => ({ ...fault, keepsOut: 'some' }))
}
