import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { limitDialect } from './dialect.ts'
import {
  type CarrierEngine,
  type CarrierSession,
  marks,
  Refusal,
  type Session,
  type SqlRow,
  type TableFacts,
  unavailable,
  type Values,
} from './engine.ts'

const busyMs = 5_000

/** The file is at fault: busy, locked, read-only, disk full, damaged or gone (https://www.sqlite.org/rescode.html). */
const ofTheFile = new Set([5, 6, 8, 10, 11, 13, 14, 26])

/**
 * One transaction at a time for each file in this process: waiting for a lock of SQLite's stops the event loop, and with
 * it the transaction that holds the lock.
 */
const turns = new Map<string, Promise<unknown>>()

const quoted = (name: string): string => `"${name}"`

const indexes = `SELECT l.name, i.name AS col FROM pragma_index_list(?) l, pragma_index_info(l.name) i
  WHERE l.partial = 0 AND i.name IS NOT NULL ORDER BY l.name, i.seqno`

/** The carriers' database in one SQLite file: for one machine. */
export class SqliteEngine implements CarrierEngine {
  readonly name = 'sqlite'
  readonly quoted = quoted
  readonly dialect = limitDialect({
    quoted,
    // SQLite has one writer, and its transactions begin as such.
    lock: '',
    text: 'TEXT',
    indexes: (table) => ({ sql: indexes, values: [table] }),
    hex: (column) => `hex(CAST(${quoted(column)} AS BLOB))`,
    createLike: ({ table, like, key }) => [
      `CREATE TABLE IF NOT EXISTS ${quoted(table)} AS SELECT * FROM ${quoted(like)} LIMIT 0`,
      `CREATE INDEX IF NOT EXISTS ${quoted(`${table}_key`)} ON ${quoted(table)} (${quoted(key)})`,
    ],
  })
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

  transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    const turn = (turns.get(this.#path) ?? Promise.resolve()).then(() => this.#transaction(run))
    const done = turn.catch(() => undefined)
    turns.set(this.#path, done)
    return turn
  }

  exclusive<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    return this.transaction(run)
  }

  /** The file has no clock of its own. */
  async now(): Promise<number> {
    return Date.now()
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    return (await session.all("SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", [table])).length > 0
  }

  async facts(session: Session, table: string): Promise<TableFacts | undefined> {
    const rows = await session.all(
      // Its columns have no widths, and STRICT tables check types by themselves.
      `SELECT p.name, p.type, p."notnull" AS required, p.dflt_value AS preset, p.pk FROM sqlite_master m, pragma_table_info(m.name) p
       WHERE m.type IN ('table', 'view') AND lower(m.name) = lower(?)`,
      [table],
    )
    if (rows.length === 0) return undefined
    const columns = rows.map(({ name, type, required, preset, pk }) => {
      const isRowId = Number(pk) > 0 && String(type).toUpperCase() === 'INTEGER'
      return { name: String(name), type: String(type).toLowerCase(), optional: required !== 1 || preset !== null || isRowId }
    })
    return { columns, transactional: true }
  }

  async close(): Promise<void> {
    await turns.get(this.#path)
    if (this.#db.isOpen) this.#db.close()
  }

  async #transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
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

  #asProblem(error: unknown): Error {
    if (!(error instanceof Error)) return new Refusal(this.#path, error)
    const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : -1
    const ended = ofTheFile.has(code) || error.message.includes('database is not open')
    return ended ? unavailable(this.#path, error) : new Refusal(this.#path, error, error.message.startsWith('no such table'))
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

  readonly #session: CarrierSession = {
    all: async (sql, values = []) => this.#statement(sql).all(...values) as SqlRow[],
    run: async (sql, values = []) => Number(this.#statement(sql).run(...values).changes),
    insert: async (table, columns, rows) => {
      const names = columns.map((column) => this.quoted(column)).join(', ')
      const insert = this.#statement(`INSERT INTO ${this.quoted(table)} (${names}) VALUES ${marks(columns.length)}`)
      for (const row of rows) insert.run(...row)
    },
    insertNew: async ({ name, columns }, rows) => {
      const names = columns.map((column) => this.quoted(column)).join(', ')
      const insert = this.#statement(`INSERT OR IGNORE INTO ${this.quoted(name)} (${names}) VALUES ${marks(columns.length)}`)
      const fresh = rows.filter((row: Values) => insert.run(...row).changes === 1)
      return fresh.length === rows.length ? undefined : new Set(fresh.map(([id]) => String(id)))
    },
  }
}
