import { hash } from 'node:crypto'

/** What makes a row of the customer's table the message that it is. */
export interface RowIdentity {
  readonly table: string
  readonly key: string
  /** As the table holds it: no clock and no time zone decides about identity. */
  readonly dueAt: string
  readonly to: string
  readonly from: string
  readonly text: string
  readonly type?: string | undefined
  readonly subject?: string | undefined
  /** What leads to the row's detail. */
  readonly link?: string | undefined
  readonly files?: readonly string[] | undefined
  /** Which of the row's recipients it is, where there are many. */
  readonly part?: number | undefined
  /** What an alimtalk has beside its text. */
  readonly alimtalk?: Readonly<Record<string, unknown>> | undefined
}

/** 128 bits. */
const digestLength = 22
/** Enough to tell two rows that had the same primary key. */
const shortLength = 8

/**
 * The `key` that a row's message has at the gateway. It is made of the table, the primary key, the due time and the content,
 * because primary keys are used again: InnoDB's counter falls back after a restart when the last rows were moved away
 * (https://bugs.mysql.com/bug.php?id=199).
 */
export function messageKey(row: RowIdentity): string {
  const { table, key, dueAt, to, from, text, type = '', subject = '', link, files = [], part, alimtalk } = row
  const more = link === undefined && files.length === 0 && part === undefined ? [] : [link ?? '', files]
  if (part !== undefined) more.push(String(part))
  if (alimtalk !== undefined) more.push(JSON.stringify(alimtalk))
  const content = JSON.stringify([table, key, dueAt, to, from, text, type, subject, ...more])
  return hash('sha256', content, 'base64url').slice(0, digestLength)
}

/** Which row of which table a report belongs to. */
export interface RowReference {
  readonly table: string
  readonly key: string
  /** The beginning of the message's key. */
  readonly mark: string
}

/** What the gateway takes as a `ref`. */
const maxReference = 64
const visible = /^[\x21-\x7e]*$/

/**
 * The `ref` of a row's message: with it a report finds its row even where the journal was lost. A primary key that does not fit
 * is left out, and then only the journal knows the row.
 */
export function referenceOf(table: string, key: string, messageKey: string): string {
  const full = `${table}.${key}.${messageKey.slice(0, shortLength)}`
  return full.length <= maxReference && visible.test(full) ? full : messageKey
}

/** @returns `undefined` for a reference that names no row */
export function referenceFrom(ref: string): RowReference | undefined {
  const [, table, key, mark] = /^([^.]+)\.(.+)\.([\w-]{8})$/.exec(ref) ?? []
  return table === undefined || key === undefined || mark === undefined ? undefined : { table, key, mark }
}
