import type { Purpose } from '../../domain/message.ts'
import type { Environment } from '../../domain/names.ts'
import type { Report, Status } from '../../domain/report.ts'
import type { ThresholdNotice } from '../../domain/threshold-notice.ts'
import type { Decisions } from './decisions.ts'
import type { Erasures } from './erasures.ts'
import type { ReadBudget } from './read-budget.ts'
import type { SideEvent } from './side-events.ts'
import type { HashedNumbers, Suppression, SuppressionPage } from './suppressions.ts'

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
  /** What it was delivered as, where its carrier says so. */
  readonly channel?: string
  /** Where its events are sent, beside the webhooks of its customer. */
  readonly callback?: string
  /** Milliseconds since 1970 of that status. */
  readonly at: number
}

/** What the ledger keeps of a message beside its status. A worker of an earlier version noted none of it. */
export interface MessageFacts {
  /** Milliseconds since 1970: by which messages are sorted when they are searched for. */
  readonly acceptedAt?: number
  /** One that this version does not know is shown as it is. */
  readonly type?: string
  readonly purpose?: Purpose
  /** Units that were taken. */
  readonly units?: number
  /** Milliseconds since 1970: when it was asked to be sent. */
  readonly sendAt?: number
  /** The queue that it came through. */
  readonly queue?: string
  /** The calling code of the recipient, without its plus sign. */
  readonly destination?: string
}

/** A note that a message is in the carrier's table, or that it is held until its time. */
export interface Queued extends MessageFacts {
  readonly id: string
  readonly ref?: string
  readonly callback?: string
  readonly at: number
  /** `recipientHash` of the recipient; absent: the message is not found by its recipient. */
  readonly recipientHash?: string
  /** Of a message that is held: when it is due, in milliseconds since 1970. */
  readonly heldUntil?: number
}

/** All that the ledger has of one message. */
export interface MessageRecord {
  readonly id: string
  readonly ref?: string
  readonly callback?: string
  readonly facts: MessageFacts
  /** The note of a worker; absent: it is missing, or it came no further than the outcome. */
  readonly noted?: Standing
  /** How it ended. */
  readonly outcome?: Standing
  /** Milliseconds since 1970: when its number and text were erased. */
  readonly erasedAt?: number
}

/** Which messages: by ref or recipient, or all within a time. What is given beside them narrows the search. */
export interface MessageQuery {
  readonly ref?: string
  /** Hashes of one recipient, one for each master key, the current one first. */
  readonly recipients?: readonly string[]
  /** When they were accepted: from this instant up to, not including, `until`. Without ref and recipients at most one day. */
  readonly from?: number
  readonly until?: number
  /** Their status now. */
  readonly statuses?: readonly Status[]
}

export interface MessagePage {
  /** Newest first. Fewer than the limit, even none, where the page has looked at 500 that do not have the status. */
  readonly messages: readonly Standing[]
  /** Where the next page begins; absent: it was the last page. */
  readonly cursor?: string
}

/** A report, and where its event is sent beside the webhooks of its customer. `GET /v1.0/reports` does not show the latter. */
export interface Reported extends Report {
  readonly callback?: string
}

export interface ReportPage {
  readonly reports: readonly Reported[]
  /** Where the next page begins: reading from here is the acknowledgement of what came before. */
  readonly cursor: string
  /** Whether there is more to read now. */
  readonly more: boolean
}

/** How a message ended, and what it was. */
export interface Ended {
  readonly id: string
  readonly status: Report['status']
  /** As it is counted (`kindOf` of domain/usage.ts); absent: no worker noted it, or one of an older version. */
  readonly kind?: string
  readonly units: number
  /** Milliseconds since 1970; absent: not known. */
  readonly acceptedAt?: number
}

