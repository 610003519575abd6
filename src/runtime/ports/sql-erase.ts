import type { Carrier, Field } from '../../domain/carrier.ts'
import { erasedMark, isErased } from '../../domain/erasure.ts'
import { recordOf } from '../../domain/record.ts'
import { type CarrierEngine, marks, Refusal, type Session, type SqlRow, type Value } from '../sql/index.ts'
import type { ErasedRows, Searched, SearchFor, SearchPlace } from './database.ts'
import type { DetailLayout, Layout, WrittenColumn } from './layout.ts'
import { referencesTable } from './sql-insert.ts'

/** Months back in which a carrier's agent has moved rows into tables of their own. */
const maxMonths = 36
/** Longer than the longest month. */
const monthMs = 31 * 86_400_000
const heldTable = 'held_messages'

/** The fields of a message that are about a person, beside the number. */
const personal: ReadonlySet<Field | 'constant'> = new Set([
  'body',
  'subject',
  'media',
  'buttons',
  'fallbackSubject',
  'fallbackBody',
])

/** A table that has rows of messages. */
interface Place {
  readonly carrier: Carrier
  readonly layout: Layout
  readonly table: string
  /** The names of its columns, in lower case. */
  readonly columns: ReadonlySet<string>
}

export interface SqlErasureParts {
  readonly engine: CarrierEngine
  /** A transaction in which a refusal is a fault of the database. */
  ask<T>(run: (session: Session) => Promise<T>): Promise<T>
  transaction<T>(run: (session: Session) => Promise<T>): Promise<T>
  layoutOf(carrier: Carrier): Promise<Layout>
  /** The monthly tables of a managed table. */
  monthlyTables(session: Session, table: string): Promise<string[]>
}

interface Found {
  readonly id: string
  readonly link: Value
  readonly isFinished: boolean
}

function linkOf(column: unknown): Value {
  return typeof column === 'string' || typeof column === 'number' ? column : null
}

/**
 * Erases numbers and texts in the tables of carriers. Rows stay, with all that is counted of them. A row that its carrier has not
 * finished stays as it is: it would be sent to nowhere, or not at all.
 */
export class SqlErasure {
  readonly #parts: SqlErasureParts

  constructor(parts: SqlErasureParts) {
    this.#parts = parts
  }

