import pg from 'pg'
import { Problem } from '../../domain/problem.ts'
import type { Value } from './layout.ts'
import type { ServerOptions } from './mysql.ts'
import { ourTypes } from './schema.ts'
import type { Engine, Session, SqlRow } from './sql.ts'

/** Deadlock, and a serialization failure: the transaction may simply run again. */
const again = new Set(['40P01', '40001', '55P03'])
const tries = 5
/** Any number, the same for all of us. */
const schemaLock = 7_264_911

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/**
 * Errors of class 22 and 23 are the data's fault
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html); a text with NUL is one of them.
 */
function isBadRow(error: unknown): boolean {
  return /^2[23]/.test(codeOf(error)) && error instanceof pg.DatabaseError
}

/** The carriers' database in PostgreSQL (12 or later). */
export class PostgresEngine implements Engine {
  readonly name = 'postgres'
  readonly #pool: pg.Pool
  readonly #address: string

  constructor(options: ServerOptions) {
    const url = new URL(options.url)
    this.#address = `${url.protocol}//${url.host}${url.pathname}`
    const password = options.password ?? decodeURIComponent(url.password)
    this.#pool = new pg.Pool({
      host: url.hostname,
      port: url.port === '' ? 5432 : Number(url.port),
      user: decodeURIComponent(url.username),
      ...(password !== '' && { password }),
      database: url.pathname.slice(1),
      max: options.connections ?? 4,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      statement_timeout: 60_000,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 60_000,
      // A timestamp is a reading of a clock, not an instant: it comes as the text that it is.
      types: { getTypeParser: () => (text: string) => text },
      ...(url.searchParams.get('ssl') === 'true' && { ssl: true }),
    })
    // An idle connection that the server ends is no fault: the next call opens another.
    this.#pool.on('error', () => undefined)
    // One that is in use and ends says so as well, and without a listener that ends the process; its query fails anyway.
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
  }

  quoted(name: string): string {
    return `"${name}"`
  }

  async transaction<T>(run: (session: Session) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.#ask((client) => inTransaction(client, () => run(this.#session(client))))
      } catch (error) {
        const cause = error instanceof Problem ? error.cause : error
        if (round >= tries || !again.has(codeOf(cause))) throw error
      }
    }
  }

  exclusive<T>(run: (session: Session) => Promise<T>): Promise<T> {
    return this.transaction(async (session) => {
      await session.all('SELECT pg_advisory_xact_lock(?)', [schemaLock])
      return run(session)
    })
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    const [row] = await session.all('SELECT to_regclass(?) IS NOT NULL AS there', [this.quoted(table)])
    return row?.there === 't'
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #ask<T>(run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    try {
      client = await this.#pool.connect()
      const result = await run(client)
      client.release()
      return result
    } catch (error) {
      const bad = isBadRow(error) || error instanceof Problem
      client?.release(!bad)
      throw bad ? error : this.#asProblem(error)
    }
  }

  #asProblem(error: unknown): Problem {
    const message = error instanceof Error ? error.message : String(error)
    if (codeOf(error) === '42P01' && /ingest_|apigw_schema/.test(message)) {
      const detail = `${this.#address} lacks the tables that messages are written into.`
      return new Problem('schema-outdated', detail, { next: 'apigw schema apply', cause: error })
    }
    return new Problem('database-unavailable', `${this.#address} does not do what it should: ${message}.`, {
      next: 'apigw schema status',
      cause: error,
    })
  }

  #session(client: pg.PoolClient): Session {
    const query = async (sql: string, values: readonly unknown[] = []): Promise<pg.QueryResult<SqlRow>> => {
      let at = 0
      const numbered = sql.replaceAll('?', () => `$${++at}`)
      return client.query({ text: numbered, values: [...values] })
    }
    return {
      all: async (sql, values) => (await query(sql, values)).rows,
      run: async (sql, values) => (await query(sql, values)).rowCount ?? 0,
      insert: async (table, columns, rows) => {
        const names = columns.map((column) => this.quoted(column)).join(', ')
        const into = `INSERT INTO ${this.quoted(table)} (${names})`
        // Arrays are the fastest way in, and need the types; of a carrier's own table those are not known.
        if (columns.length === ourTypes.length && columns[1] === 'customer') {
          await client.query(arrays(`ours-${table}`, into, ourTypes, rows))
        } else for (const some of slices(rows, columns.length)) await client.query(values(into, some))
      },
      see: async (columns, rows) => {
        const into = `INSERT INTO ingest_seen (${columns.join(', ')})`
        const types = ['text', 'bigint', 'text', 'text', 'text']
        const { text, ...rest } = arrays('see', into, types, rows)
        const { rows: fresh } = await client.query<{ msg_id: string }>({
          ...rest,
          text: `${text} ON CONFLICT DO NOTHING RETURNING msg_id`,
        })
        return fresh.length === rows.length ? undefined : new Set(fresh.map((row) => row.msg_id))
      },
    }
  }
}

async function inTransaction<T>(client: pg.PoolClient, run: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  try {
    const result = await run()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** One statement, prepared once, for any number of rows. */
function arrays(name: string, into: string, types: readonly string[], rows: readonly (readonly Value[])[]) {
  const text = `${into} SELECT * FROM unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`
  return { name, text, values: types.map((_, at) => rows.map((row) => row[at] ?? null)) }
}

function values(into: string, rows: readonly (readonly Value[])[]) {
  let at = 0
  const tuples = rows.map((row) => `(${row.map(() => `$${++at}`).join(', ')})`)
  return { text: `${into} VALUES ${tuples.join(', ')}`, values: rows.flat() }
}

/** PostgreSQL takes up to 65,535 values in a statement. */
function* slices(rows: readonly (readonly Value[])[], width: number): Generator<readonly (readonly Value[])[]> {
  const most = Math.floor(65_535 / width)
  for (let from = 0; from < rows.length; from += most) yield rows.slice(from, from + most)
}
