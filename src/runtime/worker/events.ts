/** What a worker did, for logs and counters. */
export type WorkerEvent =
  | {
      readonly kind: 'flushed'
      readonly queue: string
      readonly written: number
      readonly repeated: number
      readonly milliseconds: number
    }
  /** An SQS message that is not an envelope for this queue. */
  | { readonly kind: 'bad'; readonly queue: string; readonly why: string; readonly receiveCount: number }
  /** A row that the carrier's table does not take. */
  | { readonly kind: 'rejected'; readonly queue: string; readonly id: string; readonly why: string }
  | { readonly kind: 'failed'; readonly queue: string; readonly error: unknown; readonly retryMs: number }
  /** A message that cannot be read was moved to the dead-letter queue, after several receives. */
  | { readonly kind: 'dead'; readonly queue: string; readonly why: string; readonly deadLetterQueue: string }
  /** The database answers, and the carrier's table takes no row: the queue waits, and its messages are kept. */
  | {
      readonly kind: 'refusing'
      readonly queue: string
      readonly error: unknown
      readonly rows: number
      readonly retryMs: number
    }
  /** Rows get in again. */
  | { readonly kind: 'resumed'; readonly queue: string; readonly milliseconds: number }
  /** What a carrier's table keeps out. `keepsOut: 'all'` stops its queue. */
  | { readonly kind: 'unfit'; readonly queue: string; readonly detail: string; readonly fix: string; readonly keepsOut: string }
  /** A row that the carrier ended and that cannot be read in part; its report says what can be. */
  | { readonly kind: 'unreadable'; readonly queue: string; readonly id: string; readonly why: string }
  /** Messages that were given back because the database stayed away. */
  | { readonly kind: 'released'; readonly queue: string; readonly messages: number }
  /** Notes for the ledger that were dropped because it is too slow. */
  | { readonly kind: 'unnoted'; readonly queue: string; readonly messages: number }
  | { readonly kind: 'reported'; readonly queue: string; readonly reports: number }
  /** Held messages whose time came: they are with the carrier, or have ended. */
  | {
      readonly kind: 'handed-over'
      readonly queue: string
      readonly sent: number
      readonly cancelled: number
      readonly expired: number
      /** Not sent, because it is an advertisement at night, or for a recipient who has opted out. */
      readonly refused: number
      /** Held until a later time. */
      readonly held: number
    }
  /** Requests to erase what is kept of a person that were looked at. */
  | { readonly kind: 'erasure'; readonly requests: number }
  | { readonly kind: 'erasure-failed'; readonly error: unknown }
  /** How late held messages are; the stack's alarm watches it. */
  | {
      readonly kind: 'held'
      readonly queue: string
      /** How long ago the oldest one was due. */
      readonly lateMs: number
      /** Messages that are held; absent: the database does not say. */
      readonly messages?: number
    }
  /** How far behind the reports of a carrier are; the stack's alarm watches it. */
  | {
      readonly kind: 'lag'
      readonly queue: string
      /** The age of the oldest outcome that may have no report yet. */
      readonly lagMs: number
      /** Messages of all carriers without a report, ended or not; absent: the database does not say. */
      readonly open?: number
      /** The age of the oldest of them. */
      readonly oldestMs?: number
    }

export type Observe = (event: WorkerEvent) => void
