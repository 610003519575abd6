import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { AdmitRequest, Repayment } from '../../src/domain/admission.ts'
import { copyRegistry, thawRegistry } from '../../src/operations/registry/index.ts'
import type { CopyableStore, Registry } from '../../src/registry/index.ts'
import { type CopyPlace, CopyWorld, type PlaceKind } from './copy-places.ts'
import { type Admitted, type Clock, entryOf, freshId, noon, problemOf, profileOf, Tenant } from './fixtures.ts'
import { Comparison, hourMs, operation } from './histories.ts'

const kinds: readonly PlaceKind[] = ['sqlite', 'redis', 'cluster', 'dynamodb']
const clock: Clock = { now: noon }
let world: CopyWorld
beforeAll(() => {
  world = new CopyWorld(inject('redis'), clock)
})
beforeEach(() => {
  clock.now = noon
})
afterAll(() => world.close())

const quick = { settleMs: 0, progress: (_: { readonly step: string }): void => undefined, signal: new AbortController().signal }

async function between<T>(from: CopyPlace, to: CopyPlace, work: (source: CopyableStore, target: CopyableStore) => Promise<T>) {
  const [source, target] = [await from.copyable(), await to.copyable()]
  try {
    return await work(source, target)
  } finally {
    await source.close()
    await target.close()
  }
}

const copy = (from: CopyPlace, to: CopyPlace, options = quick) =>
  between(from, to, (source, target) => copyRegistry(source, target, options))

/** A source and an empty target, the first two of these kinds. */
async function pair(...[from, to]: readonly [PlaceKind, PlaceKind]) {
  const places = { from: await world.empty(from), to: await world.empty(to) }
  return { ...places, source: await places.from.open(), target: await places.to.open() }
}

const pairs = [
  ['sqlite', 'dynamodb'],
  ['dynamodb', 'redis'],
  ['redis', 'cluster'],
  ['cluster', 'sqlite'],
] as const

const repaymentOf = (customer: string, id: string): Repayment => ({
  customer,
  environment: 'live',
  id,
  units: 1,
  acceptedAt: clock.now,
})

const histories = fc.array(operation, { minLength: 3, maxLength: 30, size: 'max' })

test('a registry that was moved decides as one that never moved, whatever has happened before', { timeout: hourMs }, async () => {
  const moves = fc.tuple(
    fc.shuffledSubarray([...kinds], { minLength: 2, maxLength: 3 }),
    fc.array(histories, { minLength: 3, maxLength: 3 }),
  )
  const wanted = process.env.APIGW_COPY_RUNS
  await fc.assert(
    fc.asyncProperty(moves, async ([path, periods]) => {
      const opened: Registry[] = []
      let place = await world.empty(path[0] ?? 'sqlite')
      opened.push(await place.open())
      const comparison = new Comparison(opened as [Registry], clock)
      await comparison.start()
      for (const [at, happened] of periods.slice(0, path.length).entries()) {
        if (at > 0) {
          const next = await world.empty(path[at] ?? 'sqlite')
          for (const registry of opened.splice(0)) await registry.close()
          expect((await copy(place, next)).state).toBe('copied')
          place = next
          opened.push(await place.open())
          await comparison.continueWith(opened as [Registry])
        }
        for (const one of happened) await comparison.step(one)
        await comparison.sameCounts()
      }
      for (const registry of opened) await registry.close()
    }),
    { numRuns: wanted === undefined ? 8 : Number(wanted) },
  )
})

