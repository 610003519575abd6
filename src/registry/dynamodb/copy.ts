import { idempotencyMs } from '../../domain/admission.ts'
import { randomId } from '../../domain/ids.ts'
import { type Environment, environments } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { releasedMs } from '../../domain/settling.ts'
import { countsKeptMs, type HourCounts } from '../../domain/usage.ts'
import { type Entry, type EntryOf, entryOfRecord, isBlank, recordOfAnswer, recordOfRun } from '../copy/entries.ts'
import { type CopyableStore, isOwnDocument, oldestPeriod, ownDocuments, pagesOf, unknownEntry } from '../copy/store.ts'
import type { Freeze } from '../frozen.ts'
import { historyEntryFrom } from '../stored.ts'
import type { TableAddress } from './address.ts'
import { answerItem } from './answer.ts'
import { Books, type Owner } from './books.ts'
import { hourItem, readHours, ScannedHours } from './counts.ts'
import { lineItems, listItem, nextStamp, packedDocument, stampText } from './documents.ts'
import { markAll } from './freeze.ts'
import { keys, packed, ttl, unpacked } from './items.ts'
import { answerFrom } from './records.ts'
import { noteItems } from './repay.ts'
import { type ScannedPage, scan } from './scan.ts'
import { Deadline, type DynamoCaller, type Item, itemsByKey, type Key, number, Table, text } from './table.ts'

const stepMs = 60_000
const writesAtOnce = 1_000
/** As admission keeps plans: longer ones have an item of their own. */
const inlinePlanBytes = 512
/** An item has at most 400 KB, with its names and numbers. */
const maxBooksBytes = 390 * 1024

/** The registry in DynamoDB as a source or a target of a copy. Only a copy reads the whole table. */
export class DynamoCopy implements CopyableStore {
  readonly address: string
  readonly #table: Table
  readonly #name: string
  readonly #now: () => number

  constructor(caller: DynamoCaller, { table }: TableAddress, now: () => number = Date.now) {
    this.address = `dynamodb:${table}`
    this.#name = table
    this.#table = new Table(caller, table)
    this.#now = now
  }

  async now(): Promise<number> {
    return this.#now()
  }

  async ownDocument(name: keyof typeof ownDocuments): Promise<string | undefined> {
    const [item] = await this.#table.get([keys.document(ownDocuments[name])], new Deadline(stepMs))
    return unpacked(item)
  }

  async putOwnDocument(name: keyof typeof ownDocuments, text: string): Promise<void> {
    await this.#table.putAll([documentItem(ownDocuments[name], text)], new Deadline(stepMs))
  }

  noteFreeze(freeze: Freeze): Promise<void> {
    return this.putOwnDocument('frozen', JSON.stringify(freeze))
  }

