import { describe, expect, test } from 'vitest'
import { leaseMs } from '../../../src/domain/admission.ts'
import type { World } from '../contract.ts'
import { at, freshId } from '../fixtures.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }
const dayMs = 86_400_000

export function settleContract({ tenant, clock, engine, registry }: World): void {
  describe('settle', () => {
    test('a failed call returns its units to day, month and rate', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 3, day: 3, month: 3 } } })
      const { reservation } = await customer.admitted({ units: 3 })
      await customer.refused('rate-exceeded')
      expect(await customer.fail(reservation)).toBe(true)
      expect(await customer.spent()).toEqual([0, 0])
      expect((await customer.admitted({ units: 3 })).remaining).toMatchObject({ rate: 0, day: 0, month: 0 })
    })

    test.each([
      ['with', claim],
      ['without', undefined],
    ])(
      'units come back once, however often a call is settled, at once or in turn (%s an idempotency key)',
      async (_, idempotency) => {
        const customer = await tenant()
        const more = idempotency === undefined ? {} : { idempotency }
        await customer.admitted({ units: 4 })
        const { reservation } = await customer.admitted({ units: 3, ...more })
        const said = await Promise.all(Array.from({ length: 10 }, () => customer.fail(reservation)))
        expect(said.filter(Boolean)).toHaveLength(1)
        clock.now += 3 * leaseMs
        expect(await customer.fail(reservation)).toBe(false)
        expect(await customer.spent()).toEqual([4, 4])
      },
    )

    test('a lost reply can be requested again through a different gateway', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 3, idempotency: claim })
      const other = await engine().open(clock)
      expect(await customer.fail(reservation)).toBe(true)
      expect(await other.settle(reservation, { kind: 'failed' })).toBe(false)
      await other.close()
      expect(await customer.spent()).toEqual([0, 0])
    })

    test('a failed call frees its idempotency key for any body', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ idempotency: claim })
      await customer.fail(reservation)
      const again = await customer.admitted({ units: 2, idempotency: { ...claim, fingerprint: 'body-2' } })
      expect(again.reservation).toMatchObject({ attempt: 1, units: 2 })
      // A second settlement of the first call does not affect the second call.
      expect(await customer.fail(reservation)).toBe(false)
      expect(await customer.spent()).toEqual([2, 2])
      await customer.refused('idempotency-key-reused', { idempotency: claim })
    })

    test.each([
      ['with', claim],
      ['without', undefined],
    ])('the failed part of a call comes back once (%s an idempotency key)', async (_, idempotency) => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 10, day: 10, month: 10 } } })
      const { reservation } = await customer.admitted({ units: 10, ...(idempotency !== undefined && { idempotency }) })
      const outcome = { kind: 'accepted', response: 'the answer', refund: 4 } as const
      expect(await registry().settle(reservation, outcome)).toBe(true)
      expect(await registry().settle(reservation, outcome)).toBe(false)
      expect(await customer.fail(reservation)).toBe(false)
      expect(await customer.spent()).toEqual([6, 6])
      expect((await customer.admitted({ units: 4 })).remaining).toMatchObject({ rate: 0, day: 0, month: 0 })
      if (idempotency !== undefined) {
        expect(await customer.admit({ units: 10, idempotency })).toEqual({ kind: 'replay', response: 'the answer' })
      }
    })

    test('an accepted call can no longer fail', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ idempotency: claim })
      expect(await customer.accept(reservation)).toBe(true)
      expect(await customer.fail(reservation)).toBe(false)
      expect(await customer.spent()).toEqual([1, 1])
      expect((await customer.admit({ idempotency: claim })).kind).toBe('replay')
    })

    test('an accepted call without an idempotency key stores nothing', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted()
      expect(await customer.accept(reservation)).toBe(true)
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('an attempt that was overtaken cannot return the units of the later one', async () => {
      const customer = await tenant()
      const first = await customer.admitted({ units: 2, idempotency: claim })
      clock.now += leaseMs
      const second = await customer.admitted({ units: 2, idempotency: claim })
      expect(await customer.fail(first.reservation)).toBe(false)
      expect(await customer.spent()).toEqual([2, 2])
      await customer.refused('idempotency-in-progress', { units: 2, idempotency: claim })
      expect(await customer.fail(second.reservation)).toBe(true)
      expect(await customer.fail(first.reservation)).toBe(false)
      expect(await customer.spent()).toEqual([0, 0])
    })

    test('an attempt that was overtaken but succeeded provides the answer', async () => {
      const customer = await tenant()
      const first = await customer.admitted({ idempotency: claim })
      clock.now += leaseMs
      const second = await customer.admitted({ idempotency: claim })
      expect(await customer.accept(first.reservation, 'from the first')).toBe(true)
      expect(await customer.fail(second.reservation)).toBe(false)
      expect(await customer.spent()).toEqual([1, 1])
      expect(await customer.admit({ idempotency: claim })).toEqual({ kind: 'replay', response: 'from the first' })
    })

    test('units of a call whose idempotency record is gone still come back once', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ idempotency: claim })
      await engine().forget(customer.id, 'live', claim.key)
      expect(await customer.fail(reservation)).toBe(true)
      expect(await customer.fail(reservation)).toBe(false)
      expect(await customer.spent()).toEqual([0, 0])
    })

    test('an invented reservation returns nothing, and a real one never more than it took', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 4 })
      for (const idempotency of [undefined, claim]) {
        const invented = { ...reservation, id: freshId(), units: 1000, ...(idempotency !== undefined && { idempotency }) }
        expect(await customer.fail(invented)).toBe(false)
        expect(await registry().settle(invented, { kind: 'accepted', refund: 3 })).toBe(false)
      }
      expect(await customer.spent()).toEqual([4, 4])
      await customer.admitted({ units: 6 })
      expect(await registry().settle({ ...reservation, units: 500 }, { kind: 'accepted', refund: 500 })).toBe(true)
      expect(await customer.spent()).toEqual([6, 6])
    })

    test('units of a past day return to the month only', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 3 })
      clock.now += dayMs
      await customer.admitted({ units: 4 })
      expect(await customer.fail(reservation)).toBe(true)
      expect(await customer.spent()).toEqual([4, 4])
    })

    test('units of a past month return to nothing', async () => {
      clock.now = at('2026-11-30T23:59:59+09:00')
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 3 })
      clock.now += 1000
      await customer.admitted({ units: 4 })
      expect(await customer.fail(reservation)).toBe(true)
      expect(await customer.spent()).toEqual([4, 4])
    })

    test('live and test are counted separately', async () => {
      const customer = await tenant()
      const live = await customer.admitted({ units: 2, idempotency: claim })
      const other = await customer.admitted({ units: 3, environment: 'test', idempotency: claim })
      expect(await customer.fail(live.reservation)).toBe(true)
      expect([await customer.spent('live'), await customer.spent('test')]).toEqual([
        [0, 0],
        [3, 3],
      ])
      await customer.refused('idempotency-in-progress', { units: 3, environment: 'test', idempotency: claim })
      expect(await customer.accept(other.reservation)).toBe(true)
    })

    test('units come back even if the customer was suspended or removed meanwhile', async () => {
      const customer = await tenant()
      const [one, two] = [await customer.admitted(), await customer.admitted()]
      await customer.setCustomer({ state: 'suspended' })
      expect(await customer.fail(one.reservation)).toBe(true)
      const stored = await registry().profile(customer.id)
      await registry().remove(customer.id, stored?.version ?? '', { at: 0, who: '', from: '', customer: customer.id, what: '' })
      expect(await customer.fail(two.reservation)).toBe(true)
      expect(await customer.spent()).toEqual([0, 0])
    })
  })
}
