import pg from 'pg'
import { Problem } from '../../domain/problem.ts'
import { NoAnswer, within } from './deadline.ts'
import { limitDialect } from './dialect.ts'
import {
  type CarrierEngine,
  type CarrierSession,
  type ColumnType,
  type Password,
  Refusal,
  type Session,
  type SqlRow,
  type TableFacts,
  unavailable,
  type Values,
} from './engine.ts'
import type { ServerOptions } from './mysql.ts'

/** Deadlock, a serialization failure, a lock or a statement that was waited for too long: run it again. */
const again = new Set(['40P01', '40001', '55P03', '57014'])
const tries = 5
/** The server is a standby: after a fail-over the old address may lead to one. */
const readOnly = '25006'
/** Any number, the same for all of us. */
const schemaLock = 7_264_911
/** Longest that one statement may take; a change of the schema may take longer. */
const defaultTimeoutMs = 30_000
const schemaTimeoutMs = 600_000
/** Longest that a ROLLBACK or a ping may take. */
const pingMs = 3_000
/** A connection that was idle for longer is asked first: its peer may be gone without a word. */
const idleMs = 5_000

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The address without a password, as errors show it. */
export function shownAddress(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}

/** How one connection is made. */
export function connectionOf(url: URL, given: Password | undefined): pg.ClientConfig {
  const password = given ?? decodeURIComponent(url.password)
  return {
    host: url.hostname,
    port: url.port === '' ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    ...(password !== '' && { password }),
    database: url.pathname.slice(1),
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    ...(url.searchParams.get('ssl') === 'true' && { ssl: true }),
  }
}

const quoted = (name: string): string => `"${name}"`

/** An index over a part of the rows is left out: it may not hold the rows that are looked for. */
const indexes = `SELECT c.relname AS name, a.attname AS col FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE i.indrelid = to_regclass(?) AND i.indpred IS NULL AND i.indisvalid ORDER BY c.relname, k.place`

/** The carriers' database in PostgreSQL (12 or later). */
export class PostgresEngine implements CarrierEngine {
  readonly name = 'postgres'
  readonly quoted = quoted
  readonly dialect = limitDialect({
    quoted,
    lock: ' FOR UPDATE',
    text: 'TEXT',
    indexes: (table) => ({ sql: indexes, values: [quoted(table)] }),
    hex: (column) => `encode(convert_to(${quoted(column)}, getdatabaseencoding()), 'hex')`,
    // Without identities and defaults: a default would depend on the sequence of the other table.
    createLike: ({ table, like }) => [
      `CREATE TABLE IF NOT EXISTS ${quoted(table)} (LIKE ${quoted(like)} INCLUDING CONSTRAINTS INCLUDING INDEXES)`,
    ],
  })
  readonly #pool: pg.Pool
  readonly #address: string
  readonly #timeoutMs: number
  readonly #usedAt = new WeakMap<pg.PoolClient, number>()