  async freeze(freeze: Freeze): Promise<void> {
    await this.noteFreeze(freeze)
    await markAll(this.#table, freeze.level, this.#now)
  }

  /** The document is removed last, so that a thaw that was interrupted is still seen to be unfinished. */
  async thaw(): Promise<void> {
    await markAll(this.#table, undefined, this.#now)
    await this.#delete([keys.document(ownDocuments.frozen)])
  }

  async *entries(): AsyncGenerator<readonly Entry[]> {
    const hours = new ScannedHours(this.#table)
    const lines: { readonly place: string; readonly doc: string }[] = []
    for await (const page of this.#pages()) {
      const entries: Entry[] = []
      for (const item of page.items) {
        if (text(item, 'pk') === 'history') lines.push({ place: text(item, 'sk') ?? '', doc: text(item, 'doc') ?? '' })
        else if (text(item, 'pk')?.startsWith('counts#')) entries.push(...(await this.#countsIn(hours, item)))
        else entries.push(...(await this.#entriesIn(item)))
      }
      if (entries.length > 0) yield entries
    }
    yield countsEntries(await hours.end(), this.#now())
    lines.sort((a, b) => (a.place < b.place ? -1 : 1))
    const history = lines.map(({ doc }, place): Entry => ({ kind: 'history', place, entry: historyEntryFrom(doc) }))
    yield* pagesOf(history, writesAtOnce)
  }

  async #countsIn(hours: ScannedHours, item: Item): Promise<Entry[]> {
    const [, environment, ...customer] = (text(item, 'pk') ?? '').split('#')
    return countsEntries(await hours.add(item, customer.join('#'), this.#environment(environment)), this.#now())
  }

  #pages(): AsyncGenerator<ScannedPage> {
    return scan(this.#table, this.#name)
  }

  /** What one item holds. Items that repeat others, and those that have expired, hold nothing. */
  async #entriesIn(item: Item): Promise<Entry[]> {
    const [kind = '', ...rest] = (text(item, 'pk') ?? '').split('#')
    const [first = '', second = '', ...more] = rest
    const now = this.#now()
    switch (kind) {
      case 'history':
      case 'list':
      case 'plan':
      case 'ready':
        return []
      case 'customer':
        return this.#ofCustomer(item, first)
      case 'document': {
        const document = unpacked(item)
        const name = rest.join('#')
        return document === undefined || isOwnDocument(name) ? [] : [{ kind, name, text: document }]
      }
      case 'record': {
        const answer = answerFrom(item, now)
        const owner = { customer: second, environment: this.#environment(first) }
        if (answer === undefined) return []
        const read = entryOfRecord(owner, more.join('#'), answer.record, number(item, 'expires') ?? 0)
        return 'answer' in read ? [read.answer] : []
      }
      case 'message':
      case 'returned':
      case 'released': {
        const whose = { customer: second, environment: this.#environment(first), id: more.join('#') }
        return messageEntries(kind, item, whose, now)
      }
      case 'nonce': {
        const expiresAt = number(item, 'expires') ?? 0
        return expiresAt <= now ? [] : [{ kind, customer: first, keyId: second, value: more.join('#'), expiresAt }]
      }
      default:
        throw unknownEntry(this.address, `an item "${text(item, 'pk')}"`)
    }
  }

  async #ofCustomer(item: Item, customer: string): Promise<Entry[]> {
    const [kind = '', environment] = (text(item, 'sk') ?? '').split('#')
    if (kind === 'books') return this.#ofBooks(item, { customer, environment: this.#environment(environment) })
    if (kind !== 'profile') throw unknownEntry(this.address, `an item "${text(item, 'sk')}" of "${customer}"`)
    const [version, document] = [text(item, 'version'), unpacked(item)]
    if (version !== undefined && document !== undefined) return [{ kind, customer, version, document }]
    const until = number(item, 'retiredUntil') ?? 0
    return until > this.#now() ? [{ kind: 'retired', customer, until }] : []
  }

  async #ofBooks(item: Item, owner: Owner): Promise<Entry[]> {
    const books = new Books(owner, item)
    const now = this.#now()
    const stored = [...books.runs].filter(([, { expiresAt }]) => expiresAt > now)
    const apart = stored.flatMap(([, { planApart, record }]) => (planApart ? [keys.plan(record.reservation.id)] : []))
    const plans = itemsByKey(apart.length === 0 ? [] : await this.#table.get(apart, new Deadline(stepMs)))
    const runs = stored.flatMap(([key, { record, expiresAt, planApart }]) => {
      const plan = planApart ? unpacked(plans.get(`${keys.plan(record.reservation.id).pk}\n-`)) : record.plan
      const read = entryOfRecord(owner, key, { ...record, ...(plan !== undefined && { plan }) }, expiresAt)
      return 'run' in read ? [read.run] : []
    })
    const { usage, reported } = books
    const entry = { usage, open: [...books.open.values()], runs, ...(reported !== undefined && { reported }) }
    const counts = countsEntries(await this.#bookedHours(books, owner), now)
    return isBlank(entry) ? counts : [{ kind: 'books', ...owner, ...entry }, ...counts]
  }

  /** The hours in the books, with what was filed of them before they were counted in again. */
  async #bookedHours(books: Books, owner: Owner): Promise<(Owner & HourCounts)[]> {
    const booked = [...books.hours.keys()]
    if (booked.length === 0) return []
    const hours = await readHours(this.#table, owner, Math.min(...booked), Math.max(...booked) + 1)
    return hours.filter(({ hour }) => books.hours.has(hour)).map((one) => ({ ...owner, ...one }))
  }

  #environment(value: string | undefined): Environment {
    const found = environments.find((one) => one === value)
    if (found === undefined) throw unknownEntry(this.address, `the environment "${value}"`)
    return found
  }

  async write(entries: readonly Entry[]): Promise<void> {
    for (const some of pagesOf(entries, writesAtOnce)) {
      // One request may not name an item twice.
      const items = [...itemsByKey(some.flatMap(itemsOf)).values()]
      await this.#table.putAll(items, new Deadline(stepMs))
    }
  }

  async isEmpty(): Promise<boolean> {
    for await (const { items } of this.#pages()) if (items.some((item) => !isLeftOut(item))) return false
    return true
  }

  async clear(): Promise<void> {
    for await (const { items } of this.#pages()) {
      const gone = items.filter((item) => !isLeftOut(item) || text(item, 'pk') === 'list')
      await this.#delete(gone.map((item) => ({ pk: text(item, 'pk') ?? '', sk: text(item, 'sk') ?? '' })))
    }
  }

  async #delete(gone: readonly Key[]): Promise<void> {
    await this.#table.removeAll(gone, new Deadline(stepMs))
  }

  async close(): Promise<void> {
    // Every request has a connection of its own.
  }
}

/** What the item of a message says. @returns nothing for what is no longer remembered */
function messageEntries(
  kind: 'message' | 'returned' | 'released',
  item: Item,
  whose: Owner & { readonly id: string },
  now: number,
): Entry[] {
  const at = number(item, 'at') ?? 0
  switch (kind) {
    case 'message': {
      const period = number(item, 'period') ?? 0
      return period < oldestPeriod(now) ? [] : [{ kind, ...whose, period }]
    }
    case 'returned': {
      const [units, until] = [number(item, 'units') ?? 0, number(item, 'until') ?? 0]
      return until <= now ? [] : [{ kind, ...whose, units, at, until }]
    }
    case 'released': {
      const again = text(item, 'again')
      return at + releasedMs <= now ? [] : [{ kind, ...whose, at, ...(again !== undefined && { again }) }]
    }
  }
}

function countsEntries(hours: readonly (Owner & HourCounts)[], now: number): Entry[] {
  return hours.filter(({ hour }) => hour > now - countsKeptMs).map((one) => ({ kind: 'counts', ...one }))
}

/** What a registry without content has, too. */
function isLeftOut(item: Item): boolean {
  const [kind = '', ...name] = (text(item, 'pk') ?? '').split('#')
  return kind === 'ready' || kind === 'list' || (kind === 'document' && isOwnDocument(name.join('#')))
}

function documentItem(name: string, document: string): Item {
  const { pk, sk } = keys.document(name)
  const version = { S: randomId() }
  return { pk: { S: pk }, sk: { S: sk }, stamp: { N: String(nextStamp(0)) }, version, ...packedDocument(document) }
}

/** The items that an entry becomes. Profiles and books are marked as frozen until the copy is complete. */
function itemsOf(entry: Entry): Item[] {
  switch (entry.kind) {
    case 'profile':
    case 'retired': {
      const { pk, sk } = keys.profile(entry.customer)
      const stamp = { N: String(nextStamp(0)) }
      const content =
        entry.kind === 'profile'
          ? { version: { S: entry.version }, ...packedDocument(entry.document) }
          : { retiredUntil: { N: String(entry.until) } }
      const item = { pk: { S: pk }, sk: { S: sk }, stamp, frozen: { S: 'all' }, ...content }
      return [item, listItem('customer', entry.customer)]
    }
    case 'document':
      return [documentItem(entry.name, entry.text), listItem('document', entry.name)]
    case 'history': {
      // Before every stamp of a clock, and in order.
      const stamp = `${stampText(entry.place)}#copied`
      return lineItems({ stamp, entry: entry.entry })
    }
    case 'books':
      return booksItems(entry)
    case 'counts':
      return [hourItem(entry, entry.hour, { name: 'copied', counts: entry.counts })]
    case 'answer': {
      const key = keys.record(entry.customer, entry.environment, entry.key)
      return [answerItem(key, recordOfAnswer(entry), { write: 'copied' }, entry.expiresAt)]
    }
    case 'message':
      return noteItems(entry, { at: 0, ids: [entry.id], period: entry.period })
    case 'returned': {
      const { id, units, at, until } = entry
      return noteItems(entry, { at, ids: [], period: 0, returned: { id, units, at, until } })
    }
    case 'released': {
      const { id, at, again } = entry
      return noteItems(entry, { at, ids: [], period: 0, released: [id], ...(again !== undefined && { again }) })
    }
    case 'nonce': {
      const { pk, sk } = keys.nonce(entry.customer, entry.keyId, entry.value)
      const expires = { N: String(entry.expiresAt) }
      return [{ pk: { S: pk }, sk: { S: sk }, reservation: { S: 'copied' }, expires, ...ttl(entry.expiresAt) }]
    }
  }
}

/** @throws Problem `copy-incomplete` if a customer has more open calls than an item holds */
function booksItems(entry: EntryOf<'books'>): Item[] {
  const { customer, environment } = entry
  const books = new Books(entry, undefined)
  const plans: Item[] = []
  books.usage = entry.usage
  books.frozen = 'all'
  books.reported = entry.reported
  for (const one of entry.open) books.open.set(one.id, one)
  for (const run of entry.runs) {
    const isApart = (run.plan ?? '').length > inlinePlanBytes
    books.setRun(run.key, recordOfRun(entry, run), run.expiresAt - idempotencyMs, isApart)
    if (!isApart) continue
    const { pk, sk } = keys.plan(run.reservation.id)
    plans.push({ pk: { S: pk }, sk: { S: sk }, ...packed(run.plan ?? ''), ...ttl(run.expiresAt) })
  }
  const { pk, sk } = keys.books(customer, environment)
  const item = { pk: { S: pk }, sk: { S: sk }, ...books.attributes(randomId(8), 0) }
  if (Buffer.byteLength(text(item, 'doc') ?? '') <= maxBooksBytes) return [item, ...plans, listItem('customer', customer)]
  throw new Problem(
    'copy-incomplete',
    `"${customer}" has ${entry.open.length} open calls in ${environment}, and an item of DynamoDB has no room for them.`,
    { next: 'thaw the source, wait until the calls are reconciled (up to an hour), and copy again' },
  )
}
