import { Problem } from '../../domain/problem.ts'
import type { ThresholdNotice } from '../../domain/threshold-notice.ts'
import { originOf } from '../../domain/webhook.ts'
import type { AwsOptions } from './aws.ts'
import { DynamoDecisions } from './decisions.ts'
import { type Item, number, Table, text } from './dynamodb.ts'
import { DynamoErasures } from './erasures.ts'
import type {
  Ended,
  EndedPage,
  Ledger,
  MessagePage,
  MessageQuery,
  MessageRecord,
  Owner,
  Queued,
  Reported,
  ReportPage,
  Standing,
} from './ledger.ts'
import { entriesOf, MessageIndex } from './message-index.ts'
import { countedKind, keptUntil, kindOf, messagesOf, noteItem, recordOf, standingOf } from './message-notes.ts'
import { addNotice } from './notices.ts'
import { ReadBudget } from './read-budget.ts'
import { dayAfter, dayOf, keptDays, type Page, pagesOf, ReportPages } from './report-pages.ts'
import { addSideEvent, type SideEvent } from './side-events.ts'
import { type HashedNumbers, type Suppression, type SuppressionPage, Suppressions } from './suppressions.ts'
import { callbackEndpoints } from './webhook-directory.ts'

/** Pages of the first read, which may be large, and of the later ones, after the first were small. */
const firstPages = 2
/** Pages that are counted together. */
const countedPages = 4
const laterPages = 10
/** Requests that one call may cost: 500 reports in the smallest pages are 51, and each kept day may be looked for. */
const maxReads = 64
/** What it takes to find the next day with reports: the head, a second look and each of the days that are kept. */
const readsForNextDay = keptDays + 3

interface Cursor {
  readonly day: string
  readonly sequence: number
  /** Reports of the page after it that were read already. */
  readonly index: number
}

export interface LedgerOptions extends AwsOptions {
  readonly table?: string | undefined
  readonly now?: () => number
}

function written(cursor: Cursor): string {
  return Buffer.from(`1.${cursor.day}.${cursor.sequence}.${cursor.index}`).toString('base64url')
}

/**
 * @param text the gateway appends its own part after a full stop, and has checked it
 * @throws Problem `cursor-invalid`
 */
function read(text: string): Cursor {
  const [cursor = ''] = text.split('.', 1)
  const match = /^1\.(\d{4}-\d\d-\d\d)\.(\d{1,10})\.(\d{1,4})$/.exec(Buffer.from(cursor, 'base64url').toString())
  const [, day = '', sequence, index] = match ?? []
  if (match !== null && !Number.isNaN(Date.parse(day))) return { day, sequence: Number(sequence), index: Number(index) }
  throw new Problem(
    'cursor-invalid',
    'The cursor is not valid. Use the cursor of the previous page, or leave it out to begin with the oldest report.',
  )
}

/** The ledger in DynamoDB. */
export class DynamoLedger implements Ledger {
  readonly #table: Table
  readonly #pages: ReportPages
  readonly #suppressions: Suppressions
  readonly #index: MessageIndex
  readonly #now: () => number
  readonly decisions: DynamoDecisions
  readonly erasures: DynamoErasures