  constructor(options: ServerOptions<Password>) {
    const url = new URL(options.url)
    this.#address = shownAddress(url)
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#pool = new pg.Pool({
      ...connectionOf(url, options.password),
      max: options.connections ?? 4,
      statement_timeout: schemaTimeoutMs,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 60_000,
      // A timestamp is a reading of a clock, not an instant: it comes as the text that it is.
      types: { getTypeParser: () => (text: string) => text },
    })
    // The server may close idle connections: the next call opens a new one.
    this.#pool.on('error', () => undefined)
    // The pool listens to idle connections only. One that ends between two statements of a transaction emits an error, which
    // without a listener ends the process (https://github.com/brianc/node-postgres/issues/1324). The next statement fails.
    this.#pool.on('connect', (client) => void client.on('error', () => undefined))
  }

  async transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    return this.#transaction(run, this.#timeoutMs)
  }

  async #transaction<T>(run: (session: CarrierSession) => Promise<T>, timeoutMs: number): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.#ask((client) => this.#inTransaction(client, run, timeoutMs))
      } catch (error) {
        if (!(error instanceof Refusal) || !again.has(codeOf(error.cause))) throw error
        if (round >= tries) throw unavailable(this.#address, error.cause)
      }
    }
  }

  async #inTransaction<T>(client: pg.PoolClient, run: (session: CarrierSession) => Promise<T>, timeoutMs: number): Promise<T> {
    const statement = (sql: string, ms: number) => within(client.query(sql), ms, () => discard(client))
    await statement('BEGIN ISOLATION LEVEL READ COMMITTED', this.#timeoutMs)
    try {
      const result = await run(this.#session(client, timeoutMs))
      await statement('COMMIT', timeoutMs)
      return result
    } catch (error) {
      // Where the connection is gone the server has rolled back by itself.
      if (error instanceof NoAnswer) throw error
      await statement('ROLLBACK', pingMs).catch(() => {
        throw error
      })
      // `#ask` then ends the connection, and the next one resolves the name of the server again.
      if (codeOf(error) === readOnly) throw error
      throw new Refusal(this.#address, error, codeOf(error) === '42P01')
    }
  }

  exclusive<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    return this.#transaction(async (session) => {
      await session.all('SELECT pg_advisory_xact_lock(?)', [schemaLock])
      return run(session)
    }, schemaTimeoutMs)
  }

  async now(session: Session): Promise<number> {
    const [row] = await session.all('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')
    return Math.round(Number(row?.ms))
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    const [row] = await session.all('SELECT to_regclass(?) IS NOT NULL AS there', [this.quoted(table)])
    return row?.there === 't'
  }

  /** Says goodbye to the server, but waits for no peer that is gone: whatever was committed is committed. */
  async close(): Promise<void> {
    await within(this.#pool.end(), pingMs, () => undefined).catch(() => undefined)
  }

  async facts(session: Session, table: string): Promise<TableFacts | undefined> {
    if (!(await this.hasTable(session, table))) return undefined
    const rows = await session.all(
      `SELECT i.column_name AS name, i.data_type AS type, i.character_maximum_length AS length, i.is_nullable AS nullable,
         i.column_default AS preset, i.is_identity AS identity, i.is_generated AS generated
       FROM information_schema.columns i JOIN pg_namespace n ON n.nspname = i.table_schema
       JOIN pg_class c ON c.relname = i.table_name AND c.relnamespace = n.oid WHERE c.oid = to_regclass(?)`,
      [this.quoted(table)],
    )
    return { columns: rows.map(columnOf), transactional: true }
  }

  async #ask<T>(run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    try {
      client = await this.#connection()
      return await run(client)
    } catch (error) {
      if (error instanceof Refusal) throw error
      if (client !== undefined) discard(client)
      client = undefined
      throw error instanceof Problem ? error : unavailable(this.#address, error)
    } finally {
      if (client !== undefined) {
        this.#usedAt.set(client, Date.now())
        client.release()
      }
    }
  }

  /** A connection of the pool that answers. */
  async #connection(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect()
      const usedAt = this.#usedAt.get(client)
      if (usedAt === undefined || Date.now() - usedAt <= idleMs) return client
      try {
        await within(client.query('SELECT 1'), pingMs, () => undefined)
        return client
      } catch {
        // It had ended while it was idle; the next one is another, and a new one in the end.
        discard(client)
      }
    }
  }

  #session(client: pg.PoolClient, timeoutMs: number): CarrierSession {
    const send = <R extends pg.QueryResultRow = SqlRow>(config: pg.QueryConfig): Promise<pg.QueryResult<R>> =>
      within(client.query<R>(config), timeoutMs, () => discard(client))
    const query = (sql: string, values: readonly unknown[] = []): Promise<pg.QueryResult<SqlRow>> => {
      let at = 0
      return send({ text: sql.replaceAll('?', () => `$${++at}`), values: [...values] })
    }
    return {
      all: async (sql, values) => (await query(sql, values)).rows,
      run: async (sql, values) => (await query(sql, values)).rowCount ?? 0,
      insert: async (table, columns, rows, types) => {
        const names = columns.map((column) => this.quoted(column)).join(', ')
        const into = `INSERT INTO ${this.quoted(table)} (${names})`
        if (types !== undefined) await send(arrays(`insert-${table}`, into, types, rows))
        else for (const some of slices(rows, columns.length)) await send(values(into, some))
      },
      insertNew: async ({ name, columns, types }, rows) => {
        const names = columns.map((column) => this.quoted(column))
        const into = `INSERT INTO ${this.quoted(name)} (${names.join(', ')})`
        const { text, ...rest } = arrays(`new-${name}`, into, types, rows)
        const { rows: fresh } = await send<{ id: string }>({
          ...rest,
          text: `${text} ON CONFLICT DO NOTHING RETURNING ${names[0]} AS id`,
        })
        return fresh.length === rows.length ? undefined : new Set(fresh.map(({ id }) => id))
      },
    }
  }
}

/** Ends a connection at once, and takes it out of the pool: a goodbye to a peer that is gone would wait for minutes. */
function discard(client: pg.PoolClient): void {
  if (discarded.has(client)) return
  discarded.add(client)
  client.release(true)
  client.connection.stream.destroy()
}
const discarded = new WeakSet<pg.PoolClient>()

/** One statement, prepared once, for any number of rows. */
function arrays(name: string, into: string, types: readonly ColumnType[], rows: readonly Values[]) {
  const text = `${into} SELECT * FROM unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`
  return { name, text, values: types.map((_, at) => rows.map((row) => row[at] ?? null)) }
}

function values(into: string, rows: readonly Values[]) {
  let at = 0
  const tuples = rows.map((row) => `(${row.map(() => `$${++at}`).join(', ')})`)
  return { text: `${into} VALUES ${tuples.join(', ')}`, values: rows.flat() }
}

/** PostgreSQL takes up to 65,535 values in a statement. */
function* slices(rows: readonly Values[], width: number): Generator<readonly Values[]> {
  const most = Math.floor(65_535 / width)
  for (let from = 0; from < rows.length; from += most) yield rows.slice(from, from + most)
}

function columnOf(row: SqlRow): TableFacts['columns'][number] {
  const { length, preset } = row
  return {
    name: String(row.name),
    type: String(row.type).toLowerCase(),
    ...(length !== null && { length: Number(length) }),
    optional: row.nullable === 'YES' || preset !== null || row.identity === 'YES' || row.generated === 'ALWAYS',
  }
}
