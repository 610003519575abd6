import type { TableMap } from '../../domain/table-map.ts'
import { writeTime } from '../../domain/wall-clock.ts'
import { type Engine, marks, type Session, type Value } from '../sql/index.ts'
import { writable } from './raw-charset.ts'
import type { TableRow } from './rows.ts'
import { codeOf, type RowChange } from './statements.ts'

type Recipients = NonNullable<TableMap['recipients']>

interface Parts {
  readonly session: Session
  readonly engine: Engine
  readonly map: TableMap
  /** The database's clock. */
  readonly now: number
}

/** A change, and the recipient that it is about. */
export interface RecipientChange {
  readonly change: RowChange
  readonly row: TableRow
}

/** The states of recipients in the table of results, by the key of their row and their place in it. */
type States = ReadonlyMap<string, ReadonlyMap<number, string>>

async function readStates(
  { session, engine: { quoted, dialect } }: Parts,
  recipients: Recipients,
  keys: readonly string[],
): Promise<States> {
  const { table, key, part, state } = recipients
  const columns = `${dialect.key(key)} AS k, ${quoted(part)} AS p, ${quoted(state.column)} AS s`
  const sql = `SELECT ${columns} FROM ${quoted(table)} WHERE ${quoted(key)} IN ${marks(keys.length)}`
  const rows = await session.all(sql, keys)
  const byKey = Map.groupBy(rows, ({ k }) => String(k).trimEnd())
  return new Map([...byKey].map(([name, some]) => [name, new Map(some.map(({ p, s }) => [Number(p), String(s).trimEnd()]))]))
}

/** Adds rows for recipients that have none. */
async function insertRecipients(parts: Parts, recipients: Recipients, rows: readonly TableRow[]): Promise<void> {
  const { session, engine, map, now } = parts
  const { quoted, dialect } = engine
  const { table, key, part, number, name, characters, copied = [], state } = recipients
  const keys = [...new Set(rows.map((row) => row.key))]
  const list = [`${dialect.key(map.key)} AS k`, ...copied.map((column, at) => `${quoted(column)} AS c${at}`)]
  const select = `SELECT ${list.join(', ')} FROM ${quoted(map.table)} WHERE ${quoted(map.key)} IN ${marks(keys.length)}`
  const own = new Map((await session.all(select, keys)).map((found) => [String(found.k).trimEnd(), found]))
  const { acceptedAt } = map.result
  const columns = [
    key,
    part,
    number,
    state.column,
    ...(name === undefined ? [] : [name]),
    ...(acceptedAt === undefined ? [] : [acceptedAt]),
  ]
  const values = rows.map((row): Value[] => [
    row.key,
    row.part ?? 1,
    row.to.slice(0, characters),
    state.waiting,
    ...(name === undefined ? [] : [writable((row.name ?? '').slice(0, characters), map)]),
    ...(acceptedAt === undefined ? [] : [writeTime(now, map.time, map.timeZone)]),
    ...copied.map((_, at) => text(own.get(row.key)?.[`c${at}`], map)),
  ])
  await session.insert(table, [...columns, ...copied], values)
}

function text(value: unknown, map: TableMap): Value {
  return value === null || value === undefined ? null : writable(String(value), map)
}

/** Writes the outcomes of recipients. One that has an outcome keeps it. */
async function writeFinal(
  { session, engine: { quoted }, map, now }: Parts,
  recipients: Recipients,
  changes: readonly RecipientChange[],
) {
  const { table, key, part, state } = recipients
  const { result } = map
  const alike = Map.groupBy(changes, ({ change: { key: row, to, code, at } }) => JSON.stringify([row, to, code, at]))
  for (const some of alike.values()) {
    const [first] = some
    if (first === undefined) continue
    const { to, code, at } = first.change
    if (to === 'accepted' || to === 'ready') continue
    const sets: [string, Value][] = [
      [state.column, to === 'delivered' ? state.delivered : state.failed],
      [result.code, codeOf(map, to, code, first.row.type)],
      ...(result.at === undefined ? [] : [[result.at, writeTime(at ?? now, map.time, map.timeZone)] as [string, Value]]),
    ]
    const assignments = sets.map(([column]) => `${quoted(column)} = ?`).join(', ')
    const where = `${quoted(key)} = ? AND ${quoted(part)} IN ${marks(some.length)} AND ${quoted(state.column)} = ?`
    const values = [...sets.map(([, value]) => value), first.change.key, ...some.map(({ row }) => row.part ?? 1), state.waiting]
    await session.run(`UPDATE ${quoted(table)} SET ${assignments} WHERE ${where}`, values)
  }
}

