import type { OracleConnection, OracleDb } from '../../../src/runtime/sql/oracle.ts'
import { changedValues, type FakeServer, type Words } from './fake-server.ts'
import { flat, partsOf } from './grammar.ts'

export function oracleError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

export const oracleWords: Words = {
  missingTable: () => oracleError('ORA-00942', 'table or view does not exist'),
  missingColumn: (detail) => oracleError('ORA-00904', `invalid identifier ${detail}`),
  notNull: (detail) => oracleError('ORA-01407', `cannot update to NULL ${detail}`),
  tooLong: (column) => oracleError('ORA-12899', `value too large for column ${column}`),
}

const name = '"\\w+"'
const asText = `RTRIM\\(TO_CHAR\\(${name}\\)\\)`
const mark = ':\\d+'
const hex = `CASE WHEN LENGTHB\\(${name}\\) > 2000 THEN 'FF' ELSE RAWTOHEX\\(UTL_RAW\\.CAST_TO_RAW\\(${name}\\)\\) END`
const { where, sets, columns, order, list, copied, names } = partsOf({
  name,
  mark,
  key: name,
  text: asText,
  hex,
  conditions: [`\\(${name} IN \\(:\\d+(?:, :\\d+)*\\) OR ${name} IS NULL\\)`, `TRIM\\(${name}\\) IS NULL`],
})

const lock = ' FOR UPDATE WAIT 10'
const end = `(?: ORDER BY (?<order>${order}))?`
const place =
  "SELECT owner, name FROM ( SELECT owner, object_name AS name, 1 AS turn FROM all_objects WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND object_name = :1 AND object_type IN ('TABLE', 'VIEW') UNION ALL SELECT table_owner, table_name, CASE owner WHEN 'PUBLIC' THEN 3 ELSE 2 END FROM all_synonyms WHERE owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC') AND synonym_name = :2 AND db_link IS NULL ORDER BY 3) WHERE ROWNUM = 1"
const exact = {
  clock: `SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD"T"HH24:MI:SS.FF3') AS t FROM dual`,
  hasTable: `SELECT 1 AS found FROM (${place})`,
  facts: `SELECT c.column_name AS name, c.data_type AS type, c.char_length AS length, c.nullable AS nullable, c.default_length AS preset, c.identity_column AS made, c.virtual_column AS computed, (SELECT value FROM nls_database_parameters WHERE parameter = DECODE(c.character_set_name, 'CHAR_CS', 'NLS_CHARACTERSET', 'NCHAR_CS', 'NLS_NCHAR_CHARACTERSET')) AS charset FROM all_tab_cols c JOIN (${place}) p ON c.owner = p.owner AND c.table_name = p.name WHERE c.hidden_column = 'NO' ORDER BY c.column_id`,
  indexes: `SELECT i.index_name AS name, i.column_name AS col FROM all_ind_columns i JOIN (${place}) p ON i.table_owner = p.owner AND i.table_name = p.name ORDER BY i.index_name, i.column_position`,
  session:
    "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SSTZH:TZM' NLS_NUMERIC_CHARACTERS = '.,'",
}
const known = {
  all: new RegExp(`^SELECT (?<columns>${columns}) FROM "(?<table>\\w+)" WHERE (?<where>${where})${end}(?:${lock})?$`),
  some: new RegExp(
    `^SELECT \\* FROM \\(SELECT (?<columns>${columns}) FROM "(?<table>\\w+)" WHERE (?<where>${where})${end}\\) WHERE ROWNUM <= TO_NUMBER\\((?<limit>${mark})\\)$`,
  ),
  // The condition is repeated in the subquery, with its own marks.
  someLocked: new RegExp(
    `^SELECT (?<columns>${columns}) FROM "(?<table>\\w+)" WHERE ${where} AND ROWID IN \\(SELECT row_id FROM \\(SELECT ROWID AS row_id FROM "\\w+" WHERE (?<where>${where})${end}\\) WHERE ROWNUM <= TO_NUMBER\\((?<limit>${mark})\\)\\) ORDER BY ${order}${lock}$`,
  ),
  count: new RegExp(
    `^SELECT COUNT\\(\\*\\) AS n FROM "(?<table>\\w+)" WHERE (?<where>${where}) AND ROWNUM <= TO_NUMBER\\((?<limit>${mark})\\)$`,
  ),
  copy: new RegExp(`^INSERT INTO "\\w+" \\(${names}\\) SELECT ${copied} FROM "(?<table>\\w+)" WHERE ${where}$`),
  delete: new RegExp(`^DELETE FROM "(?<table>\\w+)" WHERE ${where}$`),
  createLike: /^CREATE TABLE "(?<table>\w+)" AS SELECT \* FROM "(?<like>\w+)" WHERE 1 = 0$/,
  createIndex: /^CREATE INDEX "\w+" ON "(?<table>\w+)" \("\w+"\)$/,
  insert: /^INSERT INTO "(?<table>\w+)" \("\w+"(?:, "\w+")*\) VALUES \(:\d+(?:, :\d+)*\)$/,
  update: new RegExp(`^UPDATE "(?<table>\\w+)" SET (?<sets>${sets}) WHERE (?<where>${where}|1 = 0)$`),
}

