import type { TableMap } from '../../domain/table-map.ts'
import { readTime } from '../../domain/wall-clock.ts'
import type { SqlRow } from '../sql/index.ts'

/** A row of the customer's table, as far as it is sent. */
export interface TableRow {
  /** The primary key, as text. */
  readonly key: string
  readonly to: string
  readonly from: string
  readonly text: string
  readonly type?: string
  readonly subject?: string
  /** As the table holds it. */
  readonly dueAt: string
  /** The same in milliseconds since 1970; absent: it is not a time. */
  readonly dueMs?: number
  readonly status: string
  /** What the claim column holds. */
  readonly claim?: string
}

function optional(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value)
}

/** The columns that are read of a row, by the name under which `rowFrom` finds them. */
export function columnsOf({ key, columns, status, claim }: TableMap): [name: string, column: string][] {
  const wanted = { key, ...columns, status: status.column, claim }
  return Object.entries(wanted).flatMap(([name, column]): [string, string][] =>
    column === undefined ? [] : [[`f_${name}`, column]],
  )
}

/** A row of `columnsOf`. */
export function rowFrom(row: SqlRow, { time, timeZone }: TableMap): TableRow {
  const dueAt = optional(row.f_dueAt) ?? ''
  const dueMs = readTime(row.f_dueAt, time, timeZone)
  const type = optional(row.f_type)?.trimEnd()
  const subject = optional(row.f_subject)
  const claim = optional(row.f_claim)
  return {
    key: String(row.f_key).trimEnd(),
    to: (optional(row.f_to) ?? '').trim(),
    from: (optional(row.f_from) ?? '').trim(),
    text: optional(row.f_text) ?? '',
    dueAt,
    status: (optional(row.f_status) ?? '').trimEnd(),
    ...(dueMs !== undefined && { dueMs }),
    ...(type !== undefined && type !== '' && { type }),
    ...(subject !== undefined && subject !== '' && { subject }),
    ...(claim !== undefined && claim !== '' && { claim }),
  }
}
