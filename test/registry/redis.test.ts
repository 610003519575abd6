import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { idempotencyMs, leaseMs } from '../../src/domain/admission.ts'
import { windowsAt } from '../../src/domain/calendar.ts'
import { policyOf, policyVersion } from '../../src/domain/sending.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { type Clock, noon, Tenant } from './fixtures.ts'

/** Behaviour that depends on Redis's own clock and expiry. */
describe('Redis', () => {
  const claim = { key: 'order-1', fingerprint: 'body-1' }
  let raw: Redis
  beforeAll(() => {
    const { hostname, port } = new URL(inject('redis'))
    raw = new Redis({ host: hostname, port: Number(port) })
  })
  afterAll(() => raw.disconnect())

  test('keeps an idempotency record as long as SQLite does, counted from its last change', async () => {
    const clock: Clock = { now: noon }
    const registry = await openRegistry(inject('redis'), { now: () => clock.now })
    const customer = await Tenant.with(registry)
    const record = `apigw:{${customer.id}}:idem:live:${claim.key}`
    const nearlyGone = async (): Promise<unknown> => raw.pexpire(record, 20_000)
    const left = async (): Promise<number> => (await raw.pttl(record)) / idempotencyMs
    await customer.admitted({ idempotency: claim })
    expect(await left()).toBeCloseTo(1, 2)
    await nearlyGone()
    clock.now += leaseMs
    const { reservation } = await customer.admitted({ idempotency: claim })
    expect(await left()).toBeCloseTo(1, 2)
    await nearlyGone()
    await customer.accept(reservation)
    expect(await left()).toBeCloseTo(1, 2)
    await registry.close()
  })

  test('adds the version of the policy to a profile that another version of apigw wrote, whatever its settings', async () => {
    const registry = await openRegistry(inject('redis'))
    const sending = { from: 'any' } as const
    for (const chosen of [undefined, sending]) {
      const customer = await Tenant.with(registry, chosen === undefined ? {} : { sending: chosen })
      const profile = `apigw:{${customer.id}}:profile`
      const policy = policyVersion(policyOf(chosen))
      await raw.hdel(profile, 'policy')
      expect(await customer.admit({ policy: '' })).toMatchObject({ kind: 'policy', version: policy })
      await raw.hdel(profile, 'policy')
      await customer.admitted({ policy })
      expect(await raw.hget(profile, 'policy')).toBe(policy)
    }
    await registry.close()
  })

  test('stores nothing for a settled call without an idempotency key, and little for one with', async () => {
    const registry = await openRegistry(inject('redis'))
    const customer = await Tenant.with(registry)
    const usage = `apigw:{${customer.id}}:usage:live`
    const [failed, partly, whole] = [await customer.admitted(), await customer.admitted({ units: 2 }), await customer.admitted()]
    expect((await raw.hkeys(usage)).filter((field) => field.startsWith('open:'))).toHaveLength(3)
    await customer.fail(failed.reservation)
    await registry.settle(partly.reservation, { kind: 'accepted', refund: 1 })
    await registry.settle(whole.reservation, { kind: 'accepted' })
    expect((await registry.open(customer.id, 'live')).count).toBe(0)
    expect((await raw.hkeys(usage)).filter((field) => field.startsWith('open:'))).toEqual([])

    const keyed = await customer.admitted({ idempotency: { ...claim, plan: '0' }, trace: 'what the ids are made from' })
    await customer.accept(keyed.reservation, '[]')
    expect((await raw.hkeys(`apigw:{${customer.id}}:idem:live:${claim.key}`)).sort()).toEqual(['fingerprint', 'plan', 'response'])
    expect((await raw.keys(`apigw:{${customer.id}}:*`)).length).toBe(7)
    await registry.close()
  })

  test('uses its own clock, whatever the clocks of the gateways', async () => {
    const registry = await openRegistry(inject('redis'))
    const customer = await Tenant.with(registry)
    await customer.setCustomer({ timeZone: 'Pacific/Pago_Pago' })
    const before = Number((await raw.time())[0]) * 1000
    const { now, windows, reservation } = await customer.admitted()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThan(before + 60_000)
    expect(windows).toEqual(windowsAt('Pacific/Pago_Pago', now))
    expect(reservation.admittedAt).toBe(now)
    await registry.close()
  })

  test.each([-3, 3])('uses its own calendar when the clock of a gateway is %d days off', async (days) => {
    const registry = await openRegistry(inject('redis'))
    const customer = await Tenant.with(registry, { quotas: { live: { day: 1 } } })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 })
    try {
      const { now, windows, reservation } = await customer.admitted()
      expect(Math.abs(Date.now() - now - days * 86_400_000)).toBeLessThan(60_000)
      expect(windows).toEqual(windowsAt('Asia/Seoul', now))
      expect(reservation.day).toBe(windows.day.id)
      await customer.refused('day-quota-exceeded')
    } finally {
      vi.useRealTimers()
      await registry.close()
    }
  })

  test('decides at one instant, even when midnight passes meanwhile', async () => {
    const midnight = windowsAt('Asia/Seoul', noon).day.end
    const instants = [midnight - 1]
    const registry = await openRegistry(inject('redis'), { now: () => instants.shift() ?? midnight })
    const customer = await Tenant.with(registry)
    const { now, windows, reservation } = await customer.admitted()
    expect([now, windows.day.start]).toEqual([midnight, midnight])
    expect(reservation.day).toBe('2026-11-17')
    await registry.close()
  })

  test('keeps all keys of a customer in one slot', async () => {
    const registry = await openRegistry(inject('redis'))
    const customer = await Tenant.with(registry)
    const { reservation } = await customer.admitted({ idempotency: claim })
    await customer.fail(reservation)
    await customer.admitted({ idempotency: claim })
    const keys = await raw.keys(`*${customer.id}*`)
    expect(keys.map((key) => key.split(':').slice(2, 3).join()).toSorted()).toEqual([
      'counts',
      'counts',
      'history',
      'idem',
      'profile',
      'usage',
      'usage',
    ])
    for (const key of keys) expect(key).toContain(`{${customer.id}}`)
    await registry.close()
  })
})
