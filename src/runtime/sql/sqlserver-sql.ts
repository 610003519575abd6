import type { Dialect } from './dialect.ts'
import { type Column, marks, type SqlRow } from './engine.ts'
import type { ServerSql } from './pooled-engine.ts'

/** The SQL of SQL Server 2012 and later, and of Azure SQL. */

function quoted(name: string): string {
  return `[${name}]`
}

const select: Dialect['select'] = ({ columns, table, where, values, order, limit, locked = false }) => {
  // A part of the rows may leave out what another program is writing at the moment, so it does not wait for that program.
  // With READ_COMMITTED_SNAPSHOT on, READPAST needs READCOMMITTEDLOCK
  // (https://learn.microsoft.com/en-us/sql/t-sql/queries/hints-transact-sql-table).
  const unlocked = limit === undefined ? '' : ' WITH (READCOMMITTEDLOCK, READPAST)'
  const hints = locked ? ' WITH (UPDLOCK, ROWLOCK)' : unlocked
  // Values are sent as text (see `sqlserver.ts`), and TOP takes a number only.
  const top = limit === undefined ? '' : 'TOP (CAST(? AS INT)) '
  const end = order === undefined ? '' : ` ORDER BY ${order}`
  return {
    sql: `SELECT ${top}${columns} FROM ${quoted(table)}${hints} WHERE ${where}${end}`,
    values: limit === undefined ? values : [limit, ...values],
  }
}

/** 450 characters are the longest key of an index that NVARCHAR can have. */
const asText = (column: string): string => `CONVERT(NVARCHAR(450), ${quoted(column)})`

const dialect: Dialect = {
  select,
  count: (query) => {
    const { sql, values } = select({ ...query, columns: '1 AS one' })
    return { sql: `SELECT COUNT(*) AS n FROM (${sql}) AS counted`, values }
  },
  // The driver reads a NUMERIC as a double, which holds 15 digits.
  key: asText,
  text: asText,
  among: (column, values) => ({ sql: `${quoted(column)} IN ${marks(values.length)}`, values }),
  isBlank: (column) => `(${quoted(column)} IS NULL OR ${quoted(column)} = '')`,
  // Style 2: digits without 0x.
  hex: (column) => `CONVERT(VARCHAR(MAX), CONVERT(VARBINARY(MAX), ${quoted(column)}), 2)`,
  createLike: ({ table, like, key }) => [
    // With a join, SELECT … INTO makes no identity column
    // (https://learn.microsoft.com/en-us/sql/t-sql/queries/select-into-clause-transact-sql).
    `SELECT TOP (0) a.* INTO ${quoted(table)} FROM ${quoted(like)} a LEFT JOIN ${quoted(like)} b ON 1 = 0`,
    `CREATE INDEX ${quoted(`${table}_key`)} ON ${quoted(table)} (${quoted(key)})`,
  ],
  indexes: (table) => ({
    sql: `SELECT i.name AS name, c.name AS col FROM sys.indexes i
      JOIN sys.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id
      JOIN sys.columns c ON c.object_id = k.object_id AND c.column_id = k.column_id
      WHERE i.object_id = OBJECT_ID(?) AND k.key_ordinal > 0 AND i.has_filter = 0 AND i.is_disabled = 0
      ORDER BY i.name, k.key_ordinal`,
    values: [quoted(table)],
  }),
}

/** Error numbers (https://learn.microsoft.com/en-us/sql/relational-databases/errors-events/database-engine-events-and-errors). */
const again = new Set([
  1205, // chosen as the victim of a deadlock
  1222, // lock timeout
  3960, // a row changed since the snapshot
])
const gone = new Set([
  3906, // the database is read-only: after a fail-over the old address may lead to a replica
  976, // a replica that takes no connections
  978, // a replica that takes readers only
  983, // the replica is changing its role
  6005, // the server is shutting down
  40197, // Azure SQL: the service failed over
  40501, // Azure SQL: the service is busy
  40613, // Azure SQL: the database is not available
])
/** Codes of the driver: the connection cannot be used any more. */
const ended = new Set(['ESOCKET', 'ECLOSE', 'ETIMEOUT', 'ECANCEL', 'EINVALIDSTATE', 'ECONNRESET', 'EPIPE'])
const invalidObject = 208

function numberOf(error: unknown): number {
  return error instanceof Error && 'number' in error && typeof error.number === 'number' ? error.number : 0
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function columnOf(row: SqlRow): Column {
  const { length, charset } = row
  const type = String(row.type).toLowerCase()
  return {
    name: String(row.name),
    // A `timestamp` of SQL Server is a counter of changes.
    type: type === 'timestamp' ? 'rowversion' : type,
    // -1 is MAX.
    ...(length !== null && Number(length) > 0 && { length: Number(length) }),
    optional: row.nullable === 'YES' || Number(row.made) > 0,
    ...(typeof charset === 'string' && { charset }),
  }
}

export const sqlServerSql: ServerSql = {
  name: 'sqlserver',
  quoted,
  dialect,
  clock: 'SELECT CONVERT(VARCHAR(23), SYSUTCDATETIME(), 126) AS t',
  hasTable: (table) => ({
    sql: "SELECT 1 AS found FROM sys.objects WHERE object_id = OBJECT_ID(?) AND type IN ('U', 'V')",
    values: [quoted(table)],
  }),
  facts: (table) => ({
    sql: `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_MAXIMUM_LENGTH AS length, IS_NULLABLE AS nullable,
        CHARACTER_SET_NAME AS charset, CASE WHEN COLUMN_DEFAULT IS NULL THEN 0 ELSE 1 END
          + COLUMNPROPERTY(OBJECT_ID(?), COLUMN_NAME, 'IsIdentity')
          + COLUMNPROPERTY(OBJECT_ID(?), COLUMN_NAME, 'IsComputed') AS made
      FROM INFORMATION_SCHEMA.COLUMNS
      WHERE TABLE_SCHEMA = OBJECT_SCHEMA_NAME(OBJECT_ID(?)) AND TABLE_NAME = OBJECT_NAME(OBJECT_ID(?))`,
    values: Array.from({ length: 4 }, () => quoted(table)),
  }),
  columnOf,
  meaningOf: (error) => {
    if (again.has(numberOf(error))) return 'again'
    return gone.has(numberOf(error)) || ended.has(codeOf(error)) ? 'gone' : 'refused'
  },
  isMissingTable: (error) => numberOf(error) === invalidObject,
}
