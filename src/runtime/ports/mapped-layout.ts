import type { Field } from '../../domain/carrier.ts'
import type { MappedTable } from '../../domain/mapped-carrier.ts'
import { messageTypes, purposes } from '../../domain/message.ts'
import { nationalNumber } from '../../domain/phone.ts'
import type { TableMap } from '../../domain/table-map.ts'
import { finishedStates, typeValue } from '../../domain/table-rules.ts'
import { monthOf, readTime, writeTime } from '../../domain/wall-clock.ts'
import type { Rename, Value } from '../sql/index.ts'
import { alimtalkReaders, channelLayout, lackOf } from './alimtalk-columns.ts'
import type { Row } from './database.ts'
import type { DetailLayout, Layout, WrittenColumn } from './layout.ts'
import { mediaKey } from './media.ts'

/** A column and its value in a row. */
interface Writer extends WrittenColumn {
  valueOf(row: Row): Value
}

/** The longest text of an SMS, in characters. */
const smsCharacters = 90
/** `live/`, a customer's id of 40, `/`, an image's id of 26 and `.jpg`; and the same without the folder. */
const imageCharacters = 76
const nameCharacters = 30

function imagesOf(row: Row): string[] {
  return row.message.media?.map((id) => mediaKey(row, id)) ?? []
}

/** The columns of the names of images: one for each, or one for all where the map has a separator. */
function fileWriters(columns: readonly string[], separator: string | undefined): Writer[] {
  const [first] = columns
  if (first === undefined) return []
  if (separator !== undefined) {
    return [{ field: 'media', column: first, valueOf: (row) => imagesOf(row).join(separator) || null }]
  }
  return columns.map((column, at) => ({
    field: 'media',
    column,
    most: imageCharacters,
    valueOf: (row) => {
      const images = imagesOf(row)
      if (images.length > columns.length) throw new Error(`the table has columns for ${columns.length} images`)
      return images[at] ?? null
    },
  }))
}

function constantWriters(constants: Readonly<Record<string, string | number>>, column: Rename): Writer[] {
  return Object.entries(constants).map(([name, value]) => ({
    field: 'constant',
    column: column(name),
    values: [value],
    valueOf: () => value,
  }))
}

/** The rows that a map reads have these values, so rows are written with them. */
function readable({ where = {} }: TableMap): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(where).flatMap(([name, value]) =>
      [value]
        .flat()
        .slice(0, 1)
        .map((one) => [name, one]),
    ),
  )
}

function typeOf(table: MappedTable, { message }: Row): Value {
  const { map } = table
  const value = typeValue(table, message.type)
  if (value !== undefined || map.types === undefined) return value ?? message.type
  throw new Error(`the map of ${map.table} has no value for ${message.type}`)
}

