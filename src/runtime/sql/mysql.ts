import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import {
  createPool,
  type Pool,
  type PoolConnection,
  type PoolOptions,
  type QueryResult,
  type RowDataPacket,
} from 'mysql2/promise'
import { Problem } from '../../domain/problem.ts'
import { NoAnswer, within } from './deadline.ts'
import { limitDialect } from './dialect.ts'
import {
  type CarrierEngine,
  type CarrierSession,
  type Password,
  Refusal,
  type Session,
  type SqlRow,
  type TableFacts,
  unavailable,
  type Values,
} from './engine.ts'

/** Deadlock, lock wait timeout, a record that changed since the snapshot, a statement that was ended: run it again. */
const again = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD', 'ER_QUERY_INTERRUPTED'])
/**
 * The server is read-only: after a fail-over a pool stays connected to the reader
 * (https://github.com/sidorares/node-mysql2/issues/2050).
 */
const readOnly = new Set(['ER_OPTION_PREVENTS_STATEMENT', 'ER_READ_ONLY_MODE', 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION'])
const tries = 5
const lockSeconds = 30
/** Longest that one statement may take; a change of the schema may take longer. */
const defaultTimeoutMs = 30_000
const schemaTimeoutMs = 600_000
/** Longest that a ROLLBACK or a ping may take. */
const pingMs = 3_000
/** A connection that was idle for longer is asked first: its peer may be gone without a word. */
const idleMs = 5_000
/** What a statement has beside its values. */
const statementBytes = 1024

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export interface ServerOptions<P = string> {
  /** Address without a password where `password` gives it. */
  readonly url: string
  readonly password?: P | undefined
  /** Connections that this process opens at most. */
  readonly connections?: number | undefined
  /** Longest that one statement may take. */
  readonly timeoutMs?: number | undefined
}

/** RDS asks for a token in clear, inside TLS (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html). */
function passwordOf(password: Password): Pick<PoolOptions, 'password' | 'authPlugins'> {
  if (typeof password === 'string') return { password }
  return { authPlugins: { mysql_clear_password: () => async () => Buffer.from(`${await password()}\0`) } }
}

/** What is known of a connection. */
interface Known {
  /** The server takes no longer statement (`max_allowed_packet`). */
  readonly maxBytes: number
  usedAt: number
}

const quoted = (name: string): string => `\`${name}\``

const indexes = `SELECT index_name AS name, column_name AS col FROM information_schema.statistics
  WHERE table_schema = DATABASE() AND table_name = ? ORDER BY index_name, seq_in_index`

/** The carriers' database in MariaDB (10.5 or later) or MySQL (8.0 or later). */
export class MysqlEngine implements CarrierEngine {
  readonly name = 'mysql'
  readonly quoted = quoted
  readonly dialect = limitDialect({
    quoted,
    lock: ' FOR UPDATE',
    text: 'CHAR',
    indexes: (table) => ({ sql: indexes, values: [table] }),
    hex: (column) => `HEX(${quoted(column)})`,
    createLike: ({ table, like }) => [`CREATE TABLE IF NOT EXISTS ${quoted(table)} LIKE ${quoted(like)}`],
  })
  readonly #pool: Pool
  readonly #address: string
  readonly #database: string
  readonly #timeoutMs: number
  readonly #known = new WeakMap<object, Known>()

  constructor(options: ServerOptions<Password>) {
    const url = new URL(options.url)
    this.#address = `${url.protocol}//${url.host}${url.pathname}`
    this.#database = url.pathname.slice(1)
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#pool = createPool({
      host: url.hostname,
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      ...passwordOf(options.password ?? decodeURIComponent(url.password)),
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
    // An error between two statements is an event, and without a listener it ends the process. The next statement fails.
    this.#pool.on('connection', (connection) => void connection.on('error', () => undefined))
  }

  async transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.#ask((connection) => this.#transaction(connection, run))
      } catch (error) {
        if (!(error instanceof Refusal) || !again.has(codeOf(error.cause))) throw error
        if (round >= tries) throw unavailable(this.#address, error.cause)
      }
    }
  }

  async #transaction<T>(connection: PoolConnection, run: (session: CarrierSession) => Promise<T>): Promise<T> {
    const statement = (sql: string, ms: number) => within(connection.query(sql), ms, () => discard(connection))
    await statement('START TRANSACTION', this.#timeoutMs)
    try {
      const result = await run(this.#session(connection, this.#timeoutMs))
      await statement('COMMIT', this.#timeoutMs)
      return result
    } catch (error) {
      // Where the connection is gone the server has rolled back by itself.
      if (error instanceof NoAnswer) throw error
      await statement('ROLLBACK', pingMs).catch(() => {
        throw error
      })
      // `#ask` then ends the connection, and the next one resolves the name of the server again.
      if (readOnly.has(codeOf(error))) throw error
      throw new Refusal(this.#address, error, codeOf(error) === 'ER_NO_SUCH_TABLE')
    }
  }

  /** MySQL ends a transaction with each change of the schema, so a named lock keeps others out. */
  async exclusive<T>(run: (session: CarrierSession) => Promise<T>): Promise<T> {
    const lock = `apigw.${this.#database}`.slice(0, 64)
    return this.#ask(async (connection) => {
      const session = this.#session(connection, schemaTimeoutMs)
      const [row] = await session.all('SELECT GET_LOCK(?, ?) AS got', [lock, lockSeconds])
      if (row?.got !== 1) throw new Error('another process is changing the schema')
      try {
        return await run(session)
      } finally {
        await session.all('SELECT RELEASE_LOCK(?)', [lock])
      }
    })
  }

  async now(session: Session): Promise<number> {
    const [row] = await session.all('SELECT UNIX_TIMESTAMP(NOW(3)) * 1000 AS ms')
    return Math.round(Number(row?.ms))
  }

  async hasTable(session: Session, table: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?'
    return (await session.all(sql, [table])).length > 0
  }

  async facts(session: Session, table: string): Promise<TableFacts | undefined> {
    const where = 'WHERE table_schema = DATABASE() AND table_name = ?'
    const [found] = await session.all(`SELECT engine AS engine FROM information_schema.tables ${where}`, [table])
    if (found === undefined) return undefined
    const rows = await session.all(
      `SELECT column_name AS name, data_type AS type, character_maximum_length AS length, is_nullable AS nullable,
         column_default AS preset, extra AS extra, character_set_name AS charset, column_type AS full
       FROM information_schema.columns ${where}`,
      [table],
    )
    return { columns: rows.map(columnOf), transactional: !/myisam|aria|memory|csv/i.test(String(found.engine ?? '')) }
  }

  /** Says goodbye to the server, but waits for no peer that is gone: whatever was committed is committed. */
  async close(): Promise<void> {
    await within(this.#pool.end(), pingMs, () => undefined).catch(() => undefined)
  }

  async #ask<T>(run: (connection: PoolConnection) => Promise<T>): Promise<T> {
    let connection: PoolConnection | undefined
    try {
      connection = await this.#connection()
      return await run(connection)
    } catch (error) {
      if (error instanceof Refusal) throw error
      if (connection !== undefined) discard(connection)
      connection = undefined
      throw error instanceof Problem ? error : unavailable(this.#address, error)
    } finally {
      if (connection !== undefined) {
        const known = this.#known.get(connection.connection)
        if (known !== undefined) known.usedAt = Date.now()
        connection.release()
      }
    }
  }

  /** A connection of the pool that answers. */
  async #connection(): Promise<PoolConnection> {
    for (;;) {
      const waiting = this.#pool.getConnection()
      const giveBack = () => void waiting.then((late) => late.release()).catch(() => undefined)
      const connection = await within(waiting, this.#timeoutMs, giveBack)
      const known = this.#known.get(connection.connection)
      try {
        if (known === undefined) await this.#setUp(connection)
        else if (Date.now() - known.usedAt > idleMs) await within(connection.ping(), pingMs, () => undefined)
        return connection
      } catch (error) {
        discard(connection)
        if (known === undefined) throw error
        // It had ended while it was idle; the next one is another, and a new one in the end.
      }
    }
  }

  /**
   * A plain SELECT in an old snapshot sees no new rows, so READ COMMITTED takes a new one for each statement. Strict mode
   * refuses what would not fit, where the default of some servers cuts it off and only warns. The modes against zero dates
   * are left out: a carrier's column may have one as its default, and nothing here writes one.
   */
  async #setUp(connection: PoolConnection): Promise<void> {
    const session = this.#session(connection, pingMs)
    const modes = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'
    const [row] = await session.all('SELECT @@max_allowed_packet AS bytes, @@log_bin AS logged, @@binlog_format AS format')
    // A statement-based binary log refuses writes under READ COMMITTED with error 1665. Each transaction takes
    // its snapshot at its first read, so it is a new one under REPEATABLE READ too.
    const isolation = row?.logged === 1 && row.format === 'STATEMENT' ? 'REPEATABLE READ' : 'READ COMMITTED'
    await session.run(`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`)
    await session.run(`SET SESSION sql_mode = '${modes}', innodb_lock_wait_timeout = 10`)
    this.#known.set(connection.connection, { maxBytes: Number(row?.bytes), usedAt: Date.now() })
  }

  #session(connection: PoolConnection, timeoutMs: number): CarrierSession {
    const query = async <T extends QueryResult>(sql: string, values: readonly unknown[] = []): Promise<T> => {
      const [result] = await within(connection.query<T>(sql, [...values]), timeoutMs, () => discard(connection))
      return result
    }
    const all: Session['all'] = async (sql, values) => (await query<RowDataPacket[]>(sql, values)) as SqlRow[]
    const change = async (sql: string, values: readonly unknown[] = []): Promise<number> => {
      const result = await query(sql, values)
      return 'affectedRows' in result ? result.affectedRows : 0
    }
    const maxBytes = () => this.#known.get(connection.connection)?.maxBytes ?? 1024 * 1024
    return {
      run: change,
      all,
      insert: async (table, columns, rows) => {
        const into = `INSERT INTO ${this.quoted(table)} (${columns.map((name) => this.quoted(name)).join(', ')}) VALUES ?`
        for (const some of parts(rows, maxBytes())) await query(into, [some])
      },
      insertNew: async ({ name, columns }, rows) => {
        // MySQL has no INSERT … RETURNING, so a token identifies the new rows.
        const token = randomBytes(8)
        const table = this.quoted(name)
        const key = this.quoted(columns[0] ?? '')
        const into = `INSERT IGNORE INTO ${table} (${columns.map((column) => this.quoted(column)).join(', ')}, batch) VALUES ?`
        const statements = [...parts(rows, maxBytes())]
        let inserted = 0
        for (const some of statements) inserted += await change(into, [some.map((row) => [...row, token])])
        if (inserted === rows.length) return undefined
        if (inserted === 0) return new Set()
        const seen = new Set<string>()
        for (const some of statements) {
          const sql = `SELECT ${key} AS id FROM ${table} WHERE ${key} IN (?) AND batch = ?`
          for (const row of await query<RowDataPacket[]>(sql, [some.map(([id]) => id), token])) seen.add(String(row.id))
        }
        return seen
      },
    }
  }
}

