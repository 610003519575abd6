import { hash } from 'node:crypto'
import { nameOfIds } from '../../domain/ids.ts'
import { Problem } from '../../domain/problem.ts'
import type { Status } from '../../domain/report.ts'
import { groups, type Item, number, type Table, text } from './dynamodb.ts'
import type { MessagePage, MessageQuery, Owner, Queued, Standing } from './ledger.ts'
import type { ReadBudget } from './read-budget.ts'
import { dayAfter, dayOf } from './report-pages.ts'

/** Ids in one entry of a day: a write unit holds 37 ids of 26 characters, so a day costs little beside a write for each message. */
const idsAnEntry = 100
/** Entries of a day that one query reads. */
const dayEntriesAQuery = 25
/** Messages whose status one page looks at: a filter that nothing passes ends after these. */
const maxExamined = 500
/** What one round may cost: two queries, and two requests for the notes and outcomes of a hundred messages. */
const readsARound = 4
/** Messages that one round looks up. */
const aRound = 100
const instantLength = 15
/** A day of any time zone touches at most two days in UTC, and three where its clock is set. */
const maxDays = 3

/** Looks up standings, as of now. */
export type Standings = (owner: Owner, ids: readonly string[], budget: ReadBudget) => Promise<ReadonlyMap<string, Standing>>

/** Where a search stands: which partition, and how much of the entry `sk` was read. */
interface Place {
  readonly part: number
  /** '' at the newest entry of the partition. */
  readonly sk: string
  readonly used: number
}

interface Candidate {
  /** Absent: it has expired, or is not of the recipient. */
  readonly id?: string
  /** Where a search continues after it. */
  readonly next: Place
}

/** A query as partitions, newest entries first, and bounds of their sort keys. */
interface Plan {
  readonly partitions: readonly string[]
  readonly byDay: boolean
  readonly low: string
  readonly high: string
  /** Names the query in its cursors. */
  readonly name: string
  /** An entry has to be of one of these recipients. */
  readonly recipients?: ReadonlySet<string>
  readonly statuses?: ReadonlySet<Status>
}

const lastInstant = '9'.repeat(instantLength)

function sortable(instant: number): string {
  return String(Math.max(0, Math.floor(instant))).padStart(instantLength, '0')
}

function written({ part, sk, used }: Place, name: string): string {
  return Buffer.from(`f1.${name}.${part}.${used}.${sk}`).toString('base64url')
}

