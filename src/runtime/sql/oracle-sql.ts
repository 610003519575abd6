import type { Dialect } from './dialect.ts'
import { type Column, marks, type SqlRow, type Value } from './engine.ts'
import type { ServerSql } from './pooled-engine.ts'

/** The SQL of Oracle 12.1 and later. */

function quoted(name: string): string {
  return `"${name}"`
}

/** Seconds that a SELECT waits for a row that another program has locked. */
const lock = ' FOR UPDATE WAIT 10'

/** Not FETCH FIRST: it numbers all rows that match before it takes the first, and no SELECT … FOR UPDATE may have it (ORA-02014). */
const select: Dialect['select'] = ({ columns, table, where, values, order, limit, locked = false }) => {
  const from = (list: string, condition: string): string => `SELECT ${list} FROM ${quoted(table)} WHERE ${condition}`
  const sorted = order === undefined ? '' : ` ORDER BY ${order}`
  const end = `${sorted}${locked ? lock : ''}`
  if (limit === undefined) return { sql: from(columns, where) + end, values }
  if (!locked) {
    return { sql: `SELECT * FROM (${from(columns, where)}${sorted}) WHERE ROWNUM <= TO_NUMBER(?)`, values: [...values, limit] }
  }
  const first = `SELECT row_id FROM (${from('ROWID AS row_id', where)}${sorted}) WHERE ROWNUM <= TO_NUMBER(?)`
  return { sql: from(columns, `${where} AND ROWID IN (${first})`) + end, values: [...values, ...values, limit] }
}

/** Where a name leads to: a table or a view of the schema, or a synonym, in the order in which Oracle looks for them. */
const place = `SELECT owner, name FROM (
  SELECT owner, object_name AS name, 1 AS turn FROM all_objects
    WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND object_name = ? AND object_type IN ('TABLE', 'VIEW')
  UNION ALL SELECT table_owner, table_name, CASE owner WHEN 'PUBLIC' THEN 3 ELSE 2 END FROM all_synonyms
    WHERE owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC') AND synonym_name = ? AND db_link IS NULL
  ORDER BY 3) WHERE ROWNUM = 1`

const dialect: Dialect = {
  select,
  count: ({ table, where, values, limit }) => {
    const most = limit === undefined ? '' : ' AND ROWNUM <= TO_NUMBER(?)'
    const sql = `SELECT COUNT(*) AS n FROM ${quoted(table)} WHERE ${where}${most}`
    return { sql, values: limit === undefined ? values : [...values, limit] }
  },
  key: quoted,
  // A CHAR keeps its blanks as text.
  text: (column) => `RTRIM(TO_CHAR(${quoted(column)}))`,
  // An empty text is NULL in Oracle, and no value equals NULL.
  among: (column, values) => {
    const list = `${quoted(column)} IN ${marks(values.length)}`
    return { sql: values.includes('') ? `(${list} OR ${quoted(column)} IS NULL)` : list, values }
  },
  isBlank: (column) => `TRIM(${quoted(column)}) IS NULL`,
  // A RAW has 2,000 bytes in SQL, as many as the longest message. FF is not Korean: a longer text fails alone.
  hex: (column) =>
    `CASE WHEN LENGTHB(${quoted(column)}) > 2000 THEN 'FF' ELSE RAWTOHEX(UTL_RAW.CAST_TO_RAW(${quoted(column)})) END`,
  createLike: ({ table, like, key }) => [
    `CREATE TABLE ${quoted(table)} AS SELECT * FROM ${quoted(like)} WHERE 1 = 0`,
    `CREATE INDEX ${quoted(`${table}_KEY`)} ON ${quoted(table)} (${quoted(key)})`,
  ],
  indexes: (table) => ({
    sql: `SELECT i.index_name AS name, i.column_name AS col FROM all_ind_columns i
      JOIN (${place}) p ON i.table_owner = p.owner AND i.table_name = p.name ORDER BY i.index_name, i.column_position`,
    values: [table, table],
  }),
}

/** Error codes (https://docs.oracle.com/en/error-help/db/). */
const again = new Set([
  'ORA-00060', // deadlock
  'ORA-00054', // locked, with NOWAIT
  'ORA-30006', // locked for longer than WAIT
  'ORA-08177', // a row changed since the snapshot
])
const gone = new Set([
  'ORA-16000', // read-only: after a fail-over the old address may lead to a standby
  'ORA-01033', // starting or shutting down
  'ORA-01034', // not available
  'ORA-01089', // shutting down
  'ORA-01109', // not open
  'ORA-03113', // end of the connection
  'ORA-03114', // not connected
  'ORA-03135', // lost contact
  'ORA-00028', // the session was killed
  'ORA-01012', // not logged on
  'ORA-02396', // idle for too long
  'NJS-123', // no answer within the time of a call
])
/** NJS-5xx are the driver's own codes of a connection that is lost or cannot be made; it maps the ones of a lost session to NJS-500. */
const ended = /^NJS-5\d\d$/
const missingTable = 'ORA-00942'

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function columnOf(row: SqlRow): Column {
  const { length, charset } = row
  return {
    name: String(row.name),
    // TIMESTAMP(6) WITH TIME ZONE
    type: String(row.type)
      .toLowerCase()
      .replace(/\(\d+\)/, ''),
    ...(Number(length) > 0 && { length: Number(length) }),
    optional: row.nullable === 'Y' || Number(row.preset) > 0 || row.made === 'YES' || row.computed === 'YES',
    ...(typeof charset === 'string' && { charset }),
  }
}

/**
 * The forms in which the session reads and writes times and numbers. They are those of `src/domain/wall-clock.ts`; a fraction of a
 * second is left out. The defaults follow the language of the client. A session is READ COMMITTED from the start.
 */
export const sessionSettings = `ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'
  NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SSTZH:TZM'
  NLS_NUMERIC_CHARACTERS = '.,'`

/** A value as Oracle can store it: an empty text would be NULL, which a column may forbid. */
export function storable(value: Value): string | null {
  if (value === null) return null
  return value === '' ? ' ' : String(value)
}

export const oracleSql: ServerSql = {
  name: 'oracle',
  quoted,
  dialect,
  clock: `SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD"T"HH24:MI:SS.FF3') AS t FROM dual`,
  hasTable: (table) => ({ sql: `SELECT 1 AS found FROM (${place})`, values: [table, table] }),
  facts: (table) => ({
    sql: `SELECT c.column_name AS name, c.data_type AS type, c.char_length AS length, c.nullable AS nullable,
        c.default_length AS preset, c.identity_column AS made, c.virtual_column AS computed,
        (SELECT value FROM nls_database_parameters WHERE parameter =
          DECODE(c.character_set_name, 'CHAR_CS', 'NLS_CHARACTERSET', 'NCHAR_CS', 'NLS_NCHAR_CHARACTERSET')) AS charset
      FROM all_tab_cols c JOIN (${place}) p ON c.owner = p.owner AND c.table_name = p.name
      WHERE c.hidden_column = 'NO' ORDER BY c.column_id`,
    values: [table, table],
  }),
  columnOf,
  meaningOf: (error) => {
    const code = codeOf(error)
    if (again.has(code)) return 'again'
    return gone.has(code) || ended.test(code) ? 'gone' : 'refused'
  },
  isMissingTable: (error) => codeOf(error) === missingTable,
}
