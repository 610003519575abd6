import type { Carrier } from '../../domain/carrier.ts'
import { dueAt } from '../../domain/holding.ts'
import { message } from '../../domain/message.ts'
import { type CarrierEngine, type CarrierSession, marks, type SqlRow, type Value } from '../sql/index.ts'
import type { RejectedRow, Row } from './database.ts'
import type { EndedRow, HeldMessages, HeldRow } from './held.ts'
import { environmentOf } from './sql-outcomes.ts'

/** Longer than a round takes, and short enough that the rows of a worker that died are not late. */
const claimMs = 30_000
const maxReason = 500

const heldColumns = ['msg_id', 'queue', 'customer', 'environment', 'due_at', 'message']

/** Rows that go to the carrier now, and those that are held. */
export function byTime<One extends Row>(rows: readonly One[], now: number): { direct: One[]; held: { row: One; due: number }[] } {
  const direct: One[] = []
  const held: { row: One; due: number }[] = []
  for (const row of rows) {
    const due = dueAt(row.message, now)
    if (due === undefined) direct.push(row)
    else held.push({ row, due })
  }
  return { direct, held }
}

/** Holds messages. It is the transaction that notes their ids as seen. */
export async function insertHeld(
  session: CarrierSession,
  { queue }: Carrier,
  held: readonly { readonly row: Row; readonly due: number }[],
): Promise<void> {
  if (held.length === 0) return
  const values = held.map(({ row: { customer, environment, message: content }, due }): Value[] => [
    content.id,
    queue,
    customer,
    environment,
    due,
    JSON.stringify(content),
  ])
  await session.insert('held_messages', heldColumns, values)
}

/** Notes how messages ended that are in no carrier's table. */
export async function insertEnded(
  session: CarrierSession,
  { queue }: Carrier,
  ended: readonly Pick<EndedRow, 'id' | 'as' | 'code'>[],
): Promise<void> {
  if (ended.length === 0) return
  const now = Date.now()
  const values = ended.map(({ id, as, code }): Value[] => [id, queue, as, code ?? null, now])
  await session.insert('ingest_ended', ['msg_id', 'queue', 'outcome', 'code', 'ended_at'], values)
}

function contentOf(row: SqlRow): Row | string {
  try {
    const read = message.safeParse(JSON.parse(String(row.message)))
    if (!read.success) return `${read.error.issues[0]?.path.map(String).join('.') ?? ''}: ${read.error.issues[0]?.message ?? ''}`
    if (read.data.id !== row.msg_id) return 'id: is not the id of the row'
    return { customer: String(row.customer), environment: environmentOf(row.environment), message: read.data }
  } catch {
    return 'it is not JSON'
  }
}

function heldRow(row: SqlRow): HeldRow {
  return {
    id: String(row.msg_id),
    customer: String(row.customer),
    environment: environmentOf(row.environment),
    dueAt: Number(row.due_at),
    content: contentOf(row),
  }
}

export interface SqlHeldParts {
  readonly engine: CarrierEngine
  /** A transaction in which a refusal is a fault of the database. */
  ask<T>(run: (session: CarrierSession) => Promise<T>): Promise<T>
  /** A transaction that a row may be refused in. */
  transaction<T>(run: (session: CarrierSession) => Promise<T>): Promise<T>
  /** Notes ids as seen, where that was forgotten. */
  recordIds(session: CarrierSession, rows: readonly RejectedRow[]): Promise<unknown>
  /** Prepares to write into a carrier's table, before a transaction begins. */
  writerOf(carrier: Carrier): Promise<CarrierWriter>
}

export interface CarrierWriter {
  /** @returns the rows that the table took: those that it has no place for have ended */
  write(session: CarrierSession, rows: readonly Row[]): Promise<readonly Row[]>
  /** Called with the last row that the table took. */
  took(row: Row): void
}

/** Held messages over any engine. */
export class SqlHeld implements HeldMessages {
  readonly #parts: SqlHeldParts

  constructor(parts: SqlHeldParts) {
    this.#parts = parts
  }

  takeDue({ queue }: Carrier, limit: number): Promise<HeldRow[]> {
    return this.#take('queue = ? AND due_at <= ?', [queue, Date.now()], limit)
  }

  takeUnnoted({ queue }: Carrier, limit: number): Promise<HeldRow[]> {
    return this.#take('queue = ? AND noted = ?', [queue, 0], limit)
  }