/** @throws Problem `cursor-invalid` */
function read(cursor: string, name: string): Place {
  const [ours = ''] = cursor.split('.', 1)
  const match = /^f1\.([\w-]{8})\.(\d{1,3})\.(\d{1,3})\.(|\d{15}#[0-9A-Z]{26})$/.exec(Buffer.from(ours, 'base64url').toString())
  const [, of, part, used, sk = ''] = match ?? []
  if (of === name) return { part: Number(part), used: Number(used), sk }
  throw new Problem(
    'cursor-invalid',
    'The cursor is not one of this search. Repeat ref, to and day of the page before, or leave it out to begin with the newest message.',
  )
}

/**
 * By what messages are found: items beside the notes, written with them. A message is found by its ref and by its recipient with
 * an entry of its own, and by its day with an entry that it shares with the other messages of its call. The sort keys begin with
 * the time of acceptance, so a query backwards is newest first, and a message that is noted again gets the same entries. Secondary
 * indexes of DynamoDB would write a copy for each message and index, and a day as their partition key would take no more than 1,000
 * writes a second (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
 */
export class MessageIndex {
  readonly #table: Table
  readonly #standings: Standings
  readonly #now: () => number

  constructor(table: Table, standings: Standings, now: () => number) {
    this.#table = table
    this.#standings = standings
    this.#now = now
  }

  /** Messages that fit, newest first. */
  async find(
    owner: Owner,
    query: MessageQuery,
    cursor: string | undefined,
    limit: number,
    budget: ReadBudget,
  ): Promise<MessagePage> {
    const plan = planOf(owner, query)
    let at = cursor === undefined ? { part: 0, sk: '', used: 0 } : read(cursor, plan.name)
    const messages = new Map<string, Standing>()
    let examined = 0
    while (at.part < plan.partitions.length) {
      if (messages.size >= limit || examined >= maxExamined || budget.left < readsARound) {
        return { messages: [...messages.values()], cursor: written(at, plan.name) }
      }
      const wanted = plan.statuses === undefined ? Math.min(aRound, limit - messages.size) : aRound
      const { candidates, end } = await this.#candidates(plan, at, wanted, budget)
      examined += candidates.length
      at = end
      for (const { standing, next } of await this.#fitting(owner, plan, candidates, budget)) {
        messages.set(standing.id, standing)
        if (messages.size < limit) continue
        at = next
        break
      }
    }
    return { messages: [...messages.values()] }
  }

  /** Those of the candidates that are still kept and have the status that was asked for. */
  async #fitting(owner: Owner, { statuses }: Plan, candidates: readonly Candidate[], budget: ReadBudget) {
    const ids = candidates.flatMap(({ id }) => id ?? [])
    if (ids.length === 0) return []
    const standings = await this.#standings(owner, ids, budget)
    return candidates.flatMap(({ id = '', next }) => {
      const standing = standings.get(id)
      return standing === undefined || statuses?.has(standing.status) === false ? [] : [{ standing, next }]
    })
  }

  /** The next entries, and where a search continues after all of them. */
  async #candidates(
    plan: Plan,
    at: Place,
    wanted: number,
    budget: ReadBudget,
  ): Promise<{ readonly candidates: readonly Candidate[]; readonly end: Place }> {
    const { candidates, end } = await this.#candidatesFrom(plan, at, instantOf(at.sk), wanted, budget)
    // More entries of one instant than a query reads: it continues behind those that were looked at.
    const isStuck = candidates.length === 0 && end === at
    return isStuck ? this.#candidatesFrom(plan, at, at.sk, wanted, budget) : { candidates, end }
  }

  /**
   * @param from the newest entry to read. A message that was noted a second time, among others, is in two entries of an instant,
   * so the entries of a day are read from the beginning of an instant on, and each id counts where it comes first.
   */
  async #candidatesFrom(
    plan: Plan,
    at: Place,
    from: string,
    wanted: number,
    budget: ReadBudget,
  ): Promise<{ readonly candidates: readonly Candidate[]; readonly end: Place }> {
    const nextPart = { part: at.part + 1, sk: '', used: 0 }
    const newest = plan.byDay ? from : at.sk
    const high = newest !== '' && newest < plan.high ? newest : plan.high
    if (high < plan.low) return { candidates: [], end: nextPart }
    // One more, because the entry where the page before ended is read again.
    const isContinued = at.sk !== ''
    const few = Math.min(wanted + 1, dayEntriesAQuery)
    const most = plan.byDay ? (isContinued ? dayEntriesAQuery : few) : wanted + 1
    const items = await this.#table.range(plan.partitions[at.part] ?? '', plan.low, high, most, budget)
    const all = withoutRepeats(items.flatMap((item) => this.#candidatesIn(item, plan, at.part)))
    const unread = all.filter(({ next: { sk, used } }) => !isContinued || sk < at.sk || (sk === at.sk && used > at.used))
    const candidates = unread.slice(0, wanted)
    const isEnd = items.length < most && candidates.length === unread.length
    return { candidates, end: isEnd ? nextPart : (candidates.at(-1)?.next ?? at) }
  }

  #candidatesIn(item: Item, { recipients }: Plan, part: number): Candidate[] {
    const sk = text(item, 'sk') ?? ''
    const isKept = (number(item, 'ttl') ?? 0) * 1000 > this.#now()
    const fits = isKept && (recipients === undefined || recipients.has(text(item, 'to') ?? ''))
    return idsIn(item).map((id, index) => ({ ...(fits && { id }), next: { part, sk, used: index + 1 } }))
  }
}

/** The end of the instant of a sort key: before it, read backwards, there is no entry of that instant. */
function instantOf(sk: string): string {
  return sk === '' ? '' : `${sk.slice(0, instantLength)}#~`
}

/** Without the ids that came before. */
function withoutRepeats(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>()
  return candidates.filter(({ id }) => {
    if (id === undefined) return true
    const isNew = !seen.has(id)
    seen.add(id)
    return isNew
  })
}

/** The entries of messages. @param ttl when the entries of a message expire, in seconds since 1970 */
export function entriesOf(owner: Owner, messages: readonly Queued[], ttl: (message: Queued) => number): Item[] {
  const calls = Map.groupBy(messages, acceptedAtOf)
  const together = [...calls.values()].flatMap((some) => groups(some, idsAnEntry))
  return [
    ...messages.flatMap((message) => ownEntries(owner, message, ttl(message))),
    ...together.flatMap((some) => dayEntry(owner, some, Math.max(...some.map(ttl)))),
  ]
}

function acceptedAtOf({ acceptedAt, at }: Queued): number {
  return acceptedAt ?? at
}

function sortKey(message: Queued): string {
  return `${sortable(acceptedAtOf(message))}#${message.id}`
}

