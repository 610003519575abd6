import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Problem } from '../../domain/problem.ts'
import type { Value } from './layout.ts'
import { type Engine, marks, type Session, type SqlRow } from './sql.ts'

const busyMs = 5_000

/** Errors that another try may get past: busy, locked, disk full or gone (https://www.sqlite.org/rescode.html). */
const passing = new Set([5, 6, 10, 13, 14])

/**
 * One transaction at a time for each file in this process: waiting for a lock of SQLite's stops the event loop, and with
 * it the transaction that holds the lock.
 */
const turns = new Map<string, Promise<unknown>>()

/** The carriers' database in one SQLite file: for one machine. */
export class SqliteEngine implements Engine {
  readonly name = 'sqlite'
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#path = path === ':memory:' ? path : resolve(path)
    if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 })
    this.#db = new DatabaseSync(path, { timeout: busyMs })
    // FULL: messages are deleted from the queue after the commit, so the commit has to be on the disk by then.
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  }

  quoted(name: string): string {
    return `"${name}"`
  }

  transaction<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const turn = (turns.get(this.#path) ?? Promise.resolve()).then(() => this.#transaction(run))
    const done = turn.catch(() => undefined)
    turns.set(this.#path, done)
    return turn
  }

  exclusive<T>(run: (session: Session) => Promise<T>): Promise<T> {
    return this.transaction(run)
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    return (await session.all("SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", [table])).length > 0
  }

  async close(): Promise<void> {
    await turns.get(this.#path)
    if (this.#db.isOpen) this.#db.close()
  }

  async #transaction<T>(run: (session: Session) => Promise<T>): Promise<T> {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      const result = await run(this.#session)
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw this.#asProblem(error)
    }
  }

  #asProblem(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    if (/no such table: (?:main\.)?(?:ingest_|apigw_schema)/.test(error.message)) {
      const detail = `${this.#path} lacks the tables that messages are written into.`
      return new Problem('schema-outdated', detail, { next: 'apigw schema apply', cause: error })
    }
    const missing = error.message.startsWith('no such table') || error.message.includes('database is not open')
    const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : -1
    if (!missing && !passing.has(code)) return error
    return new Problem('database-unavailable', `${this.#path} cannot be used now: ${error.message}.`, {
      next: 'apigw schema status',
      cause: error,
    })
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      if (this.#statements.size >= 200) this.#statements.clear()
      this.#statements.set(sql, statement)
    }
    return statement
  }

  readonly #session: Session = {
    all: async (sql, values = []) => this.#statement(sql).all(...values) as SqlRow[],
    run: async (sql, values = []) => Number(this.#statement(sql).run(...values).changes),
    insert: async (table, columns, rows) => {
      const names = columns.map((column) => this.quoted(column)).join(', ')
      const insert = this.#statement(`INSERT INTO ${this.quoted(table)} (${names}) VALUES ${marks(columns.length)}`)
      for (const row of rows) insert.run(...row)
    },
    see: async (columns, rows) => {
      const insert = this.#statement(`INSERT OR IGNORE INTO ingest_seen (${columns.join(', ')}) VALUES ${marks(columns.length)}`)
      const fresh = rows.filter((row: readonly Value[]) => insert.run(...row).changes === 1)
      return fresh.length === rows.length ? undefined : new Set(fresh.map(([id]) => String(id)))
    },
  }
}
