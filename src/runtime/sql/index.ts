import { Problem } from '../../domain/problem.ts'
import type { Engine } from './engine.ts'

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
export { columnNames, type Rename, withNamesOf } from './map-names.ts'

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
  const server = /^(mysql|mariadb|postgres|postgresql):\/\/[^/]+\/.+/.exec(address)
  if (server !== null && URL.canParse(address)) {
    const isPostgres = server[1]?.startsWith('postgres')
    const open = { url: address, ...options }
    return isPostgres
      ? new (await import('./postgres.ts')).PostgresEngine(open)
      : new (await import('./mysql.ts')).MysqlEngine(open)
  }
  throw new Problem('config-invalid', 'The database address is not valid.', {
    next: 'use sqlite:PATH, mysql://USER@HOST/DATABASE, mariadb://… or postgres://…',
  })
}
