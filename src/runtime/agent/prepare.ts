import { type MessageType, maxMedia } from '../../domain/message.ts'
import type { TableMap } from '../../domain/table-map.ts'
import { rowTypeOf } from '../../domain/table-rules.ts'
import type { Attached } from './attachments.ts'
import { referenceOf } from './identity.ts'
import type { JournalMessage } from './journal.ts'
import { imagesOf, type TableRow } from './rows.ts'

/** A row that can be sent, or why it cannot. */
export type Prepared =
  | { readonly kind: 'message'; readonly message: JournalMessage }
  /** Its images have to be brought to the gateway first. */
  | { readonly kind: 'images'; readonly images: readonly string[]; readonly isDetailMissing: boolean }
  | { readonly kind: 'ended'; readonly to: 'failed' | 'expired'; readonly code: string; readonly detail: string }

export interface PrepareOptions {
  readonly map: TableMap
  /** Rows that have been due for longer are not sent; absent: each is. In milliseconds. */
  readonly maxAgeMs?: number | undefined
  /** The database's clock. */
  readonly now: number
  readonly messageKey: string
  /** What became of the row's images; absent: they have not been looked at. */
  readonly attached?: Attached | undefined
}

function ended(to: 'failed' | 'expired', code: string, detail: string): Prepared {
  return { kind: 'ended', to, code, detail }
}

/** The fields of a row that not each type has. Programs leave what is of another type in their columns. */
function ofType({ from, subject, alimtalk }: TableRow, type: MessageType | undefined): Readonly<Record<string, unknown>> {
  // An alimtalk without a fallback needs no sender.
  if (alimtalk !== undefined) return { ...(from !== '' && { from }), ...alimtalk }
  return { from, ...(subject !== undefined && type !== 'sms' && { subject }) }
}

/**
 * The message of a row. The gateway checks numbers and texts, so only what the table alone can say is checked here.
 * A message with a maximum age carries what is left of it, so that it is not delivered late by anybody behind us.
 */
export function prepare(row: TableRow, { map, maxAgeMs, now, messageKey, attached }: PrepareOptions): Prepared {
  const { key, to, text, type: tableType, dueAt, dueMs, alimtalk } = row
  if (dueMs === undefined) return ended('failed', 'due-time-invalid', `${map.columns.dueAt} holds "${dueAt.slice(0, 40)}"`)
  const age = Math.max(0, now - dueMs)
  if (maxAgeMs !== undefined && age >= maxAgeMs) return ended('expired', 'too-old', `was due ${Math.round(age / 60_000)} min ago`)
  if (row.hasTooMany) return ended('failed', 'too-many-recipients', `${map.columns.to} holds more than 1,000 recipients`)
  const listed = rowTypeOf(map, tableType)
  if (tableType !== undefined && map.types !== undefined && listed === undefined) {
    return ended('failed', 'type-unknown', `${map.columns.type} holds "${tableType.slice(0, 40)}", which the map does not list`)
  }
  const images = imagesOf(row, map)
  const type = listed === 'mms-or-lms' ? (images.length > 0 ? 'mms' : 'lms') : listed
  const { isDetailMissing = false } = row
  if (type === 'mms' && images.length === 0 && !isDetailMissing) return ended('failed', 'file-missing', 'the row names no image')
  if (images.length > maxMedia) {
    return ended('failed', 'media-invalid', `the row names ${images.length} images, and ${maxMedia} are allowed`)
  }
  if (attached === undefined && (images.length > 0 || isDetailMissing)) return { kind: 'images', images, isDetailMissing }
  if (attached?.kind === 'failed') return ended('failed', attached.code, attached.detail)
  if (alimtalk?.buttons === null) return ended('failed', 'buttons-invalid', 'the row has buttons that are not JSON of Kakao')
  const request = {
    key: messageKey,
    ref: referenceOf(map.table, key, messageKey),
    to,
    text,
    ...(type !== undefined && { type }),
    ...ofType(row, type),
    ...(attached !== undefined && attached.media.length > 0 && { media: attached.media }),
    ...(maxAgeMs !== undefined && { ttl: Math.max(1, Math.ceil((maxAgeMs - age) / 1000)) }),
  }
  return { kind: 'message', message: { key, messageKey, request } }
}
