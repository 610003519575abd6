import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { digestOf, looksLikeSecret } from '../../../src/domain/credential.ts'
import type { ProblemCode } from '../../../src/domain/problem.ts'
import { targetText } from '../../../src/domain/route.ts'
import {
  addCustomer,
  type Context,
  issueKey,
  keysOf,
  type NewCustomer,
  nearest,
  quotaStatus,
  removeCustomer,
  removeRoute,
  resolveRoute,
  revokeKey,
  routesOf,
  setCustomer,
  setQuota,
  setRoute,
} from '../../../src/operations/customers/index.ts'
import type { Registry } from '../../../src/registry/index.ts'
import {
  at,
  type Clock,
  type Engine,
  freshId,
  noon,
  problemOf,
  redisEngine,
  sqliteEngine,
  Tenant,
} from '../../registry/fixtures.ts'

const day = 86_400_000

describe.each([
  ['SQLite', sqliteEngine],
  ['Redis', () => redisEngine(inject('redis'))],
])('customers in %s', (_, open) => {
  const clock: Clock = { now: noon }
  let opened: { engine: Engine; registry: Registry; context: Context } | undefined
  const given = () => {
    if (opened === undefined) throw new Error('not opened yet')
    return opened
  }
  beforeAll(async () => {
    const engine = open()
    const registry = await engine.open(clock)
    // The operator's clock is an hour behind the registry's.
    const context = { registry, actor: { who: 'kim', from: 'laptop' }, now: () => clock.now - 3_600_000 }
    opened = { engine, registry, context }
  })
  beforeEach(() => {
    clock.now = noon
  })
  afterAll(async () => {
    await opened?.registry.close()
    await opened?.engine.close()
  })

  const added = async (more: Partial<NewCustomer> = {}): Promise<string> => {
    const { profile } = await addCustomer(given().context, { id: freshId(), ...more })
    return profile.customer.id
  }

  test('a new customer has everything that was requested, and a working test environment', async () => {
    const { registry, context } = given()
    const id = freshId()
    const { profile, keys } = await addCustomer(context, {
      id,
      name: ' 주식회사 ',
      quota: { day: 10, rate: 2.5 },
      queue: 'sms',
      keysFor: ['live', 'test'],
    })
    expect(profile.customer).toEqual({ id, name: '주식회사', state: 'active', timeZone: 'Asia/Seoul', createdAt: noon })
    expect(profile.quotas.live).toEqual({ day: 10, rate: 2.5, burst: 3 })
    expect((await registry.profile(id))?.profile).toEqual(profile)
    for (const { credential, secret, basic } of keys) {
      expect(looksLikeSecret(secret)).toBe(true)
      expect(basic).toBe(`${id}:${secret}:${credential.keyId}`)
      expect(credential).toMatchObject({ digest: digestOf(secret) })
      // The key is valid at once by the registry's clock.
      await new Tenant(registry, id).admitted({ keyId: credential.keyId, environment: credential.environment })
    }
    expect((await registry.history(id, 10)).map(({ who, from, what }) => [who, from, what])).toEqual([
      ['kim', 'laptop', 'customer added'],
    ])
  })

  test.each<[string, ProblemCode, Partial<NewCustomer>]>([
    ['id', 'input-invalid', { id: 'No Such Id' }],
    ['name', 'input-invalid', { name: 'a\u0007b' }],
    ['empty name', 'input-invalid', { name: '  ' }],
    ['time zone', 'input-invalid', { timeZone: 'Asia/Soul' }],
    ['quota', 'quota-invalid', { quota: { rate: 5 } }],
    ['limit', 'quota-invalid', { quota: { day: 0.5 } }],
    ['queue', 'route-invalid', { queue: 'sms queue' }],
    ['queue of the sandbox', 'route-invalid', { queue: 'sandbox' }],
  ])('if the %s is invalid, nothing is written', async (_part, code, wrong) => {
    const { registry, engine, context } = given()
    const id = wrong.id ?? freshId()
    const wishes = { queue: 'sms', quota: { day: 10 }, keysFor: ['live'] as const, ...wrong, id }
    expect((await problemOf(addCustomer(context, wishes))).code).toBe(code)
    expect(await registry.profile(id)).toBeUndefined()
    expect(await registry.history(id, 10)).toEqual([])
    expect(await engine.dump()).not.toContain(id)
  })

  test('an existing customer is not added again and does not change', async () => {
    const { registry, context } = given()
    const id = await added({ keysFor: ['live'] })
    const before = await registry.profile(id)
    expect((await problemOf(addCustomer(context, { id, queue: 'other' }))).code).toBe('customer-exists')
    expect(await registry.profile(id)).toEqual(before)
  })

  test('a mistyped name gets the closest match as a suggestion', async () => {
    const id = await added()
    const typed = `${id.slice(0, -1)}_`
    for (const ask of [
      () => setQuota(given().context, typed, 'live', { day: 1 }),
      () => removeCustomer(given().context, typed),
      () => quotaStatus(given().registry, typed, 'live'),
    ]) {
      const problem = await problemOf(ask())
      expect(problem.code).toBe('customer-unknown')
      expect(problem.message).toContain(`did you mean "${id}"`)
    }
  })

  test('twenty concurrent operators who change one customer lose nothing', async () => {
    const { context, registry } = given()
    const id = await added({ quota: { day: 1 } })
    const limits = ['day', 'month', 'rate', 'burst'] as const
    await setQuota(context, id, 'live', { rate: 1 })
    const issued = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const limit = limits[index % limits.length] ?? 'day'
        if (index % 2 === 0) await setQuota(context, id, 'live', { [limit]: 100 + index })
        return index % 2 === 0
          ? undefined
          : (await issueKey(context, id, { scheme: 'basic', environment: 'live' })).credential.keyId
      }),
    )
    const wanted = issued.filter((keyId) => keyId !== undefined)
    expect(wanted).toHaveLength(10)
    expect((await keysOf(registry, id)).map(({ keyId }) => keyId).toSorted()).toEqual(wanted.toSorted())
    expect(await registry.history(id, 100)).toHaveLength(22)
    const quota = (await registry.profile(id))?.profile.quotas.live
    expect(quota?.day).toBeGreaterThanOrEqual(100)
    expect(quota?.rate).toBeGreaterThanOrEqual(100)
  })

  test('an invalid change changes nothing', async () => {
    const { context, registry } = given()
    const id = await added({ quota: { day: 1 } })
    const before = await registry.profile(id)
    expect((await problemOf(setQuota(context, id, 'live', { day: null }))).code).toBe('quota-invalid')
    expect((await problemOf(setCustomer(context, id, { timeZone: 'Mars' }))).code).toBe('input-invalid')
    expect((await problemOf(setRoute(context, id, { api: 'messages', environment: 'test', targets: ['sms'] }))).code).toBe(
      'route-invalid',
    )
    expect((await problemOf(issueKey(context, id, { scheme: 'basic', environment: 'live', expiresAt: noon }))).code).toBe(
      'input-invalid',
    )
    expect((await problemOf(revokeKey(context, id, 'ak_live_NONE'))).code).toBe('key-unknown')
    expect(await registry.profile(id)).toEqual(before)
  })

  test('revoking a key is immediate, and a second revocation keeps the time of the first', async () => {
    const { context, registry } = given()
    const id = await added({ quota: { day: 9 }, queue: 'sms', keysFor: ['live', 'test'] })
    const [live, test] = await keysOf(registry, id)
    const customer = new Tenant(registry, id)
    const liveKey = { keyId: live?.keyId ?? '' }
    await customer.admitted(liveKey)
    expect((await revokeKey(context, id, liveKey.keyId)).revokedAt).toBe(noon)
    await customer.refused('key-revoked', liveKey)
    clock.now += day
    expect((await revokeKey(context, id, liveKey.keyId)).revokedAt).toBe(noon)
    await customer.admitted({ keyId: test?.keyId ?? '', environment: 'test' })
    const problem = await problemOf(revokeKey(context, id, `${liveKey.keyId.slice(0, -1)}_`))
    expect(problem.message).toContain(liveKey.keyId)
  })

  test('suspending, resuming, renaming and moving a customer', async () => {
    const { context, registry } = given()
    const id = await added({ keysFor: ['test'] })
    const [key] = await keysOf(registry, id)
    const more = { keyId: key?.keyId ?? '', environment: 'test' } as const
    const customer = new Tenant(registry, id)
    await setCustomer(context, id, { state: 'suspended' })
    await customer.refused('customer-suspended', more)
    await setCustomer(context, id, { state: 'active', timeZone: 'america/new_york', name: 'New' })
    expect((await customer.admitted(more)).windows.day.start).toBe(at('2026-11-15T00:00-05:00'))
    expect(await registry.customers()).toContainEqual(
      expect.objectContaining({ id, name: 'New', timeZone: 'America/New_York', state: 'active' }),
    )
    await removeCustomer(context, id)
    await customer.refused('credentials-invalid', more)
    expect((await problemOf(removeCustomer(context, id))).code).toBe('customer-unknown')
  })

  test('a route is replaced, found and removed, without touching the others', async () => {
    const { context, registry } = given()
    const id = await added()
    expect((await problemOf(resolveRoute(registry, id, 'messages', 'live'))).code).toBe('route-unknown')
    const set = (whose: string | undefined, queue: string) =>
      setRoute(context, whose, { api: 'messages', environment: 'live', targets: [queue] })
    await set(id, 'one')
    await set(id, 'two')
    const resolved = async () => {
      const { route: found, rule } = await resolveRoute(registry, id, 'messages', 'live')
      return [rule, ...found.targets.map(targetText)]
    }
    expect(await resolved()).toEqual(['customer', 'two'])
    expect(await routesOf(registry, id)).toHaveLength(2)
    await removeRoute(context, id, 'messages', 'live')
    expect((await routesOf(registry, id)).map(({ environment }) => environment)).toEqual(['test'])
    expect((await problemOf(removeRoute(context, id, 'messages', 'live'))).code).toBe('route-unknown')
  })

  test('the status shows the remaining quota, consumes none, and resets with the window', async () => {
    const { context, registry } = given()
    const id = await added({ quota: { rate: 2, burst: 4, day: 10, month: 100 }, queue: 'sms', keysFor: ['live'] })
    const [key] = await keysOf(registry, id)
    const customer = new Tenant(registry, id)
    await customer.admitted({ keyId: key?.keyId ?? '', units: 3 })
    for (let read = 0; read < 2; read++) {
      expect(await quotaStatus(registry, id, 'live')).toMatchObject({
        customer: id,
        environment: 'live',
        timeZone: 'Asia/Seoul',
        remaining: { rate: 1, day: 7, month: 97 },
        windows: { day: { id: '2026-11-16', end: at('2026-11-17T00:00+09:00') }, month: { end: at('2026-12-01T00:00+09:00') } },
      })
    }
    clock.now += day
    expect((await quotaStatus(registry, id, 'live')).remaining).toMatchObject({ rate: 4, day: 10, month: 97 })
    clock.now = at('2026-12-01T00:00+09:00')
    expect((await quotaStatus(registry, id, 'live')).remaining).toMatchObject({ day: 10, month: 100 })
    await setQuota(context, id, 'live', { day: null })
    expect((await quotaStatus(registry, id, 'live')).quota).toEqual({ rate: 2, burst: 4, month: 100 })
    const bare = await quotaStatus(registry, await added(), 'live')
    expect(bare).not.toHaveProperty('quota')
    expect(bare).not.toHaveProperty('remaining')
  })
})

test.each([
  ['acme', ['acme-2', 'acne', 'zeta'], 'acne'],
  ['Acme', ['acme'], 'acme'],
  ['acme', ['zeta'], undefined],
  ['a', ['ab', 'xyz'], 'ab'],
  ['', [], undefined],
  ['customer', ['costumer'], 'costumer'],
])('nearest to %j of %j is %j', (typed, known, meant) => {
  expect(nearest(typed, known)).toBe(meant)
})