  /** As `Database.erase`. */
  async erase(carriers: readonly Carrier[], ids: readonly string[], write: boolean): Promise<ErasedRows> {
    const waiting = new Set<string>()
    const held: { id: string; queue: string }[] = []
    const failures: string[] = []
    let rows = 0
    if (ids.length === 0) return { rows, waiting, held, failures }
    await this.#parts.ask(async (session) => {
      const sql = `SELECT msg_id, queue FROM ${heldTable} WHERE msg_id IN ${marks(ids.length)}`
      for (const row of await session.all(sql, ids)) {
        held.push({ id: String(row.msg_id), queue: String(row.queue) })
        waiting.add(String(row.msg_id))
      }
      // A reason that a database gave may quote a value.
      if (write) await session.run(`UPDATE ingest_rejected SET reason = 'erased' WHERE msg_id IN ${marks(ids.length)}`, ids)
    })
    for (const place of await this.#places(carriers)) {
      try {
        const length = place.layout.idLength
        const short = new Map(ids.map((id) => [id.slice(0, length), id]))
        const done = await this.#eraseIn(place, [...short.keys()], write)
        rows += done.rows
        for (const id of done.waiting) waiting.add(short.get(id) ?? id)
      } catch (error) {
        failures.push(failureOf(place, error))
      }
    }
    return { rows, waiting, held, failures }
  }

  /** As `Database.eraseFound`. */
  async eraseFound(carriers: readonly Carrier[], search: SearchFor, at: SearchPlace | undefined): Promise<Searched> {
    if (at === undefined || at.table === heldTable) return this.#searchHeld(carriers, search, at?.after)
    const places = await this.#places(carriers)
    const index = places.findIndex(({ table }) => table === at.table)
    const place = places[index]
    if (place === undefined) return { rows: 0, met: 0, read: 0, failures: [] }
    const next = places[index + 1]
    try {
      const { last, ...searched } = await this.#search(place, search, at.after)
      const further = last === undefined ? next && { table: next.table } : { table: place.table, after: last }
      return { ...searched, failures: [], ...(further && { next: further }) }
    } catch (error) {
      const failures = [failureOf(place, error)]
      return { rows: 0, met: 0, read: 0, failures, ...(next && { next: { table: next.table } }) }
    }
  }

  /** Tables with rows of messages, those that carriers write into first: a row that is moved meanwhile is met behind them. */
  async #places(carriers: readonly Carrier[]): Promise<Place[]> {
    const { engine, layoutOf, monthlyTables, ask } = this.#parts
    const found: Place[] = []
    for (const carrier of carriers) {
      const layout = await layoutOf(carrier)
      await ask(async (session) => {
        const logs = layout.managed ? await monthlyTables(session, layout.table) : monthsOf(layout)
        for (const table of [layout.table, ...logs.sort()]) {
          const facts = await engine.facts(session, table)
          if (facts === undefined || found.some((one) => one.table === table)) continue
          found.push({ carrier, layout, table, columns: new Set(facts.columns.map(({ name }) => name.toLowerCase())) })
        }
      })
    }
    return found
  }

  /** @param ids the values of the column of the id */
  async #eraseIn(place: Place, ids: readonly string[], write: boolean): Promise<{ rows: number; waiting: string[] }> {
    const { layout, table } = place
    const { quoted } = this.#parts.engine
    return this.#parts.transaction(async (session) => {
      const { status } = layout.result
      const recipient = recipientColumn(layout)
      const link = layout.detail === undefined ? 'NULL' : quoted(layout.detail.link)
      const columns = `${quoted(layout.id)} AS id, ${quoted(recipient)} AS person, ${quoted(status)} AS state, ${link} AS link`
      const all = await session.all(
        `SELECT ${columns} FROM ${quoted(table)} WHERE ${quoted(layout.id)} IN ${marks(ids.length)}`,
        ids,
      )
      const found = all.filter(({ person }) => !isErased(String(person ?? ''))).map((row) => foundRow(place, row))
      const finished = found.filter((one) => one.isFinished)
      const waiting = found.filter((one) => !one.isFinished).map(({ id }) => id)
      if (!write || finished.length === 0) return { rows: finished.length, waiting }
      const links = finished.flatMap((one) => (one.link === null ? [] : [one.link]))
      if (layout.detail !== undefined && links.length > 0) await this.#eraseDetail(session, layout.detail, links)
      const values = erasedValues(place)
      const set = [...values.keys()].map((column) => `${quoted(column)} = ?`).join(', ')
      const only = table === layout.table ? ` AND ${quoted(status)} IN ${marks(layout.result.done.length)}` : ''
      const done = only === '' ? [] : layout.result.done
      const sql = `UPDATE ${quoted(table)} SET ${set} WHERE ${quoted(layout.id)} IN ${marks(finished.length)}${only}`
      await session.run(sql, [...values.values(), ...finished.map(({ id }) => id), ...done])
      return { rows: finished.length, waiting }
    })
  }

  async #eraseDetail(session: Session, { table, key, written }: DetailLayout, links: readonly Value[]): Promise<void> {
    const { quoted } = this.#parts.engine
    const columns = written.filter(({ field }) => personal.has(field)).map(({ column }) => column)
    if (columns.length === 0) return
    const set = columns.map((column) => `${quoted(column)} = ?`).join(', ')
    const values = [...columns.map(() => ''), ...links]
    await session.run(`UPDATE ${quoted(table)} SET ${set} WHERE ${quoted(key)} IN ${marks(links.length)}`, values)
  }

  async #search(place: Place, search: SearchFor, after: string | undefined) {
    const { layout, table } = place
    const { quoted } = this.#parts.engine
    const { read, rows } = await this.#parts.ask(async (session) => {
      const key = quoted(layout.numbered?.column ?? layout.id)
      const columns = `${key} AS k, ${quoted(layout.id)} AS id, ${quoted(recipientColumn(layout))} AS person`
      const where = after === undefined ? '' : `WHERE ${key} > ?`
      const sql = `SELECT ${columns} FROM ${quoted(table)} ${where} ORDER BY ${key} LIMIT ?`
      const read = await session.all(sql, [...(after === undefined ? [] : [after]), search.limit])
      const mine = read.filter(({ person }) => search.isPerson(String(person ?? '')))
      const ids = mine.map(({ id }) => String(id).trim())
      return { read, rows: search.customer === undefined ? ids : await this.#ofCustomer(session, place, ids, search.customer) }
    })
    const done = rows.length === 0 ? { rows: 0, waiting: [] } : await this.#eraseIn(place, rows, search.write)
    const last = read.length < search.limit ? undefined : String(read.at(-1)?.k)
    return { rows: done.rows, met: done.waiting.length, read: read.length, ...(last !== undefined && { last }) }
  }

  /** Those that are messages of a customer. Where neither the row nor our own notes say whose it is, it is left alone. */
  async #ofCustomer(session: Session, { layout, table }: Place, ids: readonly string[], customer: string): Promise<string[]> {
    if (ids.length === 0) return []
    const { quoted } = this.#parts.engine
    const column = layout.written.find(({ field }) => field === 'customer')?.column
    const list = marks(ids.length)
    const sql =
      column !== undefined
        ? `SELECT ${quoted(layout.id)} AS id FROM ${quoted(table)} WHERE ${quoted(column)} = ? AND ${quoted(layout.id)} IN ${list}`
        : layout.idLength === undefined
          ? `SELECT msg_id AS id FROM ingest_seen WHERE customer = ? AND msg_id IN ${list}`
          : `SELECT r.reference AS id FROM ${referencesTable} r JOIN ingest_seen s ON s.msg_id = r.msg_id
             WHERE s.customer = ? AND r.reference IN ${list}`
    return (await session.all(sql, [customer, ...ids])).map(({ id }) => String(id).trim())
  }

  /** Held messages are under way: they are only counted. */
  async #searchHeld(carriers: readonly Carrier[], search: SearchFor, after = ''): Promise<Searched> {
    const sql = `SELECT msg_id, customer, message FROM ${heldTable} WHERE msg_id > ? ORDER BY msg_id LIMIT ?`
    const read = await this.#parts.ask((session) => session.all(sql, [after, search.limit]))
    const met = read.filter(
      ({ customer, message }) =>
        (search.customer === undefined || search.customer === customer) && search.isPerson(numberIn(String(message))),
    ).length
    const last = read.at(-1)
    const [first] = await this.#places(carriers)
    const next =
      read.length === search.limit && last !== undefined
        ? { table: heldTable, after: String(last.msg_id) }
        : first && { table: first.table }
    return { rows: 0, met, read: read.length, failures: [], ...(next && { next }) }
  }
}

