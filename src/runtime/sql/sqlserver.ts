import { Problem } from '../../domain/problem.ts'
import { within } from './deadline.ts'
import type { DriverPackage } from './driver.ts'
import type { Engine, SqlRow, Value } from './engine.ts'
import type { ServerOptions } from './mysql.ts'
import { type Connection, PooledEngine } from './pooled-engine.ts'
import { sqlServerSql } from './sqlserver-sql.ts'

/** The parts of tedious (https://tediousjs.github.io/tedious/) that are used. */
export interface Tedious {
  readonly Connection: new (config: TediousConfig) => TediousConnection
  readonly Request: new (sql: string, done: TediousDone) => TediousRequest
  readonly TYPES: { readonly VarChar: object; readonly NVarChar: object }
  readonly ISOLATION_LEVEL: { readonly READ_COMMITTED: number }
}

interface TediousConfig {
  readonly server: string
  readonly authentication: {
    readonly type: 'default'
    readonly options: { readonly userName: string; readonly password: string }
  }
  readonly options: Readonly<Record<string, string | number | boolean>>
}

type TediousDone = (error: Error | null | undefined, rowCount?: number, rows?: readonly (readonly TediousValue[])[]) => void

export interface TediousValue {
  readonly value: unknown
  readonly metadata: { readonly colName: string; readonly type: { readonly name: string } }
}

export interface TediousRequest {
  addParameter(name: string, type: object, value: string | null, options: { readonly length: number }): void
}

export interface TediousConnection {
  on(event: 'error', listener: (error: Error) => void): unknown
  connect(done: (error?: Error) => void): void
  beginTransaction(done: (error?: Error | null) => void, name: string, isolationLevel: number): void
  commitTransaction(done: (error?: Error | null) => void): void
  execSql(request: TediousRequest): void
  execSqlBatch(request: TediousRequest): void
  close(): void
}

export const tediousPackage: DriverPackage<Tedious> = {
  database: 'SQL Server',
  name: 'tedious',
  versions: '20',
  isDriver: (module): module is Tedious =>
    typeof module === 'object' &&
    module !== null &&
    ['Connection', 'Request'].every((name) => typeof Reflect.get(module, name) === 'function') &&
    ['TYPES', 'ISOLATION_LEVEL'].every((name) => typeof Reflect.get(module, name) === 'object'),
}

const connectMs = 5_000
/** Longest text that VARCHAR and NVARCHAR take. A length that does not change lets the server use a plan again. */
const lengths = { ascii: 8_000, other: 4_000 }

/** What the session needs. SET LANGUAGE, which the driver sends, sets the order of dates as well, so this comes after it. */
export const sessionSettings = 'SET DATEFORMAT ymd; SET LOCK_TIMEOUT 10000; SET XACT_ABORT ON'

/** SQL Server may have rolled back by itself: after a deadlock there is no transaction any more. */
export const rollback = 'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION'

/** @throws Problem `config-invalid` */
function encryption(url: URL): { readonly encrypt: boolean; readonly trustServerCertificate: boolean } {
  const wanted = url.searchParams.get('ssl')
  if (wanted === null) return { encrypt: false, trustServerCertificate: false }
  if (wanted === 'true' || wanted === 'unverified') return { encrypt: true, trustServerCertificate: wanted !== 'true' }
  throw new Problem('config-invalid', `The database address has ssl=${wanted}.`, {
    next: 'use ssl=true, ssl=unverified where the server has a certificate of its own, or no ssl',
  })
}

/** A customer's database in SQL Server 2012 or later. @param driver the package tedious */
export function sqlServerEngine(driver: Tedious, { url: address, password, connections, timeoutMs }: ServerOptions): Engine {
  const url = new URL(address)
  const config: TediousConfig = {
    // An IPv6 address is in brackets only in a URL.
    server: url.hostname.replaceAll(/[[\]]/g, ''),
    authentication: {
      type: 'default',
      options: {
        userName: decodeURIComponent(url.username),
        password: password ?? decodeURIComponent(url.password),
      },
    },
    options: {
      port: url.port === '' ? 1433 : Number(url.port),
      database: decodeURIComponent(url.pathname.slice(1)),
      appName: 'apigw',
      connectTimeout: connectMs,
      // The clock of `within` ends a statement, with the connection.
      requestTimeout: 0,
      // A DATETIME is a reading of a clock, not an instant: as UTC it keeps its digits.
      useUTC: true,
      rowCollectionOnRequestCompletion: true,
      ...encryption(url),
    },
  }
  return new PooledEngine({
    sql: sqlServerSql,
    address: `${url.protocol}//${url.host}${url.pathname}`,
    connect: () => connect(driver, config),
    connections,
    timeoutMs,
  })
}

