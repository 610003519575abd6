import { Problem } from '../../domain/problem.ts'
import type { CarrierEngine, Engine, Password } from './engine.ts'
import type { ListenRequest } from './postgres-listen.ts'

export type { Statement } from './dialect.ts'
export {
  type CarrierEngine,
  type CarrierSession,
  type Column,
  type ColumnType,
  type Engine,
  type KeyedTable,
  marks,
  Refusal,
  type Session,
  type SqlRow,
  type TableFacts,
  unavailable,
  type Value,
} from './engine.ts'
export { type IndexColumns, indexesOf } from './indexes.ts'
export { columnNames, type Rename, withNamesOf } from './map-names.ts'

export type { ListenRequest } from './postgres-listen.ts'

export interface EngineOptions {
  /** Where it is not part of the address. */
  readonly password?: string | undefined
  /** Maximum number of connections that this process opens. */
  readonly connections?: number | undefined
  /** Maximum time of one statement, in milliseconds. The connection is closed after that. */
  readonly timeoutMs?: number | undefined
}

export interface CarrierEngineOptions extends Omit<EngineOptions, 'password'> {
  /** Where it is not part of the address. */
  readonly password?: Password | undefined
}

/**
 * Opens a database of carriers at `sqlite:PATH`, `mysql://…`, `mariadb://…` or `postgres://…`. Each driver is loaded only where it is
 * used: the drivers take longer to load than all of our code.
 * @throws Problem `config-invalid`
 */
export async function openCarrierEngine(address: string, options: CarrierEngineOptions = {}): Promise<CarrierEngine> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteEngine } = await import('./sqlite.ts')
    return new SqliteEngine(address.slice('sqlite:'.length))
  }
  if (/^(mysql|mariadb|postgres|postgresql):\/\/[^/]+\/.+/.test(address) && URL.canParse(address)) {
    const open = { url: address, ...options }
    return isPostgres(address)
      ? new (await import('./postgres.ts')).PostgresEngine(open)
      : new (await import('./mysql.ts')).MysqlEngine(open)
  }
  throw invalidAddress('mariadb://… or postgres://…')
}

function invalidAddress(more: string): Problem {
  const next = `use sqlite:PATH, mysql://USER@HOST/DATABASE, ${more}`
  return new Problem('config-invalid', 'The database address is not valid.', { next })
}

const carrierAddress = /^(?:sqlite|mysql|mariadb|postgres|postgresql):/

/**
 * Opens a database of a customer: one that `openCarrierEngine` opens, or one at `sqlserver://…` or `oracle://…`, whose driver is
 * installed apart.
 * @throws Problem `config-invalid`, `driver-missing`
 */
export async function openEngine(address: string, options: EngineOptions = {}): Promise<Engine> {
  const [, kind] = /^(sqlserver|oracle):\/\/[^/]+\/./.exec(address) ?? []
  if (kind === undefined || !URL.canParse(address)) {
    if (carrierAddress.test(address)) return openCarrierEngine(address, options)
    throw invalidAddress('mariadb://…, postgres://…, sqlserver://… or oracle://USER@HOST/SERVICE')
  }
  const { loadDriver } = await import('./driver.ts')
  const open = { url: address, ...options }
  if (kind === 'sqlserver') {
    const { sqlServerEngine, tediousPackage } = await import('./sqlserver.ts')
    return sqlServerEngine(await loadDriver(tediousPackage), open)
  }
  const { oracleEngine, oraclePackage } = await import('./oracle.ts')
  return oracleEngine(await loadDriver(oraclePackage), open)
}

/** Whether an address leads to PostgreSQL. */
export function isPostgres(address: string): boolean {
  return /^postgres(?:ql)?:/.test(address)
}

/** Listens to a channel of PostgreSQL: see `listenTo`. The driver is loaded only where it is used. */
export async function listen(request: ListenRequest, onReady: () => void, signal: AbortSignal): Promise<void> {
  const { listenTo } = await import('./postgres-listen.ts')
  return listenTo(request, onReady, signal)
}
