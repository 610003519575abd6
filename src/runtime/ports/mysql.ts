import { randomBytes } from 'node:crypto'
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise'
import { Problem } from '../../domain/problem.ts'
import type { Engine, Session, SqlRow } from './sql.ts'

/** Deadlock, lock wait timeout, and a record that changed since the snapshot: the transaction may simply run again. */
const again = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD'])
const tries = 5
const lockSeconds = 30

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Errors with an SQL state of class 22 or 23 are the data's fault; everything else is the server's or the way to it. */
function isBadRow(error: unknown): boolean {
  if (!(error instanceof Error && 'sqlState' in error && typeof error.sqlState === 'string')) return false
  return error.sqlState.startsWith('22') || error.sqlState.startsWith('23')
}

export interface ServerOptions {
  /** Address without a password where `password` gives it. */
  readonly url: string
  readonly password?: string | undefined
  /** Connections that this process opens at most. */
  readonly connections?: number | undefined
}

/** The carriers' database in MariaDB (10.5 or later) or MySQL (8.0 or later). */
export class MysqlEngine implements Engine {
  readonly name = 'mysql'
  readonly #pool: Pool
  readonly #address: string
  readonly #database: string
  readonly #ready = new WeakSet<object>()

  constructor(options: ServerOptions) {
    const url = new URL(options.url)
    this.#address = `${url.protocol}//${url.host}${url.pathname}`
    this.#database = url.pathname.slice(1)
    this.#pool = createPool({
      host: url.hostname,
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: options.password ?? decodeURIComponent(url.password),
      database: this.#database,
      connectionLimit: options.connections ?? 4,
      connectTimeout: 5_000,
      charset: 'utf8mb4_bin',
      enableKeepAlive: true,
      // A DATETIME is a reading of a clock, not an instant: the driver must not take it for one.
      dateStrings: true,
      supportBigNumbers: true,
      ...(url.searchParams.get('ssl') === 'true' && { ssl: {} }),
    })
  }

  quoted(name: string): string {
    return `\`${name}\``
  }

  async transaction<T>(run: (session: Session) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.#ask(async (connection) => {
          await connection.beginTransaction()
          try {
            const result = await run(sessionOf(connection, (name) => this.quoted(name)))
            await connection.commit()
            return result
          } catch (error) {
            // Where the connection is gone the server has rolled back by itself.
            await connection.rollback().catch(() => undefined)
            throw error
          }
        })
      } catch (error) {
        const cause = error instanceof Problem ? error.cause : error
        if (round >= tries || !again.has(codeOf(cause))) throw error
      }
    }
  }

  /** MySQL ends a transaction with each change of the schema, so a named lock keeps others out. */
  async exclusive<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const lock = `apigw.${this.#database}`.slice(0, 64)
    return this.#ask(async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS got', [lock, lockSeconds])
      if (rows[0]?.got !== 1) throw new Error('another process is changing the schema')
      try {
        return await run(sessionOf(connection, (name) => this.quoted(name)))
      } finally {
        await connection.query('SELECT RELEASE_LOCK(?)', [lock])
      }
    })
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?'
    return (await session.all(sql, [table])).length > 0
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #ask<T>(run: (connection: PoolConnection) => Promise<T>): Promise<T> {
    let connection: PoolConnection | undefined
    try {
      connection = await this.#connection()
      return await run(connection)
    } catch (error) {
      if (isBadRow(error) || error instanceof Problem) throw error
      connection?.destroy()
      connection = undefined
      throw this.#asProblem(error)
    } finally {
      connection?.release()
    }
  }

  #asProblem(error: unknown): Problem {
    const message = error instanceof Error ? error.message : String(error)
    if (codeOf(error) === 'ER_NO_SUCH_TABLE' && /ingest_|apigw_schema/.test(message)) {
      const detail = `${this.#address} lacks the tables that messages are written into.`
      return new Problem('schema-outdated', detail, { next: 'apigw schema apply', cause: error })
    }
    return new Problem('database-unavailable', `${this.#address} does not do what it should: ${codeOf(error) || message}.`, {
      next: 'apigw schema status',
      cause: error,
    })
  }

  /**
   * A connection of the pool, set up when it is new. A plain SELECT in an old snapshot sees no new rows, so READ
   * COMMITTED takes a new one for each statement; strict mode refuses what would not fit, where the default of some
   * servers cuts it off and only warns.
   */
  async #connection(): Promise<PoolConnection> {
    const connection = await this.#pool.getConnection()
    if (!this.#ready.has(connection.connection)) {
      await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
      await connection.query("SET SESSION sql_mode = 'TRADITIONAL', innodb_lock_wait_timeout = 10")
      this.#ready.add(connection.connection)
    }
    return connection
  }
}

function sessionOf(connection: PoolConnection, quoted: (name: string) => string): Session {
  const run: Session['run'] = async (sql, values = []) => {
    const [result] = await connection.query(sql, [...values])
    return 'affectedRows' in result ? result.affectedRows : 0
  }
  const all: Session['all'] = async (sql, values = []) => {
    const [rows] = await connection.query<RowDataPacket[]>(sql, [...values])
    return rows as SqlRow[]
  }
  return {
    run,
    all,
    insert: async (table, columns, rows) => {
      const names = columns.map(quoted).join(', ')
      await connection.query(`INSERT INTO ${quoted(table)} (${names}) VALUES ?`, [rows])
    },
    see: async (columns, rows) => {
      // MySQL has no INSERT … RETURNING, so a token tells the new marks from the old ones.
      const token = randomBytes(8)
      const marked = rows.map((row) => [...row, token])
      const sql = `INSERT IGNORE INTO ingest_seen (${columns.join(', ')}, batch) VALUES ?`
      const [result] = await connection.query(sql, [marked])
      const inserted = 'affectedRows' in result ? result.affectedRows : 0
      if (inserted === rows.length) return undefined
      if (inserted === 0) return new Set()
      const ids = rows.map(([id]) => id)
      const [seen] = await connection.query<RowDataPacket[]>('SELECT msg_id FROM ingest_seen WHERE msg_id IN (?) AND batch = ?', [
        ids,
        token,
      ])
      return new Set(seen.map((row) => String(row.msg_id)))
    },
  }
}