/**
 * Ends a connection at once. The driver's own `destroy` only sends a FIN, and a peer that is gone never answers it: the socket
 * would stay open until the kernel gives up, a quarter of an hour later.
 */
function discard(connection: PoolConnection): void {
  const { connection: inner } = connection
  connection.destroy()
  if ('stream' in inner && inner.stream instanceof Socket) inner.stream.destroy()
}

/** Rows in statements that the server takes; a row that is too long by itself is alone. */
function* parts(rows: readonly Values[], maxBytes: number): Generator<readonly Values[]> {
  let part: Values[] = []
  let bytes = statementBytes
  for (const row of rows) {
    // A character may be escaped by a second one; the quotes, the comma and a token of eight bytes come on top.
    const length = row.reduce<number>((sum, value) => sum + 2 * Buffer.byteLength(String(value)) + 4, 40)
    if (part.length > 0 && bytes + length > maxBytes) {
      yield part
      part = []
      bytes = statementBytes
    }
    part.push(row)
    bytes += length
  }
  if (part.length > 0) yield part
}

function columnOf(row: SqlRow): TableFacts['columns'][number] {
  const { length, charset } = row
  const type = String(row.type).toLowerCase()
  // MariaDB gives the text NULL where a column that may be null has no default of its own.
  const hasDefault = row.preset !== null && row.preset !== undefined
  const enumeration =
    type === 'enum' ? [...String(row.full).matchAll(/'((?:[^']|'')*)'/g)].map(([, value]) => value ?? '') : undefined
  return {
    name: String(row.name),
    type,
    ...(length !== null && length !== undefined && { length: Number(length) }),
    optional: row.nullable === 'YES' || hasDefault || /auto_increment|generated|default_generated/i.test(String(row.extra)),
    ...(typeof charset === 'string' && { charset }),
    ...(enumeration !== undefined && { values: enumeration }),
  }
}