/** @param map with the names of the database */
function mainWriters(table: MappedTable, column: Rename): Writer[] {
  const { map, write } = table
  const { columns, status, detail, time, timeZone } = map
  const number = write.phone === 'national' ? nationalNumber : (text: string) => text
  const inDetail = detail?.columns.text !== undefined
  const text = (row: Row) => (inDetail && isLong(row) ? '' : row.message.text)
  const constants = { ...readable(map), ...write.constants }
  const own = constantWriters(constants, column)
  const taken = new Set(own.map((writer) => writer.column))
  const id = write.reference === undefined ? (map.id ?? map.key) : column(write.reference)
  const writers: Writer[] = [
    {
      field: 'id',
      column: id,
      most: write.referenceLength ?? 26,
      valueOf: ({ message }) => message.id.slice(0, write.referenceLength),
    },
    { field: 'recipient', column: columns.to, valueOf: ({ message }) => number(message.to) },
    // An alimtalk without a fallback has none, and carriers' columns take no NULL.
    { field: 'sender', column: columns.from, valueOf: ({ message }) => (message.from === undefined ? '' : number(message.from)) },
    { field: 'body', column: columns.text, ...(takesSmsOnly(table, inDetail) && { most: smsCharacters }), valueOf: text },
    {
      field: 'sendAt',
      column: columns.dueAt,
      valueOf: ({ message }) => writeTime(message.sendAt ?? message.acceptedAt, time, timeZone),
    },
    { field: 'constant', column: status.column, values: [status.ready], valueOf: () => status.ready },
  ]
  if (columns.type !== undefined) {
    const values = messageTypes.flatMap((type) => typeValue(table, type) ?? [])
    writers.push({ field: 'type', column: columns.type, values: [...new Set(values)], valueOf: (row) => typeOf(table, row) })
  }
  if (columns.subject !== undefined) {
    writers.push({ field: 'subject', column: columns.subject, valueOf: ({ message }) => message.subject ?? '' })
  }
  if (write.purpose !== undefined) {
    const purposeOf = ({ message }: Row): Value => message.purpose ?? 'normal'
    writers.push({ field: 'purpose', column: column(write.purpose), values: [...purposes], valueOf: purposeOf })
  }
  if (write.originCode !== undefined) {
    const codeOf = ({ message }: Row): Value => message.originCode ?? null
    writers.push({ field: 'originCode', column: column(write.originCode), valueOf: codeOf })
  }
  writers.push(...fileWriters(columns.files ?? [], map.fileSeparator), ...alimtalkWriters(map, number))
  return [...writers.filter((writer) => !taken.has(writer.column)), ...own]
}

/** Columns of an alimtalk. */
function alimtalkWriters({ alimtalk }: TableMap, number: (text: string) => string): Writer[] {
  if (alimtalk === undefined) return []
  const { profile, template, buttons, fallback } = alimtalk
  const readers = alimtalkReaders(number, fallback?.types)
  const columns = {
    profile,
    template,
    buttons,
    fallbackType: fallback?.type,
    fallbackSender: fallback?.from,
    fallbackSubject: fallback?.subject,
    fallbackBody: fallback?.text,
  }
  const fields = Object.keys(readers) as (keyof typeof readers)[]
  return fields.flatMap((field): Writer[] => {
    const column = columns[field]
    return column === undefined ? [] : [{ field, column, valueOf: readers[field] }]
  })
}

/** Whether the second table may hold the text of a message. */
function isLong({ message: { type } }: Row): boolean {
  return type === 'lms' || type === 'mms'
}

/** Why the table has no place for a message: its map says how an alimtalk is recognised, and where it has what. */
function lackIn(table: MappedTable, has: ReadonlySet<Field>, row: Row): string | undefined {
  if (row.message.type !== 'alimtalk') return undefined
  const isTaken = typeValue(table, 'alimtalk') !== undefined && table.map.alimtalk !== undefined
  return isTaken ? lackOf(has, row) : 'alimtalk-not-taken'
}

function takesSmsOnly(table: MappedTable, inDetail: boolean): boolean {
  if (typeValue(table, 'alimtalk') !== undefined) return false
  return inDetail || (typeValue(table, 'lms') === undefined && typeValue(table, 'mms') === undefined)
}

function valuesOf(writers: readonly Writer[], row: Row): Value[] {
  return writers.map((writer) => writer.valueOf(row))
}

/** Several rows belong to one message: one for each image. */
function imageColumns({ order, columns }: NonNullable<TableMap['detail']>) {
  const { folder, files: [file] = [] } = columns
  const most = folder === undefined ? imageCharacters : nameCharacters
  const written: WrittenColumn[] = [
    ...(order === undefined ? [] : [{ field: 'constant', column: order } as const]),
    ...(folder === undefined ? [] : [{ field: 'media', column: folder, most: imageCharacters - nameCharacters - 1 } as const]),
    ...(file === undefined ? [] : [{ field: 'media', column: file, most } as const]),
  ]
  const valuesOf = (image: string, at: number): Value[] => {
    const slash = image.lastIndexOf('/')
    return [
      ...(order === undefined ? [] : [at + 1]),
      ...(folder === undefined ? [] : [image.slice(0, slash)]),
      ...(file === undefined ? [] : [folder === undefined ? image : image.slice(slash + 1)]),
    ]
  }
  return { written, valuesOf }
}

