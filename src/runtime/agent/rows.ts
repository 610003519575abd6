import type { TableMap } from '../../domain/table-map.ts'
import { rowTypeOf } from '../../domain/table-rules.ts'
import { readTime } from '../../domain/wall-clock.ts'
import type { SqlRow } from '../sql/index.ts'
import { alimtalkColumns, alimtalkFrom, type RowAlimtalk } from './alimtalk-rows.ts'

/** The parts of a message that a second table may hold instead. */
interface Content {
  readonly text: string
  readonly subject?: string
  /** Names of image files. */
  readonly files: readonly string[]
}

/** A row of the customer's table, as far as it is sent. */
export interface TableRow extends Content {
  /** The primary key, as text. */
  readonly key: string
  readonly to: string
  readonly from: string
  readonly type?: string
  /** As the table holds it. */
  readonly dueAt: string
  /** The same in milliseconds since 1970; absent: it is not a time. */
  readonly dueMs?: number
  readonly status: string
  /** What the claim column holds. */
  readonly claim?: string
  /** What leads to the row of the second table. */
  readonly link?: string
  /** Whether `link` leads to no row. */
  readonly isDetailMissing?: boolean
  /** Which of the row's recipients it is, from 1; absent: the row has one. */
  readonly part?: number
  /** The recipient's name. */
  readonly name?: string
  /** What an alimtalk has beside its text, as the API takes it; absent: it is another type. */
  readonly alimtalk?: RowAlimtalk
  /** The row has more recipients than are sent. */
  readonly hasTooMany?: boolean
  /** What the table itself holds: the row stays the same message when its row in the second table is moved or deleted. */
  readonly own: Content
}

/** A column and the name under which it is read. */
export type Named = [name: string, column: string]

function optional(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value)
}

function named(columns: Readonly<Record<string, string | undefined>>, files: readonly string[] = []): Named[] {
  const single = Object.entries(columns).flatMap(([name, column]): Named[] =>
    column === undefined ? [] : [[`f_${name}`, column]],
  )
  return [...single, ...files.map((column, at): Named => [`f_file${at}`, column])]
}

/** The columns that are read of a row, by the name under which `rowFrom` finds them. */
export function columnsOf({ key, columns, status, claim, detail, alimtalk }: TableMap): Named[] {
  const { files, ...single } = columns
  return named({ key, ...single, status: status.column, claim, link: detail?.link, ...alimtalkColumns(alimtalk) }, files)
}

/** The columns that are read of the second table. */
export function detailColumnsOf({ key, order, columns }: NonNullable<TableMap['detail']>): Named[] {
  const { files, ...single } = columns
  return named({ key, order, ...single }, files)
}

function contentOf(row: SqlRow, { fileSeparator: separator, fileEnd }: TableMap): Content {
  const subject = optional(row.f_subject)
  const folder = (optional(row.f_folder) ?? '').trim()
  const files = Object.entries(row)
    .filter(([name]) => name.startsWith('f_file'))
    .flatMap(([, value]) => {
      const text = optional(value) ?? ''
      return separator === undefined ? [text] : text.split(separator)
    })
    .map((name) => (fileEnd === undefined ? name : (name.split(fileEnd)[0] ?? '')).trim())
    .filter((name) => name !== '')
    .map((name) => (folder === '' ? name : `${folder.replace(/[\\/]+$/, '')}/${name}`))
  return { text: optional(row.f_text) ?? '', files, ...(subject !== undefined && subject !== '' && { subject }) }
}

/** A row of `columnsOf`. */
export function rowFrom(row: SqlRow, map: TableMap): TableRow {
  const { time, timeZone } = map
  const own = contentOf(row, map)
  const dueAt = optional(row.f_dueAt) ?? ''
  const dueMs = readTime(row.f_dueAt, time, timeZone)
  const type = optional(row.f_type)?.trimEnd()
  const claim = optional(row.f_claim)
  // The column is often one for anything, and an SMS has no second part.
  const listed = rowTypeOf(map, type)
  const link = listed === 'sms' || listed === 'alimtalk' ? undefined : optional(row.f_link)?.trim()
  return {
    ...own,
    key: String(row.f_key).trimEnd(),
    to: (optional(row.f_to) ?? '').trim(),
    from: (optional(row.f_from) ?? '').trim(),
    dueAt,
    status: (optional(row.f_status) ?? '').trimEnd(),
    own,
    ...(dueMs !== undefined && { dueMs }),
    ...(type !== undefined && type !== '' && { type }),
    ...(claim !== undefined && claim !== '' && { claim }),
    ...(link !== undefined && link !== '' && link !== '0' && { link }),
    ...(listed === 'alimtalk' && { alimtalk: alimtalkFrom(row, map) }),
  }
}

/** More recipients of one row are a mistake: the vendors allow 100. */
const maxRecipients = 1_000

/** The messages of a row of `columnsOf`: one, or one for each of its recipients. */
export function rowsFrom(row: SqlRow, map: TableMap): TableRow[] {
  const one = rowFrom(row, map)
  const { recipients } = map
  if (recipients === undefined) return [one]
  const all = one.to.split(recipients.separator).filter((entry) => entry.trim() !== '')
  if (all.length > maxRecipients) return [{ ...one, to: '', part: 1, hasTooMany: true }]
  return (all.length === 0 ? [''] : all).map((entry, at) => {
    const end = recipients.nameEnd === undefined ? -1 : entry.lastIndexOf(recipients.nameEnd)
    return { ...one, to: entry.slice(end + 1).trim(), name: entry.slice(0, Math.max(0, end)).trim(), part: at + 1 }
  })
}

/** A row with what the second table holds for it. @param details rows of `detailColumnsOf`, in their order */
export function withDetail(row: TableRow, details: readonly SqlRow[], map: TableMap): TableRow {
  if (row.link === undefined) return row
  const contents = details.map((detail) => contentOf(detail, map))
  const [first] = contents
  if (first === undefined) return { ...row, isDetailMissing: true }
  const files = contents.flatMap((one) => one.files)
  return {
    ...row,
    ...(first.text !== '' && { text: first.text }),
    ...(first.subject !== undefined && { subject: first.subject }),
    ...(files.length > 0 && { files }),
  }
}

/** The images that a row is sent with: an SMS or LMS has none, and programs leave names in its columns. */
export function imagesOf({ type, files }: TableRow, map: TableMap): readonly string[] {
  const wanted = rowTypeOf(map, type)
  return wanted === 'mms' || wanted === 'mms-or-lms' || wanted === undefined ? files : []
}
