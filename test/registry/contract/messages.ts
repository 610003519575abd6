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
  })
}
