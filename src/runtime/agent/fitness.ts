import { messageIdPattern } from '../../domain/ids.ts'
import type { TableMap } from '../../domain/table-map.ts'
import { type Column, type Engine, type IndexColumns, indexesOf, type Session, type TableFacts } from '../sql/index.ts'
import { claimFrom } from './claims.ts'
import { columnsIn, type Finding, missing, timeFits, tooNarrow, valueFits } from './column-fit.ts'
import { logFaults, logTableAt } from './log-tables.ts'
import { columnsOf, detailColumnsOf } from './rows.ts'

/** What the database says about the tables of a map. */
export interface MapFacts {
  /** Absent: there is no such table. */
  readonly table?: TableFacts
  readonly indexes: readonly IndexColumns[]
  readonly detail?: TableFacts
  /** The tables of recipients and of their numbers. */
  readonly recipients?: TableFacts
  readonly summary?: TableFacts
  /** The table of this month, where there is one. */
  readonly log?: TableFacts & { readonly name: string }
}

/** `apigw:`, a name of 12, `:` and the time. */
const claimCharacters = 25
const idCharacters = 26
function statusIndex({ table, status, columns }: TableMap, indexes: readonly IndexColumns[]): Finding[] {
  const column = status.column
  if (indexes.some(([first]) => first?.toLowerCase() === column.toLowerCase())) return []
  return [
    {
      level: 'note',
      table,
      column,
      detail: `${table} has no index that begins with ${column}, so that each look for due rows reads the whole table`,
      fix: `CREATE INDEX ${table}_due ON ${table} (${column}, ${columns.dueAt})`,
    },
  ]
}

/** What is read and written in a table must be there, and hold what is written. @param table the map's own, or one of a month */
function columnFindings(map: TableMap, table: string, facts: TableFacts): Finding[] {
  const { columns, status, claim, id, result, time, where = {} } = map
  const byName = columnsIn(facts)
  // With many recipients the results are in a table of their own.
  const results = map.recipients === undefined ? [result.at, result.acceptedAt] : []
  const times = [columns.dueAt, ...results].flatMap((column) => column ?? [])
  const code = map.recipients === undefined ? [result.code] : []
  const used = [...columnsOf(map).map(([, column]) => column), ...times, ...code, ...Object.keys(where)]
  if (id !== undefined) used.push(id)
  const states = [status.ready, status.claimed, status.accepted, status.delivered, status.failed]
  const more = [status.expired, status.unknown].flatMap((state) => state ?? [])
  const found = (name: string | undefined) => (name === undefined ? undefined : byName(name))
  return [
    ...missing(table, used, byName),
    ...tooNarrow(table, found(claim), claimCharacters, 'the name of an agent'),
    ...tooNarrow(table, found(id), idCharacters, "the gateway's id of a message"),
    ...unique([...states, ...more].flatMap((state) => valueFits(table, found(status.column), state))),
    ...(map.recipients === undefined ? codesFit(map, table, found(result.code)) : []),
    ...times.flatMap((column) => timeFits(table, found(column), time)),
    ...rawBytes(map, table, found(columns.text)),
  ]
}

/** The names of Latin charsets in MariaDB and MySQL, in SQL Server and in Oracle. */
const latin = new Set(['latin1', 'iso_1', 'US7ASCII', 'WE8ISO8859P1', 'WE8MSWIN1252'])

/** Old programs kept Korean bytes in such a column, and the database takes them for other letters. */
function rawBytes({ charset }: TableMap, table: string, column: Column | undefined): Finding[] {
  if (column?.charset === undefined || !latin.has(column.charset) || charset !== undefined) return []
  const detail = `${table}.${column.name} is in ${column.charset}, which holds no Hangul`
  return [
    { level: 'note', table, column: column.name, detail, fix: 'set "charset: raw-euckr" in the map if it has Korean texts' },
  ]
}

function codesFit({ result }: TableMap, table: string, column: Column | undefined): Finding[] {
  const codes = [result.delivered, result.failed, ...Object.values(result.codes ?? {})].flatMap((code) =>
    typeof code === 'object' ? Object.values(code) : [code],
  )
  return unique(codes.flatMap((code) => valueFits(table, column, code)))
}

/** The tables that results of recipients are written into. */
function recipientFindings(map: TableMap, facts: MapFacts): Finding[] {
  const { recipients, result, time } = map
  if (recipients === undefined) return []
  if (facts.recipients === undefined) return gone(recipients.table)
  const { table, key, part, number, name, copied = [], state, summary } = recipients
  const byName = columnsIn(facts.recipients)
  const times = [result.at, result.acceptedAt].flatMap((column) => column ?? [])
  const used = [key, part, number, state.column, result.code, ...(name === undefined ? [] : [name]), ...copied, ...times]
  const states = [state.waiting, state.delivered, state.failed]
  const summaryUsed = summary === undefined ? [] : [map.key, summary.accepted, summary.refused]
  return [
    ...missing(table, used, byName),
    ...unique(states.flatMap((value) => valueFits(table, byName(state.column), value))),
    ...codesFit(map, table, byName(result.code)),
    ...times.flatMap((column) => timeFits(table, byName(column), time)),
    ...(summary === undefined
      ? []
      : facts.summary === undefined
        ? gone(summary.table)
        : missing(summary.table, summaryUsed, columnsIn(facts.summary))),
  ]
}

