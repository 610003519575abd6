import { Cluster, type Redis } from 'ioredis'
import { randomId } from '../../domain/ids.ts'
import { environments } from '../../domain/names.ts'
import { countsKeptMs, type HourCounts, hourMs } from '../../domain/usage.ts'
import { type Entry, type EntryOf, isBlank, type RunEntry } from '../copy/entries.ts'
import { type CopyableStore, isOwnDocument, oldestPeriod, ownDocuments, pagesOf, unknownEntry } from '../copy/store.ts'
import type { Freeze } from '../frozen.ts'
import { allCustomers } from '../registry.ts'
import { historyEntryFrom, profileFrom } from '../stored.ts'
import { type Connection, unavailable } from './connect.ts'
import { counterField, filedDay, filedMs, hoursOf } from './counts.ts'
import { profileFields } from './fields.ts'
import { keys } from './keys.ts'
import { isMessagePlace, type MessagePlace, messageEntries, writeMessage } from './message-keys.ts'
import { type Place, placeOf } from './places.ts'
import { openFrom, usageFields, usageFrom } from './reply.ts'

/** Keys asked for, and entries written, at the same time. Small enough that no other client waits for them. */
const atOnce = 200
const scanCount = 1_000

/** What a scan of the keys has found, and what is read afterwards. */
class Found {
  readonly usages: Extract<Place, { kind: 'usage' }>[] = []
  /** The customers whose audit logs there are. */
  readonly streams: string[] = []
  readonly #runs = new Map<string, RunEntry[]>()
  readonly #messages = new Map<string, MessagePlace[]>()
  readonly #counters = new Map<string, CounterPlace[]>()
  readonly #oldest: number

  /** @param oldest the oldest period of messages that is read */
  constructor(oldest: number) {
    this.#oldest = oldest
  }

  note(place: Place): void {
    if (place.kind === 'usage') this.usages.push(place)
    else if (place.kind === 'counts' || place.kind === 'filed') {
      this.#counters.set(nameOf(place), [...(this.#counters.get(nameOf(place)) ?? []), place])
    } else if (place.kind === 'history') this.streams.push(place.customer)
    else if (isMessagePlace(place) && (place.kind !== 'messages' || place.period >= this.#oldest)) {
      const name = `${place.kind}/${nameOf(place)}`
      this.#messages.set(name, [...(this.#messages.get(name) ?? []), place])
    }
  }

  addRun(owner: Owned, run: RunEntry): void {
    this.#runs.set(nameOf(owner), [...this.runsOf(owner), run])
  }

  runsOf(owner: Owned): readonly RunEntry[] {
    return this.#runs.get(nameOf(owner)) ?? []
  }

  /** The keys that say something of messages, by kind and owner. */
  get messages(): Iterable<readonly MessagePlace[]> {
    return this.#messages.values()
  }

  /** The keys that hold counters, by owner. */
  get counters(): Iterable<readonly CounterPlace[]> {
    return this.#counters.values()
  }

  ownerWithoutUsage(): string | undefined {
    const known = new Set(this.usages.map(nameOf))
    return [...this.#runs.keys()].find((name) => !known.has(name))
  }
}

type CounterPlace = Extract<Place, { kind: 'counts' | 'filed' }>
type Owned = { readonly customer: string; readonly environment: EntryOf<'books'>['environment'] }
const nameOf = ({ customer, environment }: Owned): string => `${environment}/${customer}`

/** The registry in Redis or a Redis Cluster as a source or a target of a copy. */
export class RedisCopy implements CopyableStore {
  readonly address: string
  readonly #redis: Connection
  readonly #clock: (() => number) | undefined
  /** The store's clock when the entries that are written now were begun. */
  #writtenAt = 0

  /** @param clock for tests; absent: Redis's own */
  constructor(redis: Connection, address: string, clock?: () => number) {
    this.#redis = redis
    this.address = address
    this.#clock = clock
  }

  async now(): Promise<number> {
    if (this.#clock !== undefined) return this.#clock()
    const [seconds, microseconds] = await this.#ask(() => this.#redis.time())
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
  }

  async ownDocument(name: keyof typeof ownDocuments): Promise<string | undefined> {
    return (await this.#ask(() => this.#redis.hget(keys.document(ownDocuments[name]), 'text'))) ?? undefined
  }

  async putOwnDocument(name: keyof typeof ownDocuments, text: string): Promise<void> {
    await this.#ask(() => this.#redis.hset(keys.document(ownDocuments[name]), 'version', randomId(), 'text', text))
  }

  noteFreeze(freeze: Freeze): Promise<void> {
    return this.putOwnDocument('frozen', JSON.stringify(freeze))
  }

  /** Scripts look at the keys of one customer only, so each customer is marked. */
  async freeze(freeze: Freeze): Promise<void> {
    await this.noteFreeze(freeze)
    await this.#eachCustomer(async (customer) => {
      await this.#redis.hset(keys.profile(customer), 'frozen', freeze.level)
      for (const environment of environments) await this.#redis.hset(keys.usage(customer, environment), 'frozen', freeze.level)
    })
  }

  /** The document is removed last, so that a thaw that was interrupted is still seen to be unfinished. */
  async thaw(): Promise<void> {
    await this.#eachCustomer(async (customer) => {
      for (const environment of environments) await this.#redis.hdel(keys.usage(customer, environment), 'frozen')
      await this.#redis.hdel(keys.profile(customer), 'frozen')
    })
    await this.#ask(() => this.#redis.del(keys.document(ownDocuments.frozen)))
  }