function numberIn(message: string): string {
  try {
    return String(recordOf(JSON.parse(message)).to ?? '')
  } catch {
    return ''
  }
}

function failureOf({ table }: Place, error: unknown): string {
  if (!(error instanceof Refusal)) throw error
  return `${table}: the database refuses the change (${error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.name})`
}

/** The tables of the last months, newest first. */
function monthsOf(layout: Layout): string[] {
  const now = Date.now()
  const names = Array.from({ length: maxMonths }, (_, month) => layout.logOf(now - month * monthMs))
  return [...new Set(names.flatMap((name) => name ?? []))]
}

function recipientColumn({ written, id }: Layout): string {
  return written.find(({ field }) => field === 'recipient')?.column ?? id
}

function foundRow({ layout, table }: Place, { id, state, link }: SqlRow): Found {
  const done = new Set(layout.result.done.map(String))
  // The rows of a monthly table are finished, whatever their status says.
  const isFinished = table !== layout.table || done.has(String(state).trimEnd())
  return { id: String(id).trim(), link: linkOf(link), isFinished }
}

/** What stands in place of what is erased. Columns of others may take no NULL; a short one takes no mark. */
function erasedValues({ layout, columns }: Place): Map<string, Value> {
  const erased = (one: WrittenColumn): Value => {
    if (one.field === 'recipient') return layout.managed ? erasedMark(Date.now()) : ''
    return layout.managed && one.field !== 'body' ? null : ''
  }
  const mine = layout.written.filter(
    ({ field, column }) => (field === 'recipient' || personal.has(field)) && columns.has(column.toLowerCase()),
  )
  return new Map(mine.map((one) => [one.column, erased(one)]))
}
