import { isRecord, recordOf } from '../../domain/record.ts'
import type { Report } from '../../domain/report.ts'
import { type Item, number, type Table, text } from './dynamodb.ts'
import type { Owner, Reported } from './ledger.ts'
import type { ReadBudget } from './read-budget.ts'

/**
 * Maximum number of reports in one item: together they are cheaper than one by one, and the pages of an owner are written one
 * after the other. A report is at most about 360 bytes, so a page stays below half of DynamoDB's 400 KB.
 */
const reportsAPage = 500
/** With its id and its length of up to 500, a callback is about 540 bytes. */
const callbacksAPage = 250
export const keptDays = 7
const dayMs = 86_400_000
const lastSequence = '9'.repeat(10)

/** A page as it is kept. */
export interface Page {
  readonly day: string
  readonly sequence: number
  readonly reports: readonly Reported[]
  /** The next day with pages, where this page ends its day. */
  readonly next?: string
}

export function dayOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10)
}

export function dayAfter(day: string, days = 1): string {
  return dayOf(Date.parse(day) + days * dayMs)
}

function sortKey(sequence: number): string {
  return String(sequence).padStart(lastSequence.length, '0')
}

/**
 * An owner's reports in the order in which they were written. Each day is a partition, and its pages are numbered without
 * a gap: a writer adds the page after the last one only if no other writer has, so a number that can be read means that all
 * before it can. A day ends with a page that names the next one. So a reader who follows the numbers misses nothing,
 * whatever the writers' clocks say.
 */
export class ReportPages {
  readonly #table: Table
  readonly #now: () => number
  /** The last page that each owner is known to have. */
  readonly #tails = new Map<string, { day: string; sequence: number }>()

  constructor(table: Table, now: () => number) {
    this.#table = table
    this.#now = now
  }

  async append(owner: Owner, reports: readonly Reported[]): Promise<void> {
    for (const page of pagesOf(reports)) await this.#appendPage(owner, contentOf(page))
  }

