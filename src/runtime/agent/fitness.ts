import type { TableMap } from '../../domain/table-map.ts'
import type { TimeFormat } from '../../domain/wall-clock.ts'
import { type Column, type Engine, type IndexColumns, indexesOf, type TableFacts } from '../sql/index.ts'
import { columnsOf, detailColumnsOf } from './rows.ts'

/** Something about a table that does not fit its map. */
export interface Finding {
  /** `fault`: rows are not sent, or their outcome cannot be written. `note`: it works, but slowly or not for every row. */
  readonly level: 'fault' | 'note'
  readonly table: string
  readonly column?: string
  readonly detail: string
  readonly fix: string
}

/** What the database says about the tables of a map. */
export interface MapFacts {
  /** Absent: there is no such table. */
  readonly table?: TableFacts
  readonly indexes: readonly IndexColumns[]
  readonly detail?: TableFacts
}

/** `apigw:`, a name of 12, `:` and the time. */
const claimCharacters = 25
const idCharacters = 26
const numeric = /^(?:tiny|small|medium|big)?int|integer|^num|^dec|^double|^real|^float|^bit$/
const textual = /char|text|clob|enum|set|string/
const temporal = /date|time/

type ByName = (column: string) => Column | undefined

function columnsIn(facts: TableFacts): ByName {
  const byName = new Map(facts.columns.map((column) => [column.name.toLowerCase(), column]))
  return (name) => byName.get(name.toLowerCase())
}

function missing(table: string, columns: readonly string[], byName: ByName): Finding[] {
  return [...new Set(columns)]
    .filter((column) => byName(column) === undefined)
    .map((column) => ({
      level: 'fault',
      table,
      column,
      detail: `${table} has no column ${column}`,
      fix: `correct the map, or add ${column}`,
    }))
}

/** What is written must fit: MySQL would refuse the whole statement, and with it the outcomes of other rows. */
function tooNarrow(table: string, column: Column | undefined, needs: number, what: string): Finding[] {
  if (column === undefined) return []
  const { name, type, length } = column
  if (numeric.test(type)) {
    return [
      {
        level: 'fault',
        table,
        column: name,
        detail: `${table}.${name} is ${type}, and ${what} is text`,
        fix: `name a text column in the map`,
      },
    ]
  }
  if (length === undefined || length >= needs) return []
  const detail = `${table}.${name} holds ${length} characters, and ${what} takes ${needs}`
  return [{ level: 'fault', table, column: name, detail, fix: `name a column of at least ${needs} characters in the map` }]
}

function valueFits(table: string, column: Column | undefined, value: string | number): Finding[] {
  if (column === undefined) return []
  const { name, type, length } = column
  const place = `${table}.${name}`
  const finding = (level: Finding['level'], detail: string, fix: string): Finding[] => [
    { level, table, column: name, detail, fix },
  ]
  if (numeric.test(type)) {
    return typeof value === 'number' || /^-?\d+(?:\.\d+)?$/.test(value)
      ? []
      : finding('fault', `${place} is ${type}, and the map writes "${value}"`, 'use a number in the map')
  }
  const characters = String(value).length
  if (length !== undefined && characters > length) {
    const detail = `${place} holds ${length} ${length === 1 ? 'character' : 'characters'}, and the map writes "${value}"`
    return finding('fault', detail, `use a value of at most ${length} in the map`)
  }
  // MySQL would compare the column as a number, row by row.
  return typeof value === 'number' && textual.test(type)
    ? finding(
        'note',
        `${place} is ${type}, and the map compares it with the number ${value}`,
        `write '${value}' in quotes in the map`,
      )
    : []
}

