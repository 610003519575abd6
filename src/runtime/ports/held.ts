import type { Carrier } from '../../domain/carrier.ts'
import type { Outcome } from '../../domain/report.ts'
import type { Row } from './database.ts'
import type { Owner } from './ledger.ts'

/** A row of `held_messages`. */
export interface HeldRow extends Owner {
  readonly id: string
  /** When it is due, in milliseconds since 1970. */
  readonly dueAt: number
  /** Its message, or why it cannot be read. */
  readonly content: Row | string
}

/** A held message that does not go to its carrier. */
export interface EndedRow extends Owner {
  readonly id: string
  /** `reported`: its report is in the ledger already. */
  readonly as: Exclude<Outcome, 'delivered'> | 'reported'
  readonly code?: string
  /** Of a rejected message, for the operator. */
  readonly reason?: string
}

/**
 * Messages that wait for their time. They leave the table in the transaction that writes what becomes of them, so that a crash
 * loses none and writes none twice. Every method throws Problem `database-unavailable`.
 */
export interface HeldMessages {
  /**
   * Claims due rows, so that another worker leaves them alone for a moment. A claim only saves work: two workers that have the same
   * row are harmless.
   */
  takeDue(carrier: Carrier, limit: number): Promise<HeldRow[]>
  /** Claims rows that are not noted in the ledger yet. */
  takeUnnoted(carrier: Carrier, limit: number): Promise<HeldRow[]>
  /** Ends claims; the rows are noted in the ledger. */
  noted(ids: readonly string[]): Promise<void>
  /** Ends claims, so that the rows are taken again at once. */
  letGo(ids: readonly string[]): Promise<void>
  /** Holds a row until another time, and has that noted again. */
  holdUntil(id: string, until: number): Promise<void>
  /**
   * Moves rows into the carrier's table in one transaction. Rows that another worker has moved are left out, and those that the table
   * has no place for end as rejected.
   * @returns how many the table took
   * @throws Refusal the database rejected the statement: a row or the table is at fault
   */
  release(carrier: Carrier, rows: readonly Row[]): Promise<number>
  /** Ends rows in one transaction, each with an outcome that is reported. Rows that are not held any more are left out. */
  end(carrier: Carrier, rows: readonly EndedRow[]): Promise<void>
  /** How many messages of a carrier are held, and the oldest time at which one is or was due. */
  waiting(carrier: Carrier): Promise<{ readonly count: number; readonly oldestDueAt?: number }>
}
