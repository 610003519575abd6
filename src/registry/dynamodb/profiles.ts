import { type Customer, retiredMs } from '../../domain/customer.ts'
import { maxCustomerIdLength } from '../../domain/names.ts'
import { allCustomers, type HistoryEntry, type Profile, type StoredDocument } from '../registry.ts'
import { retiredId } from '../retired.ts'
import { customerFrom, historyEntryFrom } from '../stored.ts'
import { changeMs, type Line, lastLine, list, replaceDocument } from './documents.ts'
import { historyPartition, keys, listPartition, unpacked } from './items.ts'
import { Deadline, type Item, number, type Table, text } from './table.ts'

/** Lists of all customers are for operators, who wait longer than a call. */
const listMs = 20_000

/** Profiles, shared documents and the audit log in one table. */
export class Profiles {
  readonly #table: Table
  readonly #now: () => number

  constructor(table: Table, now: () => number) {
    this.#table = table
    this.#now = now
  }

  /** A profile's text and version. */
  async load(customer: string): Promise<StoredDocument | undefined> {
    // A longer one is not in the table, and could be too long for a key.
    if (customer.length > maxCustomerIdLength) return undefined
    return storedIn(await this.#item(keys.profile(customer)))
  }

  async document(name: string): Promise<StoredDocument | undefined> {
    return storedIn(await this.#item(keys.document(name)))
  }

  /** @throws Problem `customer-id-retired` */
  async save(profile: Profile, expected: string | undefined, entry: HistoryEntry): Promise<boolean> {
    const { id } = profile.customer
    const deadline = new Deadline(changeMs)
    const current = await this.#item(keys.profile(id), deadline)
    if (storedIn(current)?.version !== expected) return false
    if (expected === undefined) {
      const until = number(current, 'retiredUntil') ?? 0
      if (until > this.#now()) throw retiredId(id, until)
      await list(this.#table, 'customer', id, deadline)
    }
    return replaceDocument(this.#table, keys.profile(id), current, { document: JSON.stringify(profile) }, entry, deadline)
  }

  async remove(customer: string, expected: string, entry: HistoryEntry): Promise<boolean> {
    const current = await this.#item(keys.profile(customer))
    if (storedIn(current)?.version !== expected) return false
    const more = { retiredUntil: { N: String(this.#now() + retiredMs) } }
    return replaceDocument(this.#table, keys.profile(customer), current, { more }, entry)
  }

  async saveDocument(name: string, text: string, expected: string | undefined, entry?: HistoryEntry): Promise<boolean> {
    const deadline = new Deadline(changeMs)
    const current = await this.#item(keys.document(name), deadline)
    if (storedIn(current)?.version !== expected) return false
    if (expected === undefined) await list(this.#table, 'document', name, deadline)
    return replaceDocument(this.#table, keys.document(name), current, { document: text }, entry, deadline)
  }

  /** Texts of customers in the order of their ids. An id whose customer was removed stays in the list. */
  async page(after: string | undefined, limit: number): Promise<{ documents: StoredDocument[]; next: string | undefined }> {
    const deadline = new Deadline(listMs)
    const prefix = 'customer#'
    // Between the ids, whose characters all come before "{". A name is listed once, so one more than the page is enough.
    const [first, last] = [`${prefix}${after ?? ''}`, `${prefix}{`]
    const items = await this.#table.between(listPartition, first, last, deadline, limit + 1)
    const ids = items.map((item) => (text(item, 'sk') ?? '').slice(prefix.length)).filter((id) => id !== after)
    const some = ids.slice(0, limit)
    const found = await this.#table.get(some.map(keys.profile), deadline)
    const byId = new Map(found.map((item) => [text(item, 'pk'), item]))
    const ordered = some.map((id) => storedIn(byId.get(keys.profile(id).pk)))
    return { documents: ordered.filter((one) => one !== undefined), next: some.length === limit ? some.at(-1) : undefined }
  }

  async customers(): Promise<Customer[]> {
    const documents = (await this.#listed('customer#')).map(storedIn)
    const found = documents.filter((one) => one !== undefined).map((one) => customerFrom(one.text))
    return found.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  async history(customer: string | undefined, limit: number): Promise<HistoryEntry[]> {
    const deadline = new Deadline(listMs)
    const items = await this.#table.query(historyPartition(customer), '', { limit, backwards: true }, deadline)
    const lines = new Map(items.map((item) => [text(item, 'sk') ?? '', historyEntryFrom(text(item, 'doc') ?? '')]))
    // The line of a change that was not copied to the log is stored with what was changed.
    for (const { stamp, entry } of await this.#lastLines(customer)) {
      if (customer === undefined || entry.customer === customer) lines.set(stamp, entry)
    }
    const newestFirst = [...lines].sort(([a], [b]) => (a < b ? 1 : -1))
    return newestFirst.slice(0, limit).map(([, entry]) => entry)
  }

  /** @param customer whose lines; absent: of all */
  async #lastLines(customer: string | undefined): Promise<Line[]> {
    const isOne = customer !== undefined && customer !== allCustomers
    const items = isOne
      ? [await this.#item(keys.profile(customer))]
      : await this.#listed(customer === allCustomers ? 'document#' : '')
    return items.map(lastLine).filter((line) => line !== undefined)
  }

  /** The items of all documents of the list. */
  async #listed(prefix: string): Promise<Item[]> {
    const deadline = new Deadline(listMs)
    const names = (await this.#table.query(listPartition, prefix, {}, deadline)).map((item) => text(item, 'sk') ?? '')
    const listed = names.map((name) => {
      const [kind = '', ...rest] = name.split('#')
      return kind === 'customer' ? keys.profile(rest.join('#')) : keys.document(rest.join('#'))
    })
    return this.#table.get(listed, deadline)
  }

  async #item(key: Parameters<Table['get']>[0][number], deadline = new Deadline(changeMs)): Promise<Item | undefined> {
    return (await this.#table.get([key], deadline))[0]
  }
}

function storedIn(item: Item | undefined): StoredDocument | undefined {
  const [version, document] = [text(item, 'version'), unpacked(item)]
  return version === undefined || document === undefined ? undefined : { version, text: document }
}
