import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Dialect } from './dialect.ts'

/** What a column takes. */
export type Value = string | number | null
export type Values = readonly Value[]
export type ColumnType = 'text' | 'bigint'

/**
 * A table that recognises keys it has seen. In MySQL it has a further column `batch BINARY(8)`, because MySQL has no
 * INSERT … RETURNING.
 */
export interface KeyedTable {
  readonly name: string
  /** The key is the first. */
  readonly columns: readonly string[]
  readonly types: readonly ColumnType[]
}

/** A password, or what gives one for each new connection, such as a token that expires. */
export type Password = string | (() => Promise<string>)

export type SqlRow = Readonly<Record<string, unknown>>

/** Statements on one connection. `?` stands for a value in every engine. */
export interface Session {
  all(sql: string, values?: readonly Value[]): Promise<SqlRow[]>
  /** @returns how many rows were changed */
  run(sql: string, values?: readonly Value[]): Promise<number>
  /**
   * A plain INSERT of many rows. A value that does not fit is an error.
   * @param types the columns' types, where they are known: PostgreSQL then takes the rows as arrays, which is faster
   */
  insert(table: string, columns: readonly string[], rows: readonly Values[], types?: readonly ColumnType[]): Promise<void>
}

/** Statements on a database of carriers. */
export interface CarrierSession extends Session {
  /**
   * Inserts the rows whose key is not in the table yet. The key is the first column.
   * @returns the keys that were new; `undefined`: all of them
   */
  insertNew(table: KeyedTable, rows: readonly Values[]): Promise<ReadonlySet<string> | undefined>
}

/**
 * The database answered and refused: after the error it took a ROLLBACK on the same connection. Whether a row or the whole
 * table is at fault is for the caller to find out, with other rows; the SQL state does not say (a trigger may raise any).
 */
export class Refusal extends Error {
  readonly address: string
  /** Whether the statement named a table that does not exist. */
  readonly missingTable: boolean

  /** @param address the database, without a password */
  constructor(address: string, cause: unknown, missingTable = false) {
    super(wordsOf(cause), { cause })
    this.name = 'Refusal'
    this.address = address
    this.missingTable = missingTable
  }
}

/** The server's words, with its code where they lack it. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const message = (error.message === '' ? error.name : error.message).replaceAll(/\s*\n\s*/g, ' ')
  return code === '' || message.includes(code) ? message : `${code}: ${message}`
}

/** The database cannot be used now. @param address without a password */
export function unavailable(address: string, cause: unknown): Problem {
  return new Problem('database-unavailable', `${address} cannot be used now: ${wordsOf(cause).replace(/\.$/, '')}.`, {
    next: apigw('schema status'),
    cause,
  })
}

/** One column of a table, as far as it decides whether rows get in. */
export interface Column {
  readonly name: string
  /** In lower case, without a length: `varchar`, `bigint`. */
  readonly type: string
  /** Most characters; absent: no limit that the engine states. */
  readonly length?: number
  /** Whether a row may leave it out. */
  readonly optional: boolean
  readonly charset?: string
  /** The values of an ENUM. */
  readonly values?: readonly string[]
}

export interface TableFacts {
  readonly columns: readonly Column[]
  /** Whether ROLLBACK takes back what was inserted: not with MyISAM. */
  readonly transactional: boolean
}

/** One engine: its connections, its SQL, its errors. */
export interface Engine {
  readonly name: 'sqlite' | 'mysql' | 'postgres' | 'sqlserver' | 'oracle'
  readonly dialect: Dialect
  /** A name in quotes. */
  quoted(name: string): string
  /**
   * Runs statements on one connection, in one transaction, again from the start where the engine asks for that.
   * @throws Problem `database-unavailable`
   * @throws Refusal the database answered and refused
   */
  transaction<T>(run: (session: Session) => Promise<T>): Promise<T>
  /** The database's clock, in milliseconds since 1970. */
  now(session: Session): Promise<number>
  /** Whether there is a table of this name. */
  hasTable(session: Session, table: string): Promise<boolean>
  /** What the database says about a table; `undefined`: there is none. */
  facts(session: Session, table: string): Promise<TableFacts | undefined>
  close(): Promise<void>
}

/** An engine that carriers use: it also recognises keys and changes the schema. */
export interface CarrierEngine extends Engine {
  readonly name: 'sqlite' | 'mysql' | 'postgres'
  transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T>
  /** A transaction while no other process runs one: for changes of the schema. */
  exclusive<T>(run: (session: CarrierSession) => Promise<T>): Promise<T>
}

/** `(?, ?, ?)` */
export function marks(count: number): string {
  return `(${Array.from({ length: count }, () => '?').join(', ')})`
}