async function connect(driver: Tedious, config: TediousConfig): Promise<Connection> {
  const connection = new driver.Connection(config)
  // An error between two statements is an event, and without a listener it ends the process. The next statement fails.
  connection.on('error', () => undefined)
  const opened = new TediousLink(driver, connection)
  try {
    await within(opened.open(), connectMs * 2, () => undefined)
    return opened
  } catch (error) {
    opened.destroy()
    throw error
  }
}

/** Calls a function of the driver that takes a callback. */
function called(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  call((error) => (error ? reject(error) : resolve()))
  return promise
}

class TediousLink implements Connection {
  readonly #driver: Tedious
  readonly #connection: TediousConnection

  constructor(driver: Tedious, connection: TediousConnection) {
    this.#driver = driver
    this.#connection = connection
  }

  async open(): Promise<void> {
    await called((done) => this.#connection.connect(done))
    await this.#batch(sessionSettings)
  }

  begin(): Promise<void> {
    const { READ_COMMITTED } = this.#driver.ISOLATION_LEVEL
    return called((done) => this.#connection.beginTransaction(done, '', READ_COMMITTED))
  }

  commit(): Promise<void> {
    return called((done) => this.#connection.commitTransaction(done))
  }

  rollback(): Promise<void> {
    return this.#batch(rollback)
  }

  ping(): Promise<void> {
    return this.#batch('SELECT 1')
  }

  destroy(): void {
    this.#connection.close()
  }

  all(sql: string, values: readonly Value[]): Promise<SqlRow[]> {
    const { promise, resolve, reject } = Promise.withResolvers<SqlRow[]>()
    let at = 0
    const text = sql.replaceAll('?', () => `@p${++at}`)
    const request = new this.#driver.Request(text, (error, _count, rows = []) => {
      if (error) reject(withNumber(error))
      else resolve(rows.map(rowOf))
    })
    for (const [index, value] of values.entries()) this.#bind(request, `p${index + 1}`, value)
    this.#connection.execSql(request)
    return promise
  }

  /** The driver's own count adds what triggers change. */
  async run(sql: string, values: readonly Value[]): Promise<number> {
    const rows = await this.all(`${sql}; SELECT @@ROWCOUNT AS changed`, values)
    return Number(rows.at(-1)?.changed ?? 0)
  }

  /**
   * Each value is text: SQL Server converts a text to the type of the column, but a VARCHAR column to the type of a number. It
   * also converts a VARCHAR column to NVARCHAR where the value is one, and then uses no index of the column.
   */
  #bind(request: TediousRequest, name: string, value: Value): void {
    const { VarChar, NVarChar } = this.#driver.TYPES
    const text = value === null ? null : String(value)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
    const isAscii = text === null || /^[\x00-\x7f]*$/.test(text)
    const most = isAscii ? lengths.ascii : lengths.other
    request.addParameter(name, isAscii ? VarChar : NVarChar, text, { length: Math.max(most, text?.length ?? 0) })
  }

  #batch(sql: string): Promise<void> {
    return called((done) => this.#connection.execSqlBatch(new this.#driver.Request(sql, done)))
  }
}

/** The number of the server's error, which its documentation lists. The driver's code is EREQUEST for each of them. */
function withNumber(error: Error): Error {
  if (!('number' in error) || typeof error.number !== 'number') return error
  return Object.assign(new Error(`error ${error.number}: ${error.message}`, { cause: error }), { number: error.number })
}

function rowOf(values: readonly TediousValue[]): SqlRow {
  return Object.fromEntries(values.map(({ value, metadata }) => [metadata.colName, plain(value, metadata)]))
}

/** A value as the other engines read it. @throws Error a number that the driver has rounded */
function plain(value: unknown, { colName, type }: TediousValue['metadata']): unknown {
  if (value instanceof Date) {
    const iso = value.toISOString()
    // Only this type is an instant.
    if (type.name === 'DateTimeOffset') return iso
    return iso.replace('T', ' ').replace(/(?:\.000)?Z$/, '')
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Error(`${colName} holds a number of more than 15 digits, which the driver of SQL Server rounds`)
  }
  return typeof value === 'boolean' ? Number(value) : value
}
