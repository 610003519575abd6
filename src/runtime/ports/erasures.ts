import * as z from 'zod'
import type { Erasure } from '../../domain/erasure.ts'
import { environments } from '../../domain/names.ts'
import { type Item, number, type Table, text } from './dynamodb.ts'
import type { Owner } from './ledger.ts'
import { entriesOfRecipient, type IndexEntry, recipientKeysOf, refEntries } from './message-index.ts'
import { erasedItem, messagesOf } from './message-notes.ts'
import type { Stored } from './webhooks.ts'

/** Whose messages to a person are erased, and by which hashes they are found: one for each master key. */
export interface ErasureOwner extends Owner {
  readonly hashes: readonly string[]
}

/** Messages of a recipient, and where the next page begins. */
export interface EntryPage {
  readonly entries: readonly IndexEntry[]
  readonly after?: string
}

/**
 * Requests to erase what is kept of a person, and what the ledger has of the person. Every method throws Problem `ledger-unavailable`.
 * The entries by which messages are found are the list of what is still to be done: they go last.
 */
export interface Erasures {
  /** Requests that are not done. */
  open(): Promise<readonly Stored<Erasure>[]>
  find(id: string): Promise<Stored<Erasure> | undefined>
  /** Writes a request unless it was changed since. @param revision absent: it must be new @returns whether it was written */
  save(erasure: Erasure, revision?: number): Promise<boolean>
  /** Ends a request: it leaves the open ones, and what it did is remembered. @param ttl in seconds since 1970 */
  finish(erasure: Erasure, ttl: number): Promise<void>
  /** What became of a request that is done. */
  done(id: string): Promise<Erasure | undefined>
  /** Adds owners to a request. Adding them again changes nothing. */
  addOwners(id: string, owners: readonly ErasureOwner[]): Promise<void>
  /** Up to 25 owners of a request, after one. */
  owners(id: string, after?: ErasureOwner): Promise<readonly ErasureOwner[]>
  /** Up to 100 messages of a recipient that were accepted up to an instant, newest first. */
  entries(owner: Owner, hash: string, until: number, after?: string): Promise<EntryPage>
  /** Takes the hash of the recipient away from messages, and notes that they were erased. */
  forget(owner: Owner, hash: string, entries: readonly IndexEntry[], at: number): Promise<void>
}

const openRequests = 'e'
const doneRequests = 'ed'
const pageSize = 100
const ownersAPage = 25
const millis = z.int().nonnegative()

const erasure = z.object({
  id: z.string(),
  at: millis,
  customer: z.string().exactOptional(),
  match: z.object({ salt: z.string(), hash: z.string() }).exactOptional(),
  nextAt: z.number(),
  walkAt: z.number(),
  place: z.object({ table: z.string(), after: z.string().exactOptional() }).exactOptional(),
  met: millis,
  messages: millis,
  waiting: millis,
  failures: z.array(z.string()),
  doneAt: millis.exactOptional(),
}) satisfies z.ZodType<Erasure>

function contentOf(item: Item): Erasure {
  return erasure.parse(JSON.parse(text(item, 'doc') ?? 'null'))
}

function storedOf(item: Item): Stored<Erasure> {
  return { value: contentOf(item), revision: number(item, 'rev') ?? 0 }
}

function ownersOf(id: string): string {
  return `eo#${id}`
}

function ownerKey({ customer, environment }: Owner): string {
  return `${customer}#${environment}`
}

/** Erasures in the ledger's table. */
export class DynamoErasures implements Erasures {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  async open(): Promise<readonly Stored<Erasure>[]> {
    const found: Stored<Erasure>[] = []
    for (let last = '!'; ; ) {
      const items = await this.#table.query(openRequests, last, pageSize)
      found.push(...items.map(storedOf))
      if (items.length < pageSize) return found
      last = text(items.at(-1), 'sk') ?? last
    }
  }

  async find(id: string): Promise<Stored<Erasure> | undefined> {
    const [item] = await this.#table.get([{ pk: openRequests, sk: id }])
    return item && storedOf(item)
  }

  save(value: Erasure, revision?: number): Promise<boolean> {
    const item = this.#item(openRequests, value, { rev: { N: String((revision ?? 0) + 1) } })
    return revision === undefined
      ? this.#table.putIf(item, 'attribute_not_exists(pk)')
      : this.#table.putIf(item, 'rev = :rev', { ':rev': { N: String(revision) } })
  }

  async finish(value: Erasure, ttl: number): Promise<void> {
    // What is remembered comes first: a crash in between leaves a request that is finished a second time.
    await this.#table.put([this.#item(doneRequests, value, { ttl: { N: String(ttl) } })])
    for (;;) {
      const owners = await this.owners(value.id)
      if (owners.length === 0) break
      await this.#table.remove(owners.map((owner) => ({ pk: ownersOf(value.id), sk: ownerKey(owner) })))
    }
    await this.#table.remove([{ pk: openRequests, sk: value.id }])
  }

  async done(id: string): Promise<Erasure | undefined> {
    const [item] = await this.#table.get([{ pk: doneRequests, sk: id }])
    return item && contentOf(item)
  }

  #item(pk: string, value: Erasure, more: Item): Item {
    return { pk: { S: pk }, sk: { S: value.id }, doc: { S: JSON.stringify(value) }, ...more }
  }

  async addOwners(id: string, owners: readonly ErasureOwner[]): Promise<void> {
    await this.#table.put(
      owners.map((owner) => ({
        pk: { S: ownersOf(id) },
        sk: { S: ownerKey(owner) },
        hashes: { S: owner.hashes.join(' ') },
      })),
    )
  }

  async owners(id: string, after?: ErasureOwner): Promise<readonly ErasureOwner[]> {
    const items = await this.#table.query(ownersOf(id), after === undefined ? '!' : ownerKey(after), ownersAPage)
    return items.flatMap((item) => {
      const [customer = '', name] = text(item, 'sk')?.split('#') ?? []
      const environment = environments.find((one) => one === name)
      return environment === undefined ? [] : [{ customer, environment, hashes: text(item, 'hashes')?.split(' ') ?? [] }]
    })
  }

  entries(owner: Owner, hash: string, until: number, after?: string): Promise<EntryPage> {
    return entriesOfRecipient(this.#table, owner, { hash, until, after, limit: pageSize })
  }

  async forget(owner: Owner, hash: string, entries: readonly IndexEntry[], at: number): Promise<void> {
    if (entries.length === 0) return
    const pk = messagesOf(owner)
    const notes = await this.#table.get(entries.flatMap(({ id }) => ['0', '1'].map((kind) => ({ pk, sk: `${id}#${kind}` }))))
    const refs = new Map(notes.flatMap((item) => refOf(item)))
    const marks = entries.map((entry) => erasedItem(owner, entry, at))
    await this.#table.put([...marks, ...refEntries(owner, entries, refs)])
    await this.#table.remove(recipientKeysOf(owner, hash, entries))
  }
}

function refOf(item: Item): [string, string][] {
  const ref = text(item, 'ref')
  const id = text(item, 'sk')?.slice(0, -2)
  return ref === undefined || id === undefined ? [] : [[id, ref]]
}
