/** What an agent did, for its log and its counters. */
export type AgentEvent =
  | { readonly kind: 'sent'; readonly table: string; readonly accepted: number; readonly lagMs: number }
  /** Rows that ended without being sent. */
  | { readonly kind: 'failed'; readonly table: string; readonly code: string; readonly rows: number; readonly detail: string }
  /** Rows that wait again, because the gateway refused them for now. */
  | {
      readonly kind: 'held'
      readonly table: string
      readonly code: string
      readonly rows: number
      readonly detail: string
      readonly retryMs: number
    }
  /** A call has no clear answer, and is repeated under the same key. */
  | { readonly kind: 'unclear'; readonly table: string; readonly rows: number; readonly why: string; readonly retryMs: number }
  /** Rows that are due and wait for an image. */
  | { readonly kind: 'waiting'; readonly table: string; readonly rows: number; readonly why: string }
  /** Rows that the database refuses to change, while it changes others. They are tried again every ten minutes. */
  | { readonly kind: 'refused'; readonly table: string; readonly rows: number; readonly why: string }
  | { readonly kind: 'reported'; readonly reports: number; readonly unmatched: number }
  /** Finished rows were moved into their log tables. */
  | { readonly kind: 'moved'; readonly table: string; readonly rows: number }
  /** Finished rows stay where they are. They are tried again every ten minutes. */
  | { readonly kind: 'not-moved'; readonly table: string; readonly why: string; readonly fix: string }
  /** A result without a value in the table's map. */
  | { readonly kind: 'unmapped'; readonly table: string; readonly code: string }
  /** Rows with an old claim and no call: their agent crashed. */
  | { readonly kind: 'recovered'; readonly table: string; readonly rows: number }
  /** Notifications of new rows do not arrive. The table is polled as before. */
  | { readonly kind: 'not-listening'; readonly why: string; readonly retryMs: number }
  | {
      readonly kind: 'unavailable'
      readonly what: 'database' | 'gateway' | 'journal'
      readonly why: string
      readonly retryMs: number
    }

export type ObserveAgent = (event: AgentEvent) => void
