import type { Value } from './layout.ts'

export type SqlRow = Readonly<Record<string, unknown>>

/** Statements on one connection. `?` stands for a value in every engine. */
export interface Session {
  all(sql: string, values?: readonly Value[]): Promise<SqlRow[]>
  /** @returns how many rows were changed */
  run(sql: string, values?: readonly Value[]): Promise<number>
  /** Plain INSERT of many rows: what does not fit is an error. */
  insert(table: string, columns: readonly string[], rows: readonly (readonly Value[])[]): Promise<void>
  /**
   * Inserts rows into `ingest_seen` and leaves out those whose id, the first value, is there already.
   * @returns the ids that were new; `undefined`: all of them
   */
  see(columns: readonly string[], rows: readonly (readonly Value[])[]): Promise<ReadonlySet<string> | undefined>
}

/** One engine: its connections, its words, its errors. */
export interface Engine {
  readonly name: 'sqlite' | 'mysql' | 'postgres'
  /** A name in quotes. */
  quoted(name: string): string
  /**
   * Runs statements on one connection, in one transaction, again from the start where the engine asks for that.
   * @throws Problem `database-unavailable`, `schema-outdated`; anything else: the data is at fault
   */
  transaction<T>(run: (session: Session) => Promise<T>): Promise<T>
  /** The same, while no other process does the same: for changes of the schema. */
  exclusive<T>(run: (session: Session) => Promise<T>): Promise<T>
  /** Whether there is a table of this name. */
  hasTable(session: Session, table: string): Promise<boolean>
  close(): Promise<void>
}

/** `(?, ?, ?)` */
export function marks(count: number): string {
  return `(${Array.from({ length: count }, () => '?').join(', ')})`
}
