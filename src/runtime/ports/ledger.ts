import type { Environment } from '../../domain/names.ts'
import type { Report, Status } from '../../domain/report.ts'
import type { Decisions, Held } from './decisions.ts'
import type { ReadBudget } from './read-budget.ts'
import type { Suppression, SuppressionPage } from './suppressions.ts'

/** Whose messages and reports: no call reads across it. */
export interface Owner {
  readonly customer: string
  readonly environment: Environment
}

/** What is known of one message. */
export interface Standing {
  readonly id: string
  readonly status: Status
  readonly ref?: string
  readonly code?: string
  /** Milliseconds since 1970 of that status. */
  readonly at: number
}

/** A note that a message is in the carrier's table, or that it is held until its time. */
export interface Queued {
  readonly id: string
  readonly ref?: string
  readonly at: number
  /** Of a message that is held. */
  readonly held?: Held
}

export interface ReportPage {
  readonly reports: readonly Report[]
  /** Where the next page begins: reading from here is the acknowledgement of what came before. */
  readonly cursor: string
  /** Whether there is more to read now. */
  readonly more: boolean
}

/**
 * Messages and reports, readable by the gateway. Every method throws Problem `ledger-unavailable` where the store does
 * not answer; nothing ever sends a `Scan`.
 */
export interface Ledger {
  /** Makes the table where it is missing: for emulators; on AWS the template makes it. */
  prepare(): Promise<void>
  /** What is decided about messages that are held. */
  readonly decisions: Decisions
  /** Notes messages as queued or held. It never replaces an outcome, nor what was decided. */
  queued(owner: Owner, messages: readonly Queued[]): Promise<void>
  /**
   * Appends reports in arrival order and notes each message's outcome. When it resolves they are durable; when it
   * throws some may be, and saying them again is allowed: readers see a report at least once.
   */
  append(owner: Owner, reports: readonly Report[]): Promise<void>
  /** What is known of up to 100 messages; unknown ids are left out. */
  standings(owner: Owner, ids: readonly string[], budget?: ReadBudget): Promise<ReadonlyMap<string, Standing>>
  /**
   * The next reports after `cursor`; absent, or older than what is kept: from the oldest that is kept.
   * @param budget what it may read; where that is used up the page ends early and says that there is more
   * @throws Problem `cursor-invalid`
   */
  reports(owner: Owner, cursor: string | undefined, limit: number, budget?: ReadBudget): Promise<ReportPage>
  /**
   * Which of these recipients have opted out of the owner's advertising, as of now: an opt-out that was added before the call
   * is found.
   * @param numbers E.164, as `phoneNumber` gives them; a request reads 100
   */
  suppressed(owner: Owner, numbers: readonly string[], budget?: ReadBudget): Promise<ReadonlySet<string>>
  /**
   * Adds opt-outs. One that is there already stays as it is.
   * @param suppressions up to 1,000
   * @returns the numbers that were added; the others were there
   */
  suppress(owner: Owner, suppressions: readonly Suppression[], budget?: ReadBudget): Promise<ReadonlySet<string>>
  /** Removes an opt-out. @returns whether it was there */
  unsuppress(owner: Owner, number: string): Promise<boolean>
  /**
   * Opt-outs by number, after those of `cursor`.
   * @param limit up to 500
   * @throws Problem `cursor-invalid`
   */
  suppressions(owner: Owner, cursor: string | undefined, limit: number, budget?: ReadBudget): Promise<SuppressionPage>
  close(): void
}
