import { Problem } from '../../domain/problem.ts'
import { NoAnswer, within } from './deadline.ts'
import type { Dialect, Statement } from './dialect.ts'
import {
  type Column,
  type Engine,
  marks,
  Refusal,
  type Session,
  type SqlRow,
  type TableFacts,
  unavailable,
  type Value,
} from './engine.ts'
import { Pool } from './pool.ts'

const tries = 5
/** Longest that one statement may take. */
const defaultTimeoutMs = 30_000
/** Longest that a ROLLBACK or a ping may take. */
const pingMs = 3_000

/** The SQL of a server and the meaning of its errors. */
export interface ServerSql {
  readonly name: Engine['name']
  readonly dialect: Dialect
  quoted(name: string): string
  /** Selects the server's clock as `t`: a time in UTC, such as `2026-11-23T03:00:00.000`. */
  readonly clock: string
  /** Selects one row if there is a table or a view of this name. */
  hasTable(table: string): Statement
  /** Selects a row for each column of a table. */
  facts(table: string): Statement
  /** Reads a row of `facts`. */
  columnOf(row: SqlRow): Column
  /**
   * What an error means. `again`: the transaction is run again. `gone`: the connection cannot be used, or the server takes no
   * changes. An error that is not listed is a refusal if a ROLLBACK works after it.
   */
  meaningOf(error: unknown): 'again' | 'gone' | 'refused'
  isMissingTable(error: unknown): boolean
}

/** One connection of a driver. */
export interface Connection {
  all(sql: string, values: readonly Value[]): Promise<SqlRow[]>
  /** @returns how many rows were changed */
  run(sql: string, values: readonly Value[]): Promise<number>
  begin(): Promise<void>
  commit(): Promise<void>
  /** Works also where the server has rolled back by itself. */
  rollback(): Promise<void>
  ping(): Promise<void>
  /** Ends it at once, without a message to the server. */
  destroy(): void
}

export interface PooledOptions {
  readonly sql: ServerSql
  /** Without a password. */
  readonly address: string
  /** Opens a connection and sets its session up. */
  connect(): Promise<Connection>
  readonly connections?: number | undefined
  readonly timeoutMs?: number | undefined
}

/** A customer's database over a driver that is installed apart. */
export class PooledEngine implements Engine {
  readonly name: Engine['name']
  readonly dialect: Dialect
  readonly quoted: (name: string) => string
  readonly #sql: ServerSql
  readonly #address: string
  readonly #timeoutMs: number
  readonly #pool: Pool<Connection>

  constructor({ sql, address, connect, connections = 4, timeoutMs = defaultTimeoutMs }: PooledOptions) {
    this.name = sql.name
    this.dialect = sql.dialect
    this.quoted = sql.quoted
    this.#sql = sql
    this.#address = address
    this.#timeoutMs = timeoutMs
    this.#pool = new Pool({
      size: connections,
      waitMs: timeoutMs,
      connect,
      ping: (connection) => within(connection.ping(), pingMs, () => undefined),
      destroy: (connection) => connection.destroy(),
    })
  }

  async transaction<T>(run: (session: Session) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.#once(run)
      } catch (error) {
        if (!(error instanceof Refusal) || this.#sql.meaningOf(error.cause) !== 'again') throw error
        if (round >= tries) throw unavailable(this.#address, error.cause)
      }
    }
  }

  async #once<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const connection = await this.#pool.take().catch((error: unknown) => {
      throw error instanceof Problem ? error : unavailable(this.#address, error)
    })
    try {
      const result = await this.#inTransaction(connection, run)
      this.#pool.release(connection)
      return result
    } catch (error) {
      if (error instanceof Refusal) {
        this.#pool.release(connection)
        throw error
      }
      this.#pool.discard(connection)
      throw error instanceof Problem ? error : unavailable(this.#address, error)
    }
  }

  async #inTransaction<T>(connection: Connection, run: (session: Session) => Promise<T>): Promise<T> {
    const bounded = <R>(work: Promise<R>, ms = this.#timeoutMs) => within(work, ms, () => connection.destroy())
    const change: Session['run'] = (sql, values = []) => bounded(connection.run(sql, values))
    await bounded(connection.begin())
    try {
      const result = await run({
        all: (sql, values = []) => bounded(connection.all(sql, values)),
        run: change,
        // One by one: Oracle takes no list of rows, and SQL Server at most 2,100 values in a statement.
        insert: async (table, columns, rows) => {
          const names = columns.map((column) => this.quoted(column)).join(', ')
          const into = `INSERT INTO ${this.quoted(table)} (${names}) VALUES ${marks(columns.length)}`
          for (const row of rows) await change(into, row)
        },
      })
      await bounded(connection.commit())
      return result
    } catch (error) {
      // Where the connection is gone the server rolls back by itself. A new one resolves the name of the server again.
      if (error instanceof NoAnswer || this.#sql.meaningOf(error) === 'gone') throw error
      await bounded(connection.rollback(), pingMs).catch(() => {
        throw error
      })
      throw new Refusal(this.#address, error, this.#sql.isMissingTable(error))
    }
  }

  async now(session: Session): Promise<number> {
    const [row] = await session.all(this.#sql.clock)
    return Date.parse(`${String(row?.t)}Z`)
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    const { sql, values } = this.#sql.hasTable(table)
    return (await session.all(sql, values)).length > 0
  }

  async facts(session: Session, table: string): Promise<TableFacts | undefined> {
    const { sql, values } = this.#sql.facts(table)
    const rows = await session.all(sql, values)
    return rows.length === 0 ? undefined : { columns: rows.map(this.#sql.columnOf), transactional: true }
  }

  async close(): Promise<void> {
    this.#pool.close()
  }
}
