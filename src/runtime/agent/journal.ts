import * as z from 'zod'
import { Problem } from '../../domain/problem.ts'
import { type MasterKeys, seal, unseal } from '../../domain/seal.ts'
import { JournalFile } from './journal-file.ts'
import { JournalLock } from './journal-lock.ts'

/** A message as the gateway is asked for it. */
export interface JournalMessage {
  readonly key: string
  readonly messageKey: string
  /** The message of the API. */
  readonly request: Readonly<Record<string, unknown>>
}

/** A call that has no final answer yet. A replay repeats it byte by byte, under the same Idempotency-Key. */
export interface JournalBatch {
  readonly id: string
  readonly table: string
  readonly messages: readonly JournalMessage[]
  readonly attempts: number
  readonly createdAt: number
}

/** A row that was accepted and has no report yet, or an outcome that is not in the customer's table yet. */
export interface JournalRow {
  readonly table: string
  readonly key: string
  readonly messageKey: string
  readonly state: 'claiming' | 'sending' | 'accepted' | 'delivered' | 'failed' | 'expired' | 'unknown' | 'ready'
  readonly id?: string
  readonly code?: string
  readonly at?: number
}

/** A report may come before the answer to its call: what is final stays. */
const putRow = `
  INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET batch = excluded.batch, state = excluded.state, written = excluded.written,
    id = coalesce(excluded.id, id), code = excluded.code, at = excluded.at, changed_at = excluded.changed_at
  WHERE NOT (messages.state IN ('delivered', 'failed', 'expired') AND excluded.state NOT IN ('delivered', 'failed', 'expired'))`

const purgedAtOnce = 10_000

/** How far an outcome has got. */
const written = { no: 0, yes: 1, refused: 2 } as const

const storedMessages = z.array(
  z.strictObject({ key: z.string(), messageKey: z.string(), request: z.record(z.string(), z.unknown()) }),
)

function messagesFrom(text: string): JournalMessage[] {
  return storedMessages.parse(JSON.parse(text))
}

/** A call that is not made yet. One that takes the place of another has its age, and its attempts where they may have been accepted. */
export type NewBatch = Pick<JournalBatch, 'id' | 'table' | 'messages'> & Partial<Pick<JournalBatch, 'attempts' | 'createdAt'>>

/**
 * What the agent did and does, on the local disk: written before each step that cannot be taken back, so that a crash at any
 * moment is continued and never repeated. Texts and numbers are encrypted.
 */
export class Journal {
  readonly #file: JournalFile
  readonly #keys: MasterKeys
  readonly #now: () => number
  readonly #lock: JournalLock

  /** @throws Problem `journal-unusable`, `master-key-missing` */
  constructor(path: string, keys: MasterKeys, now: () => number = Date.now) {
    this.#keys = keys
    this.#now = now
    this.#lock = new JournalLock(path)
    this.#file = new JournalFile(path)
    this.#checkKey(path)
  }

  /**
   * Keeps other processes from running an agent with this journal, until it is closed or this process ends.
   * @throws Problem `data-in-use`
   */
  lock(): void {
    this.#lock.take()
  }

  meta(name: string): string | undefined {
    const [row] = this.#file.all('SELECT value FROM meta WHERE name = ?', name)
    return row === undefined ? undefined : String(row.value)
  }

  setMeta(name: string, value: string): void {
    this.#file.run('INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', name, value)
  }

  /** Rows are about to be claimed. */
  claiming(table: string, rows: readonly Pick<JournalRow, 'key' | 'messageKey'>[]): void {
    this.#file.forEach(rows, (row) => this.#put({ ...row, table, state: 'claiming' }, true))
  }

  /** Rows that were to be claimed when the process ended. */
  interruptedClaims(table: string): JournalRow[] {
    return this.#rows('by_state', "state = 'claiming' AND target = ?", table)
  }

  /** Rows were not claimed after all, or are waiting again. */
  forgetRows(table: string, rows: readonly Pick<JournalRow, 'key' | 'messageKey'>[]): void {
    const remove = 'DELETE FROM messages WHERE target = ? AND row_key = ? AND message_key = ?'
    this.#file.forEach(rows, ({ key, messageKey }) => this.#file.run(remove, table, key, messageKey))
  }

