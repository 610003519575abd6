import { describe, expect, test } from 'vitest'
import type { Admission } from '../../../src/domain/admission.ts'
import type { World } from '../contract.ts'
import { freshId, type Tenant } from '../fixtures.ts'

const rememberMs = 660_000

function nonce(value = freshId()) {
  return { nonce: { value, rememberMs } }
}

async function firstOf(customer: Tenant, more: ReturnType<typeof nonce>): Promise<Admission[]> {
  return Promise.all(Array.from({ length: 16 }, () => customer.admit(more)))
}

export function noncesContract({ tenant, clock, registry }: World): void {
  describe('a nonce', () => {
    test('is accepted once, and a second call with it takes no unit', async () => {
      const customer = await tenant()
      const once = nonce()
      await customer.admitted(once)
      await customer.refused('nonce-reused', once)
      expect(await customer.spent()).toEqual([1, 1])
      await customer.admitted(nonce())
    })

    test('is accepted once among many concurrent calls', async () => {
      const customer = await tenant()
      const answers = await firstOf(customer, nonce())
      expect(answers.filter((answer) => answer.kind === 'admitted')).toHaveLength(1)
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('is consumed by a call that costs nothing', async () => {
      const customer = await tenant()
      const once = nonce()
      await customer.admitted({ ...once, units: 0 })
      await customer.refused('nonce-reused', once)
    })

    test('is consumed by a call that exceeds a limit: a captured call must not pass when the limit is lifted', async () => {
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      await customer.admitted()
      const once = nonce()
      await customer.refused('day-quota-exceeded', once)
      await customer.setQuota({ day: 5 })
      await customer.refused('nonce-reused', once)
    })

    test('is checked before a replay is answered, so that a captured call learns nothing', async () => {
      const customer = await tenant()
      const idempotency = { key: 'order', fingerprint: 'body' }
      const once = nonce()
      const { reservation } = await customer.admitted({ ...once, idempotency })
      await customer.accept(reservation)
      await customer.refused('nonce-reused', { ...once, idempotency })
      expect((await customer.admit({ ...nonce(), idempotency })).kind).toBe('replay')
    })

    test('is not consumed by a call that is refused before the check', async () => {
      const customer = await tenant()
      const once = nonce()
      await customer.setCustomer({ state: 'suspended' })
      await customer.refused('customer-suspended', once)
      await customer.setCustomer({ state: 'active' })
      await customer.admitted(once)
    })

    test('belongs to one key and one customer', async () => {
      const [one, other] = [await tenant(), await tenant()]
      const once = nonce()
      await one.admitted(once)
      await one.admitted({ ...once, environment: 'test' })
      await other.admitted(once)
    })

    test('is accepted once even if the calendar has to be requested again', async () => {
      const customer = await tenant()
      const once = nonce()
      clock.now += 40 * 86_400_000
      await customer.admitted(once)
      await customer.refused('nonce-reused', once)
    })
  })

  describe('a shared document', () => {
    test('is written only with the version that was read last', async () => {
      const store = registry()
      const name = freshId()
      expect(await store.document(name)).toBeUndefined()
      expect(await store.saveDocument(name, 'one', 'never')).toBe(false)
      expect(await store.saveDocument(name, 'one', undefined)).toBe(true)
      expect(await store.saveDocument(name, 'two', undefined)).toBe(false)
      const read = await store.document(name)
      expect(read?.text).toBe('one')
      expect(await store.saveDocument(name, 'two', read?.version)).toBe(true)
      expect(await store.saveDocument(name, 'three', read?.version)).toBe(false)
      expect((await store.document(name))?.text).toBe('two')
    })
  })
}