function timeFits(table: string, column: Column | undefined, time: TimeFormat): Finding[] {
  if (column === undefined) return []
  const { name, type, length = Number.POSITIVE_INFINITY } = column
  const finding = (detail: string, fix: string): Finding[] => [
    { level: 'fault', table, column: name, detail: `${table}.${name} is ${type}, ${detail}`, fix },
  ]
  if (temporal.test(type)) {
    if (time !== 'datetime') return finding(`and the map's time is ${time}`, 'set "time: datetime" in the map')
    return type.includes('with time zone')
      ? finding('which PostgreSQL reads in the zone of each session', `convert ${name} to timestamp without time zone`)
      : []
  }
  if (numeric.test(type))
    return time === 'datetime' ? finding("and the map's time is datetime", 'set "time: epoch-ms" in the map') : []
  const needs = { datetime: 19, compact: 14, 'epoch-ms': 13 }[time]
  return length < needs
    ? finding(`and holds ${length} of the ${needs} characters of a time`, 'name another column in the map')
    : []
}

function statusIndex({ table, status }: TableMap, indexes: readonly IndexColumns[], dueAt: string): Finding[] {
  const column = status.column
  if (indexes.some(([first]) => first?.toLowerCase() === column.toLowerCase())) return []
  return [
    {
      level: 'note',
      table,
      column,
      detail: `${table} has no index that begins with ${column}, so that each look for due rows reads the whole table`,
      fix: `CREATE INDEX ${table}_due ON ${table} (${column}, ${dueAt})`,
    },
  ]
}

/** Compares a map with what the database says about its tables. */
export function findingsOf(map: TableMap, facts: MapFacts): Finding[] {
  const { table, columns, status, claim, id, result, time, where = {}, detail } = map
  const gone = (name: string): Finding[] => [
    { level: 'fault', table: name, detail: `there is no table ${name}`, fix: 'correct the name in the map, or the database' },
  ]
  if (facts.table === undefined) return gone(table)
  const byName = columnsIn(facts.table)
  const times = [columns.dueAt, result.at, result.acceptedAt].flatMap((column) => column ?? [])
  const used = [...columnsOf(map).map(([, column]) => column), ...times, result.code, ...Object.keys(where)]
  if (id !== undefined) used.push(id)
  const states = [status.ready, status.claimed, status.accepted, status.delivered, status.failed]
  const more = [status.expired, status.unknown].flatMap((state) => state ?? [])
  const codes = [result.delivered, result.failed, ...Object.values(result.codes ?? {})].flatMap((code) =>
    typeof code === 'object' ? Object.values(code) : [code],
  )
  const found = (name: string | undefined) => (name === undefined ? undefined : byName(name))
  return [
    ...missing(table, used, byName),
    ...tooNarrow(table, found(claim), claimCharacters, 'the name of an agent'),
    ...tooNarrow(table, found(id), idCharacters, "the gateway's id of a message"),
    ...unique([...states, ...more].flatMap((state) => valueFits(table, found(status.column), state))),
    ...unique(codes.flatMap((code) => valueFits(table, found(result.code), code))),
    ...times.flatMap((column) => timeFits(table, found(column), time)),
    ...statusIndex(map, facts.indexes, columns.dueAt),
    ...transactions(table, facts.table),
    ...(detail === undefined ? [] : (detailFindings(detail, facts.detail) ?? gone(detail.table))),
  ]
}

function transactions(table: string, { transactional }: TableFacts): Finding[] {
  if (transactional) return []
  const detail = `${table} cannot take a change back, so that a crash may leave a part of one`
  return [{ level: 'note', table, detail, fix: `ALTER TABLE ${table} ENGINE = InnoDB` }]
}

function detailFindings(detail: NonNullable<TableMap['detail']>, facts: TableFacts | undefined): Finding[] | undefined {
  if (facts === undefined) return undefined
  const columns = detailColumnsOf(detail).map(([, column]) => column)
  return missing(detail.table, columns, columnsIn(facts))
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [finding.detail, finding])).values()]
}

/** What does not fit between a map and its tables. Names have to be those of the database: see `withNamesOf`. */
export async function inspectTable(engine: Engine, map: TableMap): Promise<Finding[]> {
  return engine.transaction(async (session) => {
    const table = await engine.facts(session, map.table)
    const detail = map.detail === undefined ? undefined : await engine.facts(session, map.detail.table)
    const indexes = table === undefined ? [] : await indexesOf(engine, session, map.table)
    return findingsOf(map, { ...(table !== undefined && { table }), indexes, ...(detail !== undefined && { detail }) })
  })
}