/** Copies a row into the summary table, once, with how many recipients were accepted and refused. */
async function summarize({ session, engine, map }: Parts, recipients: Recipients, key: string, refused: number, all: number) {
  const { summary } = recipients
  if (summary === undefined) return
  const { quoted } = engine
  const column = quoted(map.key)
  const there = await session.all(`SELECT 1 AS one FROM ${quoted(summary.table)} WHERE ${column} = ?`, [key])
  if (there.length > 0) return
  const [from, to] = [await engine.facts(session, map.table), await engine.facts(session, summary.table)]
  const counted = new Set([summary.accepted, summary.refused].map((one) => one.toLowerCase()))
  const theirs = new Set(to?.columns.map(({ name }) => name.toLowerCase()))
  const common = (from?.columns ?? [])
    .map(({ name }) => name)
    .filter((name) => theirs.has(name.toLowerCase()) && !counted.has(name.toLowerCase()))
  const list = common.map((name) => quoted(name)).join(', ')
  const into = `INSERT INTO ${quoted(summary.table)} (${list}, ${quoted(summary.accepted)}, ${quoted(summary.refused)})`
  // The types of numbers in a list of columns are not known to PostgreSQL, so they are part of the statement.
  const select = `SELECT ${list}, ${all - refused}, ${refused} FROM ${quoted(map.table)} WHERE ${column} = ?`
  await session.run(`${into} ${select}`, [key])
}

/**
 * Writes what became of recipients into their table, and the state of the whole row: it stays claimed until each of its recipients
 * was accepted or refused, and is finished with the last outcome. A recipient that has to be sent again makes the row ready; the
 * others keep what they have. The rows are locked.
 * @param rows all recipients of the rows
 */
export async function applyToRecipients(
  parts: Parts,
  rows: readonly TableRow[],
  matched: readonly RecipientChange[],
): Promise<void> {
  const { session, engine, map } = parts
  const { recipients, status } = map
  if (recipients === undefined || matched.length === 0) return
  const keys = [...new Set(matched.map(({ row }) => row.key))]
  const before = await readStates(parts, recipients, keys)
  const settled = matched.filter(({ change }) => change.to !== 'ready')
  const absent = settled.filter(({ row }) => before.get(row.key)?.has(row.part ?? 1) !== true)
  const fresh = [...new Map(absent.map(({ row }) => [`${row.part} ${row.key}`, row])).values()]
  if (fresh.length > 0) await insertRecipients(parts, recipients, fresh)
  await writeFinal(parts, recipients, settled)
  const after = await readStates(parts, recipients, keys)
  const again = new Set(matched.filter(({ change }) => change.to === 'ready').map(({ row }) => row.key))
  const byState = new Map<Value, string[]>()
  for (const key of keys) {
    const states = [...(after.get(key)?.values() ?? [])]
    const all = rows.filter((row) => row.key === key).length
    const state = again.has(key) ? status.ready : rowState(map, recipients, states, all)
    if (state === undefined) continue
    byState.set(state, [...(byState.get(state) ?? []), key])
    const refused = states.filter((one) => one === String(recipients.state.failed)).length
    if (state !== status.ready) await summarize(parts, recipients, key, refused, all)
  }
  const { quoted } = engine
  for (const [state, some] of byState) {
    const sql = `UPDATE ${quoted(map.table)} SET ${quoted(status.column)} = ? WHERE ${quoted(map.key)} IN ${marks(some.length)}`
    await session.run(sql, [state, ...some])
  }
}

/** @returns `undefined`: calls for some of its recipients have no answer yet */
function rowState({ status }: TableMap, { state }: Recipients, states: readonly string[], all: number): Value | undefined {
  if (states.length < all) return undefined
  if (states.includes(String(state.waiting))) return status.accepted
  return states.includes(String(state.delivered)) ? status.delivered : status.failed
}
