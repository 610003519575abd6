import type { DatabaseSync } from 'node:sqlite'
import { messagePeriodOf } from '../../domain/admission.ts'
import { randomId } from '../../domain/ids.ts'
import { type Environment, environments } from '../../domain/names.ts'
import { releasedMs } from '../../domain/settling.ts'
import { countsKeptMs, kindAt } from '../../domain/usage.ts'
import { type Entry, type EntryOf, entryOfRecord, isBlank, type RunEntry, recordOfAnswer, recordOfRun } from '../copy/entries.ts'
import { type CopyableStore, isOwnDocument, oldestPeriod, ownDocuments, pagesOf, unknownEntry } from '../copy/store.ts'
import type { Freeze } from '../frozen.ts'
import { countsFrom, idempotencyRecordFrom } from '../stored.ts'
import { booksOf } from './books.ts'
import { countersOf } from './counts.ts'
import { messagesOf } from './messages.ts'
import { asProblem, openFile } from './open.ts'

const page = 1_000
type Row = Record<string, unknown>

function environmentFrom(row: Row, address: string): Environment {
  const found = environments.find((one) => one === row.environment)
  if (found === undefined) throw unknownEntry(address, `the environment "${String(row.environment)}"`)
  return found
}

/** A SQLite file as a source or a target of a copy. It is one transaction away from any state, so freezing it is one row. */
export class SqliteCopy implements CopyableStore {
  readonly address: string
  readonly #db: DatabaseSync
  readonly #now: () => number
  readonly #path: string

  constructor(path: string, now: () => number = Date.now) {
    this.address = `sqlite:${path}`
    this.#path = path
    this.#db = openFile(path)
    this.#now = now
  }

  async now(): Promise<number> {
    return this.#now()
  }

  async ownDocument(name: keyof typeof ownDocuments): Promise<string | undefined> {
    const row = this.#db.prepare('SELECT text FROM documents WHERE name = ?').get(ownDocuments[name])
    return row === undefined ? undefined : String(row.text)
  }

  async putOwnDocument(name: keyof typeof ownDocuments, text: string): Promise<void> {
    this.#inTransaction(() => this.#putDocument(ownDocuments[name], text))
  }

  /** Every write reads this row in its own transaction. */
  freeze(freeze: Freeze): Promise<void> {
    return this.putOwnDocument('frozen', JSON.stringify(freeze))
  }

  noteFreeze(freeze: Freeze): Promise<void> {
    return this.freeze(freeze)
  }

  async thaw(): Promise<void> {
    this.#inTransaction(() => this.#db.prepare('DELETE FROM documents WHERE name = ?').run(ownDocuments.frozen))
  }

