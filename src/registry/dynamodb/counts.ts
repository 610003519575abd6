import { randomId } from '../../domain/ids.ts'
import type { Environment } from '../../domain/names.ts'
import { added, type Counts, countsKeptMs, type HourCounts, hourAt, hourMs, rollable, rolledCounts } from '../../domain/usage.ts'
import { frozenProblem } from '../frozen.ts'
import type { CountedReports } from '../registry.ts'
import { countsFrom } from '../stored.ts'
import { Books, type Owner } from './books.ts'
import { hourText, keys, packed, ttl, unpacked } from './items.ts'
import type { Job } from './lane.ts'
import { Deadline, type Item, type Table, text } from './table.ts'

/** Gateways whose clocks are late may still count in an hour that has just ended. */
const fileAfterMs = 2 * hourMs
/** Many hours can be filed after a pause, and no call waits for it. */
const fileMs = 5_000
const minuteMs = 60_000
/** A day on which clocks are set back. */
const maxDayMs = 26 * hourMs
/** The name of the item of a day, at its first hour. */
const dayItem = 'day'
/** Readers that began before hours were added to their day have ended by then. */
const readersMs = hourMs

/** An hour as the books hold it. An hour that is counted in again after it was filed gets another name. */
export interface BookedHour {
  /** Of the item that it becomes. */
  readonly name: string
  readonly counts: Counts
}

/** Counts what was decided before, such as refused calls: they would cost a write each. */
export class CountJob implements Job<void> {
  readonly #counts: HourCounts

  constructor(counts: HourCounts) {
    this.#counts = counts
  }

  isRefused({ frozen }: Books): boolean {
    return frozen === 'all'
  }

  wants() {
    return []
  }

  run(books: Books): void {
    books.count(this.#counts)
  }
}

/** Counts reports, and notes up to where. Answers whether no others were counted in the meantime. */
export class CountReportsJob implements Job<boolean> {
  readonly #reports: CountedReports
  readonly #now: () => number

  constructor(reports: CountedReports, now: () => number) {
    this.#reports = reports
    this.#now = now
  }

  isRefused({ frozen }: Books): boolean {
    return frozen === 'all'
  }

  wants() {
    return []
  }

