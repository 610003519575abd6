import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import * as z from 'zod'
import { Problem } from '../../domain/problem.ts'
import { type MasterKeys, seal, unseal } from '../../domain/seal.ts'

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

/** Version of the file's layout. A newer one is refused. */
const layout = 1

const tables = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, target TEXT NOT NULL, body TEXT NOT NULL, attempts INTEGER NOT NULL, created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    target TEXT NOT NULL, row_key TEXT NOT NULL, message_key TEXT NOT NULL, batch TEXT, state TEXT NOT NULL,
    written INTEGER NOT NULL, id TEXT, code TEXT, at INTEGER, changed_at INTEGER NOT NULL,
    PRIMARY KEY (target, row_key, message_key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS unwritten ON messages (target) WHERE written = 0;
  CREATE INDEX IF NOT EXISTS parked ON messages (target) WHERE written = 2;
  CREATE INDEX IF NOT EXISTS by_state ON messages (state, changed_at);
  CREATE INDEX IF NOT EXISTS by_message_key ON messages (message_key, target);
`

/** A report may come before the answer to its call: what is final stays. */
const putRow = `
  INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET batch = excluded.batch, state = excluded.state, written = excluded.written,
    id = coalesce(excluded.id, id), code = excluded.code, at = excluded.at, changed_at = excluded.changed_at
  WHERE NOT (messages.state IN ('delivered', 'failed', 'expired') AND excluded.state NOT IN ('delivered', 'failed', 'expired'))`

const busyMs = 5_000

const storedMessages = z.array(
  z.strictObject({ key: z.string(), messageKey: z.string(), request: z.record(z.string(), z.unknown()) }),
)

function messagesFrom(text: string): JournalMessage[] {
  return storedMessages.parse(JSON.parse(text))
}

/** A call that is not made yet. */
export type NewBatch = Pick<JournalBatch, 'id' | 'table' | 'messages'>

/**
 * What the agent did and does, on the local disk: written before each step that cannot be taken back, so that a crash at any
 * moment is continued and never repeated. Texts and numbers are encrypted.
 */
export class Journal {
  readonly #db: DatabaseSync
  readonly #keys: MasterKeys
  readonly #now: () => number
  #putRow: StatementSync | undefined

  /** @throws Problem `journal-unusable` */
  constructor(path: string, keys: MasterKeys, now: () => number = Date.now) {
    this.#keys = keys
    this.#now = now
    try {
      if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 })
      this.#db = new DatabaseSync(path, { timeout: busyMs })
      // FULL: with NORMAL a power cut may take back the last commits, and a row would be sent as if it had never been.
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      this.#db.exec(tables)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Problem('journal-unusable', `The journal ${path} cannot be used: ${why}.`, {
        next: 'free the disk or repair the path; if the file is damaged, move it away: no message is sent twice without it',
        cause,
      })
    }
    const found = Number(this.meta('layout') ?? layout)
    if (found > layout) {
      this.#db.close()
      throw new Problem('journal-unusable', `The journal ${path} was written by a newer version.`, {
        next: 'update apigw on this machine',
      })
    }
    this.setMeta('layout', String(layout))
  }

  meta(name: string): string | undefined {
    const row = this.#db.prepare('SELECT value FROM meta WHERE name = ?').get(name)
    return row === undefined ? undefined : String(row.value)
  }

  setMeta(name: string, value: string): void {
    this.#db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value').run(name, value)
  }

  /** Rows are about to be claimed. */
  claiming(table: string, rows: readonly Pick<JournalRow, 'key' | 'messageKey'>[]): void {
    this.#transaction(() => {
      for (const row of rows) this.#put({ ...row, table, state: 'claiming' }, true)
    })
  }

  /** Rows that were to be claimed when the process ended. */
  interruptedClaims(table: string): JournalRow[] {
    return this.#rows("state = 'claiming' AND target = ?", table)
  }

  /** Rows were not claimed after all, or are waiting again. */
  forgetRows(table: string, rows: readonly Pick<JournalRow, 'key' | 'messageKey'>[]): void {
    const remove = this.#db.prepare('DELETE FROM messages WHERE target = ? AND row_key = ? AND message_key = ?')
    this.#transaction(() => {
      for (const { key, messageKey } of rows) remove.run(table, key, messageKey)
    })
  }

  /** A call is about to be made. */
  begin(batch: NewBatch): void {
    this.#transaction(() => this.#begin(batch))
  }

  attempted(id: string): void {
    this.#db.prepare('UPDATE batches SET attempts = attempts + 1 WHERE id = ?').run(id)
  }

  /** Ids of calls without a final answer, the oldest first. */
  openCalls(table: string): string[] {
    const rows = this.#db.prepare('SELECT id FROM batches WHERE target = ? ORDER BY created_at').all(table)
    return rows.map(({ id }) => String(id))
  }

  /** @throws Problem `master-key-missing` where it was written with another key */
  call(id: string): JournalBatch | undefined {
    const row = this.#db.prepare('SELECT * FROM batches WHERE id = ?').get(id)
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
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM batches WHERE id = ?').run(batchId)
      for (const row of outcomes) this.#put(row, false)
      for (const batch of next) this.#begin(batch)
    })
  }

  /** Notes outcomes that reports brought, before the customer's table is changed. */
  record(rows: readonly JournalRow[]): void {
    this.#transaction(() => {
      for (const row of rows) this.#put(row, false)
    })
  }

  /** Outcomes that are not in the customer's table yet. */
  unwritten(table: string, limit: number): JournalRow[] {
    return this.#rows('written = 0 AND target = ? LIMIT ?', table, limit)
  }

  /** The customer's table holds these outcomes now, or has no row for them any more. */
  written(rows: readonly JournalRow[]): void {
    const update = this.#db.prepare(
      'UPDATE messages SET written = 1 WHERE target = ? AND row_key = ? AND message_key = ? AND state = ?',
    )
    const remove = this.#db.prepare(
      "DELETE FROM messages WHERE target = ? AND row_key = ? AND message_key = ? AND state = 'ready'",
    )
    this.#transaction(() => {
      for (const { table, key, messageKey, state } of rows) {
        update.run(table, key, messageKey, state)
        remove.run(table, key, messageKey)
      }
    })
  }

  /** The customer's table refuses these outcomes for now. */
  park(rows: readonly JournalRow[]): void {
    const update = this.#db.prepare(
      'UPDATE messages SET written = 2 WHERE target = ? AND row_key = ? AND message_key = ? AND state = ?',
    )
    this.#transaction(() => {
      for (const { table, key, messageKey, state } of rows) update.run(table, key, messageKey, state)
    })
  }

  /** Outcomes that were refused are to be written again. */
  unpark(): void {
    this.#db.exec('UPDATE messages SET written = 0 WHERE written = 2')
  }

  /** What the journal knows of messages, by their keys. */
  known(table: string, messageKeys: readonly string[]): ReadonlyMap<string, JournalRow> {
    return new Map(
      messageKeys.flatMap((messageKey) => {
        const [row] = this.#rows('target = ? AND message_key = ? LIMIT 1', table, messageKey)
        return row === undefined ? [] : [[messageKey, row] as const]
      }),
    )
  }

  /** The row that a reference names. @param mark the beginning of its message's key */
  find(table: string, key: string, mark: string): JournalRow | undefined {
    return this.#rows('target = ? AND row_key = ?', table, key).find(({ messageKey }) => messageKey.startsWith(mark))
  }

  findByMessageKey(messageKey: string): JournalRow | undefined {
    return this.#rows('message_key = ? LIMIT 1', messageKey)[0]
  }

  /** Outcomes that have to be written again: the customer's table had lost them. */
  rewrite(rows: readonly JournalRow[]): void {
    const update = this.#db.prepare('UPDATE messages SET written = 0 WHERE target = ? AND row_key = ? AND message_key = ?')
    this.#transaction(() => {
      for (const { table, key, messageKey } of rows) update.run(table, key, messageKey)
    })
  }

  /** Accepted rows without a report for longer than `ms`. */
  overdue(table: string, ms: number, limit: number): JournalRow[] {
    return this.#rows("state = 'accepted' AND target = ? AND changed_at < ? LIMIT ?", table, this.#now() - ms, limit)
  }

  /** How many rows are in each state, and how many calls are open. */
  counts(): { readonly states: Readonly<Record<string, number>>; readonly openCalls: number; readonly unwritten: number } {
    const rows = this.#db.prepare('SELECT state, count(*) AS n FROM messages GROUP BY state').all()
    const [calls] = this.#db.prepare('SELECT count(*) AS n FROM batches').all()
    const [open] = this.#db.prepare('SELECT count(*) AS n FROM messages WHERE written = 0 OR written = 2').all()
    return {
      states: Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)])),
      openCalls: Number(calls?.n),
      unwritten: Number(open?.n),
    }
  }

  /** Deletes finished rows that are older than `ms`, a limited number per call. */
  purge(ms: number): void {
    const sql = `DELETE FROM messages WHERE (target, row_key, message_key) IN (
      SELECT target, row_key, message_key FROM messages
      WHERE written = 1 AND state IN ('delivered', 'failed', 'expired', 'unknown') AND changed_at < ? LIMIT 10000)`
    this.#db.prepare(sql).run(this.#now() - ms)
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #begin({ id, table, messages }: NewBatch): void {
    const body = seal(JSON.stringify(messages), id, this.#keys)
    this.#db.prepare('INSERT INTO batches VALUES (?, ?, ?, 0, ?)').run(id, table, body, this.#now())
    for (const { key, messageKey } of messages) this.#put({ table, key, messageKey, state: 'sending' }, true, id)
  }

  #put({ table, key, messageKey, state, id, code, at }: JournalRow, written: boolean, batch: string | null = null): void {
    this.#putRow ??= this.#db.prepare(putRow)
    this.#putRow.run(table, key, messageKey, batch, state, written ? 1 : 0, id ?? null, code ?? null, at ?? null, this.#now())
  }

  #rows(where: string, ...values: readonly (string | number)[]): JournalRow[] {
    const sql = `SELECT target, row_key, message_key, state, id, code, at FROM messages WHERE ${where}`
    return this.#db
      .prepare(sql)
      .all(...values)
      .map((row) => ({
        table: String(row.target),
        key: String(row.row_key),
        messageKey: String(row.message_key),
        state: stateFrom(row.state),
        ...(row.id !== null && { id: String(row.id) }),
        ...(row.code !== null && { code: String(row.code) }),
        ...(row.at !== null && { at: Number(row.at) }),
      }))
  }

  #transaction(run: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      run()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

const states = ['claiming', 'sending', 'accepted', 'delivered', 'failed', 'expired', 'unknown', 'ready'] as const

function stateFrom(value: unknown): JournalRow['state'] {
  return states.find((state) => state === value) ?? 'unknown'
}