  async *entries(): AsyncGenerator<readonly Entry[]> {
    const now = this.#now()
    yield* this.#rows('SELECT customer, version, document FROM profiles', ({ customer, version, document }) => {
      return { kind: 'profile', customer: String(customer), version: String(version), document: String(document) }
    })
    yield* this.#rows(`SELECT customer, until FROM retired WHERE until > ${now}`, ({ customer, until }) => {
      return { kind: 'retired', customer: String(customer), until: Number(until) }
    })
    yield* this.#rows('SELECT name, text FROM documents', ({ name, text }) =>
      isOwnDocument(String(name)) ? undefined : { kind: 'document', name: String(name), text: String(text) },
    )
    let place = 0
    yield* this.#rows('SELECT at, customer, who, origin, what FROM history ORDER BY id', ({ at, origin, ...row }) => {
      const texts = { customer: String(row.customer), who: String(row.who), from: String(origin), what: String(row.what) }
      return { kind: 'history', place: place++, entry: { at: Number(at), ...texts } }
    })
    const runs = new Map<string, RunEntry[]>()
    yield* this.#rows(`SELECT * FROM idempotency WHERE expires_at > ${now}`, (row) => this.#answerFrom(row, runs))
    yield* this.#books(runs)
    const hours = `SELECT customer, environment, hour, json_group_object(name, value) AS counts FROM counts
      WHERE hour > ${now - countsKeptMs} GROUP BY customer, environment, hour`
    yield* this.#rows(hours, (row) => {
      const whose = { customer: String(row.customer), environment: environmentFrom(row, this.address) }
      return { kind: 'counts', ...whose, hour: Number(row.hour), counts: countsFrom(String(row.counts)) }
    })
    yield* this.#rows(
      `SELECT customer, environment, id, period FROM messages WHERE reservation IS NULL AND period >= ${oldestPeriod(now)}`,
      (row) => {
        const { customer, id, period } = row
        const environment = environmentFrom(row, this.address)
        return { kind: 'message', customer: String(customer), environment, id: String(id), period: Number(period) }
      },
    )
    yield* this.#rows(`SELECT * FROM returned WHERE expires_at > ${now}`, (row) => {
      const whose = { customer: String(row.customer), environment: environmentFrom(row, this.address), id: String(row.id) }
      return { kind: 'returned', ...whose, units: Number(row.units), at: Number(row.returned_at), until: Number(row.expires_at) }
    })
    yield* this.#rows(`SELECT * FROM released WHERE expires_at > ${now}`, (row) => {
      const whose = { customer: String(row.customer), environment: environmentFrom(row, this.address), id: String(row.id) }
      const again = row.claim === null ? {} : { again: String(row.claim) }
      return { kind: 'released', ...whose, at: Number(row.expires_at) - releasedMs, ...again }
    })
    yield* this.#rows(`SELECT * FROM nonces WHERE expires_at > ${now}`, ({ customer, key_id, nonce, expires_at }) => {
      const whose = { customer: String(customer), keyId: String(key_id) }
      return { kind: 'nonce', ...whose, value: String(nonce), expiresAt: Number(expires_at) }
    })
  }

  /** The answer in a row; a run without an answer is added to `runs`. */
  #answerFrom(row: Row, runs: Map<string, RunEntry[]>): Entry | undefined {
    const owner = { customer: String(row.customer), environment: environmentFrom(row, this.address) }
    const record = idempotencyRecordFrom(String(row.record))
    const read = entryOfRecord(owner, String(row.key), record, Number(row.expires_at))
    if ('answer' in read) return read.answer
    const name = `${owner.environment}/${owner.customer}`
    runs.set(name, [...(runs.get(name) ?? []), read.run])
    return undefined
  }

  async *#books(runs: ReadonlyMap<string, readonly RunEntry[]>): AsyncGenerator<readonly Entry[]> {
    const books = booksOf(this.#db, messagesOf(this.#db))
    const counters = countersOf(this.#db)
    const owners = `SELECT customer, environment FROM usage UNION SELECT customer, environment FROM open_reservations
      UNION SELECT customer, environment FROM idempotency UNION SELECT customer, environment FROM reports_counted`
    yield* this.#rows(owners, (row) => {
      const owner = { customer: String(row.customer), environment: environmentFrom(row, this.address) }
      const { customer, environment } = owner
      const ofOwner = runs.get(`${environment}/${customer}`) ?? []
      const reported = counters.reported(customer, environment)
      const entry = {
        usage: books.usage(customer, environment),
        open: books.all(customer, environment),
        runs: ofOwner,
        ...(reported !== undefined && { reported }),
      }
      return isBlank(entry) ? undefined : { kind: 'books', ...owner, ...entry }
    })
  }

  async *#rows(sql: string, toEntry: (row: Row) => Entry | undefined): AsyncGenerator<readonly Entry[]> {
    let found: Entry[] = []
    try {
      for (const row of this.#db.prepare(sql).iterate()) {
        const entry = toEntry(row)
        if (entry !== undefined) found.push(entry)
        if (found.length < page) continue
        yield found
        found = []
      }
    } catch (error) {
      throw asProblem(error, this.#path)
    }
    if (found.length > 0) yield found
  }

  async write(entries: readonly Entry[]): Promise<void> {
    for (const some of pagesOf(entries, page)) {
      this.#inTransaction(() => {
        for (const entry of some) this.#write(entry)
      })
    }
  }

  #write(entry: Entry): unknown {
    const put = (sql: string, ...values: (string | number | null)[]): unknown => this.#db.prepare(sql).run(...values)
    switch (entry.kind) {
      case 'profile':
        put('INSERT OR REPLACE INTO profiles (customer, version, document) VALUES (?, ?, ?)', ...fieldsOf(entry))
        put('DELETE FROM credentials WHERE customer = ?', entry.customer)
        return put(
          `INSERT INTO credentials (customer, key_id, document)
           SELECT ?, json_extract(value, '$.keyId'), value FROM json_each(?, '$.credentials')`,
          entry.customer,
          entry.document,
        )
      case 'retired':
        return put('INSERT OR REPLACE INTO retired (customer, until) VALUES (?, ?)', entry.customer, entry.until)
      case 'document':
        return this.#putDocument(entry.name, entry.text)
      case 'history': {
        const { at, customer, who, from, what } = entry.entry
        const sql = 'INSERT OR REPLACE INTO history (id, at, customer, who, origin, what) VALUES (?, ?, ?, ?, ?, ?)'
        return put(sql, entry.place + 1, at, customer, who, from, what)
      }
      case 'books':
        return this.#writeBooks(entry)
      case 'counts': {
        const { customer, environment, hour, counts } = entry
        for (const [name, value] of Object.entries(counts)) {
          put('INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?)', customer, environment, hour, name, value)
        }
        return
      }
      case 'answer': {
        const { customer, environment, key, expiresAt } = entry
        return this.#putRecord(customer, environment, key, JSON.stringify(recordOfAnswer(entry)), expiresAt)
      }
      case 'message':
        return this.#putMessage(entry, entry.id, { period: entry.period, reservation: null, units: 1, kind: null })
      case 'returned': {
        const { customer, environment, id, units, at, until } = entry
        const sql = `INSERT OR REPLACE INTO returned (customer, environment, id, units, returned_at, expires_at)
          VALUES (?, ?, ?, ?, ?, ?)`
        return put(sql, customer, environment, id, units, at, until)
      }
      case 'released': {
        const { customer, environment, id, at, again = null } = entry
        const sql = 'INSERT OR REPLACE INTO released (customer, environment, id, claim, expires_at) VALUES (?, ?, ?, ?, ?)'
        return put(sql, customer, environment, id, again, at + releasedMs)
      }
      case 'nonce': {
        const { customer, keyId, value, expiresAt } = entry
        return put('INSERT OR REPLACE INTO nonces VALUES (?, ?, ?, ?)', customer, keyId, value, expiresAt)
      }
    }
  }

  #writeBooks(entry: EntryOf<'books'>): void {
    const { customer, environment, usage, open, runs, reported } = entry
    const books = booksOf(this.#db, messagesOf(this.#db))
    books.writeUsage(customer, environment, usage)
    if (reported !== undefined) countersOf(this.#db).report(customer, environment, reported)
    for (const one of open) {
      books.open(customer, environment, one)
      const period = messagePeriodOf(one.admittedAt)
      for (const [at, id] of (one.ids ?? []).entries()) {
        const kind = one.kinds === undefined ? null : kindAt(one, at)
        this.#putMessage(entry, id, { period, reservation: one.id, units: one.weights?.[at] ?? 1, kind })
      }
    }
    for (const run of runs) {
      this.#putRecord(customer, environment, run.key, JSON.stringify(recordOfRun(entry, run)), run.expiresAt)
    }
  }

  #putRecord(customer: string, environment: string, key: string, record: string, expiresAt: number): void {
    const sql = 'INSERT OR REPLACE INTO idempotency (customer, environment, key, record, expires_at) VALUES (?, ?, ?, ?, ?)'
    this.#db.prepare(sql).run(customer, environment, key, record, expiresAt)
  }

  #putMessage(
    { customer, environment }: { readonly customer: string; readonly environment: Environment },
    id: string,
    { period, reservation, units, kind }: StoredPlace,
  ): void {
    // A message that a call has stays with that call, whichever of the two is written first.
    const sql = `INSERT INTO messages (customer, environment, id, period, reservation, units, kind) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET period = excluded.period, reservation = excluded.reservation, units = excluded.units,
        kind = excluded.kind
      WHERE messages.reservation IS NULL OR excluded.reservation IS NOT NULL`
    this.#db.prepare(sql).run(customer, environment, id, period, reservation, units, kind)
  }

  #putDocument(name: string, text: string): void {
    const version = randomId()
    this.#db.prepare('INSERT OR REPLACE INTO documents (name, version, text) VALUES (?, ?, ?)').run(name, version, text)
  }

  async isEmpty(): Promise<boolean> {
    for (const table of [...tables, 'documents']) {
      for (const row of this.#db.prepare(`SELECT * FROM ${table} LIMIT 10`).iterate()) {
        if (table !== 'documents' || !isOwnDocument(String(row.name))) return false
      }
    }
    return true
  }

  async clear(): Promise<void> {
    const own = Object.values(ownDocuments)
    this.#inTransaction(() => {
      for (const table of tables) this.#db.exec(`DELETE FROM ${table}`)
      this.#db.prepare(`DELETE FROM documents WHERE name NOT IN (${own.map(() => '?').join(', ')})`).run(...own)
    })
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close()
  }

  #inTransaction(work: () => void): void {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw asProblem(error, this.#path)
    }
  }
}

/** What is stored of a message. */
interface StoredPlace {
  readonly period: number
  readonly reservation: string | null
  readonly units: number
  readonly kind: string | null
}

/** The tables besides that of documents. */
const tables = [
  'profiles',
  'credentials',
  'retired',
  'usage',
  'open_reservations',
  'counts',
  'reports_counted',
  'idempotency',
  'messages',
  'returned',
  'released',
  'nonces',
  'history',
] as const

function fieldsOf({ customer, version, document }: EntryOf<'profile'>): [string, string, string] {
  return [customer, version, document]
}
