import {
  type Admission,
  type AdmitRequest,
  messagePeriodOf,
  messagePeriods,
  type OpenReservation,
  type OpenReservations,
  openOf,
  type Repayment,
  type Reservation,
} from '../../domain/admission.ts'
import { type Windows, windowsAt } from '../../domain/calendar.ts'
import type { Credential } from '../../domain/credential.ts'
import { type Customer, retiredMs } from '../../domain/customer.ts'
import { randomId } from '../../domain/ids.ts'
import { type Environment, environments } from '../../domain/names.ts'
import type { HourCounts } from '../../domain/usage.ts'
import type { Changed } from '../changes/carry-out.ts'
import type { Actor, Change } from '../changes/change.ts'
import { sendingOf } from '../compiled.ts'
import { frozenDocument, frozenLevel, frozenProblem, frozenReadiness } from '../frozen.ts'
import {
  allCustomers,
  type CountedReports,
  type HistoryEntry,
  type Outcome,
  type Profile,
  type ProfilePage,
  type Readiness,
  type Registry,
  type RegistryHealth,
  type StoredDocument,
  type StoredProfile,
} from '../registry.ts'
import { retiredId } from '../retired.ts'
import { credentialFrom, customerFrom, historyEntryFrom, profileFrom } from '../stored.ts'
import { accessAspects, accessOf } from './access.ts'
import { Closings } from './closings.ts'
import { answerMs } from './cluster.ts'
import { type Connection, unavailable } from './connect.ts'
import { countsKeys, dayToFile, filedDay, filedMs, hoursOf, rolledMinutes } from './counts.ts'
import { type Deadline, deadline } from './deadline.ts'
import { profileFields } from './fields.ts'
import { gatherer } from './gather.ts'
import { healthOf } from './health.ts'
import { keys } from './keys.ts'
import { knownPeriods, returnedPeriods } from './parts.lua.ts'
import { proveReady } from './ready.ts'
import { admissionFrom, openFrom, type Reply, usageFields, usageFrom } from './reply.ts'
import { revive } from './revive.ts'

const maxZones = 100_000
/** Profiles asked for in one go when all are listed. */
const page = 500
/** Of about a thousand fields each: what is listed of one customer's open reservations. */
const maxOpenPages = 100

/** A list as an argument of a script. */
function listed(values: readonly (string | number)[] | undefined): string {
  return values?.join(',') ?? ''
}

/** The period after the current one, that one, and those before it. */
function periodsFrom(current: number, count: number): number[] {
  return Array.from({ length: count }, (_, back) => current + 1 - back)
}

/** The registry in Redis or Valkey, for any number of gateways. */
export class RedisRegistry implements Registry {
  readonly address: string
  readonly #redis: Connection
  readonly #gather: () => void
  readonly #deadline: Deadline
  readonly #now: (() => number) | undefined
  readonly #closings: Closings
  /** The last known time zone of each customer: a guess that the script checks. */
  readonly #zones = new Map<string, string>()
  /** The last period in which a customer's messages were accepted here. */
  readonly #messagePeriods = new Map<string, number>()
  /** The offset of Redis's clock, in milliseconds; corrected after every wrong guess. */
  #ahead = 0

  /** @param now a clock for tests; absent: Redis's own, the one clock that all gateways share */
  constructor(redis: Connection, address: string, now?: () => number) {
    this.#redis = redis
    this.#gather = gatherer(redis)
    this.#deadline = deadline(redis, answerMs)
    this.address = address
    this.#now = now
    this.#closings = new Closings((key, ids) => this.#ask(() => this.#redis.hdel(key, ...ids.map((id) => `open:${id}`))))
  }

