import { describe, expect, test } from 'vitest'
import { leaseMs } from '../../../src/domain/admission.ts'
import type { World } from '../contract.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }

export function messagesContract({ tenant, clock, registry }: World): void {
  describe('messages with keys of their own', () => {
    test('are known after their call was resumed without them and accepted', async () => {
      // A run that finds no row to send asks for its record only, and names no message.
      const customer = await tenant()
      const ids = ['a', 'b'].map((end) => `${customer.id}-${end}`)
      await customer.admitted({ units: 2, ids, idempotency: claim })
      clock.now += leaseMs
      const { reservation } = await customer.admitted({ units: 0, idempotency: claim })
      expect(reservation).toMatchObject({ attempt: 2, units: 2, keyed: true })
      await customer.accept(reservation)
      const again = await customer.admitted({ units: 3, ids: [...ids, `${customer.id}-c`] })
      expect(again).toMatchObject({ messages: ['known', 'known', 'new'], reservation: { units: 1 } })
      expect(await customer.spent()).toEqual([3, 3])
    })

    test('are new again if the resumed call could not send them', async () => {
      const customer = await tenant()
      const ids = ['a', 'b'].map((end) => `${customer.id}-${end}`)
      await customer.admitted({ units: 2, ids, idempotency: claim })
      clock.now += leaseMs
      const { reservation } = await customer.admitted({ units: 0, idempotency: claim })
      await registry().settle(reservation, { kind: 'accepted', response: '[1]', refund: 1, untaken: ids.slice(1) })
      expect(await customer.admitted({ units: 2, ids })).toMatchObject({ messages: ['known', 'new'] })
      expect(await customer.spent()).toEqual([2, 2])
    })

    test('take the units of each that is new, and give back those of each that is not taken', async () => {
      const customer = await tenant({ quotas: { live: { rate: 10, burst: 20, day: 20 } } })
      const ids = ['c', 'a', 'b'].map((end) => `${customer.id}-${end}`)
      const [c = '', a = '', b = ''] = ids
      const first = await customer.admitted({ units: 6, ids, weights: [3, 1, 2] })
      expect(first).toMatchObject({ reservation: { units: 6, rateCost: 600_000 }, remaining: { day: 14 } })
      const [open] = (await registry().open(customer.id, 'live')).oldest
      expect(open).toMatchObject({ units: 6, ids: [a, b, c], weights: [1, 2, 3] })
      // Given back while its call is open: what the call took for it, whatever is asked for.
      const { admittedAt: acceptedAt } = first.reservation
      expect(await registry().giveBack({ customer: customer.id, environment: 'live', id: b, units: 9, acceptedAt })).toBe(true)
      expect((await registry().open(customer.id, 'live')).oldest).toMatchObject([{ units: 4, ids: [a, c], weights: [1, 3] }])
      await registry().settle(first.reservation, { kind: 'accepted', refund: 1, untaken: [c, b] })
      expect(await customer.spent()).toEqual([1, 1])
      const again = await customer.admitted({ units: 6, ids, weights: [3, 1, 2] })
      expect(again).toMatchObject({ messages: ['new', 'known', 'known'], reservation: { units: 3 } })
      await customer.refused('units-exceed-limit', { units: 30, ids: ['x', 'y'], weights: [1, 20] })
    })
  })
}
