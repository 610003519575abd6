import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Problem } from '../../domain/problem.ts'
import { type CarrierRow, columns, type Database, distinct, type Row, tableName, valuesOf } from './database.ts'

const busyMs = 5_000

/** Errors that another try may get past: busy, locked, disk full or gone (https://www.sqlite.org/rescode.html). */
const passing = new Set([5, 6, 10, 13, 14])

function asProblem(error: unknown, path: string): unknown {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return error
  if (!passing.has(error.errcode & 0xff)) return error
  return new Problem('database-unavailable', `${path} cannot be written now: ${error.message}.`, { cause: error })
}

/** The carriers' database in one SQLite file: for one machine. */
export class SqliteDatabase implements Database {
  readonly #db: DatabaseSync
  readonly #path: string

  constructor(path: string) {
    this.#path = path
    if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 })
    this.#db = new DatabaseSync(path, { timeout: busyMs })
    // FULL: messages are deleted from the queue after the commit, so the commit has to be on the disk by then.
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  }

  async prepare(tables: readonly string[]): Promise<void> {
    this.#transaction(() => {
      this.#db.exec(
        `CREATE TABLE IF NOT EXISTS ingest_seen (msg_id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         CREATE INDEX IF NOT EXISTS ingest_seen_at ON ingest_seen (seen_at)`,
      )
      for (const table of tables) {
        const name = tableName(table)
        this.#db.exec(
          `CREATE TABLE IF NOT EXISTS ${name} (
             id TEXT PRIMARY KEY, customer TEXT NOT NULL, environment TEXT NOT NULL, recipient TEXT NOT NULL,
             sender TEXT NOT NULL, type TEXT NOT NULL, subject TEXT, body TEXT NOT NULL, ref TEXT,
             send_at INTEGER NOT NULL, expires_at INTEGER, accepted_at INTEGER NOT NULL,
             status INTEGER NOT NULL DEFAULT 0, result TEXT, result_at INTEGER
           ) STRICT, WITHOUT ROWID;
           CREATE INDEX IF NOT EXISTS ${name}_waiting ON ${name} (status, send_at)`,
        )
      }
    })
  }

  async flush(table: string, rows: readonly Row[]): Promise<number> {
    return this.#transaction(() => {
      const see = this.#db.prepare('INSERT OR IGNORE INTO ingest_seen (msg_id, seen_at) VALUES (?, ?)')
      const marks = columns.map(() => '?').join(', ')
      const insert = this.#db.prepare(`INSERT INTO ${tableName(table)} (${columns.join(', ')}) VALUES (${marks})`)
      let written = 0
      for (const row of distinct(rows)) {
        if (see.run(row.message.id, Date.now()).changes === 0) continue
        insert.run(...valuesOf(row))
        written += 1
      }
      return written
    })
  }

  async forget(before: number): Promise<void> {
    this.#transaction(() => {
      const old = this.#db.prepare(
        'DELETE FROM ingest_seen WHERE msg_id IN (SELECT msg_id FROM ingest_seen WHERE seen_at < ? LIMIT 10000)',
      )
      old.run(before)
    })
  }

  async waiting(table: string, most: number): Promise<CarrierRow[]> {
    return this.#transaction(() => {
      const rows = this.#db.prepare(
        `SELECT id, customer, recipient, body FROM ${tableName(table)} WHERE status = 0 AND send_at <= ? ORDER BY send_at LIMIT ?`,
      )
      return rows.all(Date.now(), most).map(({ id, customer, recipient, body }) => ({
        id: String(id),
        customer: String(customer),
        recipient: String(recipient),
        body: String(body),
      }))
    })
  }

  async report(table: string, ids: readonly string[], result: string, at: number): Promise<void> {
    this.#transaction(() => {
      const update = this.#db.prepare(`UPDATE ${tableName(table)} SET status = 2, result = ?, result_at = ? WHERE id = ?`)
      for (const id of ids) update.run(result, at, id)
    })
  }

  async count(table: string): Promise<number> {
    return this.#transaction(() => Number(this.#db.prepare(`SELECT count(*) AS n FROM ${tableName(table)}`).get()?.n))
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close()
  }

  #transaction<T>(run: () => T): T {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      const result = run()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw asProblem(error, this.#path)
    }
  }
}