  /** The pages of a day after a number, expired ones left out. */
  async after(owner: Owner, day: string, sequence: number, limit: number, budget?: ReadBudget): Promise<Page[]> {
    const items = await this.#table.query(partition(owner, day), sortKey(sequence), limit, { budget })
    return items.filter((item) => (number(item, 'ttl') ?? 0) * 1000 > this.#now()).map((item) => pageOf(day, item))
  }

  /** The day that is being written. */
  async head(owner: Owner, budget?: ReadBudget): Promise<string | undefined> {
    const [item] = await this.#table.get([{ pk: heads(owner), sk: 'head' }], budget)
    return text(item, 'openDay')
  }

  /** The last page that there is. It writes nothing. */
  async end(owner: Owner): Promise<{ day: string; sequence: number }> {
    let day = await this.head(owner)
    while (day !== undefined) {
      const [last] = await this.#table.query(partition(owner, day), lastSequence, 1, { backwards: true })
      const page = last && pageOf(day, last)
      if (page?.next === undefined) return { day, sequence: page?.sequence ?? 0 }
      day = page.next
    }
    return { day: dayOf(this.#now()), sequence: 0 }
  }

  async #appendPage(owner: Owner, reports: Item): Promise<void> {
    const known = `${owner.environment}/${owner.customer}`
    let tail = this.#tails.get(known) ?? (await this.#tail(owner))
    for (;;) {
      const today = dayOf(this.#now())
      const ends = tail.day < today
      const sequence = tail.sequence + 1
      const content: Item = ends ? { next: { S: today } } : reports
      const written = await this.#table.putIf(this.#item(owner, tail.day, sequence, content), 'attribute_not_exists(pk)')
      if (!written) {
        // Another writer has: its page says where to continue.
        tail = await this.#follow(owner, tail)
        continue
      }
      tail = { day: tail.day, sequence }
      if (!ends) break
      await this.#moveHead(owner, tail.day, today)
      tail = { day: today, sequence: 0 }
    }
    if (this.#tails.size > 100_000) this.#tails.clear()
    this.#tails.set(known, tail)
  }

  /** The last page after one that is known. */
  async #follow(owner: Owner, from: { day: string; sequence: number }): Promise<{ day: string; sequence: number }> {
    const [last] = await this.#table.query(partition(owner, from.day), lastSequence, 1, { backwards: true })
    if (last === undefined) return { day: from.day, sequence: 0 }
    const { sequence, next } = pageOf(from.day, last)
    if (next === undefined) return { day: from.day, sequence }
    // A writer that died between the two left the head behind.
    await this.#moveHead(owner, from.day, next)
    return this.#follow(owner, { day: next, sequence: 0 })
  }

  /** Where the next page goes, for an owner of whom nothing is known here. */
  async #tail(owner: Owner): Promise<{ day: string; sequence: number }> {
    const day = await this.head(owner)
    if (day !== undefined) return this.#follow(owner, { day, sequence: 0 })
    // The first report ever: the first writer decides on which day it begins.
    await this.#table.putIf(headItem(owner, dayOf(this.#now())), 'attribute_not_exists(pk)')
    return this.#tail(owner)
  }

  async #moveHead(owner: Owner, from: string, to: string): Promise<void> {
    await this.#table.putIf(headItem(owner, to), 'attribute_exists(pk) AND openDay = :from', { ':from': { S: from } })
  }

  #item(owner: Owner, day: string, sequence: number, content: Item): Item {
    const ttl = Math.floor((Date.parse(day) + (keptDays + 1) * dayMs) / 1000)
    const kept = Math.max(ttl, Math.floor((this.#now() + keptDays * dayMs) / 1000))
    return { pk: { S: partition(owner, day) }, sk: { S: sortKey(sequence) }, ttl: { N: String(kept) }, ...content }
  }
}

function heads({ customer, environment }: Owner): string {
  return `r#${customer}#${environment}`
}

function partition(owner: Owner, day: string): string {
  return `${heads(owner)}#${day}`
}

function headItem(owner: Owner, day: string): Item {
  return { pk: { S: heads(owner) }, sk: { S: 'head' }, openDay: { S: day } }
}

/** Reports in parts that fit into a page each. */
export function pagesOf(reports: readonly Reported[]): Reported[][] {
  const pages: Reported[][] = []
  let [page, callbacks]: [Reported[], number] = [[], 0]
  for (const report of reports) {
    const has = report.callback === undefined ? 0 : 1
    if (page.length === 0 || page.length === reportsAPage || callbacks + has > callbacksAPage) {
      page = []
      callbacks = 0
      pages.push(page)
    }
    page.push(report)
    callbacks += has
  }
  return pages
}

/** Callbacks are apart from the reports: a reader of an older version reads a page as it did. */
function contentOf(page: readonly Reported[]): Item {
  const callbacks = page.flatMap(({ id, callback }) => (callback === undefined ? [] : [[id, callback]]))
  return {
    reports: { S: JSON.stringify(page.map(({ callback: _callback, ...report }) => report)) },
    ...(callbacks.length > 0 && { callbacks: { S: JSON.stringify(Object.fromEntries(callbacks)) } }),
  }
}

/** Checked without a schema: a reader may ask for thousands. */
function isReport(value: unknown): value is Report {
  if (!isRecord(value)) return false
  const { id, ref, status, code, channel, at } = value
  const isText = (field: unknown): boolean => field === undefined || typeof field === 'string'
  return (
    typeof id === 'string' &&
    isText(ref) &&
    typeof status === 'string' &&
    isText(code) &&
    isText(channel) &&
    typeof at === 'number'
  )
}

function reportsIn(stored: string): readonly Report[] {
  const reports: unknown = JSON.parse(stored)
  if (Array.isArray(reports) && reports.every(isReport)) return reports
  throw new Error('A page of the ledger holds something other than reports.')
}

function withCallbacks(reports: readonly Report[], stored: string | undefined): readonly Reported[] {
  if (stored === undefined) return reports
  const callbacks = recordOf(JSON.parse(stored))
  return reports.map((report) => {
    const callback = callbacks[report.id]
    return typeof callback === 'string' ? { ...report, callback } : report
  })
}

function pageOf(day: string, item: Item): Page {
  const next = text(item, 'next')
  return {
    day,
    sequence: Number(text(item, 'sk')),
    reports: withCallbacks(reportsIn(text(item, 'reports') ?? '[]'), text(item, 'callbacks')),
    ...(next !== undefined && { next }),
  }
}