  constructor({ table = 'apigw-ledger', now = Date.now, ...options }: LedgerOptions) {
    this.#table = new Table({ ...options, table })
    this.#now = now
    this.#pages = new ReportPages(this.#table, now)
    this.#suppressions = new Suppressions(this.#table)
    this.decisions = new DynamoDecisions({
      table: this.#table,
      now,
      appendPages: (owner, reports) => this.#pages.append(owner, reports),
    })
    this.erasures = new DynamoErasures(this.#table)
    this.#index = new MessageIndex(this.#table, (...asked) => this.standings(...asked), now)
  }

  prepare(): Promise<void> {
    return this.#table.create()
  }

  async queued(owner: Owner, messages: readonly Queued[]): Promise<void> {
    // A request may not name an item twice, and a message can come twice.
    const once = [...new Map(messages.map((one) => [one.id, one])).values()]
    // An item of its own: a note that comes late must not replace an outcome.
    const notes = once.map((one) => ({
      ...noteItem(owner, '0', { ...one, status: 'queued' }, this.#expiry(laterOf(one)), one),
      // The status is one that a gateway of an older version knows: what it does not know, it takes for never sent.
      ...(one.heldUntil !== undefined && { held: { N: String(one.heldUntil) } }),
    }))
    await this.#table.put([...notes, ...entriesOf(owner, once, (one) => this.#expiry(laterOf(one)))])
  }

  async append(owner: Owner, reports: readonly Reported[]): Promise<void> {
    const once = new Map(reports.map((report) => [report.id, report]))
    const pages = pagesOf(reports).map((page) => ({
      page,
      // Outcomes of later pages are noted while an earlier page is written.
      noted: this.#table.put(
        page.filter((one) => once.get(one.id) === one).map((one) => noteItem(owner, '1', one, this.#expiry())),
      ),
    }))
    // One that fails after another has failed would be an unhandled rejection.
    for (const { noted } of pages) noted.catch(() => undefined)
    for (const { page, noted } of pages) {
      // A reader who finds a report finds the outcome, too.
      await noted
      await this.#pages.append(owner, page)
    }
  }

  async standings(
    owner: Owner,
    ids: readonly string[],
    budget = new ReadBudget(maxReads),
  ): Promise<ReadonlyMap<string, Standing>> {
    const items = await this.#notes(owner, ids, budget)
    const found = new Map<string, Standing>()
    // Outcomes last, so that they win.
    for (const item of items.sort((a, b) => kindOf(a).localeCompare(kindOf(b)))) {
      const standing = standingOf(item)
      if (standing !== undefined) found.set(standing.id, standing)
    }
    return found
  }

  async message(owner: Owner, id: string, budget = new ReadBudget(maxReads)): Promise<MessageRecord | undefined> {
    const items = await this.#notes(owner, [id], budget, ['0', '1', '3'])
    return recordOf(id, items)
  }

  find(
    owner: Owner,
    query: MessageQuery,
    cursor: string | undefined,
    limit: number,
    budget = new ReadBudget(maxReads),
  ): Promise<MessagePage> {
    return this.#index.find(owner, query, cursor, limit, budget)
  }

  async #notes(owner: Owner, ids: readonly string[], budget: ReadBudget, kinds = ['0', '1']): Promise<Item[]> {
    const pk = messagesOf(owner)
    const keys = [...new Set(ids)].flatMap((id) => kinds.map((kind) => ({ pk, sk: `${id}#${kind}` })))
    return (await this.#table.get(keys, budget)).filter((item) => (number(item, 'ttl') ?? 0) * 1000 > this.#now())
  }

  async reports(owner: Owner, cursor: string | undefined, limit: number, budget = new ReadBudget(maxReads)): Promise<ReportPage> {
    let at = await this.#start(owner, cursor, budget)
    const found: Reported[] = []
    let pagesAtOnce = firstPages
    for (;;) {
      // What is left has to reach the next day with reports: a page that ends early must have gone forward.
      if (budget.left < readsForNextDay) return { reports: found, cursor: written(at), more: true }
      const pages = await this.#pages.after(owner, at.day, at.sequence, pagesAtOnce, budget)
      pagesAtOnce = laterPages
      for (const page of pages) {
        const rest = page.reports.slice(at.index)
        const some = rest.slice(0, limit - found.length)
        found.push(...some)
        if (some.length < rest.length) {
          return { reports: found, cursor: written({ ...at, index: at.index + some.length }), more: true }
        }
        at =
          page.next === undefined ? { day: at.day, sequence: page.sequence, index: 0 } : { day: page.next, sequence: 0, index: 0 }
      }
      if (pages.length > 0) continue
      const later = await this.#laterThan(owner, at, budget)
      if (later === undefined) return { reports: found, cursor: written(at), more: false }
      at = later
    }
  }

  async ended(owner: Owner, cursor: string | undefined, budget = new ReadBudget(maxReads)): Promise<EndedPage> {
    let at = await this.#start(owner, cursor, budget)
    let pages = await this.#pages.after(owner, at.day, at.sequence, countedPages, budget)
    if (pages.length === 0) {
      const later = await this.#laterThan(owner, at, budget)
      if (later === undefined) return { ended: [], cursor: cursor ?? written(at), more: false }
      at = later
      pages = await this.#pages.after(owner, at.day, at.sequence, countedPages, budget)
    }
    const ended: Ended[] = []
    for (const page of pages) {
      ended.push(...(await this.#endedOnce(owner, page, budget)))
      at =
        page.next === undefined ? { day: at.day, sequence: page.sequence, index: 0 } : { day: page.next, sequence: 0, index: 0 }
    }
    return { ended, cursor: written(at), more: pages.length > 0 }
  }

  /**
   * The reports of a page that no earlier page has. The page is noted with each message before anything is counted: a
   * page that is read again finds its own note, and the same report in a different page finds that of the first.
   */
  async #endedOnce(owner: Owner, page: Page, budget: ReadBudget): Promise<Ended[]> {
    const name = `${page.day}#${page.sequence}`
    const reports = new Map(page.reports.map((report) => [report.id, report]))
    const pk = messagesOf(owner)
    const keys = [...reports.keys()].flatMap((id) => ['0', '2'].map((kind) => ({ pk, sk: `${id}#${kind}` })))
    const found = new Map((await this.#table.get(keys, budget)).map((item) => [text(item, 'sk') ?? '', item]))
    const pageOf = (id: string): string | undefined => text(found.get(`${id}#2`), 'page')
    const fresh = [...reports.keys()].filter((id) => pageOf(id) === undefined)
    const ttl = { N: String(this.#expiry()) }
    await this.#table.put(fresh.map((id) => ({ pk: { S: pk }, sk: { S: `${id}#2` }, page: { S: name }, ttl })))
    return [...reports.values()].flatMap(({ id, status }): Ended | [] => {
      if ((pageOf(id) ?? name) !== name) return []
      const note = found.get(`${id}#0`)
      const kind = countedKind(note)
      const acceptedAt = number(note, 'acceptedAt')
      const known = { ...(kind !== undefined && { kind }), ...(acceptedAt !== undefined && { acceptedAt }) }
      return { id, status, units: number(note, 'units') ?? 1, ...known }
    })
  }

  async cursorAt(owner: Owner, from: string): Promise<string> {
    return written({ ...(from === 'end' ? await this.#pages.end(owner) : { day: from, sequence: 0 }), index: 0 })
  }

  addEvent(owner: Owner, event: SideEvent, keptDays: number): Promise<boolean> {
    return addSideEvent(this.#table, this.#now(), owner, event, keptDays)
  }

  addNotice(notice: ThresholdNotice): Promise<void> {
    return addNotice(this.#table, this.#now(), notice)
  }

  async callbackOrigins(owner: Owner, budget = new ReadBudget(maxReads)): Promise<ReadonlySet<string>> {
    return new Set((await callbackEndpoints(this.#table, owner, budget)).map(({ value }) => originOf(value.url)))
  }

  suppressed(
    owner: Owner,
    numbers: readonly string[],
    budget = new ReadBudget(maxReads),
    hashed?: HashedNumbers,
  ): Promise<ReadonlySet<string>> {
    return this.#suppressions.among(owner, numbers, budget, hashed)
  }

  suppress(owner: Owner, suppressions: readonly Suppression[], budget = new ReadBudget(maxReads)): Promise<ReadonlySet<string>> {
    return this.#suppressions.add(owner, suppressions, budget)
  }

  unsuppress(
    owner: Owner,
    numbers: readonly string[],
    budget = new ReadBudget(maxReads),
    hashed?: HashedNumbers,
  ): Promise<ReadonlySet<string>> {
    return this.#suppressions.remove(owner, numbers, budget, hashed)
  }

  eraseSuppression(owner: Owner, phone: string, hashed: Required<HashedNumbers>): Promise<boolean> {
    return this.#suppressions.erase(owner, phone, hashed, new ReadBudget(maxReads))
  }

  suppressions(
    owner: Owner,
    cursor: string | undefined,
    limit: number,
    budget = new ReadBudget(maxReads),
  ): Promise<SuppressionPage> {
    return this.#suppressions.page(owner, cursor, limit, budget)
  }

  close(): void {
    // Requests hold no connection that would have to be ended.
  }

  /** Where reading begins. A cursor from before the days that are kept reaches no further back than having none. */
  async #start(owner: Owner, cursor: string | undefined, budget: ReadBudget): Promise<Cursor> {
    const at = cursor === undefined ? undefined : read(cursor)
    return at === undefined || at.day < this.#firstDay() ? this.#oldest(owner, budget) : at
  }

  /** The oldest day that may still have reports. */
  #firstDay(): string {
    return dayAfter(dayOf(this.#now()), -keptDays)
  }

  async #oldest(owner: Owner, budget: ReadBudget): Promise<Cursor> {
    const head = await this.#pages.head(owner, budget)
    if (head === undefined) return { day: dayOf(this.#now()), sequence: 0, index: 0 }
    return this.#firstKept(owner, this.#firstDay(), head, budget)
  }

  /** The first day from `from` on that has reports: at most the kept days are looked at, whatever was asked for. */
  async #firstKept(owner: Owner, from: string, head: string, budget: ReadBudget): Promise<Cursor> {
    const first = this.#firstDay()
    for (let day = from < first ? first : from; day < head; day = dayAfter(day)) {
      if ((await this.#pages.after(owner, day, 0, 1, budget)).length > 0) return { day, sequence: 0, index: 0 }
    }
    return { day: head, sequence: 0, index: 0 }
  }

  /** The next position after a day without further reports while a later day is being written. */
  async #laterThan(owner: Owner, at: Cursor, budget: ReadBudget): Promise<Cursor | undefined> {
    const head = await this.#pages.head(owner, budget)
    if (head === undefined || head <= at.day) return undefined
    // Its end may have been written between the two looks.
    if ((await this.#pages.after(owner, at.day, at.sequence, 1, budget)).length > 0) return at
    return this.#firstKept(owner, dayAfter(at.day), head, budget)
  }

  /** In seconds since 1970. A message that is sent later is kept as long after that. */
  #expiry(sendAt = 0): number {
    return keptUntil(this.#now(), sendAt)
  }
}

/** When a message is sent, where that is later. */
function laterOf({ sendAt = 0, heldUntil = 0 }: Queued): number {
  return Math.max(sendAt, heldUntil)
}