/** What was read for counting. */
export interface EndedPage {
  readonly ended: readonly Ended[]
  /** Where the next reading begins. It stays the same where there is nothing more. */
  readonly cursor: string
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
  /** What is erased of persons. */
  readonly erasures: Erasures
  /** Notes messages as queued or held, and the entries by which they are found. It never replaces an outcome or a decision. */
  queued(owner: Owner, messages: readonly Queued[]): Promise<void>
  /**
   * Appends reports in arrival order and notes each message's outcome. When it resolves they are durable; when it
   * throws some may be, and saying them again is allowed: readers see a report at least once.
   */
  append(owner: Owner, reports: readonly Reported[]): Promise<void>
  /** What is known of up to 100 messages; unknown ids are left out. */
  standings(owner: Owner, ids: readonly string[], budget?: ReadBudget): Promise<ReadonlyMap<string, Standing>>
  /** All that is known of one message; `undefined`: nothing. */
  message(owner: Owner, id: string, budget?: ReadBudget): Promise<MessageRecord | undefined>
  /**
   * Messages by the indexes that `queued` writes, with their status now.
   * @param limit up to 100
   * @param budget what it may read; where that is used up the page ends early, with a cursor
   * @throws Problem `cursor-invalid` also where the cursor is of another query
   */
  find(owner: Owner, query: MessageQuery, cursor: string | undefined, limit: number, budget?: ReadBudget): Promise<MessagePage>
  /**
   * The next reports after `cursor`; absent, or older than what is kept: from the oldest that is kept.
   * @param budget what it may read; where that is used up the page ends early and says that there is more
   * @throws Problem `cursor-invalid`
   */
  reports(owner: Owner, cursor: string | undefined, limit: number, budget?: ReadBudget): Promise<ReportPage>
  /**
   * The next reports after `cursor`, each message once: one that is reported again is left out, whatever is read again after a
   * crash. Who counts what is read notes the cursor in the same step.
   * @throws Problem `cursor-invalid`
   */
  ended(owner: Owner, cursor: string | undefined, budget?: ReadBudget): Promise<EndedPage>
  /**
   * The cursor from which reports of a day on are read, or only those that are still to come.
   * @param from a day as YYYY-MM-DD (UTC), or `end`
   */
  cursorAt(owner: Owner, from: string): Promise<string>
  /**
   * Adds an event for the owner's webhooks unless its key is there.
   * @param keptDays how long its key is remembered
   * @returns whether it is new
   */
  addEvent(owner: Owner, event: SideEvent, keptDays: number): Promise<boolean>
  /** Adds a notice for the operator unless it waits already. */
  addNotice(notice: ThresholdNotice): Promise<void>
  /** Origins of URLs that the owner's messages may name as their `callback`: those of its endpoints for callbacks. */
  callbackOrigins(owner: Owner, budget?: ReadBudget): Promise<ReadonlySet<string>>
  /**
   * Which of these recipients have opted out of the owner's advertising, as of now: an opt-out that was added before the call
   * is found.
   * @param numbers E.164, as `phoneNumber` gives them; a request reads 100
   * @param hashed finds opt-outs whose number was erased, too
   * @throws Problem `master-key-missing` some of those cannot be found
   */
  suppressed(owner: Owner, numbers: readonly string[], budget?: ReadBudget, hashed?: HashedNumbers): Promise<ReadonlySet<string>>
  /**
   * Adds opt-outs. One that is there already stays as it is.
   * @param suppressions up to 1,000
   * @returns the numbers that were added; the others were there
   */
  suppress(owner: Owner, suppressions: readonly Suppression[], budget?: ReadBudget): Promise<ReadonlySet<string>>
  /** Removes opt-outs. @param numbers up to 1,000 @returns those that were there */
  unsuppress(owner: Owner, numbers: readonly string[], budget?: ReadBudget, hashed?: HashedNumbers): Promise<ReadonlySet<string>>
  /** Replaces the number of an opt-out by its hashes. @returns whether there was one with a number */
  eraseSuppression(owner: Owner, phone: string, hashed: Required<HashedNumbers>): Promise<boolean>
  /**
   * Opt-outs by number, after those of `cursor`.
   * @param limit up to 500
   * @throws Problem `cursor-invalid`
   */
  suppressions(owner: Owner, cursor: string | undefined, limit: number, budget?: ReadBudget): Promise<SuppressionPage>
  close(): void
}