  #take(where: string, values: readonly Value[], limit: number): Promise<HeldRow[]> {
    const { engine, ask } = this.#parts
    const now = Date.now()
    return ask(async (session) => {
      // A claim from the future is of a clock that was set back since.
      const { sql, values: all } = engine.dialect.select({
        columns: heldColumns.join(', '),
        table: 'held_messages',
        where: `${where} AND (claimed_at < ? OR claimed_at > ?)`,
        values: [...values, now - claimMs, now + claimMs],
        order: 'due_at, msg_id',
        limit,
        locked: true,
      })
      const rows = await session.all(sql, all)
      if (rows.length === 0) return []
      const ids = rows.map(({ msg_id }) => String(msg_id))
      await session.run(`UPDATE held_messages SET claimed_at = ? WHERE msg_id IN ${marks(ids.length)}`, [now, ...ids])
      return rows.map(heldRow)
    })
  }

  noted(ids: readonly string[]): Promise<void> {
    return this.#set('noted = 1, claimed_at = 0', ids)
  }

  letGo(ids: readonly string[]): Promise<void> {
    return this.#set('claimed_at = 0', ids)
  }

  async #set(changes: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.#parts.ask((session) =>
      session.run(`UPDATE held_messages SET ${changes} WHERE msg_id IN ${marks(ids.length)}`, ids),
    )
  }

  async holdUntil(id: string, until: number): Promise<void> {
    const sql = 'UPDATE held_messages SET due_at = ?, noted = 0, claimed_at = 0 WHERE msg_id = ?'
    await this.#parts.ask((session) => session.run(sql, [until, id]))
  }

  async release(carrier: Carrier, rows: readonly Row[]): Promise<number> {
    const { transaction, recordIds, writerOf } = this.#parts
    const { write, took } = await writerOf(carrier)
    const byId = new Map(rows.map((row) => [row.message.id, row]))
    const moved = await transaction(async (session) => {
      const ids = await this.#remove(session, [...byId.keys()])
      const mine = ids.flatMap((id) => byId.get(id) ?? [])
      if (mine.length === 0) return mine
      await recordIds(session, mine)
      return write(session, mine)
    })
    const last = moved.at(-1)
    if (last !== undefined) took(last)
    return moved.length
  }

  async end(carrier: Carrier, rows: readonly EndedRow[]): Promise<void> {
    if (rows.length === 0) return
    const byId = new Map(rows.map((row) => [row.id, row]))
    await this.#parts.ask(async (session) => {
      const mine = (await this.#remove(session, [...byId.keys()])).flatMap((id) => byId.get(id) ?? [])
      if (mine.length === 0) return
      await this.#parts.recordIds(
        session,
        mine.map(({ id, customer, environment }) => ({ customer, environment, message: { id } })),
      )
      const now = Date.now()
      const rejected = mine.filter(({ as }) => as === 'rejected')
      const others = mine.filter(({ as }) => as !== 'rejected' && as !== 'reported')
      const reported = mine.filter(({ as }) => as === 'reported').map(({ id }) => id)
      if (rejected.length > 0) {
        const values = rejected.map(({ id, reason = '' }): Value[] => [id, carrier.queue, reason.slice(0, maxReason), now])
        await session.insert('ingest_rejected', ['msg_id', 'queue', 'reason', 'rejected_at'], values)
      }
      await insertEnded(session, carrier, others)
      if (reported.length > 0) {
        const sql = `UPDATE ingest_seen SET reported_at = ? WHERE reported_at IS NULL AND msg_id IN ${marks(reported.length)}`
        await session.run(sql, [now, ...reported])
      }
    })
  }

  /** Takes rows out of the table. Their ids are remembered from now on. @returns the ids that were still there */
  async #remove(session: CarrierSession, ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const list = marks(ids.length)
    const { sql, values } = this.#parts.engine.dialect.select({
      columns: 'msg_id',
      table: 'held_messages',
      where: `msg_id IN ${list}`,
      values: [...ids],
      order: 'msg_id',
      locked: true,
    })
    const there = (await session.all(sql, values)).map(({ msg_id }) => String(msg_id))
    if (there.length === 0) return []
    await session.run(`DELETE FROM held_messages WHERE msg_id IN ${marks(there.length)}`, there)
    await session.run(`UPDATE ingest_seen SET seen_at = ? WHERE msg_id IN ${marks(there.length)}`, [Date.now(), ...there])
    return there
  }

  async waiting({ queue }: Carrier): Promise<{ count: number; oldestDueAt?: number }> {
    const [row] = await this.#parts.ask((session) =>
      session.all('SELECT count(*) AS n, min(due_at) AS oldest FROM held_messages WHERE queue = ?', [queue]),
    )
    const oldest = row?.oldest ?? null
    return { count: Number(row?.n ?? 0), ...(oldest !== null && { oldestDueAt: Number(oldest) }) }
  }
}