function detailLayout({ map, write }: MappedTable, column: Rename): DetailLayout | undefined {
  const { detail } = map
  if (detail === undefined) return undefined
  const { table, key, link, order, columns } = detail
  const { sequence, constants = {}, count, fileTypes } = write.detail ?? {}
  const own = constantWriters(constants, column)
  const base = { table, key, link, ...(sequence !== undefined && { sequence }) }
  if (order !== undefined) {
    const images = imageColumns(detail)
    const written = [...images.written, ...own]
    const rowsOf = (row: Row) => imagesOf(row).map((image, at) => [...images.valuesOf(image, at), ...valuesOf(own, row)])
    return { ...base, written, columns: written.map((one) => one.column), rowsOf }
  }
  const writers: Writer[] = [
    ...(columns.text === undefined
      ? []
      : [{ field: 'body', column: columns.text, valueOf: ({ message }: Row) => message.text } as const]),
    ...(columns.subject === undefined
      ? []
      : [{ field: 'subject', column: columns.subject, valueOf: ({ message }: Row) => message.subject ?? '' } as const]),
    ...fileWriters(columns.files ?? [], map.fileSeparator),
    ...(count === undefined
      ? []
      : [{ field: 'constant', column: column(count), valueOf: (row: Row) => imagesOf(row).length } as const]),
    ...(fileTypes?.columns ?? []).map(
      (name, at): Writer => ({
        field: 'constant',
        column: column(name),
        valueOf: (row) => (at < imagesOf(row).length ? (fileTypes?.value ?? null) : null),
      }),
    ),
    ...own,
  ]
  // A second table for images alone has no row of a message without one.
  const isWanted = (row: Row) => (columns.text === undefined && columns.subject === undefined ? imagesOf(row).length > 0 : true)
  return {
    ...base,
    written: writers,
    columns: writers.map((writer) => writer.column),
    rowsOf: (row) => (!isLong(row) || !isWanted(row) ? [] : [valuesOf(writers, row)]),
  }
}

function resultOf(map: TableMap): Pick<Layout, 'result' | 'outcomeOf' | 'logOf' | 'timeOf'> {
  const { result, status, time, timeZone, log } = map
  const channel = channelLayout(result.channel, result.channels)
  const delivered = new Set(
    [typeof result.delivered === 'object' ? Object.values(result.delivered) : result.delivered].flat().map(String),
  )
  return {
    result: {
      status: status.column,
      done: finishedStates(map),
      code: result.code,
      ...(result.at !== undefined && { at: result.at }),
      ...(channel !== undefined && { channel }),
    },
    // CHAR columns are filled up with blanks.
    outcomeOf: (code) => (delivered.has(String(code).trimEnd()) ? 'delivered' : 'failed'),
    logOf: (instant) => log?.replace('{yyyymm}', monthOf(instant, timeZone)),
    timeOf: (value) => readTime(value, time, timeZone),
  }
}

/**
 * How rows are written into a table that a map describes, and how their results are read.
 * @param table with a map that has the names of the database
 * @param names the columns of the table and of its second table, as the database has them
 */
export function mappedLayout(table: MappedTable, names: { readonly main: Rename; readonly detail: Rename }): Layout {
  const { map, write } = table
  const writers = mainWriters(table, names.main)
  const id = writers.find(({ field }) => field === 'id')?.column ?? map.key
  const detail = detailLayout(table, names.detail)
  const has = new Set(writers.flatMap(({ field }) => (field === 'constant' ? [] : [field])))
  return {
    table: map.table,
    managed: false,
    columns: writers.map((writer) => writer.column),
    written: writers,
    valuesOf: (row) => valuesOf(writers, row),
    lackOf: (row) => lackIn(table, has, row),
    id,
    ...(write.referenceLength !== undefined && { idLength: write.referenceLength }),
    ...(write.sequence !== undefined && { numbered: { column: map.key, sequence: write.sequence } }),
    ...(detail !== undefined && { detail }),
    ...resultOf(map),
  }
}
