import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Problem } from '../../domain/problem.ts'

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
  CREATE INDEX IF NOT EXISTS refused ON messages (target) WHERE written = 2;
  CREATE INDEX IF NOT EXISTS open ON messages (target, at) WHERE state = 'accepted';
  CREATE INDEX IF NOT EXISTS by_state ON messages (state, changed_at);
  CREATE INDEX IF NOT EXISTS by_message_key ON messages (message_key, target);
`

const busyMs = 5_000

/** The journal's SQLite file, and its tables. */
export class JournalFile {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, StatementSync>()

  /** @throws Problem `journal-unusable` */
  constructor(path: string) {
    this.#path = path
    try {
      if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 })
      this.#db = new DatabaseSync(path, { timeout: busyMs })
      // FULL: with NORMAL a power cut may take back the last commits, and a row would be sent as if it had never been.
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      this.#db.exec(tables)
    } catch (cause) {
      throw this.#unusable(cause)
    }
    const [found] = this.all("SELECT value FROM meta WHERE name = 'layout'")
    if (Number(found?.value ?? layout) > layout) {
      this.close()
      throw new Problem('journal-unusable', `The journal ${path} was written by a newer version.`, {
        next: 'install the version that wrote it, or a newer one',
      })
    }
    this.run("INSERT INTO meta VALUES ('layout', ?) ON CONFLICT (name) DO NOTHING", String(layout))
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  all(sql: string, ...values: SQLInputValue[]) {
    return this.#guarded(() => this.#statement(sql).all(...values))
  }

  /** @returns how many rows were changed */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...values).changes))
  }

  /** In one transaction; none where there is nothing to do. */
  forEach<T>(items: readonly T[], run: (item: T) => void): void {
    if (items.length === 0) return
    this.transaction(() => {
      for (const item of items) run(item)
    })
  }

  transaction(run: () => void): void {
    this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        run()
        this.#db.exec('COMMIT')
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  #guarded<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw error instanceof Problem ? error : this.#unusable(error)
    }
  }

  #unusable(cause: unknown): Problem {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new Problem('journal-unusable', `The journal ${this.#path} cannot be used: ${why}.`, {
      next: 'free the disk or repair the path; if the file is damaged, move it away: no message is sent twice without it',
      cause,
    })
  }
}
