import * as z from 'zod'
import {
  type Decision,
  type IdempotencyRecord,
  idempotencyMs,
  messagePeriodOf,
  noUsage,
  type OpenReservation,
  sortedOpen,
  type Usage,
} from '../../domain/admission.ts'
import { randomId } from '../../domain/ids.ts'
import type { Environment } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { closing, type Ending, type Repaid, type Returned, type ReturnedMessage } from '../../domain/settling.ts'
import { added, type HourCounts } from '../../domain/usage.ts'
import { type FreezeLevel, isFreezeLevel } from '../frozen.ts'
import { countsSchema, readerOf, usageSchema } from '../stored.ts'
import type { BookedHour } from './counts.ts'
import { type Item, number, text } from './table.ts'

/** A run of an Idempotency-Key that has no answer yet. */
export interface Run {
  readonly record: IdempotencyRecord
  readonly expiresAt: number
  /** Its plan is in an item of its own. */
  readonly planApart?: true
}

/** How messages ended when a call ended or a message's units were given back, until each has an item of its own. */
export interface Noting {
  readonly at: number
  readonly period: number
  /** Accepted messages with keys of their own. */
  readonly ids: readonly string[]
  /** Messages whose units came back as the call ended. */
  readonly released?: readonly string[]
  /** The Idempotency-Key with which these may be taken again. */
  readonly again?: string
  /** The message whose units were given back. */
  readonly returned?: Returned & { readonly id: string }
}

/** Enough for every write that can follow within the time of one call, so that a writer finds out whether its write was made. */
const remembered = 8
/** An item has at most 400 KB. What is left is for settlements, which must always be possible. */
const maxBytes = 256 * 1024
/** What the books have besides entries. */
const baseBytes = 1024

/** The fields of a usage in the order in which they are stored: without their names an item is half as long. */
const usageFields = [
  'tat',
  'day',
  'dayUsed',
  'dayBack',
  'daySince',
  'dayEnd',
  'month',
  'monthUsed',
  'monthBack',
  'monthSince',
  'monthEnd',
  'zone',
  'reconcileAt',
] as const satisfies readonly (keyof Usage)[]

const usage = z
  .array(z.union([z.number(), z.string()]))
  .transform((values): unknown => Object.fromEntries(usageFields.map((field, at) => [field, values[at]])))
  .pipe(usageSchema)
const claim = z.looseObject({ key: z.string(), fingerprint: z.string() })
const open = z.looseObject({
  units: z.number(),
  rateCost: z.number(),
  admittedAt: z.number(),
  idempotency: claim.exactOptional(),
  trace: z.string().exactOptional(),
  ids: z.array(z.string()).exactOptional(),
  weights: z.array(z.number()).exactOptional(),
  kinds: z.array(z.string()).exactOptional(),
})
const run = z.looseObject({
  fingerprint: z.string(),
  attempt: z.number(),
  leaseUntil: z.number(),
  expiresAt: z.number(),
  plan: z.string().exactOptional(),
  planApart: z.literal(true).exactOptional(),
  reservation: z.looseObject({
    id: z.string(),
    units: z.number(),
    day: z.string(),
    month: z.string(),
    rateCost: z.number(),
    admittedAt: z.number(),
    attempt: z.number(),
    keyed: z.literal(true).exactOptional(),
  }),
})
const noting = z.looseObject({
  at: z.number(),
  period: z.number(),
  ids: z.array(z.string()),
  released: z.array(z.string()).exactOptional(),
  again: z.string().exactOptional(),
  returned: z.looseObject({ id: z.string(), units: z.number(), at: z.number(), until: z.number() }).exactOptional(),
})
const booksSchema = z.looseObject({
  usage,
  open: z.record(z.string(), open),
  runs: z.record(z.string(), run),
  noting: z.record(z.string(), noting),
  writes: z.array(z.string()),
  reported: z.string().exactOptional(),
  /** Absent in books of an older version. */
  hours: z.record(z.string(), z.looseObject({ name: z.string(), counts: countsSchema })).exactOptional(),
})
const booksFrom = readerOf("a customer's books", booksSchema)

/** Whose books: one customer in one environment. */
export interface Owner {
  readonly customer: string
  readonly environment: Environment
}

