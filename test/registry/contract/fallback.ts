import { describe, expect, test } from 'vitest'
import type { World } from '../contract.ts'
import { freshId } from '../fixtures.ts'

const fallback = { way: '{"targets":[{"queue":"shared","weight":1,"order":1}]}' }

export function fallbackContract({ tenant, clock }: World): void {
  describe('a customer without a route of its own', () => {
    test('has to ask again with a default, and uses up nothing before that', async () => {
      const customer = await tenant({ routes: [] })
      const nonce = { value: freshId(), rememberMs: 1000 }
      const idempotency = { key: 'order', fingerprint: 'body' }
      const asking = { nonce, idempotency, fallback: 'ask' } as const
      expect(await customer.admit(asking)).toEqual({ kind: 'unrouted', now: clock.now })
      expect(await customer.spent()).toEqual([0, 0])
      expect(await customer.admitted({ nonce, idempotency, fallback })).toMatchObject({ way: fallback.way })
      expect(await customer.spent()).toEqual([1, 1])
      await customer.refused('nonce-reused', { nonce, idempotency, fallback })
    })

    test('is refused when no default exists', async () => {
      const customer = await tenant({ routes: [] })
      await customer.refused('route-missing')
    })

    test('is checked first: an unauthorized caller learns nothing about routes', async () => {
      const customer = await tenant({ routes: [] })
      await customer.setCustomer({ state: 'suspended' })
      for (const one of ['ask', fallback] as const) await customer.refused('customer-suspended', { fallback: one })
    })

    test('resumes on the default after its lease', async () => {
      const customer = await tenant({ routes: [] })
      const idempotency = { key: 'order', fingerprint: 'body' }
      await customer.admitted({ idempotency, fallback })
      clock.now += 60_000
      const second = await customer.admitted({ idempotency, fallback })
      expect(second).toMatchObject({ way: fallback.way, reservation: { attempt: 2 } })
    })
  })

  test('takes its own route over any default', async () => {
    const customer = await tenant()
    for (const one of ['ask', fallback] as const) {
      expect((await customer.admitted({ fallback: one })).way).toContain('"sms"')
    }
  })
}
