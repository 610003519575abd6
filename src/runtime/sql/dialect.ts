import { marks, type Value } from './engine.ts'

/** SQL, and the values of its marks. */
export interface Statement {
  readonly sql: string
  readonly values: readonly Value[]
}

/** A SELECT from one table. */
export interface Select {
  /** What is selected, such as `"id" AS k`. */
  readonly columns: string
  /** A name without quotes. */
  readonly table: string
  readonly where: string
  /** The values of the marks in `where`. */
  readonly values: readonly Value[]
  /** Absent: in any order. */
  readonly order?: string
  /** Most rows; absent: all. */
  readonly limit?: number
  /** Whether the rows are locked until the transaction ends. */
  readonly locked?: boolean
}

/** A table to make. Names are given without quotes. */
export interface TableCopy {
  readonly table: string
  /** The table that it has the columns of. */
  readonly like: string
  /** The column of its primary key. */
  readonly key: string
}

/** What the engines write differently. Names are given without quotes. */
export interface Dialect {
  select(query: Select): Statement
  /** Counts the rows of a query up to its limit, as `n`. */
  count(query: Omit<Select, 'columns' | 'order' | 'locked'>): Statement
  /** A primary key as it is selected: exact, also where the driver rounds long numbers. */
  key(column: string): string
  /** A column as text, to compare it with text. */
  text(column: string): string
  /** Whether a column is one of the values. */
  among(column: string, values: readonly Value[]): Statement
  /** Whether a column is NULL or an empty text. */
  isBlank(column: string): string
  /** The bytes of a column of text in hexadecimal digits, which no connection converts. */
  hex(column: string): string
  /**
   * Creates a table with the columns of another, and an index on its key. Columns get no value by themselves in it: each of them is
   * filled by a copy.
   */
  createLike(copy: TableCopy): string[]
  /** The columns `col` of the table's indexes, by their `name`, in order. Indexes over a part of the rows are left out. */
  indexes(table: string): Statement
}

interface LimitWords {
  quoted(name: string): string
  /** The end of a SELECT that locks its rows. */
  readonly lock: string
  /** The type that a key is cast to. */
  readonly text: string
  readonly indexes: Dialect['indexes']
  readonly hex: Dialect['hex']
  readonly createLike: Dialect['createLike']
}

/** The dialect of the engines that know LIMIT. */
export function limitDialect({ quoted, lock, text, indexes, hex, createLike }: LimitWords): Dialect {
  const select: Dialect['select'] = ({ columns, table, where, values, order, limit, locked = false }) => {
    const end = `${order === undefined ? '' : ` ORDER BY ${order}`}${limit === undefined ? '' : ' LIMIT ?'}${locked ? lock : ''}`
    const sql = `SELECT ${columns} FROM ${quoted(table)} WHERE ${where}${end}`
    return { sql, values: limit === undefined ? values : [...values, limit] }
  }
  return {
    select,
    count: (query) => {
      const { sql, values } = select({ ...query, columns: '1 AS one' })
      return { sql: `SELECT count(*) AS n FROM (${sql}) AS counted`, values }
    },
    key: quoted,
    text: (column) => `CAST(${quoted(column)} AS ${text})`,
    among: (column, values) => ({ sql: `${quoted(column)} IN ${marks(values.length)}`, values }),
    isBlank: (column) => `(${quoted(column)} IS NULL OR ${quoted(column)} = '')`,
    indexes,
    hex,
    createLike,
  }
}