describe.each(pairs)('from %s to %s', (fromKind, toKind) => {
  test('everything that counts is carried: audit log, documents, nonces, removed ids, open calls and answers', async () => {
    const { from, to, source, target } = await pair(fromKind, toKind)
    const customer = await Tenant.with(source, { quotas: { live: { day: 20, month: 100 } } })
    const gone = await Tenant.with(source)
    const stored = await source.profile(gone.id)
    await source.remove(gone.id, stored?.version ?? '', entryOf(gone.id, 'removed'))
    await source.saveDocument('token-keys', '{"sealed":1}', undefined, entryOf('*', 'keys made'))
    const nonce = { value: 'a:nonce:of-23-characters', rememberMs: hourMs }
    await customer.admitted({ nonce })
    const answered = await customer.admitted({ idempotency: { key: 'order-1', fingerprint: 'f', plan: 'p'.repeat(2000) } })
    await customer.accept(answered.reservation, 'first')
    const ids = [`${customer.id}-a`, `${customer.id}-b`]
    const running = await customer.admitted({
      units: 2,
      ids,
      idempotency: { key: 'order-2', fingerprint: 'f', plan: 'q'.repeat(2000) },
    })
    const heavy = await customer.admitted({ units: 5, ids: [`${customer.id}-c`, `${customer.id}-d`], weights: [2, 3] })
    const cancelled = (registry: Registry, { reservation: { admittedAt } }: Admitted, id: string, units: number) =>
      registry.giveBack({ customer: customer.id, environment: 'live', id, units, acceptedAt: admittedAt })
    expect(await cancelled(source, answered, 'answered', 1)).toBe(true)
    const late = { key: 'order-3', fingerprint: 'f' }
    const failed = await customer.admitted({ units: 2, idempotency: late })
    await source.settle(failed.reservation, { kind: 'failed', untaken: ['late'] })
    // The answer comes after the units have come back, so nothing is paid for them.
    await customer.accept(failed.reservation, 'late')
    const lines = async (registry: Registry) =>
      (await registry.history(undefined, 100)).map(({ customer, what }) => [customer, what])
    const before = { lines: await lines(source), open: await source.open(customer.id, 'live') }

    const copied = await copy(from, to)
    expect(copied.counts).toMatchObject({ profile: 1, retired: 1, document: 1, history: 4, books: 1, answer: 2, nonce: 1 })
    expect(copied.counts).toMatchObject({ returned: 1, released: 1 })

    const there = new Tenant(target, customer.id)
    expect((await target.profile(customer.id))?.profile).toEqual((await source.profile(customer.id))?.profile)
    expect((await lines(target)).toSorted()).toEqual(before.lines.toSorted())
    expect((await target.history(customer.id, 1))[0]?.what).toBe('added')
    expect((await target.document('token-keys'))?.text).toBe('{"sealed":1}')
    expect((await problemOf(target.save(profileOf(gone.id), undefined, entryOf(gone.id, 'again')))).code).toBe(
      'customer-id-retired',
    )
    await there.refused('nonce-reused', { nonce })
    expect(await there.admit({ idempotency: { key: 'order-1', fingerprint: 'f' } })).toMatchObject({
      kind: 'replay',
      response: 'first',
    })
    expect((await target.open(customer.id, 'live')).oldest).toEqual(before.open.oldest)
    expect(await there.spent()).toEqual([8, 8])
    expect(await cancelled(target, answered, 'answered', 1)).toBe(false)
    expect(await cancelled(target, failed, 'late', 1)).toBe(false)
    expect(await cancelled(target, heavy, `${customer.id}-d`, 1)).toBe(true)
    expect(await there.spent()).toEqual([5, 5])
    // A gateway that was in the middle of a call ends it at the new registry.
    const outcome = { kind: 'accepted', response: 'second', refund: 1, untaken: ids.slice(1) } as const
    expect(await target.settle(running.reservation, outcome)).toBe(true)
    expect(await there.admitted({ units: 2, ids })).toMatchObject({ messages: ['known', 'new'] })
    // New lines of the audit log follow the copied ones.
    await there.setCustomer({ name: 'renamed' })
    expect((await target.history(customer.id, 2)).map(({ what }) => what)).toEqual(['changed', 'added'])
    for (const registry of [source, target]) await registry.close()
  })

  test('the source refuses calls, settlements and changes from then on, and says so', async () => {
    const { from, to, source, target } = await pair(fromKind, toKind)
    const customer = await Tenant.with(source)
    const { reservation } = await customer.admitted({ idempotency: { key: 'k', fingerprint: 'f' } })
    const before = await customer.admitted({ units: 2 })
    // While calls in progress are waited for, they can be settled, and units of theirs can be given back.
    await between(from, to, (old, { address }) => old.freeze({ id: 'first', level: 'admissions', to: address, since: clock.now }))
    expect((await problemOf(customer.admit())).code).toBe('registry-frozen')
    expect(await source.giveBack(repaymentOf(customer.id, 'a'))).toBe(true)
    expect(await customer.fail(before.reservation)).toBe(true)
    await copy(from, to)
    const nonce = { value: freshId(), rememberMs: hourMs }
    const writes: (() => Promise<unknown>)[] = [
      () => customer.admit({ nonce }),
      () => customer.admit({ units: 0 }),
      () => customer.fail(reservation),
      () => source.giveBack(repaymentOf(customer.id, 'b')),
      () => customer.setCustomer({ state: 'suspended' }),
      () => source.save(profileOf(freshId()), undefined, entryOf('new', 'added')),
      () => source.saveDocument('another', 'text', undefined),
    ]
    for (const write of writes) expect(await problemOf(write())).toMatchObject({ code: 'registry-frozen', retryAfterMs: 5000 })
    expect((await source.ready()).degraded?.reason).toBe('frozen')
    expect((await target.ready()).degraded).toBeUndefined()
    for (const registry of [source, target]) await registry.close()
  })

  test('a copy that was interrupted refuses calls at both, and is finished by the next one', async () => {
    const { from, to, source, target } = await pair(fromKind, toKind)
    const customers: Tenant[] = []
    for (let made = 0; made < 5; made++) customers.push(await Tenant.with(source))
    for (const customer of customers) await customer.admitted({ units: 3 })
    const there = customers.map(({ id }) => new Tenant(target, id))
    for (const step of ['freezing', 'copying', 'comparing', 'opening']) {
      const stopping = new Error('killed')
      const progress = (at: { readonly step: string }): void => {
        if (at.step === step) throw stopping
      }
      await expect(copy(from, to, { ...quick, progress })).rejects.toThrow('killed')
      for (const customer of step === 'freezing' ? [] : customers) {
        expect((await problemOf(customer.admit())).code).toBe('registry-frozen')
      }
      const answers = await Promise.all(there.map((customer) => customer.admit().catch((error: unknown) => error)))
      for (const answer of answers) expect(answer).not.toMatchObject({ kind: 'admitted' })
      expect((await problemOf(target.giveBack(repaymentOf(freshId(), 'owed')))).code).toBe('registry-frozen')
    }
    expect((await copy(from, to)).state).toBe('copied')
    for (const customer of there) expect(await customer.spent()).toEqual([3, 3])
    await there[0]?.admitted()
    expect(await copy(from, to)).toMatchObject({ state: 'unchanged', refusedMs: 0 })
    expect(await there[0]?.spent()).toEqual([4, 4])
    for (const registry of [source, target]) await registry.close()
  })

  test('thawing closes the copy, and what is copied again is what is true then', async () => {
    const { from, to, source, target } = await pair(fromKind, toKind)
    const customer = await Tenant.with(source)
    const first = await customer.admitted({ units: 2, ids: [`${customer.id}-a`, `${customer.id}-b`] })
    await copy(from, to)
    const there = new Tenant(target, customer.id)
    await there.admitted()
    const alone = await from.copyable()
    expect((await problemOf(thawRegistry(alone, undefined))).code).toBe('input-missing')
    await alone.close()
    expect(await between(from, to, thawRegistry)).toMatchObject({ state: 'thawed' })
    expect((await problemOf(there.admit())).code).toBe('registry-frozen')
    expect(await source.settle(first.reservation, { kind: 'accepted' })).toBe(true)
    await customer.admitted({ units: 5 })
    const added = await Tenant.with(source)
    expect((await copy(from, to)).state).toBe('copied')
    expect(await there.spent()).toEqual([7, 7])
    expect((await target.open(customer.id, 'live')).units).toBe(5)
    expect(await new Tenant(target, added.id).admitted()).toMatchObject({ kind: 'admitted' })
    for (const registry of [source, target]) await registry.close()
  })

  test('a target in use, a copy of another registry, and a source that is being filled are refused', async () => {
    const { from, to, source, target } = await pair(fromKind, toKind)
    await Tenant.with(source)
    const other = await pair('sqlite', 'sqlite')
    await Tenant.with(other.target)
    expect((await problemOf(copy(from, other.to))).code).toBe('registry-not-empty')
    expect((await source.ready()).degraded).toBeUndefined()
    await copy(from, to)
    expect((await problemOf(copy(other.from, to))).code).toBe('registry-not-empty')
    expect((await problemOf(copy(from, other.from))).code).toBe('registry-frozen')
    expect((await problemOf(copy(from, from))).code).toBe('input-invalid')
    for (const registry of [source, target, other.source, other.target]) await registry.close()
  })
})

