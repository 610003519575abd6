import * as fc from 'fast-check'
import { expect } from 'vitest'
import { addressRange } from '../../src/domain/address.ts'
import { idempotencyMs, type Repayment, type Reservation } from '../../src/domain/admission.ts'
import { windowsAt } from '../../src/domain/calendar.ts'
import type { Credential } from '../../src/domain/credential.ts'
import { environments } from '../../src/domain/names.ts'
import type { Quota } from '../../src/domain/quota.ts'
import { policyOf, policyVersion } from '../../src/domain/sending.ts'
import type { Outcome, Profile, Registry } from '../../src/registry/index.ts'
import { addressOf, type Clock, entryOf, freshId, noon, profileOf } from './fixtures.ts'
import { Model, type Modelled } from './model.ts'

export const hourMs = 3_600_000
const zones = ['Asia/Seoul', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Kolkata'] as const
const kinds = ['messages|sms|82', 'messages|lms|82', 'messages|sms|1'] as const
/** One reading of counters. */
const spanMs = 4 * 24 * hourMs

const environment = fc.constantFrom(...environments)
const units = fc.oneof({ weight: 8, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(30) })
const rate = fc.constantFrom(0.001, 0.3, 1, 3, 7.7, 1000, 999_999_999)
const some = (limit: number) => fc.option(fc.integer({ min: 1, max: limit }), { nil: undefined })
const quota: fc.Arbitrary<Quota> = fc
  .record({ rate: fc.option(rate, { nil: undefined }), burst: fc.integer({ min: 1, max: 8 }), day: some(20), month: some(40) })
  .map(({ rate, burst, day, month }) => ({
    ...(rate !== undefined && { rate, burst }),
    ...(day !== undefined && { day }),
    ...(month !== undefined && { month }),
  }))

/** Something that happens to one customer. */
export const operation = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('admit' as const),
      environment,
      units,
      key: fc.oneof(fc.constant('any'), fc.constantFrom('bound', 'brief', 'later', 'revoked', 'none')),
      api: fc.oneof({ weight: 9, arbitrary: fc.constant('messages') }, fc.constantFrom('voice', undefined)),
      address: fc.constantFrom('203.0.113.7', '198.51.100.9', '2001:db8::1'),
      /** Which policy the call was planned with; absent: it sends nothing. */
      policy: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constantFrom('now', 'none', 'default')),
      recall: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      /** Numbers of messages with keys of their own; as many as there are, so many units. */
      ids: fc.option(fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 5 }), { nil: undefined }),
      /** The units of these messages, some of them. */
      weights: fc.option(fc.array(fc.constantFrom(1, 1, 2, 3), { minLength: 5, maxLength: 5 }), { nil: undefined }),
      /** What the messages are: not known, one kind, or each its own. */
      kinds: fc.option(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 }), { nil: undefined }),
      idempotency: fc.option(fc.record({ key: fc.constantFrom('a', 'b'), fingerprint: fc.constantFrom('x', 'x', 'y') })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      /** Index from the newest. */
      which: fc.nat(5),
      how: fc.constantFrom('accepted', 'part', 'failed', 'failed', 'abandoned', 'running'),
      kinds: fc.option(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 3 }), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('giveBack' as const),
      /** Index from the newest, and which of its messages. */
      which: fc.nat(5),
      row: fc.nat(3),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      step: fc.oneof(
        fc.integer({ min: 0, max: 2000 }),
        fc.constantFrom(4_999, 5_000, 900_000, hourMs, 12 * hourMs, 24 * hourMs, 31 * 24 * hourMs),
        fc.integer({ min: -30 * hourMs, max: 0 }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('midnight' as const), off: fc.integer({ min: -2, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('quota' as const),
      environment,
      quota: fc.option(quota, { freq: 8, nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('state' as const), state: fc.constantFrom('active', 'active', 'suspended') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('zone' as const), zone: fc.constantFrom(...zones) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sending' as const), from: fc.constantFrom('any', 'registered') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('file' as const), environment }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reports' as const), environment, isLate: fc.boolean() }) },
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

function startingProfile(id: string): Profile {
  const keys = environments.flatMap((environment): Credential[] => {
    const key = { customer: id, scheme: 'basic', environment, digest: '00', notBefore: 0, createdAt: 0 } as const
    return [
      { ...key, keyId: `any-${environment}` },
      { ...key, keyId: `bound-${environment}`, allowIps: [addressRange('203.0.113.0/24'), addressRange('2001:db8::/64')] },
      { ...key, keyId: `brief-${environment}`, expiresAt: noon + 12 * hourMs },
      { ...key, keyId: `later-${environment}`, notBefore: noon + hourMs, expiresAt: noon + 90 * 24 * hourMs },
      { ...key, keyId: `revoked-${environment}`, revokedAt: noon },
    ]
  })
  const limits = { rate: 3, burst: 5, day: 12, month: 30 }
  return profileOf(id, { credentials: keys, quotas: { live: limits, test: { day: 5 } } })
}

/** The gateways of one store. */
export type Store = readonly [Registry, ...Registry[]]

/** Applies each operation to a store and to the model, and compares the answers. */
export class Comparison {
  #store: Store
  readonly #model: Model
  readonly #clock: Clock
  #id = freshId()
  #profile = startingProfile(this.#id)
  #reservations: Reservation[] = []
  /** The messages that each took. */
  readonly #taken = new Map<string, readonly string[]>()
  #repayments: Repayment[] = []
  #highest = noon
  #count = 0
  /** Spans of time in which something may have been counted. */
  #spans = new Set<number>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#model = new Model(clock)
    this.#clock = clock
    this.#clock.now = noon
  }

  async start(): Promise<void> {
    await this.#save(this.#profile, true)
  }

  /** Continues with another store, which has to have everything: also which units were given back. */
  async continueWith(store: Store): Promise<void> {
    this.#store = store
    for (const repayment of this.#repayments) await this.#repay(repayment)
  }

  async step(operation: Operation): Promise<void> {
    this.#spans.add(Math.floor(this.#clock.now / spanMs))
    switch (operation.kind) {
      case 'admit':
        return this.#admit(operation)
      case 'settle':
        return this.#settle(operation)
      case 'giveBack':
        return this.#giveBack(operation)
      case 'clock':
        return this.#moveTo(this.#clock.now + operation.step)
      case 'midnight':
        return this.#moveTo(windowsAt(this.#profile.customer.timeZone, this.#clock.now).day.end + operation.off)
      case 'quota': {
        const { [operation.environment]: _before, ...others } = this.#profile.quotas
        const quotas = operation.quota === undefined ? others : { ...others, [operation.environment]: operation.quota }
        return this.#save({ ...this.#profile, quotas })
      }
      case 'state':
        return this.#save({ ...this.#profile, customer: { ...this.#profile.customer, state: operation.state } })
      case 'zone':
        return this.#save({ ...this.#profile, customer: { ...this.#profile.customer, timeZone: operation.zone } })
      case 'sending':
        return this.#save({ ...this.#profile, sending: { from: operation.from } })
      case 'file':
        await this.#same(async (registry) => await registry.fileCounts(this.#id, operation.environment))
        return
      case 'reports': {
        const { environment, isLate } = operation
        const seen = await this.#same((registry) => registry.reportsCounted(this.#id, environment))
        const reports = { seen: isLate ? 'before' : seen, cursor: `cursor-${this.#count}`, counts: { 'o|failed|x': this.#count } }
        await this.#same((registry) => registry.countReports(this.#id, environment, reports))
        return
      }
      case 'remove':
        await this.sameCounts()
        await this.#removeAll()
        // The id of a removed customer cannot be used again.
        this.#id = freshId()
        this.#reservations = []
        this.#repayments = []
        this.#spans.clear()
        return this.#save(startingProfile(this.#id), true)
    }
  }

  async #admit({
    key,
    idempotency,
    api,
    address,
    recall,
    policy,
    ids: numbers,
    weights: ofMessages,
    kinds: sorts,
    ...rest
  }: Extract<Operation, { kind: 'admit' }>): Promise<void> {
    this.#count += 1
    const ids = numbers?.map((number) => `${this.#id}-message-${number}`)
    const weights = ids && ofMessages?.slice(0, ids.length)
    // Without keys of their own, the units are only shared out.
    const shares = ids === undefined && rest.units > 2 && ofMessages !== undefined ? { weights: ofMessages } : {}
    // Redis lets a record expire by its own clock, so no record is asked for again when SQLite's may have expired.
    const era = Math.floor(this.#clock.now / (24 * hourMs * 10))
    const request = {
      reservation: `${this.#id}-${this.#count}`,
      customer: this.#id,
      keyId: `${key}-${rest.environment}`,
      environment: rest.environment,
      units: weights?.reduce((sum, weight) => sum + weight, 0) ?? ids?.length ?? rest.units,
      ...(ids !== undefined && { ids, ...(weights !== undefined && { weights }) }),
      ...shares,
      ...(sorts !== undefined && { kinds: sorts }),
      address: addressOf(address),
      ...(api !== undefined && { api }),
      ...(policy !== undefined && {
        policy: policy === 'none' ? '' : policyVersion(policyOf(policy === 'now' ? this.#profile.sending : undefined)),
      }),
      ...(recall && idempotency !== null && { recall: true as const }),
      ...(rest.units % 2 === 0 && { trace: `trace ${this.#count}|` }),
      ...(idempotency !== null && {
        idempotency: { ...idempotency, key: `${idempotency.key}${era}`, ...(rest.units > 1 && { plan: `plan ${this.#count}` }) },
      }),
    }
    const admission = await this.#same((registry) => registry.admit(request))
    if (admission.kind === 'admitted') {
      this.#reservations.unshift(admission.reservation)
      const taken = ids?.filter((_, at) => admission.messages?.[at] === 'new') ?? []
      this.#taken.set(admission.reservation.id, taken)
    }
    await this.#same(async (registry) => (await registry.usage(this.#id, rest.environment)).usage)
  }

  async #settle({ which, how, kinds: sorts }: Extract<Operation, { kind: 'settle' }>): Promise<void> {
    const reservation = this.#reservations[which]
    if (reservation === undefined) return
    const expired = reservation.idempotency !== undefined && this.#highest - reservation.admittedAt >= idempotencyMs
    if (expired) return
    // A record can be written without an answer: then only the units are settled.
    const response = `answer ${this.#count}`
    const parts = sorts === undefined ? {} : { kinds: sorts, ...(which > 1 && { weights: [2, 1] }) }
    const outcome: Outcome =
      how === 'accepted'
        ? { kind: how, response }
        : how === 'part'
          ? { ...parts, kind: 'accepted', response, refund: which, untaken: this.#idsOf(reservation).slice(0, which) }
          : how === 'running' || which === 0
            ? { ...(how !== 'running' && parts), kind: how }
            : { ...parts, kind: how, untaken: this.#idsOf(reservation) }
    // A call without an idempotency key that was accepted in full does not need the answer of the settlement.
    const silent = outcome.kind === 'accepted' && !outcome.refund && reservation.idempotency === undefined && !reservation.keyed
    await this.#same(async (registry) => (await registry.settle(reservation, outcome)) || silent)
    await this.#same((registry) => registry.open(this.#id, reservation.environment))
    await this.#same(async (registry) => (await registry.usage(this.#id, reservation.environment)).usage)
  }

  async #giveBack({ which, row }: Extract<Operation, { kind: 'giveBack' }>): Promise<void> {
    const reservation = this.#reservations[which]
    const id = reservation && this.#idsOf(reservation)[row]
    if (reservation === undefined || id === undefined) return
    const { customer, environment, admittedAt: acceptedAt } = reservation
    // Of an open call, what it took for the message counts.
    const repayment = { customer, environment, id, units: 1 + (row % 2), acceptedAt, ...(row > 0 && { kind: kinds[0] }) }
    this.#repayments.push(repayment)
    return this.#repay(repayment)
  }

  async #repay(repayment: Repayment): Promise<void> {
    const { customer, environment } = repayment
    await this.#same((registry) => registry.giveBack(repayment))
    await this.#same((registry) => registry.open(customer, environment))
    await this.#same(async (registry) => (await registry.usage(customer, environment)).usage)
  }

  /** The messages of a call. Without keys of their own they are those of its Idempotency-Key, or of the call itself. */
  #idsOf({ id, customer, units, idempotency, keyed }: Reservation): readonly string[] {
    if (keyed) return this.#taken.get(id) ?? []
    return Array.from(
      { length: units },
      (_, row) => `${idempotency === undefined ? id : `${customer}-${idempotency.key}`}-${row}`,
    )
  }

  #moveTo(instant: number): void {
    this.#clock.now = Math.max(instant, this.#highest - 36 * hourMs)
    this.#highest = Math.max(this.#highest, this.#clock.now)
  }

  async #save(profile: Profile, asNew = false): Promise<void> {
    this.#profile = profile
    this.#model.save(profile)
    const [registry] = this.#store
    const version = asNew ? undefined : (await registry.profile(this.#id))?.version
    expect(await registry.save(profile, version, entryOf(this.#id, 'changed'))).toBe(true)
  }

  async #removeAll(): Promise<void> {
    this.#model.remove(this.#id)
    const [registry] = this.#store
    const version = (await registry.profile(this.#id))?.version ?? ''
    expect(await registry.remove(this.#id, version, entryOf(this.#id, 'removed'))).toBe(true)
  }

  /** Compares what was counted. A gateway may still have to write what it counted: reading makes it. */
  async sameCounts(): Promise<void> {
    for (const environment of environments) {
      for (const gateway of this.#store) await gateway.counts(this.#id, environment, 0, 0)
      for (const span of this.#spans) {
        await this.#same((registry) => registry.counts(this.#id, environment, span * spanMs, (span + 1) * spanMs))
      }
    }
  }

  /** Turns alternate between the gateways of the store, so that the cache of each grows stale. */
  async #same<T>(ask: (registry: Modelled) => Promise<T>): Promise<T> {
    const expected = await ask(this.#model)
    const actual = await ask(this.#store[this.#count % this.#store.length] ?? this.#store[0])
    expect(actual).toEqual(expected)
    return expected
  }
}
