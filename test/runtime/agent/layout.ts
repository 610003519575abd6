export type Row = Readonly<Record<string, string | number | null>>

/** A row to send, and what it has to become. */
export interface Sample {
  /** Rows of the second table, by its name. */
  readonly details?: readonly (readonly [table: string, row: Row])[]
  readonly row: Row
  /** As the carrier gets it; absent: it is not sent. */
  readonly message?: { readonly type: string; readonly text: string; readonly subject?: string; readonly images?: number }
  /** Columns after the gateway accepted it, or where it was not sent, after that. */
  readonly after: Row
  /** Columns after its report. */
  readonly delivered?: Row
  readonly failed?: Row
}

/** A table in use, with the types and lengths that it has at customers. */
export interface Layout {
  readonly map: string
  readonly table: string
  readonly key: string
  readonly ddl: readonly string[]
  readonly samples: readonly Sample[]
}

/** Image files that samples name. */
export const images = ['one.jpg', 'two.jpg'] as const

export const due = '2026-11-23 11:59:00'
export const accepted = '2026-11-23 12:00:00'
export const done = '2026-11-23 12:00:05'
export const longText = '가나다라마바사아자차카타파하'.repeat(10)