  /** A call is about to be made. */
  begin(batch: NewBatch): void {
    this.#file.transaction(() => this.#begin(batch))
  }

  attempted(id: string): void {
    this.#file.run('UPDATE batches SET attempts = attempts + 1 WHERE id = ?', id)
  }

  /** Ids of calls without a final answer, the oldest first. */
  openCalls(table: string): string[] {
    const rows = this.#file.all('SELECT id FROM batches WHERE target = ? ORDER BY created_at', table)
    return rows.map(({ id }) => String(id))
  }

  /** @throws Problem `master-key-missing` where it was written with another key */
  call(id: string): JournalBatch | undefined {
    const [row] = this.#file.all('SELECT * FROM batches WHERE id = ?', id)
    if (row === undefined) return undefined
    return {
      id,
      table: String(row.target),
      messages: messagesFrom(unseal(String(row.body), id, this.#keys)),
      attempts: Number(row.attempts),
      createdAt: Number(row.created_at),
    }
  }

  /**
   * A call ended: what became of each of its rows. The call is never made again.
   * @param next the calls that take its place
   */
  finish(batchId: string, outcomes: readonly JournalRow[], next: readonly NewBatch[] = []): void {
    this.#file.transaction(() => {
      this.#file.run('DELETE FROM batches WHERE id = ?', batchId)
      for (const row of outcomes) this.#put(row, false)
      for (const batch of next) this.#begin(batch)
    })
  }

  /** Notes outcomes that reports brought, before the customer's table is changed. */
  record(rows: readonly JournalRow[]): void {
    this.#file.forEach(rows, (row) => this.#put(row, false))
  }

  /** Outcomes that are not in the customer's table yet. */
  unwritten(table: string, limit: number): JournalRow[] {
    return this.#rows('unwritten', 'written = 0 AND target = ? LIMIT ?', table, limit)
  }

