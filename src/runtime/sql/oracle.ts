import { within } from './deadline.ts'
import type { DriverPackage } from './driver.ts'
import type { Engine, SqlRow, Value } from './engine.ts'
import type { ServerOptions } from './mysql.ts'
import { oracleSql, sessionSettings, storable } from './oracle-sql.ts'
import { type Connection, PooledEngine } from './pooled-engine.ts'

/** The parts of node-oracledb (https://node-oracledb.readthedocs.io/) that are used, in its thin mode. */
export interface OracleDb {
  getConnection(config: OracleConfig): Promise<OracleConnection>
  readonly DB_TYPE_VARCHAR: object
  readonly DB_TYPE_CHAR: object
  readonly OUT_FORMAT_OBJECT: number
}

interface OracleConfig {
  readonly user: string
  readonly password: string
  readonly connectString: string
}

interface OracleBind {
  readonly val: string | null
  readonly type: object
}

interface OracleOptions {
  readonly outFormat: number
  readonly autoCommit: boolean
  /** Chooses the type that a column is fetched as; `undefined`: its own. */
  fetchTypeHandler(column: { readonly dbTypeName?: string }): { readonly type: object } | undefined
}

export interface OracleConnection {
  callTimeout: number | undefined
  execute(
    sql: string,
    binds: readonly OracleBind[],
    options: OracleOptions,
  ): Promise<{ readonly rows?: readonly Readonly<Record<string, unknown>>[]; readonly rowsAffected?: number }>
  commit(): Promise<void>
  rollback(): Promise<void>
  ping(): Promise<void>
  close(): Promise<void>
}

export const oraclePackage: DriverPackage<OracleDb> = {
  database: 'Oracle',
  name: 'oracledb',
  versions: '26',
  isDriver: (module): module is OracleDb =>
    typeof module === 'object' &&
    module !== null &&
    typeof Reflect.get(module, 'getConnection') === 'function' &&
    ['DB_TYPE_VARCHAR', 'DB_TYPE_CHAR'].every((name) => typeof Reflect.get(module, name) === 'object'),
}

const connectMs = 5_000
const defaultTimeoutMs = 30_000
/** Longest goodbye to a server. */
const closeMs = 1_000
/** Longest CHAR is 2,000 bytes; a character has up to four. */
const maxCharacters = 500
/** Types without a text form. */
const binary = /BLOB|BFILE|RAW|CURSOR|OBJECT|VECTOR/

/** A customer's database in Oracle 12.1 or later. @param driver the package oracledb */
export function oracleEngine(driver: OracleDb, options: ServerOptions): Engine {
  const { url: address, password, connections, timeoutMs = defaultTimeoutMs } = options
  const url = new URL(address)
  const protocol = url.searchParams.get('ssl') === 'true' ? 'tcps' : 'tcp'
  const host = `${url.hostname}:${url.port === '' ? 1521 : url.port}`
  // Easy Connect Plus: the times are in seconds, and the probes of EXPIRE_TIME, in minutes, notice a peer that is gone.
  const limits = `connect_timeout=${connectMs / 1000}&transport_connect_timeout=${connectMs / 1000}&expire_time=1`
  const config: OracleConfig = {
    user: decodeURIComponent(url.username),
    password: password ?? decodeURIComponent(url.password),
    connectString: `${protocol}://${host}${url.pathname}?${limits}`,
  }
  return new PooledEngine({
    sql: oracleSql,
    address: `${url.protocol}//${url.host}${url.pathname}`,
    connect: () => connect(driver, config, timeoutMs),
    connections,
    timeoutMs,
  })
}

async function connect(driver: OracleDb, config: OracleConfig, timeoutMs: number): Promise<Connection> {
  const opening = driver.getConnection(config)
  const endLate = () => void opening.then((late) => late.close()).catch(() => undefined)
  const connection = await within(opening, connectMs * 2, endLate)
  const link = new OracleLink(driver, connection)
  try {
    connection.callTimeout = connectMs
    await within(link.run(sessionSettings, []), connectMs * 2, () => undefined)
    // The driver asks the server to stop before the clock of `within` ends the connection.
    connection.callTimeout = Math.ceil(timeoutMs * 0.9)
    return link
  } catch (error) {
    link.destroy()
    throw error
  }
}

class OracleLink implements Connection {
  readonly #driver: OracleDb
  readonly #connection: OracleConnection
  #isEnded = false

  constructor(driver: OracleDb, connection: OracleConnection) {
    this.#driver = driver
    this.#connection = connection
  }

  /** A transaction begins with its first statement. */
  async begin(): Promise<void> {
    if (this.#isEnded) throw new Error('the connection has ended')
  }

  commit(): Promise<void> {
    return this.#connection.commit()
  }

  rollback(): Promise<void> {
    return this.#connection.rollback()
  }

  ping(): Promise<void> {
    return this.#connection.ping()
  }

  /** The driver ends a connection with a goodbye only, which waits no longer than this. */
  destroy(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#connection.callTimeout = closeMs
    void this.#connection.close().catch(() => undefined)
  }

  async all(sql: string, values: readonly Value[]): Promise<SqlRow[]> {
    const { rows = [] } = await this.#execute(sql, values)
    return rows.map(rowOf)
  }

  async run(sql: string, values: readonly Value[]): Promise<number> {
    return (await this.#execute(sql, values)).rowsAffected ?? 0
  }

  #execute(sql: string, values: readonly Value[]): ReturnType<OracleConnection['execute']> {
    const { DB_TYPE_VARCHAR, OUT_FORMAT_OBJECT } = this.#driver
    let at = 0
    return this.#connection.execute(
      sql.replaceAll('?', () => `:${++at}`),
      values.map((value) => this.#bind(value)),
      {
        outFormat: OUT_FORMAT_OBJECT,
        autoCommit: false,
        // As text, in the forms of the session: a number keeps its digits, and a time is not taken for an instant.
        fetchTypeHandler: ({ dbTypeName = '' }) => (binary.test(dbTypeName) ? undefined : { type: DB_TYPE_VARCHAR }),
      },
    )
  }

  /**
   * Each value is text: Oracle converts a text to the type of the column, but a text column to the type of a number. As CHAR
   * a value equals a CHAR column without its blanks, and a VARCHAR2 column exactly
   * (https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/Data-Type-Comparison-Rules.html).
   */
  #bind(value: Value): OracleBind {
    const val = storable(value)
    const { DB_TYPE_CHAR, DB_TYPE_VARCHAR } = this.#driver
    return { val, type: (val?.length ?? 0) > maxCharacters ? DB_TYPE_VARCHAR : DB_TYPE_CHAR }
  }
}

/** Oracle gives names without quotes in capitals, and the ones of apigw's statements are in small letters. */
function rowOf(row: Readonly<Record<string, unknown>>): SqlRow {
  const small = (name: string) => (name === name.toUpperCase() ? name.toLowerCase() : name)
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [small(name), value]))
}
