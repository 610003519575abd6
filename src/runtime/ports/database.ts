import type { Message } from '../../domain/message.ts'

/** A message with where it came from and which carrier's table it belongs in. */
export interface Row {
  readonly customer: string
  readonly environment: string
  readonly message: Message
}

/** A row of a carrier's table, as the carrier sees it. */
export interface CarrierRow {
  readonly id: string
  readonly customer: string
  readonly recipient: string
  readonly body: string
}

/** The relational database that carriers read from. Only the worker opens a connection to it. */
export interface Database {
  /** Makes the tables that are missing. */
  prepare(tables: readonly string[]): Promise<void>
  /**
   * Writes rows into a carrier's table in one transaction. Ids that were ever written before are left out, also when
   * the carrier has moved their rows away since.
   * @returns how many rows were new
   * @throws Problem `database-unavailable` where trying again later makes sense; anything else: a row is bad
   */
  flush(table: string, rows: readonly Row[]): Promise<number>
  /** Forgets ids of messages older than `before` (milliseconds since 1970), a limited number at a time. */
  forget(before: number): Promise<void>
  /** Takes up to `most` waiting rows, as a carrier does. */
  waiting(table: string, most: number): Promise<CarrierRow[]>
  /** Writes a carrier's result back. */
  report(table: string, ids: readonly string[], result: string, at: number): Promise<void>
  /** How many rows a carrier's table holds. */
  count(table: string): Promise<number>
  close(): Promise<void>
}

/**
 * SQS keeps a message for up to 14 days, and an Idempotency-Key is remembered for three: an id that is older than
 * both can not come again.
 */
export const rememberMs = 18 * 86_400_000

const tablePattern = /^[a-z][a-z0-9_]{0,62}$/

/** A table name goes into SQL as text, so it is held to a form that cannot be anything else. */
export function tableName(text: string): string {
  if (tablePattern.test(text)) return text
  throw new Error(`"${text}" cannot be a table name: use a-z, 0-9 and "_", starting with a letter`)
}

/** The columns of a carrier's table, in the order of `valuesOf`. */
export const columns = [
  'id',
  'customer',
  'environment',
  'recipient',
  'sender',
  'type',
  'subject',
  'body',
  'ref',
  'send_at',
  'expires_at',
  'accepted_at',
] as const

export function valuesOf({ customer, environment, message }: Row): (string | number | null)[] {
  return [
    message.id,
    customer,
    environment,
    message.to,
    message.from,
    message.type,
    message.subject ?? null,
    message.text,
    message.ref ?? null,
    message.sendAt ?? message.acceptedAt,
    message.expiresAt ?? null,
    message.acceptedAt,
  ]
}

/** A batch without repetitions of an id, in the order of ids: two workers then lock rows in the same order. */
export function distinct(rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.message.id, row]))
  return [...byId.values()].sort((a, b) => (a.message.id < b.message.id ? -1 : 1))
}
