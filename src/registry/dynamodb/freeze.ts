import { randomId } from '../../domain/ids.ts'
import { environments } from '../../domain/names.ts'
import { pagesOf } from '../copy/store.ts'
import type { FreezeLevel } from '../frozen.ts'
import { Books, type Owner } from './books.ts'
import { lastLine, lineItems, nextStamp } from './documents.ts'
import { keys, listPartition } from './items.ts'
import { answerFrom, returnsOf } from './records.ts'
import { noteItems } from './repay.ts'
import { Deadline, type Item, itemsByKey, type Key, keyText, number, type Table, text } from './table.ts'

/** Customers that are marked at the same time. */
const atOnce = 32
/** A write that loses to gateways is tried again; each of them has decided a call in between. */
const maxTries = 50
const stepMs = 20_000

interface Listed {
  readonly customers: readonly string[]
  readonly documents: readonly string[]
}

/** All customers and documents that were ever added. */
async function listed(table: Table): Promise<Listed> {
  const items = await table.query(listPartition, '', {}, new Deadline(stepMs))
  const names = items.map((item) => text(item, 'sk') ?? '')
  const ofKind = (kind: string): string[] =>
    names.flatMap((name) => (name.startsWith(`${kind}#`) ? [name.slice(kind.length + 1)] : []))
  return { customers: ofKind('customer'), documents: ofKind('document') }
}

/** Replaces an item until no other writer was in between. @param change absent result: it is already as it should be */
async function rewrite(table: Table, key: Key, change: (current: Item | undefined) => Promise<Item | undefined>): Promise<void> {
  const deadline = new Deadline(stepMs)
  for (let round = 0; round < maxTries; round++) {
    const [current] = await table.get([key], deadline)
    const item = await change(current)
    if (item === undefined) return
    const place = { pk: { S: key.pk }, sk: { S: key.sk } }
    const mark = key.sk.startsWith('books#') ? 'version' : 'stamp'
    const seen = number(current, mark)
    const condition =
      seen === undefined
        ? { expression: 'attribute_not_exists(pk)' }
        : { expression: `${mark} = :seen`, values: { ':seen': { N: String(seen) } } }
    // A second copy of a write that was made finds its own mark, so it is asked for again and is then as it should be.
    const written = await table.putIf({ ...item, ...place }, condition, async () => false, deadline)
    if (written === 'written') return
    await deadline.backOff(Math.min(round, 4))
  }
  throw table.unavailable('contended', `Too many gateways write the item "${key.pk}" at the same time.`)
}

/** Marks a profile or a shared document, or removes the mark. A writer that read it before cannot write it any more. */
function markDocument(table: Table, key: Key, level: FreezeLevel | undefined): Promise<void> {
  return rewrite(table, key, async (current) => {
    if ((text(current, 'frozen') !== undefined) === (level !== undefined)) return undefined
    const line = lastLine(current)
    if (line !== undefined) await table.putAll(lineItems(line), new Deadline(stepMs))
    const { entry: _entry, frozen: _frozen, ...kept } = current ?? {}
    const stamp = { N: String(nextStamp(number(current, 'stamp') ?? 0)) }
    return { ...kept, stamp, ...(level !== undefined && { frozen: { S: level } }) }
  })
}

/** Marks books, or removes the mark. A decision that was begun before has read another version, and is lost. */
async function markBooks(table: Table, owner: Owner, level: FreezeLevel | undefined, now: () => number): Promise<void> {
  const key = keys.books(owner.customer, owner.environment)
  await rewrite(table, key, async (current) => {
    if (current === undefined && level === undefined) return undefined
    const books = new Books(owner, current)
    // Without open calls there is nothing to settle, so the lower level already refuses every write.
    const isIdle = books.open.size === 0 && books.runs.size === 0 && books.noting.size === 0
    if (books.frozen === level || (level === 'all' && books.frozen !== undefined && isIdle)) return undefined
    books.frozen = level
    if (level === 'all') await finish(table, owner, books, now())
    return books.attributes(randomId(8), now())
  })
}

/** Ends what a process has begun before it ended: calls whose answer is stored, and messages without items of their own. */
async function finish(table: Table, owner: Owner, books: Books, now: number): Promise<void> {
  const deadline = new Deadline(stepMs)
  const names = [...books.runs.keys()]
  const recordKey = (key: string): Key => keys.record(owner.customer, owner.environment, key)
  const found = itemsByKey(await table.get(names.map(recordKey), deadline))
  const ended = names.flatMap((name) => {
    const answer = answerFrom(found.get(keyText(recordKey(name))), now)
    if (answer === undefined) return []
    const entry = books.open.get(answer.record.reservation.id)
    // Messages with keys of their own are part of the entry.
    const named = entry === undefined || entry.ids !== undefined ? [] : answer.untaken
    return [{ name, answer, entry, named }]
  })
  const returned = ended.flatMap(({ named }) => named.map((id) => keys.returned(owner.customer, owner.environment, id)))
  const returns = itemsByKey(await table.get(returned, deadline))
  for (const { name, answer, entry, named } of ended) {
    const { refund, untaken } = answer
    const before = returnsOf(owner, named, books, returns, now)
    if (entry !== undefined) books.close(entry, { kind: 'accepted', refund, untaken }, { before, now })
    books.dropRun(name)
  }
  const items = itemsByKey([...books.noting.values()].flatMap((noting) => noteItems(owner, noting)))
  await table.putAll([...items.values()], deadline)
  books.noting.clear()
}

/** Marks everything that takes writes, or removes the marks. */
export async function markAll(table: Table, level: FreezeLevel | undefined, now: () => number): Promise<void> {
  const { customers, documents } = await listed(table)
  const works = [
    ...documents.map((name) => () => markDocument(table, keys.document(name), level)),
    ...customers.map((customer) => async () => {
      // Profiles first when marking, last when removing: a customer whose profile is marked is refused in any case.
      if (level !== undefined) await markDocument(table, keys.profile(customer), level)
      for (const environment of environments) await markBooks(table, { customer, environment }, level, now)
      if (level === undefined) await markDocument(table, keys.profile(customer), level)
    }),
  ]
  for (const some of pagesOf(works, atOnce)) await Promise.all(some.map((work) => work()))
}