/**
 * The usage, the open reservations and the unanswered runs of one customer in one environment: one item, read and written as
 * a whole. `version` counts its writes; a write is made only if no other was made since the books were read.
 */
export class Books {
  readonly version: number
  /** The usage as it is stored. */
  usage: Usage
  readonly open: Map<string, OpenReservation>
  readonly noting: Map<string, Noting>
  /** Counters of hours that have no items of their own yet. */
  readonly hours: Map<number, BookedHour>
  /** Up to where reports were counted. */
  reported: string | undefined
  /** What they refuse. It is stored in the item itself, so that a write that began before the freeze is lost. */
  frozen: FreezeLevel | undefined
  changed = false
  readonly #owner: Owner
  readonly #runs: Map<string, Run>
  readonly #writes: readonly string[]
  #bytes: number

  constructor(owner: Owner, item: Item | undefined) {
    const document = text(item, 'doc')
    const stored = document === undefined ? undefined : booksFrom(document)
    this.#owner = owner
    this.version = number(item, 'version') ?? 0
    const level = text(item, 'frozen')
    this.frozen = isFreezeLevel(level) ? level : undefined
    this.usage = stored?.usage ?? noUsage
    this.open = new Map(Object.entries(stored?.open ?? {}).map(([id, entry]) => [id, { id, ...entry }]))
    this.noting = new Map(Object.entries(stored?.noting ?? {}))
    this.reported = stored?.reported
    this.hours = new Map(Object.entries(stored?.hours ?? {}).map(([hour, one]) => [Number(hour), one]))
    this.#runs = new Map(Object.entries(stored?.runs ?? {}).map(([key, one]) => [key, runFrom(owner, key, one)]))
    this.#writes = stored?.writes ?? []
    this.#bytes = document === undefined ? baseBytes : Buffer.byteLength(document)
  }

  get runs(): ReadonlyMap<string, Run> {
    return this.#runs
  }

  run(key: string, now: number): Run | undefined {
    const found = this.#runs.get(key)
    return found === undefined || found.expiresAt <= now ? undefined : found
  }

  /** The open reservation that has a message. */
  holders(): Map<string, string> {
    return new Map([...this.open.values()].flatMap(({ id, ids = [] }) => ids.map((message) => [message, id])))
  }

  /**
   * Stores what a decision says, or nothing of it.
   * @param key the Idempotency-Key of the call
   * @throws Problem `registry-unavailable` if the customer has too many open calls for one item
   */
  take({ usage, open, record, counts }: Decision, key: string | undefined, now: number, planApart: boolean): void {
    const isNewRun = key !== undefined && record !== undefined && !this.#runs.has(key)
    const added = [...(open === undefined ? [] : [open]), ...(isNewRun ? [record] : [])]
    if (added.length > 0) this.#grow(added.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0))
    if (usage !== undefined) this.usage = usage
    if (open !== undefined) this.count(counts)
    if (open !== undefined) this.open.set(open.id, sortedOpen(open))
    if (record !== undefined && key !== undefined) this.setRun(key, record, now, planApart)
    if (usage !== undefined || open !== undefined) this.changed = true
  }

  setRun(key: string, record: IdempotencyRecord, now: number, planApart = false): void {
    this.#runs.set(key, { record, expiresAt: now + idempotencyMs, ...(planApart && { planApart }) })
    this.changed = true
  }

