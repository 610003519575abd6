import type { Tedious, TediousConnection, TediousRequest, TediousValue } from '../../../src/runtime/sql/sqlserver.ts'
import { changedValues, type FakeServer, type Translated, type Words } from './fake-server.ts'
import { flat, partsOf } from './grammar.ts'

function numbered(number: number, message: string): Error {
  return Object.assign(new Error(message), { code: 'EREQUEST', number })
}

export const sqlServerWords: Words = {
  missingTable: (table) => numbered(208, `Invalid object name '${table}'.`),
  missingColumn: (detail) => numbered(207, `Invalid column name. ${detail}`),
  notNull: (detail) => numbered(515, `Cannot insert the value NULL into column. ${detail}`),
  tooLong: (column) => numbered(2628, `String or binary data would be truncated in column '${column}'.`),
}

const name = '\\[\\w+\\]'
const asText = `CONVERT\\(NVARCHAR\\(450\\), ${name}\\)`
const hex = `CONVERT\\(VARCHAR\\(MAX\\), CONVERT\\(VARBINARY\\(MAX\\), ${name}\\), 2\\)`
const { where, sets, columns, order, copied, names } = partsOf({
  name,
  mark: '@p\\d+',
  key: asText,
  text: asText,
  hex,
  conditions: [`\\(${name} IS NULL OR ${name} = ''\\)`],
})

const limited = ' WITH \\(READCOMMITTEDLOCK, READPAST\\)'
const locked = ' WITH \\(UPDLOCK, ROWLOCK\\)'
const end = `(?: ORDER BY (?<order>${order}))?`
const known = {
  all: new RegExp(`^SELECT (?<columns>${columns}) FROM \\[(?<table>\\w+)\\](?:${locked})? WHERE (?<where>${where})${end}$`),
  some: new RegExp(
    `^SELECT TOP \\(CAST\\(@p1 AS INT\\)\\) (?<columns>${columns}) FROM \\[(?<table>\\w+)\\](?:${locked}|${limited}) WHERE (?<where>${where})${end}$`,
  ),
  count: new RegExp(
    `^SELECT COUNT\\(\\*\\) AS n FROM \\(SELECT TOP \\(CAST\\(@p1 AS INT\\)\\) 1 AS one FROM \\[(?<table>\\w+)\\]${limited} WHERE (?<where>${where})\\) AS counted$`,
  ),
  update: new RegExp(
    `^UPDATE \\[(?<table>\\w+)\\] SET (?<sets>${sets}) WHERE (?<where>${where}|1 = 0); SELECT @@ROWCOUNT AS changed$`,
  ),
  copy: new RegExp(
    `^INSERT INTO \\[\\w+\\] \\(${names}\\) SELECT ${copied} FROM \\[(?<table>\\w+)\\] WHERE ${where}; SELECT @@ROWCOUNT AS changed$`,
  ),
  delete: new RegExp(`^DELETE FROM \\[(?<table>\\w+)\\] WHERE ${where}; SELECT @@ROWCOUNT AS changed$`),
  createLike:
    /^SELECT TOP \(0\) a\.\* INTO \[(?<table>\w+)\] FROM \[(?<like>\w+)\] a LEFT JOIN \[\k<like>\] b ON 1 = 0; SELECT @@ROWCOUNT AS changed$/,
  createIndex: /^CREATE INDEX \[\w+\] ON \[\w+\] \(\[\w+\]\); SELECT @@ROWCOUNT AS changed$/,
  insert: /^INSERT INTO \[(?<table>\w+)\] \(\[\w+\](?:, \[\w+\])*\) VALUES \(@p\d+(?:, @p\d+)*\); SELECT @@ROWCOUNT AS changed$/,
  clock: /^SELECT CONVERT\(VARCHAR\(23\), SYSUTCDATETIME\(\), 126\) AS t$/,
  hasTable: /^SELECT 1 AS found FROM sys\.objects WHERE object_id = OBJECT_ID\(@p1\) AND type IN \('U', 'V'\)$/,
  facts:
    /^SELECT COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_MAXIMUM_LENGTH AS length, IS_NULLABLE AS nullable, CHARACTER_SET_NAME AS charset, CASE WHEN COLUMN_DEFAULT IS NULL THEN 0 ELSE 1 END \+ COLUMNPROPERTY\(OBJECT_ID\(@p1\), COLUMN_NAME, 'IsIdentity'\) \+ COLUMNPROPERTY\(OBJECT_ID\(@p2\), COLUMN_NAME, 'IsComputed'\) AS made FROM INFORMATION_SCHEMA\.COLUMNS WHERE TABLE_SCHEMA = OBJECT_SCHEMA_NAME\(OBJECT_ID\(@p3\)\) AND TABLE_NAME = OBJECT_NAME\(OBJECT_ID\(@p4\)\)$/,
  indexes:
    /^SELECT i\.name AS name, c\.name AS col FROM sys\.indexes i JOIN sys\.index_columns k ON k\.object_id = i\.object_id AND k\.index_id = i\.index_id JOIN sys\.columns c ON c\.object_id = k\.object_id AND c\.column_id = k\.column_id WHERE i\.object_id = OBJECT_ID\(@p1\) AND k\.key_ordinal > 0 AND i\.has_filter = 0 AND i\.is_disabled = 0 ORDER BY i\.name, k\.key_ordinal$/,
}