  async admit(request: AdmitRequest): Promise<Admission> {
    const { customer } = request
    let zone = this.#zones.get(customer) ?? 'Asia/Seoul'
    let instant = this.#instant()
    // A second round is needed when the zone was not known yet or midnight has passed; a third, when both; more, when another
    // version has written the profile in between.
    for (let round = 0; round < 6; round++) {
      const windows = windowsAt(zone, instant)
      const reply = await this.#runAdmit(request, zone, windows, instant)
      if (reply[0] === 'frozen') throw frozenProblem()
      if (reply[0] === 'policy') {
        const [, now, version, profileVersion, document] = reply.map(String)
        const { policy, version: current } = sendingOf(profileFrom(document ?? ''))
        if (version !== '') return { kind: 'policy', version: version ?? '', policy, now: Number(now) }
        await this.#ask(() => this.#redis.apigwSavePolicy(keys.profile(customer), profileVersion ?? '', current))
        continue
      }
      if (reply[0] !== 'windows') return admissionFrom(request, reply, windows)
      instant = Number(reply[1])
      zone = String(reply[2])
      if (this.#zones.size >= maxZones) this.#zones.clear()
      this.#zones.set(customer, zone)
      this.#ahead = instant - Date.now()
    }
    throw unavailable(new Error('its clock and its calendar do not agree'), this.address, this.#redis)
  }

  /**
   * A fully accepted call without an Idempotency-Key has only its open entry to remove. The removal is batched with others and
   * not awaited: an entry left behind is reconciled with the ledger.
   */
  async settle(reservation: Reservation, outcome: Outcome): Promise<boolean> {
    const { id, customer, environment, idempotency, attempt, keyed } = reservation
    const accepted = outcome.kind === 'accepted' ? outcome : undefined
    const usageKey = keys.usage(customer, environment)
    if (accepted !== undefined && idempotency === undefined && !accepted.refund && keyed === undefined) {
      this.#closings.add(usageKey, id)
      return true
    }
    await this.#closings.flush()
    const named = [usageKey, keys.counts(customer, environment)]
    if (idempotency !== undefined) named.push(keys.idempotency(customer, environment, idempotency.key))
    const period = messagePeriodOf(reservation.admittedAt)
    if (keyed && accepted !== undefined) named.push(keys.messages(customer, environment, period))
    const { untaken, kinds, weights } = outcome.kind === 'running' ? {} : outcome
    const current = keyed || untaken?.length ? messagePeriodOf(this.#instant()) : ''
    if (current !== '') {
      const returned = periodsFrom(current, returnedPeriods).map((one) => keys.returned(customer, environment, one))
      named.push(...returned, keys.released(customer, environment, current))
    }
    const settled = await this.#ask(() =>
      this.#redis.apigwSettle(
        named.length,
        ...named,
        this.#now?.() ?? '',
        outcome.kind,
        id,
        attempt,
        idempotency?.fingerprint ?? '',
        accepted?.response ?? '',
        accepted?.refund ?? 0,
        idempotency?.plan ?? '',
        listed(untaken),
        keyed ? period : '',
        current,
        idempotency?.key ?? '',
        listed(kinds),
        listed(weights),
      ),
    )
    if (settled === -1) throw frozenProblem()
    if (keyed && accepted !== undefined) this.#dropOldMessages(customer, environment, period)
    return settled === 1
  }

  async giveBack({ customer, environment, id, units, acceptedAt, kind }: Repayment): Promise<boolean> {
    // A usage that a copy has not written yet has no mark, and a repayment would be lost with it.
    const frozen = await this.#ask(() => this.#redis.hget(keys.document(frozenDocument), 'text'))
    if (frozenLevel(frozen) === 'all') throw frozenProblem()
    let instant = this.#instant()
    let claim = ''
    // Another round where Redis is in another period, and one with the record that it depends on.
    for (let round = 0; round < 4; round++) {
      const period = messagePeriodOf(instant)
      const periods = periodsFrom(period, knownPeriods)
      const named = [
        keys.usage(customer, environment),
        keys.counts(customer, environment),
        ...periodsFrom(period, returnedPeriods).map((one) => keys.returned(customer, environment, one)),
        ...periods.map((one) => keys.released(customer, environment, one)),
        ...periods.map((one) => keys.messages(customer, environment, one)),
        ...(claim === '' ? [] : [keys.idempotency(customer, environment, claim)]),
      ]
      const args = [this.#now?.() ?? '', id, units, acceptedAt, period, claim, kind ?? '']
      const reply = await this.#ask(() => this.#redis.apigwGiveBack(named.length, ...named, ...args))
      if (reply === -1) throw frozenProblem()
      if (!Array.isArray(reply)) return reply === 1
      if (reply[0] === 'period') instant = Number(reply[1])
      else claim = String(reply[1])
    }
    throw unavailable(new Error('its clock does not stand still'), this.address, this.#redis)
  }

  /**
   * Drops the set that is no longer read, once for each period. It would expire by itself, but Redis frees an expired set in the
   * foreground unless `lazyfree-lazy-expire` is set, and this one may have millions of members.
   */
  #dropOldMessages(customer: string, environment: Environment, period: number): void {
    const name = `${environment}/${customer}`
    if (this.#messagePeriods.get(name) === period) return
    if (this.#messagePeriods.size >= maxZones) this.#messagePeriods.clear()
    this.#messagePeriods.set(name, period)
    const old = keys.messages(customer, environment, period - messagePeriods - 1)
    void this.#ask(() => this.#redis.unlink(old)).catch(() => undefined)
  }

  now(): Promise<number> {
    return this.#ask(() => this.#clock())
  }

  async usage(customer: string, environment: Environment) {
    return this.#ask(async () => {
      const values = await this.#redis.hmget(keys.usage(customer, environment), ...usageFields)
      return { usage: usageFrom(values), now: await this.#clock() }
    })
  }

  counts(customer: string, environment: Environment, from: number, until: number): Promise<HourCounts[]> {
    const named = countsKeys(customer, environment, from, until)
    return this.#ask(async () => hoursOf(await Promise.all(named.map((key) => this.#redis.hgetall(key))), from, until))
  }

  async fileCounts(customer: string, environment: Environment): Promise<void> {
    const named = keys.counts(customer, environment)
    const { fields, now } = await this.#ask(async () => ({ fields: await this.#redis.hkeys(named), now: await this.#clock() }))
    const over = Map.groupBy(fields, (field) => dayToFile(field, now))
    for (const [day, ofDay] of over) {
      if (day === undefined) continue
      const places = [named, keys.filed(customer, environment, day), keys.usage(customer, environment)] as const
      for (let from = 0; from < ofDay.length; from += page) {
        const some = ofDay.slice(from, from + page)
        const moved = await this.#ask(() => this.#redis.apigwFileCounts(...places, filedMs(day, now), ...some))
        if (moved === -1) throw frozenProblem()
      }
    }
  }

  async rollCounts(
    customer: string,
    environment: Environment,
    { start, end }: { readonly start: number; readonly end: number },
  ): Promise<void> {
    const [, ...filed] = countsKeys(customer, environment, start, end)
    const places = [keys.usage(customer, environment), ...filed]
    const args = [...rolledMinutes(start, end), filedMs(filedDay(start), await this.#clock())]
    const rolled = await this.#ask(() => this.#redis.apigwRollCounts(places.length, ...places, ...args))
    if (rolled === -1) throw frozenProblem()
  }

  async reportsCounted(customer: string, environment: Environment): Promise<string | undefined> {
    return (await this.#ask(() => this.#redis.hget(keys.counts(customer, environment), 'reports'))) ?? undefined
  }

  async countReports(customer: string, environment: Environment, { seen, cursor, counts }: CountedReports): Promise<boolean> {
    const places = [keys.counts(customer, environment), keys.usage(customer, environment)] as const
    const args = [this.#now?.() ?? '', seen ?? '', cursor, ...Object.entries(counts).flat()]
    const counted = await this.#ask(() => this.#redis.apigwCountReports(...places, ...args))
    if (counted === -1) throw frozenProblem()
    return counted === 1
  }

  async open(customer: string, environment: Environment): Promise<OpenReservations> {
    await this.#closings.flush()
    return this.#ask(async () => {
      const found = new Map<string, OpenReservation>()
      let cursor = '0'
      for (let page = 0; page < maxOpenPages; page++) {
        const [next, fields] = await this.#redis.hscan(
          keys.usage(customer, environment),
          cursor,
          'MATCH',
          'open:*',
          'COUNT',
          1000,
        )
        for (let at = 0; at < fields.length; at += 2) {
          const id = (fields[at] ?? '').slice('open:'.length)
          found.set(id, openFrom(id, fields[at + 1] ?? ''))
        }
        cursor = next
        if (cursor === '0') break
      }
      return openOf([...found.values()], await this.#clock())
    })
  }

  async credential(customer: string, keyId: string): Promise<Credential | undefined> {
    const text = await this.#ask(() => this.#redis.hget(keys.profile(customer), `credential:${keyId}`))
    return text === null ? undefined : credentialFrom(text)
  }

  async profile(customer: string): Promise<StoredProfile | undefined> {
    const [version, document] = await this.#ask(() => this.#redis.hmget(keys.profile(customer), 'version', 'document'))
    return version && document ? { version, profile: profileFrom(document) } : undefined
  }

  async profiles(after: string | undefined, limit: number): Promise<ProfilePage> {
    const from = after === undefined ? '-' : `(${after}`
    const ids = await this.#ask(() => this.#redis.zrange(keys.customers, from, '+', 'BYLEX', 'LIMIT', 0, limit))
    this.#gather()
    const found = await this.#ask(() => Promise.all(ids.map((id) => this.#redis.hmget(keys.profile(id), 'version', 'document'))))
    // An id that was removed stays in the list.
    const profiles = found.flatMap(([version, document]) =>
      version && document ? [{ version, profile: profileFrom(document) }] : [],
    )
    const last = ids.at(-1)
    return { profiles, ...(ids.length === limit && last !== undefined && { next: last }) }
  }

  async customers(): Promise<Customer[]> {
    const ids = await this.#ask(() => this.#redis.zrange(keys.customers, 0, -1))
    const found: Customer[] = []
    for (let from = 0; from < ids.length; from += page) {
      const some = ids.slice(from, from + page)
      const documents = await this.#ask(() => Promise.all(some.map((id) => this.#redis.hget(keys.profile(id), 'document'))))
      for (const document of documents) if (document !== null) found.push(customerFrom(document))
    }
    return found
  }

  async save(profile: Profile, expected: string | undefined, entry: HistoryEntry): Promise<boolean> {
    const { id } = profile.customer
    const answer = await this.#ask(async () => {
      // The list lies in another slot, so it cannot change in the same step. An id that is listed and has no profile
      // is passed over; a profile that is not listed could not be found again.
      if (expected === undefined) {
        await this.#redis.zadd(keys.customers, 0, id)
        // So that all keys of an admission are there from the first call on: see the script.
        for (const environment of environments) {
          await this.#redis.hsetnx(keys.usage(id, environment), 'tat', 0)
          await this.#redis.hsetnx(keys.counts(id, environment), 'v', 1)
        }
        // A freeze writes this, lists the customers, and marks each: whichever comes second sees the other.
        if ((await this.#redis.exists(keys.document(frozenDocument))) === 1) return -1
      }
      return this.#save(id, expected ?? '', entry, profileFields(profile, randomId()))
    })
    if (answer === -1) throw frozenProblem()
    if (answer > 1) throw retiredId(id, answer)
    return answer === 1
  }

  async remove(customer: string, expected: string, entry: HistoryEntry): Promise<boolean> {
    const answer = await this.#ask(() => this.#save(customer, expected, entry, []))
    if (answer === -1) throw frozenProblem()
    return answer === 1
  }

  async history(customer: string | undefined, limit: number): Promise<HistoryEntry[]> {
    const listed = customer === undefined ? await this.#ask(() => this.#redis.zrange(keys.customers, 0, -1)) : []
    const ids = customer === undefined ? [...listed, allCustomers] : [customer]
    const streams = await this.#ask(() =>
      Promise.all(ids.map((id) => this.#redis.xrevrange(keys.history(id), '+', '-', 'COUNT', limit))),
    )
    // By the time at which Redis took it, the first half of its id: a writer's own clock may be wrong.
    const newestFirst = streams.flat().sort(([a], [b]) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
    return newestFirst.slice(0, limit).map(([, [, entry]]) => historyEntryFrom(entry ?? ''))
  }

  async document(name: string): Promise<StoredDocument | undefined> {
    const [version, text] = await this.#ask(() => this.#redis.hmget(keys.document(name), 'version', 'text'))
    return version && typeof text === 'string' ? { version, text } : undefined
  }

  async saveDocument(name: string, text: string, expected: string | undefined, entry?: HistoryEntry): Promise<boolean> {
    const line = entry === undefined ? '' : JSON.stringify(entry)
    const places = [keys.document(name), keys.history(allCustomers), keys.document(frozenDocument)] as const
    const saved = await this.#ask(() => this.#redis.apigwSaveDocument(...places, expected ?? '', randomId(), text, line))
    if (saved === -1) throw frozenProblem()
    return saved === 1
  }

  async change(change: Change, actor: Actor): Promise<Changed> {
    // Loaded here, so that the bundle of a gateway can leave it out (scripts/bundle.ts).
    const { carryOut } = await import('../changes/carry-out.ts')
    return carryOut(this, change, actor)
  }

  async health(): Promise<RegistryHealth> {
    const health = await this.#ask(() => healthOf(this.#redis))
    return { ...health, aspects: [...health.aspects, ...accessAspects(accessOf(this.#redis, this.address))] }
  }

  async ready(): Promise<Readiness> {
    const ready = await this.#ask(() => proveReady(this.#redis))
    return ready.degraded === undefined ? frozenReadiness((await this.document(frozenDocument))?.text) : ready
  }

  async revive(): Promise<void> {
    await revive(this.#redis)
  }

  async close(): Promise<void> {
    await this.#closings.flush()
    this.#redis.disconnect()
  }

  /** What Redis's clock says, as far as is known here: a guess that the scripts check. */
  #instant(): number {
    return this.#now?.() ?? Date.now() + this.#ahead
  }

  /** Does not use `#ask`: this is the hot path, and each additional promise costs. */
  async #runAdmit(request: AdmitRequest, zone: string, windows: Windows, instant: number): Promise<Reply> {
    const { customer, environment, idempotency, nonce, fallback, ids, weights, kinds, policy } = request
    const named = [keys.profile(customer), keys.usage(customer, environment), keys.counts(customer, environment)]
    if (idempotency !== undefined) named.push(keys.idempotency(customer, environment, idempotency.key))
    const period = messagePeriodOf(instant)
    for (let back = 0; ids !== undefined && back <= messagePeriods; back++) {
      named.push(keys.messages(customer, environment, period - back))
    }
    if (nonce !== undefined) named.push(keys.nonce(customer, request.keyId, nonce.value))
    this.#gather()
    this.#deadline.asked()
    try {
      const reply = await this.#redis.apigwAdmit(
        named.length,
        ...named,
        this.#now?.() ?? '',
        request.reservation,
        request.keyId,
        environment,
        request.api ?? '',
        request.units,
        request.address,
        zone,
        windows.day.id,
        windows.day.start,
        windows.day.end,
        windows.month.id,
        windows.month.end,
        idempotency?.fingerprint ?? '',
        nonce?.rememberMs ?? '',
        fallback === 'ask' ? '?' : (fallback?.way ?? ''),
        idempotency?.plan ?? '',
        request.trace ?? '',
        request.recall === true ? '1' : '',
        idempotency?.key ?? '',
        policy === '' ? '?' : (policy ?? ''),
        listed(ids),
        ids === undefined ? '' : period,
        listed(weights),
        listed(kinds),
      )
      return reply as Reply
    } catch (error) {
      throw unavailable(error, this.address, this.#redis)
    } finally {
      this.#deadline.done()
    }
  }

  async #save(customer: string, expected: string, entry: HistoryEntry, fields: readonly string[]): Promise<number> {
    const places = [keys.profile(customer), keys.history(customer), keys.retired(customer)] as const
    const line = JSON.stringify(entry)
    return Number(await this.#redis.apigwSave(...places, expected, line, this.#now?.() ?? '', retiredMs, ...fields))
  }

  async #clock(): Promise<number> {
    if (this.#now !== undefined) return this.#now()
    const [seconds, microseconds] = await this.#redis.time()
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    this.#deadline.asked()
    try {
      return await command()
    } catch (error) {
      throw unavailable(error, this.address, this.#redis)
    } finally {
      this.#deadline.done()
    }
  }
}