  dropRun(key: string): void {
    if (this.#runs.delete(key)) this.changed = true
  }

  /**
   * Ends an open reservation.
   * @param again the Idempotency-Key with which the same messages may be asked for again
   * @param before what is remembered of the untaken
   */
  close(
    entry: OpenReservation,
    ending: Ending,
    {
      again,
      before,
      now,
    }: { readonly again?: string | undefined; readonly before: readonly ReturnedMessage[]; readonly now: number },
  ): void {
    const { usage, accepted, released, counts } = closing(this.usage, entry, ending, before, now)
    this.count(counts)
    this.open.delete(entry.id)
    this.changed = true
    if (usage !== undefined) this.usage = usage
    if (accepted.length === 0 && released.length === 0) return
    this.noting.set(entry.id, {
      at: now,
      period: messagePeriodOf(entry.admittedAt),
      ids: accepted,
      ...(released.length > 0 && { released }),
      ...(again !== undefined && entry.ids === undefined && { again }),
    })
  }

  /** Gives the units of a message back. @returns the name of its noting */
  repay(id: string, { usage, holder, counts }: Repaid, returned: Returned, now: number): string {
    const name = returnedName(id)
    const entry = holder && this.open.get(holder.id)
    this.usage = usage
    this.count(counts)
    this.changed = true
    if (holder?.left !== undefined) this.open.set(holder.id, holder.left)
    else if (holder !== undefined) this.open.delete(holder.id)
    const ids = entry === undefined ? [] : [id]
    this.noting.set(name, { at: now, period: messagePeriodOf(entry?.admittedAt ?? now), ids, returned: { id, ...returned } })
    return name
  }

  count(counted: HourCounts | undefined): void {
    if (counted === undefined) return
    const { name = randomId(6), counts } = this.hours.get(counted.hour) ?? {}
    this.hours.set(counted.hour, { name, counts: added(counts, counted.counts) })
    this.changed = true
  }

  /** An hour has an item of its own with these counters. */
  filed(hour: number, { name, counts }: BookedHour): void {
    const booked = this.hours.get(hour)
    if (booked?.name !== name || JSON.stringify(booked.counts) !== JSON.stringify(counts)) return
    this.hours.delete(hour)
    this.changed = true
  }

  noted(name: string): void {
    const noting = this.noting.get(name)
    if (noting === undefined) return
    this.noting.delete(name)
    this.#bytes -= Buffer.byteLength(JSON.stringify(noting))
    this.changed = true
  }

  /** Whether a write, which saw version `seen`, was made. `undefined`: too many others have been made since. */
  wrote(write: string, seen: number): boolean | undefined {
    if (this.#writes.includes(write)) return true
    return this.version - seen > remembered ? undefined : false
  }

  /** The attributes to store. @param write names this write */
  attributes(write: string, now: number): Item {
    const runs = [...this.#runs].filter(([, { expiresAt }]) => expiresAt > now)
    const document = JSON.stringify({
      usage: usageFields.map((field) => this.usage[field]),
      open: Object.fromEntries([...this.open].map(([id, { id: _, ...entry }]) => [id, entry])),
      runs: Object.fromEntries(runs.map(([key, one]) => [key, runText(one)])),
      noting: Object.fromEntries(this.noting),
      writes: [...this.#writes, write].slice(-remembered),
      ...(this.reported !== undefined && { reported: this.reported }),
      ...(this.hours.size > 0 && { hours: Object.fromEntries(this.hours) }),
    })
    const frozen = this.frozen === undefined ? {} : { frozen: { S: this.frozen } }
    return { doc: { S: document }, version: { N: String(this.version + 1) }, ...frozen }
  }

  #grow(bytes: number): void {
    if (this.#bytes + bytes > maxBytes) {
      const { customer, environment } = this.#owner
      throw new Problem(
        'registry-unavailable',
        `"${customer}" has ${this.open.size} open calls in ${environment}: the registry in DynamoDB has no room for another.`,
        {
          next: 'send fewer calls at the same time, or use a registry in Redis',
          retryAfterMs: 5000,
          extensions: { reason: 'full' },
        },
      )
    }
    this.#bytes += bytes
  }
}

/** Under which a message whose units were given back is noted; reservations are noted under their ids. */
export function returnedName(id: string): string {
  return `returned#${id}`
}

/** A record without what follows from its place: the owner, the key and the fingerprint of its claim. */
function runText({ record, expiresAt, planApart }: Run): z.infer<typeof run> {
  const { customer: _customer, environment: _environment, idempotency: _claim, ...reservation } = record.reservation
  const { response: _response, plan, ...rest } = record
  const isInline = plan !== undefined && planApart === undefined
  return { ...rest, expiresAt, reservation, ...(isInline && { plan }), ...(planApart && { planApart }) }
}

function runFrom(owner: Owner, key: string, { expiresAt, planApart, ...stored }: z.infer<typeof run>): Run {
  const { fingerprint } = stored
  const reservation = { ...stored.reservation, ...owner, idempotency: { key, fingerprint } }
  return { record: { ...stored, reservation }, expiresAt, ...(planApart && { planApart }) }
}