/** Marks by their number, and keys and bytes as SQLite writes them. */
function inSqlite(sql: string): string {
  return sql
    .replaceAll(/:(\d+)/g, '?$1')
    .replaceAll(/RTRIM\(TO_CHAR\(("\w+")\)\)/g, 'CAST($1 AS TEXT)')
    .replaceAll(/LENGTHB\(("\w+")\)/g, 'octet_length($1)')
    .replaceAll(/RAWTOHEX\(UTL_RAW\.CAST_TO_RAW\(("\w+")\)\)/g, 'hex(CAST($1 AS BLOB))')
    .replaceAll(/TRIM\(("\w+")\) IS NULL/g, "NULLIF(TRIM($1), '') IS NULL")
}

/** The types that Oracle has for the ones that the tests declare. */
function typeOf(declared: string): string {
  if (/^(?:datetime|timestamp)$/.test(declared)) return 'DATE'
  if (/^(?:int|integer|numeric|smallint|decimal)$/.test(declared)) return 'NUMBER'
  return declared === 'char' ? 'CHAR' : 'VARCHAR2'
}

type Params = readonly (string | null)[]
type Handler = Parameters<OracleConnection['execute']>[2]['fetchTypeHandler']

class Answers {
  readonly #server: FakeServer
  readonly #text: object
  constructor(server: FakeServer, text: object) {
    this.#server = server
    this.#text = text
  }

  answer(sql: string, given: Params, handler: Handler): { rows?: Record<string, unknown>[]; rowsAffected?: number } {
    const text = flat(sql)
    // An empty text is NULL.
    const values = given.map((value) => (value === '' ? null : value))
    const [fact] = Object.entries(exact).find(([, wanted]) => wanted === text) ?? []
    if (fact !== undefined) return { rows: this.#facts(fact, values[0] ?? '') }
    const [form, match] =
      Object.entries(known)
        .map(([key, pattern]) => [key, pattern.exec(text)] as const)
        .find(([, found]) => found !== null) ?? []
    if (match === undefined || match === null) throw new Error(`an unknown statement: ${text}`)
    const groups = match.groups ?? {}
    const { table = '', where: condition = '', sets: changes = '', columns: wanted = '', order: by, limit } = groups
    this.#checkNames(text, table)
    const sorted = by === undefined ? '' : ` ORDER BY ${by}`
    const most = limit === undefined ? '' : ` LIMIT CAST(${limit} AS INTEGER)`
    if (form === 'count') {
      const inner = inSqlite(`SELECT 1 FROM "${table}" WHERE ${condition}${most}`)
      return { rows: this.#server.rows({ sql: `SELECT count(*) AS N FROM (${inner})`, kind: 'rows' }, values) }
    }
    if (form === 'createLike') {
      this.#server.createLike(table, groups.like ?? '')
      return { rowsAffected: 0 }
    }
    if (form === 'insert' || form === 'copy' || form === 'delete' || form === 'createIndex')
      return { rowsAffected: this.#server.change({ sql: inSqlite(text), kind: 'change' }, table, values, []) }
    if (form === 'update') {
      const statement = { sql: inSqlite(`UPDATE "${table}" SET ${changes} WHERE ${condition}`), kind: 'change' } as const
      return { rowsAffected: this.#server.change(statement, table, values, changedValues(inSqlite(changes), values)) }
    }
    const select = inSqlite(`SELECT ${wanted} FROM "${table}" WHERE ${condition}${sorted}${most}`)
    return { rows: this.#typed(wanted, table, this.#server.rows({ sql: select, kind: 'rows' }, values), handler) }
  }

  /** Names without quotes were folded to capitals when the table was made. */
  #checkNames(text: string, table: string): void {
    if (table !== table.toUpperCase()) throw oracleError('ORA-00942', `table or view does not exist: ${table}`)
    for (const [, column = ''] of text.matchAll(/(?<!AS )"(\w+)"/g)) {
      if (column !== column.toUpperCase()) throw oracleError('ORA-00904', `"${column}": invalid identifier`)
    }
    if (text.match(new RegExp(list, 'g'))?.some((values) => values.split(',').length > 1_000))
      throw oracleError('ORA-01795', 'maximum number of expressions in a list is 1000')
  }

  #typed(wanted: string, table: string, rows: readonly Record<string, unknown>[], handler: Handler): Record<string, unknown>[] {
    const columns = this.#server.columns(table)
    const sources = [...wanted.matchAll(/(?:"(\w+)"|CASE .*?"(\w+)"\)\) END|1) AS ("?)(\w+)/g)].map(
      ([, source = '', bytes, quote, alias = '']) => ({
        alias,
        // Names without quotes are folded here as well.
        given: quote === '"' ? alias : alias.toUpperCase(),
        // Digits are a text, whatever the column is.
        column: bytes === undefined ? columns.find((column) => column.name.toLowerCase() === source.toLowerCase()) : undefined,
      }),
    )
    return rows.map((row) =>
      Object.fromEntries(
        sources.map(({ alias, given, column }) => {
          const type = typeOf(column?.type ?? 'varchar')
          const isText = handler({ dbTypeName: type })?.type === this.#text
          return [given, driverValue(row[alias], type, column?.length, isText)]
        }),
      ),
    )
  }

  #facts(form: string, table: string): Record<string, unknown>[] {
    if (form === 'clock') return [{ T: new Date().toISOString().slice(0, 23) }]
    if (form === 'session') return []
    const isThere = table === table.toUpperCase() && this.#server.hasTable(table)
    if (form === 'hasTable') return isThere ? [{ FOUND: '1' }] : []
    if (!isThere) return []
    if (form === 'indexes') return this.#server.indexes(table).map(({ name: NAME, col }) => ({ NAME, COL: col.toUpperCase() }))
    return this.#server.columns(table).map(({ name: column, type, length, optional }) => ({
      NAME: column.toUpperCase(),
      TYPE: typeOf(type),
      LENGTH: /char/.test(type) ? String(length ?? 4000) : '0',
      NULLABLE: optional ? 'Y' : 'N',
      PRESET: null,
      MADE: 'NO',
      COMPUTED: 'NO',
      CHARSET: /char/.test(type) ? 'KO16MSWIN949' : null,
    }))
  }
}

