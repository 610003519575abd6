import type { TableMap } from '../../domain/table-map.ts'
import { referenceOf } from './identity.ts'
import type { JournalMessage } from './journal.ts'
import type { TableRow } from './rows.ts'

/** A row that can be sent, or why it cannot. */
export type Prepared =
  | { readonly kind: 'message'; readonly message: JournalMessage }
  | { readonly kind: 'ended'; readonly to: 'failed' | 'expired'; readonly code: string; readonly detail: string }

export interface PrepareOptions {
  readonly map: TableMap
  /** Rows that have been due for longer are not sent; absent: each is. In milliseconds. */
  readonly maxAgeMs?: number | undefined
  /** The database's clock. */
  readonly now: number
  readonly messageKey: string
}

function ended(to: 'failed' | 'expired', code: string, detail: string): Prepared {
  return { kind: 'ended', to, code, detail }
}

/**
 * The message of a row. The gateway checks numbers and texts, so only what the table alone can say is checked here.
 * A message with a maximum age carries what is left of it, so that it is not delivered late by anybody behind us.
 */
export function prepare(row: TableRow, { map, maxAgeMs, now, messageKey }: PrepareOptions): Prepared {
  const { key, to, from, text, type: tableType, subject, dueAt, dueMs } = row
  if (dueMs === undefined) return ended('failed', 'due-time-invalid', `${map.columns.dueAt} holds "${dueAt.slice(0, 40)}"`)
  const age = Math.max(0, now - dueMs)
  if (maxAgeMs !== undefined && age >= maxAgeMs) return ended('expired', 'too-old', `was due ${Math.round(age / 60_000)} min ago`)
  const type = tableType === undefined ? undefined : map.types?.[tableType]
  if (tableType !== undefined && map.types !== undefined && type === undefined) {
    return ended('failed', 'type-unknown', `${map.columns.type} holds "${tableType.slice(0, 40)}", which the map does not list`)
  }
  const request = {
    key: messageKey,
    ref: referenceOf(map.table, key, messageKey),
    to,
    from,
    text,
    ...(type !== undefined && { type }),
    // An SMS has none, and programs leave one in the column.
    ...(subject !== undefined && type !== 'sms' && { subject }),
    ...(maxAgeMs !== undefined && { ttl: Math.max(1, Math.ceil((maxAgeMs - age) / 1000)) }),
  }
  return { kind: 'message', message: { key, messageKey, request } }
}
