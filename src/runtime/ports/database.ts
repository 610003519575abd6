import type { Carrier } from '../../domain/carrier.ts'
import type { Message } from '../../domain/message.ts'
import type { Environment } from '../../domain/names.ts'
import type { Outcome } from '../../domain/report.ts'
import type { Owner } from './ledger.ts'

/** A message with where it came from. */
export interface Row {
  readonly customer: string
  readonly environment: Environment
  readonly message: Message
}

/** What is needed of a row to end it without writing it. */
export interface RejectedRow extends Omit<Row, 'message'> {
  readonly message: Pick<Message, 'id' | 'ref'>
}

/** A row of a carrier's table, as the carrier sees it. */
export interface CarrierRow {
  readonly id: string
  readonly recipient: string
  readonly body: string
}

/** A message that the carrier has ended, and that no report has been written of. */
export interface FinishedMessage {
  readonly id: string
  readonly customer: string
  readonly environment: Environment
  readonly ref?: string
  readonly outcome: Outcome
  readonly code?: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** What of the carrier's row could not be read, and stands for something else here: for the log. */
  readonly unreadable?: string
}

/** What keeps rows out of a carrier's table, or some of them. */
export interface TableFault {
  readonly table: string
  readonly column?: string
  readonly detail: string
  /** What to do about it. */
  readonly fix: string
  /** `all`: no row gets in. `some`: the rows that need it are refused one by one. */
  readonly keepsOut: 'all' | 'some'
}

/** One versioned step of the schema. */
export interface Migration {
  readonly version: number
  readonly name: string
}

/** The relational database that carriers read from. Only the worker and the operator open a connection to it. */
export interface Database {
  /** The steps that are still to be applied. */
  pending(): Promise<readonly Migration[]>
  /** Applies what is pending, and makes the tables of ours that carriers lack. Two at once are harmless. */
  migrate(carriers: readonly Carrier[]): Promise<readonly Migration[]>
  /**
   * Writes rows into a carrier's table in one transaction. Ids that were ever written before are left out, also when
   * the carrier has moved their rows away since.
   * @returns how many rows were new
   * @throws Problem `database-unavailable`, `schema-outdated` where trying again later makes sense
   * @throws Refusal the database answered and refused: a row is bad, or the table is
   */
  flush(carrier: Carrier, rows: readonly Row[]): Promise<number>
  /**
   * Whether the carrier's table takes a row now: one like the last that it took, or an invented one, is inserted in a
   * transaction that is rolled back. It is marked as ended, so that not even a reader of uncommitted rows sends it. What does
   * not roll back stays: a number of a sequence, and what a trigger writes elsewhere.
   * @param invented whether an invented row counts although there is one that the table took and does not take any more
   * @returns `undefined` where the table cannot roll back, and nothing was tried; otherwise why not, or `true`
   * @throws Problem `database-unavailable`
   */
  acceptsRow(carrier: Carrier, invented?: boolean): Promise<true | Error | undefined>
  /** Whether a connection answers now. */
  answers(): Promise<boolean>
  /**
   * What the columns of a carrier's table keep out. What only seems to keep every row out, because a trigger fills it in, is
   * tried by `takes`.
   * @throws Problem `database-unavailable`
   */
  tableFaults(carrier: Carrier): Promise<readonly TableFault[]>
  /** Notes a row that the carrier's table does not take: as seen, and as a final `rejected`. Once, like `flush`. */
  reject(carrier: Carrier, row: RejectedRow, reason: string): Promise<void>
  /**
   * Messages that ended and were not reported yet, oldest first: of the carrier's table, of its monthly tables of this
   * month and the last, and those that were rejected.
   * @param except owners whose messages are left out
   */
  outcomes(carrier: Carrier, limit: number, except?: readonly Owner[]): Promise<FinishedMessage[]>
  /** Notes that reports of these ids were written. */
  markReported(ids: readonly string[]): Promise<void>
  /** Moves reported rows of a table of ours into the table of their month. @returns how many */
  archive(carrier: Carrier, limit: number): Promise<number>
  /** How many messages were written and have no report yet, and when the oldest of them was written. */
  unreported(): Promise<{ readonly count: number; readonly oldestAt?: number }>
  /** Forgets ids of messages older than `before` (milliseconds since 1970), a limited number at a time. */
  forget(before: number): Promise<void>
  /** Takes up to `most` waiting rows of a table of ours, as a carrier does. */
  waitingRows(carrier: Carrier, limit: number): Promise<CarrierRow[]>
  /** Writes a carrier's results into a table of ours. */
  writeResults(carrier: Carrier, results: readonly { id: string; delivered: boolean; code: string; at: number }[]): Promise<void>
  /** How many rows a carrier's table holds. */
  count(carrier: Carrier): Promise<number>
  close(): Promise<void>
}

/** A batch without repetitions of an id, in the order of ids: two workers then lock rows in the same order. */
export function distinct(rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.message.id, row]))
  return [...byId.values()].sort((a, b) => (a.message.id < b.message.id ? -1 : 1))
}