test('solo, small, large: calls under way lose no unit and sell none twice', async () => {
  const limit = 400
  let place = await world.empty('dynamodb')
  let registry = await place.open()
  const { id } = await Tenant.with(registry, { quotas: { live: { day: limit } } })
  const sold = { kept: 0, admitted: 0 }
  for (const next of ['redis', 'cluster'] as const) {
    const gateways = [await place.open(), await place.open()]
    let isStopped = false
    const call = async (gateway: Registry, units: number): Promise<void> => {
      const request: AdmitRequest = new Tenant(gateway, id).request({ units })
      const admission = await gateway.admit(request).catch((error: { code?: string }) => error.code)
      if (typeof admission === 'string') {
        isStopped ||= admission === 'registry-frozen'
        return
      }
      if (typeof admission !== 'object' || admission.kind !== 'admitted') return
      sold.admitted += 1
      const isFailed = units === 2
      const settled = isFailed ? await gateway.settle(admission.reservation, { kind: 'failed' }).catch(() => false) : true
      sold.kept += isFailed && settled ? 0 : units
    }
    const traffic = gateways.map(async (gateway) => {
      while (!isStopped) await Promise.all([1, 2, 1].map((units) => call(gateway, units)))
    })
    const target = await world.empty(next)
    await copy(place, target, { ...quick, settleMs: 300 })
    await Promise.all(traffic)
    for (const gateway of [...gateways, registry]) await gateway.close()
    place = target
    registry = await place.open()
    expect(await new Tenant(registry, id).spent()).toEqual([sold.kept, sold.kept])
  }
  expect(sold.admitted).toBeGreaterThan(0)
  const rest = new Tenant(registry, id)
  while ((await rest.admit()).kind === 'admitted') sold.kept += 1
  expect(sold.kept).toBe(limit)
  await registry.close()
})
