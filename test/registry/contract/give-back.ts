import { describe, expect, test } from 'vitest'
import { leaseMs, type Reservation } from '../../../src/domain/admission.ts'
import { repayableMs } from '../../../src/domain/settling.ts'
import type { World } from '../contract.ts'
import { at, type Tenant } from '../fixtures.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }
const dayMs = 86_400_000

export function giveBackContract({ tenant, clock, engine, registry }: World): void {
  const giveBack = ({ customer, environment, admittedAt: acceptedAt }: Reservation, id: string, units = 1) =>
    registry().giveBack({ customer, environment, id, units, acceptedAt })
  const usageOf = async ({ id }: Tenant) => (await registry().usage(id, 'live')).usage

  describe('the units of one message', () => {
    test('come back once, however often that is asked for, through any gateway, and the rate stays', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 5, day: 5 } } })
      const { reservation } = await customer.admitted({ units: 5 })
      await customer.accept(reservation)
      const { tat } = await usageOf(customer)
      const other = await engine().open(clock)
      const { id, admittedAt } = reservation
      const repayment = { customer: customer.id, environment: 'live', id, units: 3, acceptedAt: admittedAt } as const
      const said = await Promise.all([registry(), other, registry()].map((gateway) => gateway.giveBack(repayment)))
      expect(said.filter(Boolean)).toHaveLength(1)
      clock.now += dayMs
      expect(await other.giveBack(repayment)).toBe(false)
      await other.close()
      expect(await usageOf(customer)).toMatchObject({ tat, dayUsed: 2, dayBack: 3, monthUsed: 2, monthBack: 3 })
    })

    test('go to the month alone once their day is over, and to nothing once their month is', async () => {
      clock.now = at('2026-11-29T12:00:00+09:00')
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 2 })
      clock.now += dayMs
      await customer.admitted({ units: 4 })
      expect(await giveBack(reservation, 'a')).toBe(true)
      expect(await customer.spent()).toEqual([4, 5])
      clock.now += dayMs
      await customer.admitted({ units: 1 })
      expect(await giveBack(reservation, 'b')).toBe(true)
      expect(await customer.spent()).toEqual([1, 1])
      clock.now = reservation.admittedAt + repayableMs
      expect(await giveBack(reservation, 'c')).toBe(false)
    })

    test('do not come back a second time when the open call of a message with a key fails', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 3, ids: ['a', 'b', 'c'] })
      expect(await giveBack(reservation, 'b')).toBe(true)
      expect((await registry().open(customer.id, 'live')).oldest).toMatchObject([{ units: 2, ids: ['a', 'c'] }])
      expect(await customer.fail(reservation)).toBe(true)
      expect(await usageOf(customer)).toMatchObject({ dayUsed: 0, dayBack: 3 })
      for (const id of ['a', 'b', 'c']) expect(await giveBack(reservation, id)).toBe(false)
      expect(await usageOf(customer)).toMatchObject({ dayUsed: 0, dayBack: 3 })
    })

    test.each([
      ['accepted without it', { kind: 'accepted', response: '[]', refund: 1, untaken: ['b'] } as const, [1, 2]],
      ['failed', { kind: 'failed', untaken: ['a', 'b', 'c'] } as const, [0, 3]],
    ])('come back once if the call is %s, before or after', async (_, outcome, [used, back]) => {
      for (const idempotency of [undefined, claim]) {
        const more = idempotency === undefined ? {} : { idempotency }
        const [first, then] = [await tenant(), await tenant()]
        const [one, two] = [await first.admitted({ units: 3, ...more }), await then.admitted({ units: 3, ...more })]
        expect(await giveBack(one.reservation, 'b')).toBe(true)
        await registry().settle(one.reservation, outcome)
        await registry().settle(two.reservation, outcome)
        expect(await giveBack(two.reservation, 'b')).toBe(false)
        if (outcome.kind === 'accepted') {
          expect(await giveBack(one.reservation, 'a')).toBe(true)
          expect(await giveBack(two.reservation, 'a')).toBe(true)
        }
        expect(await usageOf(first)).toMatchObject({ dayUsed: used, dayBack: back })
        expect(await usageOf(then)).toMatchObject({ dayUsed: used, dayBack: back })
      }
    })

    test('come back again if they were taken again after the call had failed', async () => {
      const customer = await tenant()
      const failed = await customer.admitted({ units: 2, idempotency: claim })
      await registry().settle(failed.reservation, { kind: 'failed', untaken: ['a', 'b'] })
      clock.now += leaseMs
      const again = await customer.admitted({ units: 2, idempotency: claim })
      await customer.accept(again.reservation)
      // The worker may have read the copy of the first call.
      expect(await giveBack(failed.reservation, 'a')).toBe(true)
      expect(await giveBack(again.reservation, 'a')).toBe(false)
      expect(await usageOf(customer)).toMatchObject({ dayUsed: 1, dayBack: 3 })
    })

    test('of a message with a key leave it known, so that a repeated call takes nothing', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ units: 2, ids: ['a', 'b'] })
      expect(await giveBack(reservation, 'a')).toBe(true)
      expect(await customer.admitted({ units: 2, ids: ['a', 'b'] })).toMatchObject({ messages: ['known', 'open'] })
      await customer.accept(reservation)
      expect(await giveBack(reservation, 'b')).toBe(true)
      expect(await customer.admitted({ units: 2, ids: ['a', 'b'] })).toMatchObject({ messages: ['known', 'known'] })
      expect(await customer.spent()).toEqual([0, 0])
    })
  })
}