/** Marks by their number, and keys and bytes as SQLite writes them. */
function inSqlite(sql: string): string {
  return sql
    .replaceAll(/@p(\d+)/g, '?$1')
    .replaceAll(/CONVERT\(NVARCHAR\(450\), (\[\w+\])\)/g, 'CAST($1 AS TEXT)')
    .replaceAll(/CONVERT\(VARCHAR\(MAX\), CONVERT\(VARBINARY\(MAX\), (\[\w+\])\), 2\)/g, 'hex(CAST($1 AS BLOB))')
}

type Params = readonly (string | null)[]

/** A value as the driver gives it. */
function driverValue(
  type: string,
  length: number | undefined,
  value: unknown,
): { readonly value: unknown; readonly type: string } {
  if (value === null || value === undefined) return { value: null, type: 'VarChar' }
  const text = String(value)
  if (/^(?:datetime|timestamp)/.test(type)) return { value: new Date(`${text.replace(' ', 'T')}Z`), type: 'DateTimeN' }
  if (/^(?:numeric|decimal|int|integer|smallint)$/.test(type)) return { value: Number(text), type: 'NumericN' }
  return { value: type === 'char' ? text.padEnd(length ?? 1) : text, type: 'VarChar' }
}

function cells(row: Readonly<Record<string, unknown>>): TediousValue[] {
  return Object.entries(row).map(([colName, value]) => ({ value, metadata: { colName, type: { name: 'VarChar' } } }))
}

class Answers {
  readonly #server: FakeServer
  constructor(server: FakeServer) {
    this.#server = server
  }

  answer(sql: string, values: Params): TediousValue[][] {
    const text = flat(sql)
    const [form, groups] =
      Object.entries(known)
        .map(([key, pattern]) => [key, pattern.exec(text)] as const)
        .find(([, match]) => match !== null) ?? []
    if (groups === undefined || groups === null) throw new Error(`an unknown statement: ${text}`)
    const { table = '', where: condition = '', sets: changes = '', columns: list = '', order: by } = groups.groups ?? {}
    const sorted = by === undefined ? '' : ` ORDER BY ${by}`
    const limit = form === 'some' ? ' LIMIT CAST(?1 AS INTEGER)' : ''
    switch (form) {
      case 'all':
      case 'some':
        return this.#select(list, table, inSqlite(`SELECT ${list} FROM [${table}] WHERE ${condition}${sorted}${limit}`), values)
      case 'count': {
        const inner = inSqlite(`SELECT 1 FROM [${table}] WHERE ${condition} LIMIT CAST(@p1 AS INTEGER)`)
        return this.#server.rows({ sql: `SELECT count(*) AS n FROM (${inner})`, kind: 'rows' }, values).map(cells)
      }
      case 'update': {
        const statement: Translated = { sql: inSqlite(`UPDATE [${table}] SET ${changes} WHERE ${condition}`), kind: 'change' }
        return [cells({ changed: this.#server.change(statement, table, values, changedValues(inSqlite(changes), values)) })]
      }
      case 'createLike':
        this.#server.createLike(table, groups.groups?.like ?? '')
        return [cells({ changed: 0 })]
      case 'copy':
      case 'delete':
      case 'createIndex':
      case 'insert':
        return [
          cells({ changed: this.#server.change({ sql: inSqlite(text.split(';')[0] ?? ''), kind: 'change' }, table, values, []) }),
        ]
      default:
        return this.#facts(form ?? '', (values[0] ?? '').slice(1, -1)).map(cells)
    }
  }

  #select(list: string, table: string, sql: string, values: Params): TediousValue[][] {
    const columns = this.#server.columns(table)
    const sources = new Map(
      [...list.matchAll(/(CONVERT\(NVARCHAR\(450\), )?\[(\w+)\]\)? AS \[?(\w+)\]?/g)].map(([, text, source = '', alias = '']) => [
        alias,
        text === undefined ? columns.find((column) => column.name.toLowerCase() === source.toLowerCase()) : undefined,
      ]),
    )
    return this.#server.rows({ sql, kind: 'rows' }, values).map((row) =>
      Object.entries(row).map(([colName, found]) => {
        const column = sources.get(colName)
        const { value, type } = driverValue(column?.type ?? 'nvarchar', column?.length, found)
        return { value, metadata: { colName, type: { name: type } } }
      }),
    )
  }

  #facts(form: string, table: string): Readonly<Record<string, unknown>>[] {
    if (form === 'clock') return [{ t: new Date().toISOString().slice(0, 23) }]
    if (form === 'hasTable') return this.#server.hasTable(table) ? [{ found: 1 }] : []
    if (form === 'indexes') return this.#server.indexes(table)
    return this.#server.columns(table).map(({ name: column, type, length, optional }) => ({
      name: column,
      type: type === 'timestamp' ? 'datetime2' : type,
      length: /char/.test(type) ? (length ?? -1) : null,
      nullable: optional ? 'YES' : 'NO',
      charset: /char/.test(type) ? 'cp949' : null,
      made: 0,
    }))
  }
}

