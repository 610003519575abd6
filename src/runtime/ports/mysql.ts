import { randomBytes } from 'node:crypto'
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise'
import { Problem } from '../../domain/problem.ts'
import { type CarrierRow, columns, type Database, distinct, type Row, tableName, valuesOf } from './database.ts'

/** Deadlock, lock wait timeout, and a record that changed since the snapshot: the transaction may simply run again. */
const again = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD'])
const tries = 5

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Errors with an SQL state of class 22 or 23 are the data's fault; everything else is the server's or the way to it. */
function isBadRow(error: unknown): boolean {
  if (!(error instanceof Error && 'sqlState' in error && typeof error.sqlState === 'string')) return false
  return error.sqlState.startsWith('22') || error.sqlState.startsWith('23')
}

export interface MysqlOptions {
  /** `mysql://` or `mariadb://`, without a password where `password` gives it. */
  readonly url: string
  readonly password?: string | undefined
  /** Connections that this process opens at most. */
  readonly connections?: number
}

/** The carriers' database in MariaDB (10.5 or later) or MySQL (8.0 or later). */
export class MysqlDatabase implements Database {
  readonly #pool: Pool
  readonly #address: string
  readonly #ready = new WeakSet<object>()

  constructor(options: MysqlOptions) {
    const url = new URL(options.url)
    this.#address = `${url.protocol}//${url.host}${url.pathname}`
    this.#pool = createPool({
      host: url.hostname,
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: options.password ?? decodeURIComponent(url.password),
      database: url.pathname.slice(1),
      connectionLimit: options.connections ?? 4,
      connectTimeout: 5_000,
      charset: 'utf8mb4_bin',
      enableKeepAlive: true,
      ...(url.searchParams.get('ssl') === 'true' && { ssl: {} }),
    })
  }

  async prepare(tables: readonly string[]): Promise<void> {
    await this.#ask(async (connection) => {
      await connection.query(
        `CREATE TABLE IF NOT EXISTS ingest_seen (
           msg_id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
           seen_at BIGINT NOT NULL, batch BINARY(8) NOT NULL, KEY ingest_seen_at (seen_at)
         ) ENGINE = InnoDB`,
      )
      for (const table of tables) {
        await connection.query(
          `CREATE TABLE IF NOT EXISTS ${tableName(table)} (
             id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
             customer VARCHAR(40) NOT NULL, environment VARCHAR(4) NOT NULL, recipient VARCHAR(16) NOT NULL,
             sender VARCHAR(16) NOT NULL, type VARCHAR(3) NOT NULL, subject VARCHAR(80), body VARCHAR(4000) NOT NULL,
             ref VARCHAR(64), send_at BIGINT NOT NULL, expires_at BIGINT, accepted_at BIGINT NOT NULL,
             status TINYINT NOT NULL DEFAULT 0, result VARCHAR(40), result_at BIGINT,
             KEY ${tableName(table)}_waiting (status, send_at)
           ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
        )
      }
    })
  }

  async flush(table: string, rows: readonly Row[]): Promise<number> {
    const batch = distinct(rows)
    if (batch.length === 0) return 0
    return this.#transaction(async (connection) => {
      const fresh = await this.#newRows(connection, batch)
      if (fresh.length === 0) return 0
      // Never INSERT IGNORE: it cuts off what does not fit, with a warning that nobody reads.
      await connection.query(`INSERT INTO ${tableName(table)} (${columns.join(', ')}) VALUES ?`, [fresh.map(valuesOf)])
      return fresh.length
    })
  }

  /** Marks the ids as seen and gives back the rows whose id this transaction was the first to mark. */
  async #newRows(connection: PoolConnection, rows: readonly Row[]): Promise<Row[]> {
    const token = randomBytes(8)
    const now = Date.now()
    const marks = rows.map(({ message }) => [message.id, now, token])
    const [result] = await connection.query('INSERT IGNORE INTO ingest_seen (msg_id, seen_at, batch) VALUES ?', [marks])
    const inserted = 'affectedRows' in result ? result.affectedRows : 0
    if (inserted === rows.length) return [...rows]
    if (inserted === 0) return []
    // MySQL has no INSERT … RETURNING, so a token tells the new marks from the old ones.
    const ids = rows.map(({ message }) => message.id)
    const [seen] = await connection.query<RowDataPacket[]>('SELECT msg_id FROM ingest_seen WHERE msg_id IN (?) AND batch = ?', [
      ids,
      token,
    ])
    const fresh = new Set(seen.map((row) => String(row.msg_id)))
    return rows.filter(({ message }) => fresh.has(message.id))
  }

  async forget(before: number): Promise<void> {
    await this.#ask((connection) => connection.query('DELETE FROM ingest_seen WHERE seen_at < ? LIMIT 10000', [before]))
  }

  async waiting(table: string, most: number): Promise<CarrierRow[]> {
    return this.#ask(async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT id, customer, recipient, body FROM ${tableName(table)} WHERE status = 0 AND send_at <= ? ORDER BY send_at LIMIT ?`,
        [Date.now(), most],
      )
      return rows.map(({ id, customer, recipient, body }) => ({
        id: String(id),
        customer: String(customer),
        recipient: String(recipient),
        body: String(body),
      }))
    })
  }

  async report(table: string, ids: readonly string[], result: string, at: number): Promise<void> {
    if (ids.length === 0) return
    await this.#ask((connection) =>
      connection.query(`UPDATE ${tableName(table)} SET status = 2, result = ?, result_at = ? WHERE id IN (?)`, [result, at, ids]),
    )
  }

  async count(table: string): Promise<number> {
    return this.#ask(async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT count(*) AS n FROM ${tableName(table)}`)
      return Number(rows[0]?.n)
    })
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #transaction<T>(run: (connection: PoolConnection) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.#ask(async (connection) => {
          await connection.beginTransaction()
          try {
            const result = await run(connection)
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

  async #ask<T>(run: (connection: PoolConnection) => Promise<T>): Promise<T> {
    let connection: PoolConnection | undefined
    try {
      connection = await this.#connection()
      return await run(connection)
    } catch (error) {
      if (isBadRow(error)) throw error
      connection?.destroy()
      connection = undefined
      const reason = codeOf(error) || (error instanceof Error ? error.message : String(error))
      throw new Problem('database-unavailable', `${this.#address} does not do what it should: ${reason}.`, {
        next: 'apigw doctor',
        cause: error,
      })
    } finally {
      connection?.release()
    }
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