function ownEntries(owner: Owner, message: Queued, ttl: number): Item[] {
  const { ref, recipientHash: to } = message
  const rest: Item = { sk: { S: sortKey(message) }, ttl: { N: String(ttl) } }
  return [
    ...(ref === undefined ? [] : [{ pk: { S: refPartition(owner, ref) }, ...rest, ...(to !== undefined && { to: { S: to } }) }]),
    ...(to === undefined ? [] : [{ pk: { S: recipientPartition(owner, to) }, ...rest }]),
  ]
}

function dayEntry(owner: Owner, messages: readonly Queued[], ttl: number): Item[] {
  const [first] = messages
  if (first === undefined) return []
  const ids = messages.map(({ id }) => id).sort((a, b) => (a < b ? 1 : -1))
  return [
    {
      pk: { S: dayPartition(owner, dayOf(acceptedAtOf(first))) },
      // By all of its ids: one of them, noted again without the others, would replace an entry that is named by it.
      sk: { S: `${sortable(acceptedAtOf(first))}#${nameOfIds(ids)}` },
      ttl: { N: String(ttl) },
      ids: { S: ids.join(' ') },
    },
  ]
}

// What the caller chose comes last: it may hold the separator.
function refPartition({ customer, environment }: Owner, ref: string): string {
  return `r#${customer}#${environment}#${ref}`
}

function recipientPartition({ customer, environment }: Owner, to: string): string {
  return `t#${customer}#${environment}#${to}`
}

function dayPartition({ customer, environment }: Owner, day: string): string {
  return `d#${customer}#${environment}#${day}`
}

function idsIn(item: Item): string[] {
  return text(item, 'ids')?.split(' ') ?? [(text(item, 'sk') ?? '').slice(instantLength + 1)]
}

/** The days in UTC that a time touches, the last one first. */
function daysIn(from: number, until: number): string[] {
  const found: string[] = []
  for (let day = dayOf(until - 1); day >= dayOf(from) && found.length < maxDays; day = dayAfter(day, -1)) found.push(day)
  return found
}

function partitionsOf(owner: Owner, { ref, recipients, from, until }: MessageQuery): string[] {
  if (ref !== undefined) return [refPartition(owner, ref)]
  if (recipients !== undefined) return recipients.map((to) => recipientPartition(owner, to))
  if (from === undefined || until === undefined) throw new Error('a search needs a ref, recipients or a time')
  return daysIn(from, until).map((day) => dayPartition(owner, day))
}

function planOf(owner: Owner, query: MessageQuery): Plan {
  const { ref, recipients, from, until, statuses } = query
  return {
    partitions: partitionsOf(owner, query),
    byDay: ref === undefined && recipients === undefined,
    low: sortable(from ?? 0),
    high: until === undefined ? lastInstant : sortable(until),
    name: hash('sha256', JSON.stringify([ref, recipients, from, until, statuses]), 'base64url').slice(0, 8),
    ...(ref !== undefined && recipients !== undefined && { recipients: new Set(recipients) }),
    ...(statuses !== undefined && { statuses: new Set(statuses) }),
  }
}

/** A message in the index of its recipient. */
export interface IndexEntry {
  readonly id: string
  readonly sk: string
  /** When it expires, in seconds since 1970. */
  readonly ttl: number
}

/** A page of the messages of a recipient that were accepted up to `until`, newest first. */
export async function entriesOfRecipient(
  table: Table,
  owner: Owner,
  { hash: to, until, after, limit }: { hash: string; until: number; after?: string | undefined; limit: number },
): Promise<{ readonly entries: readonly IndexEntry[]; readonly after?: string }> {
  const items = await table.query(recipientPartition(owner, to), after ?? sortable(until + 1), limit, { backwards: true })
  const entries = items.flatMap((item) => {
    const sk = text(item, 'sk') ?? ''
    return idsIn(item).map((id) => ({ id, sk, ttl: number(item, 'ttl') ?? 0 }))
  })
  const last = entries.at(-1)
  return { entries, ...(items.length === limit && last !== undefined && { after: last.sk }) }
}

/** The keys of the entries of a recipient. */
export function recipientKeysOf(owner: Owner, to: string, entries: readonly IndexEntry[]): { pk: string; sk: string }[] {
  return entries.map(({ sk }) => ({ pk: recipientPartition(owner, to), sk }))
}

/** The entries of messages by their refs, without their recipient. @param refs by message id */
export function refEntries(owner: Owner, entries: readonly IndexEntry[], refs: ReadonlyMap<string, string>): Item[] {
  return entries.flatMap(({ id, sk, ttl }) => {
    const ref = refs.get(id)
    return ref === undefined ? [] : [{ pk: { S: refPartition(owner, ref) }, sk: { S: sk }, ttl: { N: String(ttl) } }]
  })
}
