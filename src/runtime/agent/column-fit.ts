import type { TimeFormat } from '../../domain/wall-clock.ts'
import type { Column, TableFacts } from '../sql/index.ts'

/** Something about a table that does not fit its map. */
export interface Finding {
  /** `fault`: rows are not sent, or their outcome cannot be written. `note`: it works, but slowly or not for every row. */
  readonly level: 'fault' | 'note'
  readonly table: string
  readonly column?: string
  readonly detail: string
  readonly fix: string
}

const numeric = /^(?:tiny|small|medium|big)?int|integer|^num|^dec|^double|^real|^float|^bit$|money$|^binary_/
const textual = /char|text|clob|enum|set|string/
const temporal = /date|time/
/** Of PostgreSQL, Oracle and SQL Server. */
const zoned = /with (?:local )?time zone|datetimeoffset/

type ByName = (column: string) => Column | undefined

export function columnsIn(facts: TableFacts): ByName {
  const byName = new Map(facts.columns.map((column) => [column.name.toLowerCase(), column]))
  return (name) => byName.get(name.toLowerCase())
}

export function missing(table: string, columns: readonly string[], byName: ByName): Finding[] {
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
export function tooNarrow(table: string, column: Column | undefined, needs: number, what: string): Finding[] {
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

export function valueFits(table: string, column: Column | undefined, value: string | number): Finding[] {
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

export function timeFits(table: string, column: Column | undefined, time: TimeFormat): Finding[] {
  if (column === undefined) return []
  const { name, type, length = Number.POSITIVE_INFINITY } = column
  const finding = (detail: string, fix: string): Finding[] => [
    { level: 'fault', table, column: name, detail: `${table}.${name} is ${type}, ${detail}`, fix },
  ]
  if (temporal.test(type)) {
    if (time !== 'datetime') return finding(`and the map's time is ${time}`, 'set "time: datetime" in the map')
    return zoned.test(type)
      ? finding('and reads a time in the zone of each session', `convert ${name} to a type without a time zone`)
      : []
  }
  if (numeric.test(type))
    return time === 'datetime' ? finding("and the map's time is datetime", 'set "time: epoch-ms" in the map') : []
  const needs = { datetime: 19, compact: 14, 'epoch-ms': 13 }[time]
  return length < needs
    ? finding(`and holds ${length} of the ${needs} characters of a time`, 'name another column in the map')
    : []
}
