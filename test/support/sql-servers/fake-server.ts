import { DatabaseSync } from 'node:sqlite'
import { flat } from './grammar.ts'

/** A statement of a server in SQLite's words, with `?1` as marks. */
export interface Translated {
  readonly sql: string
  readonly kind: 'rows' | 'change'
}

/** A column of a table, as it was declared. */
export interface Declared {
  readonly name: string
  readonly type: string
  readonly length: number | undefined
  readonly optional: boolean
}

/** What a server says when SQLite refuses. */
export interface Words {
  missingTable(table: string): Error
  missingColumn(detail: string): Error
  notNull(detail: string): Error
  tooLong(column: string): Error
}

/** What happens instead of, or after, the next statement that matches. */
export interface Fault {
  /** A statement, or `commit`. */
  readonly at: RegExp
  readonly error: Error
  /** The statement is run, and its answer is lost. */
  readonly after?: boolean
  /** How many statements that match pass before. */
  skip?: number
}

/**
 * The server behind the fake of a driver. SQLite runs the meaning of each statement. A statement that is not in the list of the
 * fake fails, and so does the test.
 */
export class FakeServer {
  readonly db: DatabaseSync
  /** Every statement, in order, on one line. */
  readonly statements: string[] = []
  readonly faults: Fault[] = []
  /** Connections that were opened and not closed. */
  open = 0
  opened = 0
  readonly #words: Words
  #turn: Promise<void> = Promise.resolve()

  constructor(path: string, words: Words) {
    this.db = new DatabaseSync(path, { timeout: 10_000 })
    this.#words = words
  }

  /** Waits until no other connection is in a transaction. @returns what ends the turn */
  async turn(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#turn
    this.#turn = before.then(() => promise)
    await before
    this.db.exec('BEGIN IMMEDIATE')
    return resolve
  }

  /** Notes a statement. @throws Error the fault that is waiting for it */
  note(sql: string): void {
    const text = flat(sql)
    this.statements.push(text)
    const error = this.#fault(text, false)
    if (error !== undefined) throw error
  }

  /** The error of a statement that was run, and whose answer is lost. */
  lost(sql: string): Error | undefined {
    return this.#fault(sql, true)
  }

  #fault(sql: string, isRun: boolean): Error | undefined {
    const fault = this.faults.find(({ at, after = false }) => after === isRun && at.test(sql))
    if (fault === undefined) return undefined
    if (fault.skip !== undefined && fault.skip > 0) {
      fault.skip -= 1
      return undefined
    }
    this.faults.splice(this.faults.indexOf(fault), 1)
    return fault.error
  }

  columns(table: string): Declared[] {
    const rows = this.db
      .prepare('SELECT name, type, "notnull" AS required, dflt_value AS preset FROM pragma_table_info(?)')
      .all(table)
    return rows.map(({ name, type, required, preset }) => {
      const [, kind = '', length] = /^(\w+)(?:\((\d+)\))?/.exec(String(type)) ?? []
      return {
        name: String(name),
        type: kind.toLowerCase(),
        length: length === undefined ? undefined : Number(length),
        optional: required !== 1 || preset !== null,
      }
    })
  }

  hasTable(table: string): boolean {
    return this.columns(table).length > 0
  }

  indexes(table: string): { readonly name: string; readonly col: string }[] {
    const sql = `SELECT l.name, i.name AS col FROM pragma_index_list(?) l, pragma_index_info(l.name) i ORDER BY l.name, i.seqno`
    return this.db
      .prepare(sql)
      .all(table)
      .map(({ name, col }) => ({ name: String(name), col: String(col) }))
  }

  rows({ sql }: Translated, values: readonly (string | null)[]): Record<string, unknown>[] {
    return this.#asked(sql, () => this.db.prepare(sql).all(...values))
  }

  /** Creates a table with the columns of another, and without its keys. */
  createLike(table: string, like: string): void {
    const columns = this.columns(like).map(
      ({ name, type, length, optional }) =>
        `"${name}" ${type}${length === undefined ? '' : `(${length})`}${optional ? '' : ' NOT NULL'}`,
    )
    if (columns.length === 0) throw this.#words.missingTable(like)
    this.db.exec(`CREATE TABLE "${table}" (${columns.join(', ')})`)
  }

  /** @param sets the column and the value of each change */
  change(
    { sql }: Translated,
    table: string,
    values: readonly (string | null)[],
    sets: readonly [string, string | null][],
  ): number {
    const columns = this.columns(table)
    for (const [column, value] of sets) {
      const length = columns.find(({ name, type }) => name.toLowerCase() === column.toLowerCase() && /char/.test(type))?.length
      if (length !== undefined && (value?.length ?? 0) > length) throw this.#words.tooLong(column)
    }
    return this.#asked(sql, () => Number(this.db.prepare(sql).run(...values).changes))
  }

  #asked<T>(sql: string, ask: () => T): T {
    try {
      return ask()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const [, table] = /no such table: (\w+)/.exec(message) ?? []
      if (table !== undefined) throw this.#words.missingTable(table)
      if (message.includes('no such column')) throw this.#words.missingColumn(message)
      if (message.includes('NOT NULL')) throw this.#words.notNull(message)
      throw new Error(`the fake cannot run: ${sql}\n${message}`, { cause: error })
    }
  }
}

/** The value of each changed column. A CASE gives each of its values. @param sets of an UPDATE, with `?1` as marks */
export function changedValues(sets: string, values: readonly (string | null)[]): [string, string | null][] {
  const at = (mark: string | undefined): string | null => values[Number(mark) - 1] ?? null
  const plain = [...sets.matchAll(/[["](\w+)[\]"] = \?(\d+)/g)].map(([, column = '', mark]): [string, string | null] => [
    column,
    at(mark),
  ])
  const cases = [...sets.matchAll(/[["](\w+)[\]"] = CASE (.*?) END/g)].flatMap(([, column = '', body = '']) =>
    [...body.matchAll(/THEN \?(\d+)/g)].map(([, mark]): [string, string | null] => [column, at(mark)]),
  )
  return [...plain, ...cases]
}