  async #eachCustomer(work: (customer: string) => Promise<unknown>): Promise<void> {
    const ids = await this.#ask(() => this.#redis.zrange(keys.customers, 0, -1))
    for (const some of pagesOf(ids, atOnce)) await this.#ask(() => Promise.all(some.map(work)))
  }

  async *entries(): AsyncGenerator<readonly Entry[]> {
    const now = await this.now()
    const found = new Found(oldestPeriod(now))
    for await (const places of this.#places()) {
      const entries = await this.#ask(() => Promise.all(places.map((place) => this.#entryAt(place, found))))
      yield entries.filter((entry) => entry !== undefined)
      for (const place of places) found.note(place)
    }
    for (const some of pagesOf(found.usages, atOnce)) {
      const books = await this.#ask(() => Promise.all(some.map((place) => this.#booksOf(place, found.runsOf(place)))))
      yield books.filter((one) => one !== undefined)
    }
    // The usage of every customer is there from the first day on, so a run without one is not ours.
    const lost = found.ownerWithoutUsage()
    if (lost !== undefined) throw unknownEntry(this.address, `calls of "${lost}", of which it has no usage`)
    for (const places of found.counters) yield* this.#countsIn(places)
    const source = { redis: this.#redis, address: this.address, now, ask: this.#ask.bind(this) }
    for (const places of found.messages) yield* messageEntries(source, places)
    yield* this.#history(found.streams)
  }

  /** The places of all keys of apigw, each once: `SCAN` may answer a key twice. */
  async *#places(): AsyncGenerator<Place[]> {
    const nodes: Redis[] = this.#redis instanceof Cluster ? this.#redis.nodes('master') : [this.#redis]
    const seen = new Set<string>()
    for (const node of nodes) {
      let cursor = '0'
      do {
        const [next, names] = await this.#ask(() => node.scan(cursor, 'MATCH', 'apigw:*', 'COUNT', scanCount))
        cursor = next
        const fresh = names.filter((name) => !seen.has(name) && seen.add(name))
        for (const some of pagesOf(fresh, atOnce)) yield some.map((name) => this.#placeOf(name))
      } while (cursor !== '0')
    }
  }

  #placeOf(name: string): Place {
    const place = placeOf(name)
    if (place === undefined) throw unknownEntry(this.address, `the key "${name}"`)
    return place
  }

  /** The entry in one key. Runs without an answer are noted. */
  async #entryAt(place: Place, found: Found): Promise<Entry | undefined> {
    switch (place.kind) {
      case 'profile': {
        const { customer } = place
        const [version, document] = await this.#redis.hmget(place.key, 'version', 'document')
        return version && document ? { kind: 'profile', customer, version, document } : undefined
      }
      case 'retired': {
        const until = await this.#redis.get(place.key)
        return until === null ? undefined : { kind: 'retired', customer: place.customer, until: Number(until) }
      }
      case 'document': {
        const { name } = place
        const text = isOwnDocument(name) ? null : await this.#redis.hget(place.key, 'text')
        return text === null ? undefined : { kind: 'document', name, text }
      }
      case 'nonce': {
        const { customer, keyId, value } = place
        const expiresAt = await this.#expiryOf(place.key)
        return expiresAt === undefined ? undefined : { kind: 'nonce', customer, keyId, value, expiresAt }
      }
      case 'record':
        return this.#recordAt(place, found)
      default:
        return undefined
    }
  }

  async #recordAt(place: Extract<Place, { kind: 'record' }>, found: Found): Promise<Entry | undefined> {
    const { customer, environment, name: key } = place
    const fields = ['fingerprint', 'response', 'plan', 'attempt', 'lease', 'reservation', 'unpaid'] as const
    const [fingerprint, response, plan, attempt, lease, reservation, unpaid] = await this.#redis.hmget(place.key, ...fields)
    const expiresAt = await this.#expiryOf(place.key)
    if (!fingerprint || expiresAt === undefined) return undefined
    const common = { key, fingerprint, ...(typeof plan === 'string' && { plan }), expiresAt }
    if (typeof response === 'string') {
      return { kind: 'answer', customer, environment, ...common, response, ...(unpaid && { unpaid: true }) }
    }
    const [id, units, day, month, rateCost, admittedAt, keyed] = JSON.parse(reservation ?? '[]') as (string | undefined)[]
    if (id === undefined) throw unknownEntry(this.address, `a record of "${customer}" without a reservation`)
    const figures = { units: Number(units), rateCost: Number(rateCost), admittedAt: Number(admittedAt) }
    const owned = { id, day: String(day), month: String(month), ...figures, ...(keyed === 'keyed' && { keyed: true as const }) }
    found.addRun(place, { ...common, attempt: Number(attempt), leaseUntil: Number(lease), reservation: owned })
    return undefined
  }

  /** When a key expires. `PEXPIRETIME` would need Redis 7. */
  async #expiryOf(key: string): Promise<number | undefined> {
    const left = await this.#redis.pttl(key)
    return left > 0 ? (await this.now()) + left : undefined
  }

  async #booksOf(place: Extract<Place, { kind: 'usage' }>, runs: readonly RunEntry[]): Promise<Entry | undefined> {
    const { customer, environment } = place
    const stored = await this.#redis.hgetall(place.key)
    const reported = await this.#redis.hget(keys.counts(customer, environment), 'reports')
    const open = Object.entries(stored).flatMap(([field, value]) =>
      field.startsWith('open:') ? [openFrom(field.slice('open:'.length), value)] : [],
    )
    const known = new Set<string>([...usageFields, 'frozen'])
    const strange = Object.keys(stored).find((field) => !known.has(field) && !/^(?:open|message):/.test(field))
    if (strange !== undefined) throw unknownEntry(this.address, `the field "${strange}" of "${customer}"`)
    const entry = {
      usage: usageFrom(usageFields.map((field) => stored[field] ?? null)),
      open,
      runs,
      ...(reported !== null && { reported }),
    }
    return isBlank(entry) ? undefined : { kind: 'books', customer, environment, ...entry }
  }

  /** The counters of one owner by hour, of a few days at a time. An hour that is filed may still have current counters. */
  async *#countsIn(places: readonly CounterPlace[]): AsyncGenerator<Entry[]> {
    const [current] = places.filter(({ kind }) => kind === 'counts')
    const [owner] = places
    if (owner === undefined) return
    const { customer, environment } = owner
    const unfiled = current === undefined ? {} : await this.#ask(() => this.#redis.hgetall(current.key))
    const oldest = (await this.now()) - countsKeptMs
    const entriesOf = (hours: readonly HourCounts[]): Entry[] =>
      hours.map(({ hour, counts }) => ({ kind: 'counts', customer, environment, hour, counts }))
    const filed = places.filter((place) => place.kind === 'filed')
    for (const place of filed) {
      const hash = await this.#ask(() => this.#redis.hgetall(place.key))
      const [from, until] = [Math.max(oldest + 1, place.day * 24 * hourMs), (place.day + 1) * 24 * hourMs]
      yield entriesOf(hoursOf([hash, unfiled], from, until))
    }
    const days = new Set(filed.map(({ day }) => day))
    const rest = hoursOf([unfiled], oldest + 1, Number.POSITIVE_INFINITY)
    yield entriesOf(rest.filter(({ hour }) => !days.has(filedDay(hour))))
  }

  /** The audit log of all customers in the order in which Redis took its lines. */
  async *#history(streams: readonly string[]): AsyncGenerator<Entry[]> {
    const lines: { readonly ms: number; readonly seq: number; readonly text: string }[] = []
    for (const some of pagesOf(streams.toSorted(), atOnce)) {
      const found = await this.#ask(() =>
        Promise.all(some.map((customer) => this.#redis.xrange(keys.history(customer), '-', '+'))),
      )
      for (const [id, [, text = '']] of found.flat()) {
        const [ms, seq] = id.split('-').map(Number)
        lines.push({ ms: ms ?? 0, seq: seq ?? 0, text })
      }
    }
    lines.sort((a, b) => a.ms - b.ms || a.seq - b.seq)
    const entries = lines.map(({ text }, place): Entry => ({ kind: 'history', place, entry: historyEntryFrom(text) }))
    yield* pagesOf(entries, scanCount)
  }

  async write(entries: readonly Entry[]): Promise<void> {
    this.#writtenAt = await this.now()
    for (const some of pagesOf(entries, atOnce)) {
      await this.#ask(() => Promise.all(some.map((entry) => this.#write(entry))))
    }
  }

  async #write(entry: Entry): Promise<unknown> {
    switch (entry.kind) {
      case 'profile':
        return this.#writeProfile(entry)
      case 'retired':
        await this.#redis.zadd(keys.customers, 0, entry.customer)
        return this.#redis.set(keys.retired(entry.customer), String(entry.until), 'PX', this.#left(entry.until))
      case 'document':
        return this.#redis.hset(keys.document(entry.name), 'version', randomId(), 'text', entry.text)
      case 'history':
        return this.#writeLine(entry)
      case 'books':
        return this.#writeBooks(entry)
      case 'counts':
        return this.#writeCounts(entry)
      case 'answer': {
        const { customer, environment, fingerprint, response, plan, unpaid } = entry
        const more = [...(plan === undefined ? [] : ['plan', plan]), ...(unpaid ? ['unpaid', 1] : [])]
        const fields = ['fingerprint', fingerprint, 'response', response, ...more]
        return this.#replaceHash(keys.idempotency(customer, environment, entry.key), fields, entry.expiresAt)
      }
      case 'message':
      case 'returned':
      case 'released':
        return writeMessage(this.#redis, entry, this.#writtenAt)
      case 'nonce':
        return this.#redis.set(keys.nonce(entry.customer, entry.keyId, entry.value), '1', 'PX', this.#left(entry.expiresAt))
    }
  }

  /** How long a key is kept that expires at an instant of the store's clock. */
  #left(until: number): number {
    return Math.max(1, until - this.#writtenAt)
  }

  async #writeProfile({ customer, version, document }: EntryOf<'profile'>): Promise<void> {
    await this.#redis.zadd(keys.customers, 0, customer)
    for (const environment of environments) {
      await this.#redis.hsetnx(keys.usage(customer, environment), 'tat', 0)
      await this.#redis.hsetnx(keys.counts(customer, environment), 'v', 1)
    }
    const fields = profileFields(profileFrom(document), version)
    // The document as it was, whatever this version would write.
    fields[fields.indexOf('document') + 1] = document
    await this.#replaceHash(keys.profile(customer), ['frozen', 'all', ...fields])
  }

  /** Ids grow with the place, and stay below those that Redis gives by its clock. */
  async #writeLine({ place, entry }: EntryOf<'history'>): Promise<void> {
    const { customer } = entry
    if (customer !== allCustomers) await this.#redis.zadd(keys.customers, 0, customer)
    const id = `1-${place + 1}`
    const [there] = await this.#redis.xrange(keys.history(customer), id, id)
    if (there === undefined) await this.#redis.xadd(keys.history(customer), id, 'entry', JSON.stringify(entry))
  }

  async #writeBooks({ customer, environment, usage, open, runs, reported }: EntryOf<'books'>): Promise<void> {
    await this.#redis.zadd(keys.customers, 0, customer)
    const fields: (string | number)[] = ['frozen', 'all', ...usageFields.flatMap((field) => [field, usage[field]])]
    for (const { id, units, rateCost, admittedAt, idempotency, trace = '', ids, weights, kinds } of open) {
      const described = [units, rateCost, admittedAt, idempotency?.key ?? '', idempotency?.fingerprint ?? '', trace].join('|')
      const ofIds = kinds === undefined ? [ids, weights] : [ids, weights ?? [], kinds]
      const lines = [described, ...ofIds.flatMap((list) => (list === undefined ? [] : [list.join(',')]))]
      fields.push(`open:${id}`, lines.join('\n'))
      for (const message of ids ?? []) fields.push(`message:${message}`, id)
    }
    await this.#replaceHash(keys.usage(customer, environment), fields)
    if (reported !== undefined) await this.#redis.hset(keys.counts(customer, environment), 'reports', reported)
    for (const { key, fingerprint, attempt, leaseUntil, plan, reservation, expiresAt } of runs) {
      const { id, units, day, month, rateCost, admittedAt, keyed } = reservation
      const packed = [id, ...[units, day, month, rateCost, admittedAt].map(String), ...(keyed ? ['keyed'] : [])]
      const record = ['fingerprint', fingerprint, 'attempt', attempt, 'lease', leaseUntil, 'reservation', JSON.stringify(packed)]
      const planned = plan === undefined ? record : [...record, 'plan', plan]
      await this.#replaceHash(keys.idempotency(customer, environment, key), planned, expiresAt)
    }
  }

  /** Copied hours are all filed: what is written twice is there once. */
  async #writeCounts({ customer, environment, hour, counts }: EntryOf<'counts'>): Promise<void> {
    const [key, day] = [keys.filed(customer, environment, filedDay(hour)), filedDay(hour)]
    const fields = Object.entries(counts).flatMap(([name, value]) => [counterField(hour, name), value])
    if (fields.length === 0) return
    await this.#redis.hset(key, ...fields)
    await this.#redis.pexpire(key, filedMs(day, this.#writtenAt))
  }

  async #replaceHash(key: string, fields: readonly (string | number)[], expiresAt?: number): Promise<void> {
    await this.#redis.del(key)
    for (const some of pagesOf(fields, 2 * scanCount)) await this.#redis.hset(key, ...some)
    if (expiresAt !== undefined) await this.#redis.pexpire(key, this.#left(expiresAt))
  }

  async isEmpty(): Promise<boolean> {
    for await (const places of this.#places()) {
      if (places.some((place) => !isLeftOut(place))) return false
    }
    return true
  }

  async clear(): Promise<void> {
    for await (const places of this.#places()) {
      const gone = places.filter((place) => !isLeftOut(place) || place.kind === 'customers')
      await this.#ask(() => Promise.all(gone.map(({ key }) => this.#redis.unlink(key))))
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect()
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command()
    } catch (error) {
      throw unavailable(error, this.address, this.#redis)
    }
  }
}

/** What a registry without content has, too. */
function isLeftOut(place: Place): boolean {
  return place.kind === 'ready' || place.kind === 'customers' || (place.kind === 'document' && isOwnDocument(place.name))
}