/** The package tedious over a fake server. */
export function fakeTedious(server: FakeServer): Tedious {
  const answers = new Answers(server)
  const VarChar = { name: 'VarChar' }
  const NVarChar = { name: 'NVarChar' }

  class Request implements TediousRequest {
    readonly values: (string | null)[] = []
    readonly sql: string
    readonly done: ConstructorParameters<Tedious['Request']>[1]
    constructor(sql: string, done: ConstructorParameters<Tedious['Request']>[1]) {
      this.sql = sql
      this.done = done
    }
    addParameter(parameter: string, type: object, value: string | null): void {
      this.values.push(value)
      if (parameter !== `p${this.values.length}`) throw new Error(`a parameter out of order: ${parameter}`)
      // With NVARCHAR the server would not use the index of a VARCHAR column.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
      if (type === NVarChar && /^[\x00-\x7f]*$/.test(value ?? '')) throw new Error(`${value} was sent as NVARCHAR`)
      if (this.values.length > 2_100) throw numbered(8003, 'Too many parameters were provided in this RPC request.')
    }
  }

  class Connection implements TediousConnection {
    #end: (() => void) | undefined
    #isClosed = false

    on(): void {
      // No error comes between two statements.
    }

    connect(done: (error?: Error) => void): void {
      server.open += 1
      server.opened += 1
      queueMicrotask(() => done())
    }

    beginTransaction(done: (error?: Error | null) => void, _name: string, isolation: number): void {
      this.#later(done, async () => {
        server.note(`BEGIN TRANSACTION ISOLATION ${isolation}`)
        this.#end = await server.turn()
      })
    }

    commitTransaction(done: (error?: Error | null) => void): void {
      this.#later(done, async () => {
        server.note('COMMIT')
        this.#finish('COMMIT')
        const lost = server.lost('COMMIT')
        if (lost !== undefined) throw lost
      })
    }

    execSql(request: TediousRequest): void {
      if (!(request instanceof Request)) throw new Error('not a request of this driver')
      queueMicrotask(() => {
        try {
          if (this.#isClosed) throw Object.assign(new Error('Connection closed.'), { code: 'ECLOSE' })
          if (this.#end === undefined) throw new Error('a statement outside a transaction')
          server.note(request.sql)
          const rows = answers.answer(request.sql, request.values)
          request.done(null, rows.length, rows)
        } catch (error) {
          // XACT_ABORT: an error ends the transaction.
          this.#finish('ROLLBACK')
          request.done(error instanceof Error ? error : new Error(String(error)))
        }
      })
    }

    execSqlBatch(request: TediousRequest): void {
      if (!(request instanceof Request)) throw new Error('not a request of this driver')
      const { sql, done } = request
      this.#later(done, async () => {
        server.note(sql)
        if (sql === 'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION') this.#finish('ROLLBACK')
        else if (!['SET DATEFORMAT ymd; SET LOCK_TIMEOUT 10000; SET XACT_ABORT ON', 'SELECT 1'].includes(sql))
          throw new Error(`an unknown batch: ${sql}`)
      })
    }

    close(): void {
      if (this.#isClosed) return
      this.#isClosed = true
      server.open -= 1
      this.#finish('ROLLBACK')
    }

    #finish(how: 'COMMIT' | 'ROLLBACK'): void {
      if (this.#end === undefined) return
      server.db.exec(how)
      this.#end()
      this.#end = undefined
    }

    #later(done: (error?: Error | null) => void, work: () => Promise<void>): void {
      const closed = Object.assign(new Error('Connection closed.'), { code: 'ECLOSE' })
      const run = this.#isClosed ? Promise.reject(closed) : work()
      run.then(
        () => done(null),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
    }
  }

  return { Connection, Request, TYPES: { VarChar, NVarChar }, ISOLATION_LEVEL: { READ_COMMITTED: 2 } }
}