/** A value as the driver gives it. */
function driverValue(value: unknown, type: string, length: number | undefined, isText: boolean): unknown {
  if (value === null || value === undefined || value === '') return null
  const text = String(value)
  if (type === 'CHAR') return text.padEnd(length ?? 1)
  if (isText) return text
  // The driver takes a DATE for a time in the zone of the process.
  return type === 'DATE' ? new Date(text.replace(' ', 'T')) : type === 'NUMBER' ? Number(text) : text
}

/** The package oracledb, in its thin mode, over a fake server. */
export function fakeOracledb(server: FakeServer): OracleDb {
  const DB_TYPE_VARCHAR = { name: 'DB_TYPE_VARCHAR' }
  const DB_TYPE_CHAR = { name: 'DB_TYPE_CHAR' }
  const answers = new Answers(server, DB_TYPE_VARCHAR)

  class Connection implements OracleConnection {
    callTimeout: number | undefined = 0
    #end: (() => void) | undefined
    #isClosed = false

    async execute(...[sql, binds, options]: Parameters<OracleConnection['execute']>) {
      this.#check()
      if (options.autoCommit) throw new Error('a statement outside a transaction')
      for (const { val, type } of binds) {
        // As VARCHAR2 it would not equal a CHAR column with blanks.
        if (type !== DB_TYPE_CHAR && (val?.length ?? 0) <= 500) throw new Error(`${val} was not sent as CHAR`)
      }
      server.note(sql)
      // A transaction begins with its first statement.
      if (!sql.startsWith('ALTER SESSION')) this.#end ??= await server.turn()
      return answers.answer(
        sql,
        binds.map(({ val }) => val),
        options.fetchTypeHandler,
      )
    }

    async commit(): Promise<void> {
      this.#check()
      server.note('COMMIT')
      this.#finish('COMMIT')
      const lost = server.lost('COMMIT')
      if (lost !== undefined) throw lost
    }

    async rollback(): Promise<void> {
      this.#check()
      server.note('ROLLBACK')
      this.#finish('ROLLBACK')
    }

    async ping(): Promise<void> {
      this.#check()
      server.note('PING')
    }

    async close(): Promise<void> {
      if (this.#isClosed) return
      this.#isClosed = true
      server.open -= 1
      this.#finish('ROLLBACK')
    }

    #check(): void {
      if (this.#isClosed) throw oracleError('NJS-500', 'connection to the Oracle Database was broken')
    }

    #finish(how: 'COMMIT' | 'ROLLBACK'): void {
      if (this.#end === undefined) return
      server.db.exec(how)
      this.#end()
      this.#end = undefined
    }
  }

  return {
    DB_TYPE_VARCHAR,
    DB_TYPE_CHAR,
    OUT_FORMAT_OBJECT: 4002,
    getConnection: async ({ connectString }) => {
      if (!/^tcps?:\/\/[^/]+\/\w+\?connect_timeout=5&transport_connect_timeout=5&expire_time=1$/.test(connectString))
        throw oracleError('NJS-515', `error in Easy Connect connection string: ${connectString}`)
      server.open += 1
      server.opened += 1
      return new Connection()
    },
  }
}