function gone(table: string): Finding[] {
  return [{ level: 'fault', table, detail: `there is no table ${table}`, fix: 'correct the name in the map, or the database' }]
}

/** Compares a map with what the database says about its tables. */
export function findingsOf(map: TableMap, facts: MapFacts): Finding[] {
  if (facts.table === undefined) return gone(map.table)
  return [
    ...columnFindings(map, map.table, facts.table),
    ...statusIndex(map, facts.indexes),
    ...transactions(map.table, facts.table),
    ...(map.detail === undefined ? [] : (detailFindings(map.detail, facts.detail) ?? gone(map.detail.table))),
    ...recipientFindings(map, facts),
    ...(facts.log === undefined ? [] : columnFindings(map, facts.log.name, facts.log)),
    ...(facts.log === undefined ? [] : moveFindings(map, facts.table, facts.log)),
  ]
}

/** What keeps finished rows from being moved. They are sent and reported all the same. */
function moveFindings(map: TableMap, facts: TableFacts, log: TableFacts & { readonly name: string }): Finding[] {
  if (map.moveAfter === undefined) return []
  return logFaults({ name: map.table, facts }, { name: log.name, facts: log }).map(({ column, why, fix }) => ({
    level: 'note',
    table: log.name,
    ...(column !== undefined && { column }),
    detail: `finished rows are not moved: ${why}`,
    fix,
  }))
}

function transactions(table: string, { transactional }: TableFacts): Finding[] {
  if (transactional) return []
  const detail = `${table} cannot take a change back, so that a crash may leave a part of one`
  return [{ level: 'note', table, detail, fix: `ALTER TABLE ${table} ENGINE = InnoDB` }]
}

function detailFindings(detail: NonNullable<TableMap['detail']>, facts: TableFacts | undefined): Finding[] | undefined {
  if (facts === undefined) return undefined
  const columns = detailColumnsOf(detail).map(([, column]) => column)
  return missing(detail.table, columns, columnsIn(facts))
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [finding.detail, finding])).values()]
}

/** Rows of which the claim column is looked at. */
const sampled = 100

/** A claim overwrites what its column holds. */
async function claimInUse(engine: Engine, session: Session, { table, claim, status }: TableMap): Promise<Finding[]> {
  if (claim === undefined) return []
  const { quoted, dialect } = engine
  const where = `${quoted(status.column)} = ?`
  const columns = `${quoted(claim)} AS mark`
  const select = dialect.select({ columns, table, where, values: [status.ready], limit: sampled })
  const marks = (await session.all(select.sql, select.values)).map(({ mark }) => String(mark ?? '').trimEnd())
  const others = marks.filter((mark) => mark !== '' && claimFrom(mark) === undefined && !messageIdPattern.test(mark))
  if (others.length === 0) return []
  const detail = `${table}.${claim} is in use: ${others.length} of ${marks.length} waiting rows hold something there, which a claim would overwrite`
  return [{ level: 'fault', table, column: claim, detail, fix: 'name a column in the map that no program uses' }]
}

/**
 * What does not fit between a map and its tables; nothing is changed. Names have to be those of the database: see `withNamesOf`.
 * @param now the database's clock
 * @throws Problem `database-unavailable`
 */
export async function inspectTable(
  engine: Engine,
  map: TableMap,
  now: number = Date.now(),
  { looksAtRows = true }: { readonly looksAtRows?: boolean } = {},
): Promise<Finding[]> {
  return engine.transaction(async (session) => {
    const table = await engine.facts(session, map.table)
    const detail = map.detail === undefined ? undefined : await engine.facts(session, map.detail.table)
    const name = logTableAt(map, now)
    const { recipients } = map
    const facts = async (one: string | undefined) => (one === undefined ? undefined : engine.facts(session, one))
    const ofRecipients = await facts(recipients?.table)
    const ofSummary = await facts(recipients?.summary?.table)
    const log = name === undefined ? undefined : await engine.facts(session, name)
    const indexes = table === undefined ? [] : await indexesOf(engine, session, map.table)
    const findings = findingsOf(map, {
      ...(table !== undefined && { table }),
      indexes,
      ...(detail !== undefined && { detail }),
      ...(ofRecipients !== undefined && { recipients: ofRecipients }),
      ...(ofSummary !== undefined && { summary: ofSummary }),
      ...(log !== undefined && name !== undefined && { log: { ...log, name } }),
    })
    const isThere = (column: string) => table?.columns.some((one) => one.name === column) === true
    const canLook = looksAtRows && isThere(map.status.column) && map.claim !== undefined && isThere(map.claim)
    return canLook ? [...findings, ...(await claimInUse(engine, session, map))] : findings
  })
}