  /** The customer's table holds these outcomes now, or has no row for them any more. */
  written(rows: readonly JournalRow[]): void {
    this.#file.forEach(rows, (row) => {
      const { table, key, messageKey, state } = row
      if (state !== 'ready') return this.#mark(row, written.yes)
      this.#file.run(
        "DELETE FROM messages WHERE target = ? AND row_key = ? AND message_key = ? AND state = 'ready'",
        table,
        key,
        messageKey,
      )
    })
  }

  /** The database refuses to write these outcomes. They wait for `retryRefused`, so that they hold up no others. */
  refused(rows: readonly JournalRow[]): void {
    this.#file.forEach(rows, (row) => this.#mark(row, written.refused))
  }

  /** Outcomes that were refused are tried again. */
  retryRefused(): void {
    this.#file.run('UPDATE messages SET written = 0 WHERE written = 2')
  }

  /** What the journal knows of messages, by their keys. */
  known(table: string, messageKeys: readonly string[]): ReadonlyMap<string, JournalRow> {
    return new Map(
      messageKeys.flatMap((messageKey) => {
        const [row] = this.#rows('by_message_key', 'target = ? AND message_key = ? LIMIT 1', table, messageKey)
        return row === undefined ? [] : [[messageKey, row] as const]
      }),
    )
  }

  /** The row that a reference names. @param mark the beginning of its message's key */
  find(table: string, key: string, mark: string): JournalRow | undefined {
    return this.#rows(undefined, 'target = ? AND row_key = ?', table, key).find(({ messageKey }) => messageKey.startsWith(mark))
  }

  findByMessageKey(messageKey: string): JournalRow | undefined {
    return this.#rows('by_message_key', 'message_key = ? LIMIT 1', messageKey)[0]
  }

  /** Outcomes that have to be written again: the customer's table had lost them. */
  rewrite(rows: readonly JournalRow[]): void {
    this.#file.forEach(rows, (row) => this.#mark(row, written.no))
  }

  /** Rows that were accepted before this time of the database's clock, and have no report. */
  overdue(table: string, before: number, limit: number): JournalRow[] {
    return this.#rows('open', "state = 'accepted' AND target = ? AND at < ? LIMIT ?", table, before, limit)
  }

  /** How many rows are in each state, and how many calls are open. */
  counts(): { readonly states: Readonly<Record<string, number>>; readonly openCalls: number; readonly unwritten: number } {
    const rows = this.#file.all('SELECT state, count(*) AS n FROM messages GROUP BY state')
    const [calls] = this.#file.all('SELECT count(*) AS n FROM batches')
    const [open] = this.#file.all('SELECT count(*) AS n FROM messages WHERE written <> 1')
    return {
      states: Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)])),
      openCalls: Number(calls?.n),
      unwritten: Number(open?.n),
    }
  }

  /** Deletes finished rows that are older than `ms`, a limited number per call. @returns whether there may be more */
  purge(ms: number): boolean {
    const sql = `DELETE FROM messages WHERE (target, row_key, message_key) IN (
      SELECT target, row_key, message_key FROM messages
      WHERE written = 1 AND state IN ('delivered', 'failed', 'expired', 'unknown') AND changed_at < ? LIMIT ?)`
    return this.#file.run(sql, this.#now() - ms, purgedAtOnce) === purgedAtOnce
  }

  close(): void {
    this.#file.close()
    this.#lock.release()
  }

  #begin({ id, table, messages, attempts = 0, createdAt = this.#now() }: NewBatch): void {
    const body = seal(JSON.stringify(messages), id, this.#keys)
    this.#file.run('INSERT INTO batches VALUES (?, ?, ?, ?, ?)', id, table, body, attempts, createdAt)
    for (const { key, messageKey } of messages) this.#put({ table, key, messageKey, state: 'sending' }, true, id)
  }

  #put({ table, key, messageKey, state, id, code, at }: JournalRow, isWritten: boolean, batch: string | null = null): void {
    const done = isWritten ? written.yes : written.no
    this.#file.run(putRow, table, key, messageKey, batch, state, done, id ?? null, code ?? null, at ?? null, this.#now())
  }

  #mark({ table, key, messageKey, state }: JournalRow, value: number): void {
    const sql = 'UPDATE messages SET written = ? WHERE target = ? AND row_key = ? AND message_key = ? AND state = ?'
    this.#file.run(sql, value, table, key, messageKey, state)
  }

  /** Calls that were sealed with another key could not be continued, so this is said at the start. */
  #checkKey(path: string): void {
    const kept = this.meta('key-check')
    if (kept !== undefined) {
      try {
        unseal(kept, 'key-check', this.#keys)
      } catch (cause) {
        this.#file.close()
        throw new Problem('master-key-missing', `The journal ${path} was written with another key file.`, {
          next: 'put the old key file back, or move the journal away: no message is sent twice without it',
          cause,
        })
      }
    }
    if (kept === undefined || this.counts().openCalls === 0) this.setMeta('key-check', seal('', 'key-check', this.#keys))
  }

  /**
   * @param index absent: the primary key. SQLite would take the primary key for each condition on `target`, and read all rows of the
   * table: without statistics it prefers an equality on the first column of a key
   * (https://www.sqlite.org/queryplanner-ng.html).
   */
  #rows(index: string | undefined, where: string, ...values: readonly (string | number)[]): JournalRow[] {
    const from = index === undefined ? 'messages' : `messages INDEXED BY ${index}`
    const sql = `SELECT target, row_key, message_key, state, id, code, at FROM ${from} WHERE ${where}`
    return this.#file.all(sql, ...values).map((row) => ({
      table: String(row.target),
      key: String(row.row_key),
      messageKey: String(row.message_key),
      state: stateFrom(row.state),
      ...(row.id !== null && { id: String(row.id) }),
      ...(row.code !== null && { code: String(row.code) }),
      ...(row.at !== null && { at: Number(row.at) }),
    }))
  }
}

const states = ['claiming', 'sending', 'accepted', 'delivered', 'failed', 'expired', 'unknown', 'ready'] as const

function stateFrom(value: unknown): JournalRow['state'] {
  return states.find((state) => state === value) ?? 'unknown'
}
