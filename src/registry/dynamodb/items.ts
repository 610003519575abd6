import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type Item, type Key, text } from './table.ts'

/**
 * The items of the table. A record, a message and a nonce have partitions of their own, so that a busy customer's items
 * spread over DynamoDB's partitions, each of which takes 1000 write units a second
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
 */
export const keys = {
  profile: (customer: string): Key => ({ pk: `customer#${customer}`, sk: 'profile' }),
  /** Usage, open reservations and runs of Idempotency-Keys: everything that an admission changes. */
  books: (customer: string, environment: string): Key => ({ pk: `customer#${customer}`, sk: `books#${environment}` }),
  /** The answer to a call with an Idempotency-Key. */
  record: (customer: string, environment: string, key: string): Key => ({
    pk: `record#${environment}#${customer}#${key}`,
    sk: '-',
  }),
  /** A plan that is too long for the books. */
  plan: (reservation: string): Key => ({ pk: `plan#${reservation}`, sk: '-' }),
  message: (customer: string, environment: string, id: string): Key => ({
    pk: `message#${environment}#${customer}#${id}`,
    sk: '-',
  }),
  /** The units of this message were given back. */
  returned: (customer: string, environment: string, id: string): Key => ({
    pk: `returned#${environment}#${customer}#${id}`,
    sk: '-',
  }),
  /** A settlement gave the units of this message back. */
  released: (customer: string, environment: string, id: string): Key => ({
    pk: `released#${environment}#${customer}#${id}`,
    sk: '-',
  }),
  /** Filed counters of one hour, which begins at `hour`. */
  hour: (customer: string, environment: string, hour: number, name: string): Key => ({
    pk: `counts#${environment}#${customer}`,
    sk: `${hourText(hour)}#${name}`,
  }),
  nonce: (customer: string, keyId: string, value: string): Key => ({ pk: `nonce#${customer}#${keyId}#${value}`, sk: '-' }),
  document: (name: string): Key => ({ pk: `document#${name}`, sk: 'document' }),
  ready: { pk: 'ready', sk: '-' } satisfies Key,
} as const

/** An instant as the beginning of a sort key. */
export function hourText(instant: number): string {
  return String(Math.max(0, instant)).padStart(14, '0')
}

/** The partition of the audit log of one customer, or of all. */
export function historyPartition(customer: string | undefined): string {
  return customer === undefined ? 'history' : `history#${customer}`
}

/** The partition that lists every customer and document, because a table is never scanned. */
export const listPartition = 'list'

/** DynamoDB removes items whose `ttl`, in seconds, is over; within days, so every reader checks an instant of its own. */
export function ttl(milliseconds: number): Item {
  return { ttl: { N: String(Math.ceil(milliseconds / 1000)) } }
}

/** Longer texts are compressed: units are counted by the size of an item, and an item has at most 400 KB. */
const compressFrom = 900
/** What remains for the other attributes is ample. */
const maxTextBytes = 390 * 1024

/** A text as an attribute of an item. @returns `undefined` if it is too long for an item */
export function packed(value: string): Item | undefined {
  if (value.length < compressFrom) return { doc: { S: value } }
  const bytes = deflateRawSync(value)
  return bytes.byteLength > maxTextBytes ? undefined : { packed: { B: bytes.toString('base64') } }
}

/** The text that `packed` stored. */
export function unpacked(item: Item | undefined): string | undefined {
  const bytes = item?.packed
  if (bytes === undefined || !('B' in bytes)) return text(item, 'doc')
  return inflateRawSync(Buffer.from(bytes.B, 'base64')).toString()
}
