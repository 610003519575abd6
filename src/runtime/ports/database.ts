import type { Carrier } from '../../domain/carrier.ts'
import type { Message } from '../../domain/message.ts'
import type { Environment } from '../../domain/names.ts'
import type { Outcome } from '../../domain/report.ts'
import type { HeldMessages } from './held.ts'
import type { Owner } from './ledger.ts'

/** A message with its customer and environment. */
export interface Row {
  readonly customer: string
  readonly environment: Environment
  readonly message: Message
}

/** The part of a row that is needed to reject it. */
export interface RejectedRow extends Omit<Row, 'message'> {
  readonly message: Pick<Message, 'id' | 'ref' | 'callback'>
}

/** A row of a managed table, as a carrier sees it. */
export interface CarrierRow {
  readonly id: string
  readonly customer: string
  readonly recipient: string
  readonly sender: string
  readonly type: string
  readonly subject?: string
  readonly body: string
  /** Keys of the images in the media store, separated by commas. */
  readonly media?: string
  /** Not to be sent after this; milliseconds since 1970. */
  readonly expiresAt?: number
  /** Of an alimtalk: what is sent where KakaoTalk does not reach the recipient. */
  readonly fallbackType?: string
}

/** What a carrier says of a row. */
export interface CarrierResult {
  readonly id: string
  readonly delivered: boolean
  /** The carrier's code of a failure. */
  readonly code: string
  /** What an alimtalk was delivered as. */
  readonly channel?: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A message with an outcome that has not been reported yet. */
export interface FinishedMessage {
  readonly id: string
  readonly customer: string
  readonly environment: Environment
  readonly ref?: string
  /** Where its events are sent, beside the webhooks of its customer. */
  readonly callback?: string
  readonly outcome: Outcome
  readonly code?: string
  /** What it was delivered as, where its carrier says so. */
  readonly channel?: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** What could not be read in the carrier's row and was replaced, for the log. */
  readonly unreadable?: string
}

/** A reason why a carrier's table rejects all or some rows. */
export interface TableFault {
  readonly table: string
  readonly column?: string
  readonly detail: string
  /** What to do about it. */
  readonly fix: string
  /** `all`: every row is rejected. `some`: only rows that need the column are. */
  readonly keepsOut: 'all' | 'some'
}

/** One versioned step of the schema. */
export interface Migration {
  readonly version: number
  readonly name: string
}

/** What was erased of messages. */
export interface ErasedRows {
  /** Rows whose number and text are gone now, or would be in a dry run. */
  readonly rows: number
  /** Ids of messages that are under way: held, or with a carrier that has not finished them. */
  readonly waiting: ReadonlySet<string>
  /** Those of them that are held, and their queue. */
  readonly held: readonly { readonly id: string; readonly queue: string }[]
  /** Tables that refused the change, and why. */
  readonly failures: readonly string[]
}

/** Whose rows are searched for. */
export interface SearchFor {
  /** @param written the number in a row */
  isPerson(written: string): boolean
  /** Absent: of all customers. */
  readonly customer?: string | undefined
  /** Rows that one step reads. */
  readonly limit: number
  /** false: they are only counted. */
  readonly write: boolean
}

/** Where a search stands: a table, and the last key that was read. */
export interface SearchPlace {
  readonly table: string
  readonly after?: string
}

/** One step of a search. */
export interface Searched {
  readonly rows: number
  /** Messages that are under way. */
  readonly met: number
  readonly read: number
  readonly failures: readonly string[]
  /** Absent: all tables were searched. */
  readonly next?: SearchPlace
}

/** The relational database that carriers read from. Only the worker and the operator open a connection to it. */
export interface Database {
  /** The steps that have not been applied yet. */
  pending(): Promise<readonly Migration[]>
  /** Applies pending steps and creates missing managed tables. Concurrent runs are harmless. */
  migrate(carriers: readonly Carrier[]): Promise<readonly Migration[]>
  /** Messages that wait for their time. */
  readonly held: HeldMessages
  /**
   * Writes rows in one transaction: into a carrier's table, or, where their time is later, among the held messages. Skips ids that
   * were written before, even if the carrier has moved their rows away since. A row that the table has no place for ends as rejected.
   * @returns how many rows were new and taken
   * @throws Problem `database-unavailable`, `schema-outdated`: retry later
   * @throws Refusal the database rejected the statement: a row or the table is at fault
   */
  flush(carrier: Carrier, rows: readonly Row[]): Promise<number>
  /**
   * Whether the carrier's table accepts a row now. It inserts a copy of the last accepted row, or an invented one, and rolls
   * back. The row is marked as finished, so that a reader of uncommitted rows does not send it. Sequence numbers and what a
   * trigger writes elsewhere are not rolled back.
   * @param invented whether an invented row decides if the copy is rejected
   * @returns `true` or the error; `undefined` if the table cannot roll back and nothing was tried
   * @throws Problem `database-unavailable`
   */
  acceptsRow(carrier: Carrier, invented?: boolean): Promise<true | Error | undefined>
  /** Whether a connection answers now. */
  answers(): Promise<boolean>
  /**
   * The faults in the columns of a carrier's table. If a fault seems to reject every row, `acceptsRow` confirms it: a trigger
   * may fill in the column.
   * @throws Problem `database-unavailable`
   */
  tableFaults(carrier: Carrier): Promise<readonly TableFault[]>
  /** Records a row that the carrier's table rejects: as seen, and with the outcome `rejected`. Once, like `flush`. */
  reject(carrier: Carrier, row: RejectedRow, reason: string): Promise<void>
  /**
   * Finished messages that have not been reported, oldest first: from the carrier's table, its monthly tables of this month and
   * the last, rejected messages, and those that ended while they were held.
   * @param except owners whose messages are left out
   */
  outcomes(carrier: Carrier, limit: number, except?: readonly Owner[]): Promise<FinishedMessage[]>
  /** Records that the reports of these ids were written. */
  markReported(ids: readonly string[]): Promise<void>
  /** Moves reported rows of a managed table into the table of their month, and forgets outcomes that were reported. @returns how many rows it moved */
  archive(carrier: Carrier, limit: number): Promise<number>
  /** The number of written messages without a report, and when the oldest was written. */
  unreported(): Promise<{ readonly count: number; readonly oldestAt?: number }>
  /** Deletes the ids of messages older than `before` (milliseconds since 1970), a limited number per call. */
  forget(before: number): Promise<void>
  /** Waiting rows of a managed table, as a carrier reads them. */
  waitingRows(carrier: Carrier, limit: number): Promise<CarrierRow[]>
  /** Writes a carrier's results into a managed table. */
  writeResults(carrier: Carrier, results: readonly CarrierResult[]): Promise<void>
  /**
   * Erases numbers and texts of messages that are finished, in every table that has them. Their rows stay.
   * @param ids up to 100
   * @param write false: they are only counted
   */
  erase(carriers: readonly Carrier[], ids: readonly string[], write: boolean): Promise<ErasedRows>
  /**
   * The same for rows that are found by their number: one step of a search through all tables, in the order of their keys.
   * @param at where the step before ended; absent: at the beginning
   */
  eraseFound(carriers: readonly Carrier[], search: SearchFor, at: SearchPlace | undefined): Promise<Searched>
  /** The number of rows in a carrier's table. */
  count(carrier: Carrier): Promise<number>
  close(): Promise<void>
}

/** A batch without duplicate ids, sorted by id, so that two workers lock rows in the same order. */
export function distinct(rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.message.id, row]))
  return [...byId.values()].sort((a, b) => (a.message.id < b.message.id ? -1 : 1))
}