  run(books: Books): boolean {
    const { seen, cursor, counts } = this.#reports
    if (books.reported !== seen) return false
    books.count({ hour: hourAt(this.#now(), books.usage.dayEnd), counts })
    books.reported = cursor
    return true
  }
}

/** Removes hours from the books that have items of their own, unless they were counted in since. */
class FiledJob implements Job<void> {
  readonly #filed: ReadonlyMap<number, BookedHour>

  constructor(filed: ReadonlyMap<number, BookedHour>) {
    this.#filed = filed
  }

  isRefused({ frozen }: Books): boolean {
    return frozen === 'all'
  }

  wants() {
    return []
  }

  run(books: Books): void {
    for (const [hour, filed] of this.#filed) books.filed(hour, filed)
  }
}

/** The hours of a customer's books that are over. */
export function hoursToFile(books: Books, now: number): Map<number, BookedHour> {
  return new Map([...books.hours].filter(([hour]) => hour + hourMs + fileAfterMs <= now))
}

/**
 * Gives hours items of their own, and then removes them from the books. An interruption in between leaves the same counters in both
 * places under one name, and they are read once.
 */
export async function fileHours(
  table: Table,
  owner: Owner,
  hours: ReadonlyMap<number, BookedHour>,
  run: (job: Job<void>) => Promise<void>,
): Promise<void> {
  if (hours.size === 0) return
  const items = [...hours].map(([hour, booked]) => hourItem(owner, hour, booked))
  await table.putAll(items, new Deadline(fileMs))
  await run(new FiledJob(hours))
}

export function hourItem({ customer, environment }: Owner, hour: number, { name, counts }: BookedHour): Item {
  const { pk, sk } = keys.hour(customer, environment, hour, name)
  return { pk: { S: pk }, sk: { S: sk }, doc: { S: JSON.stringify(counts) }, ...ttl(hour + countsKeptMs) }
}

/** An hour in an item of its own. */
type FiledHour = BookedHour & HourCounts

function hourFrom(item: Item): FiledHour {
  const [hour = '', ...name] = (text(item, 'sk') ?? '').split('#')
  return { hour: Number(hour), name: name.join('#'), counts: countsFrom(unpacked(item) ?? '{}') }
}

/** The hours that the item of a day holds, each as its minute in the day and its name. */
function rolledIn(item: Item | undefined): string[] {
  const names = text(item, 'rolled') ?? ''
  return names === '' ? [] : names.split(',')
}

/** Items of hours, without those that were added to the item of their day. DynamoDB removes them within days. */
function countedHours(items: readonly Item[]): FiledHour[] {
  const hours = items.map((item) => ({ item, ...hourFrom(item) }))
  const rolled = new Set<string>()
  for (const { item, hour: start } of hours) {
    for (const one of rolledIn(item)) {
      const [minutes = '', name = ''] = one.split('#')
      rolled.add(`${start + Number(minutes) * minuteMs}#${name}`)
    }
  }
  return hours.filter(({ hour, name }) => !rolled.has(`${hour}#${name}`))
}

/** Counters of a span of time, from the books and from items that were read after them. */
export function hoursOf(books: Books, items: readonly Item[], from: number, until: number): HourCounts[] {
  const hours = new Map<number, Counts>()
  const booked = [...books.hours].map(([hour, one]) => ({ hour, ...one }))
  const filed = countedHours(items).filter(({ hour, name }) => books.hours.get(hour)?.name !== name)
  for (const { hour, counts } of [...booked, ...filed]) {
    if (hour >= from && hour < until) hours.set(hour, added(hours.get(hour), counts))
  }
  return [...hours].map(([hour, counts]) => ({ hour, counts })).sort((a, b) => a.hour - b.hour)
}

/** Reads the counters of a span of time. */
export async function readHours(table: Table, owner: Owner, from: number, until: number): Promise<HourCounts[]> {
  const { customer, environment } = owner
  const [item] = await table.get([keys.books(customer, environment)], new Deadline())
  const books = new Books(owner, item)
  // After the books: an hour leaves them only when it is in its own item. Names follow the hour, and "~" sorts after all of them.
  // The item of a day, which says which hours it holds, is before them.
  const [first, last] = [hourText(from - maxDayMs), `${hourText(until - 1)}#~`]
  const items = await table.between(keys.hour(customer, environment, 0, '').pk, first, last, new Deadline())
  return hoursOf(books, items, from, until)
}

export function refuseFrozen(books: Books): void {
  if (books.frozen === 'all') throw frozenProblem()
}

/** The counters of one owner after the other, from a scan of the table: the items of a partition stand together in it. */
export class ScannedHours {
  readonly #table: Table
  #owner: Owner | undefined
  #items: Item[] = []

  constructor(table: Table) {
    this.#table = table
  }

  /** @returns the counters of the owner before this one, if it is another */
  async add(item: Item, customer: string, environment: Environment): Promise<(Owner & HourCounts)[]> {
    const isSame = this.#owner?.customer === customer && this.#owner.environment === environment
    const before = isSame ? [] : await this.end()
    this.#owner = { customer, environment }
    this.#items.push(item)
    return before
  }

  /** Hours that are in the books too are left to them. */
  async end(): Promise<(Owner & HourCounts)[]> {
    const owner = this.#owner
    if (owner === undefined) return []
    const [item] = await this.#table.get([keys.books(owner.customer, owner.environment)], new Deadline(fileMs))
    const booked = new Books(owner, item).hours
    const items = this.#items.filter((one) => !booked.has(hourFrom(one).hour))
    this.#owner = undefined
    this.#items = []
    return hoursOf(new Books(owner, undefined), items, 0, Number.POSITIVE_INFINITY).map((hour) => ({ ...owner, ...hour }))
  }
}

/** The item of a day after hours were added to it; `undefined`: they do not fit. */
function dayWith(owner: Owner, start: number, before: Item | undefined, hours: readonly FiledHour[]): Item | undefined {
  const { pk, sk } = keys.hour(owner.customer, owner.environment, start, dayItem)
  const names = hours.map(({ hour, name }) => `${(hour - start) / minuteMs}#${name}`)
  const attributes = packed(JSON.stringify(added(before && hourFrom(before).counts, rolledCounts(hours))))
  if (attributes === undefined) return undefined
  const rolled = [...rolledIn(before), ...names].join(',')
  const keep = ttl(start + countsKeptMs)
  return { pk: { S: pk }, sk: { S: sk }, ...attributes, rolled: { S: rolled }, rolledBy: { S: randomId() }, ...keep }
}

/**
 * Adds hours to the item of their day, and then lets them expire: an interruption in between leaves items that every reader knows
 * to be counted. The item of the day is replaced only as it was read, so of two that do this at once one does nothing.
 */
export async function rollDay(
  table: Table,
  owner: Owner,
  day: { readonly start: number; readonly end: number },
  now: number,
): Promise<void> {
  const { customer, environment } = owner
  const deadline = new Deadline(fileMs)
  const [item] = await table.get([keys.books(customer, environment)], deadline)
  const books = new Books(owner, item)
  refuseFrozen(books)
  const { pk, sk } = keys.hour(customer, environment, day.start, dayItem)
  const items = await table.between(pk, hourText(day.start), `${hourText(day.end - 1)}#~`, deadline)
  const before = items.find((one) => text(one, 'sk') === sk)
  // What is in the books is still changed by their writers.
  const hours = rollable(countedHours(items), day).filter(({ hour, name }) => books.hours.get(hour)?.name !== name)
  const made = hours.length === 0 ? undefined : dayWith(owner, day.start, before, hours)
  if (made === undefined) return
  const [old, by] = [before, made].map((one) => text(one, 'rolledBy'))
  const condition =
    old === undefined
      ? { expression: 'attribute_not_exists(pk)' }
      : { expression: 'rolledBy = :by', values: { ':by': { S: old } } }
  const isMine = async (): Promise<boolean> => text((await table.get([{ pk, sk }], deadline))[0], 'rolledBy') === by
  if ((await table.putIf(made, condition, isMine, deadline)) === 'lost') return
  const expiring = hours.map((one) => ({ ...hourItem(owner, one.hour, one), ...ttl(now + readersMs) }))
  await table.putAll(expiring, new Deadline(fileMs))
}
