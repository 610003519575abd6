import { Problem } from '../../domain/problem.ts'
import type { Engine } from './engine.ts'
import type { ListenRequest } from './postgres-listen.ts'

export {
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

export type { ListenRequest } from './postgres-listen.ts'

export interface EngineOptions {
  /** Where it is not part of the address. */
  readonly password?: string | undefined
  /** Maximum number of connections that this process opens. */
  readonly connections?: number | undefined
  /** Maximum time of one statement, in milliseconds. The connection is closed after that. */
  readonly timeoutMs?: number | undefined
}

/**
 * Opens a database at `sqlite:PATH`, `mysql://…`, `mariadb://…` or `postgres://…`. Each driver is loaded only where it is
 * used: the drivers take longer to load than all of our code.
 * @throws Problem `config-invalid`
 */
export async function openEngine(address: string, options: EngineOptions = {}): Promise<Engine> {
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
  throw new Problem('config-invalid', 'The database address is not valid.', {
    next: 'use sqlite:PATH, mysql://USER@HOST/DATABASE, mariadb://… or postgres://…',
  })
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
