import type { TableMap } from '../../domain/table-map.ts'
import { writeTime } from '../../domain/wall-clock.ts'
import type { Engine, Statement, Value } from '../sql/index.ts'

/** What is written into a row when something became of its message. */
export interface RowChange {
  readonly key: string
  /** The message's key: the row is only changed while it is still this message. */
  readonly messageKey: string
  readonly to: 'accepted' | 'delivered' | 'failed' | 'expired' | 'unknown' | 'ready'
  /** The carrier's or the gateway's code. */
  readonly code?: string
  /** Milliseconds since 1970. */
  readonly at?: number
  /** The gateway's id of the message. */
  readonly id?: string
  /** The row is only changed while this agent holds it; absent: any holder. */
  readonly claimedBy?: string
}

type Quoted = (name: string) => string

/** The condition that the map's `where` adds. */
export function whereOf({ where = {} }: TableMap, { dialect }: Pick<Engine, 'dialect'>): Statement {
  const parts = Object.entries(where).map(([column, value]) => dialect.among(column, [value].flat()))
  return { sql: parts.map(({ sql }) => ` AND ${sql}`).join(''), values: parts.flatMap(({ values }) => values) }
}

/** The table's value for a result. @param type the row's type, as the table writes it */
export function codeOf(
  { result }: TableMap,
  outcome: 'delivered' | 'failed' | 'expired' | 'unknown',
  code: string | undefined,
  type: string | undefined,
): Value {
  const listed = outcome === 'delivered' ? undefined : (result.codes?.[code ?? ''] ?? result.codes?.[outcome])
  if (listed !== undefined) return listed
  const value = outcome === 'delivered' ? result.delivered : result.failed
  // A row of a type that is not listed failed for that.
  return typeof value === 'object' ? (value[type ?? ''] ?? Object.values(value)[0] ?? null) : value
}

/** Sets the id of each row's message, in one statement for many rows. @returns `undefined`: there is nothing to set */
export function idsOf(
  { key, id }: TableMap,
  changes: readonly RowChange[],
  { dialect, quoted }: Pick<Engine, 'dialect' | 'quoted'>,
): Statement | undefined {
  const known = changes.flatMap((change) => (change.id === undefined ? [] : [[change.key, change.id] as const]))
  const [first] = known
  if (id === undefined || first === undefined) return undefined
  if (changes.length === 1) return { sql: `${quoted(id)} = ?`, values: [first[1]] }
  const cases = known.map(() => 'WHEN ? THEN ?').join(' ')
  // The key as text: as a number, two long ones may be equal to the database.
  const sql = `${quoted(id)} = CASE ${dialect.text(key)} ${cases} ELSE ${quoted(id)} END`
  return { sql, values: known.flat() }
}

/** What a change sets, but for the message's id, which is another in each row. @param now the database's clock @param type the row's type */
export function setsOf(
  map: TableMap,
  { to, code, at, id }: RowChange,
  { now, type, quoted }: { readonly now: number; readonly type: string | undefined; readonly quoted: Quoted },
): Statement {
  const { status, result, claim, id: idColumn } = map
  const sets = new Map<string, Value>()
  const set = (column: string | undefined, value: Value): void => {
    if (column !== undefined) sets.set(column, value)
  }
  const time = writeTime(at ?? now, map.time, map.timeZone)
  set(status.column, to === 'expired' || to === 'unknown' ? (status[to] ?? status.failed) : status[to])
  // Not NULL: the column may forbid it.
  set(claim, '')
  if (id !== undefined && idColumn !== undefined) sets.delete(idColumn)
  if (to === 'accepted') set(result.acceptedAt, time)
  if (to === 'delivered' || to === 'failed' || to === 'expired' || to === 'unknown') {
    set(result.code, codeOf(map, to, code, type))
    set(result.at, time)
  }
  return { sql: [...sets.keys()].map((column) => `${quoted(column)} = ?`).join(', '), values: [...sets.values()] }
}
