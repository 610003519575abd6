import { describe, expect, test } from 'vitest'
import { policyOf, policyVersion } from '../../../src/domain/sending.ts'
import type { World } from '../contract.ts'
import { freshId } from '../fixtures.ts'

const sending = { from: 'any', destinations: ['+82', '+1'] } as const
const versionOf = (...of: Parameters<typeof policyOf>) => policyVersion(policyOf(...of))

export function policyContract({ tenant, clock }: World): void {
  describe('the sending policy', () => {
    test('is answered to a call that was planned with another one, and nothing is used up', async () => {
      const customer = await tenant({ routes: [], sending })
      const nonce = { value: freshId(), rememberMs: 1000 }
      const asking = { nonce, fallback: 'ask', idempotency: { key: 'order', fingerprint: 'body' } } as const
      const answer = { kind: 'policy', version: versionOf(sending), policy: policyOf(sending), now: clock.now }
      for (const policy of ['', versionOf()]) expect(await customer.admit({ ...asking, policy })).toEqual(answer)
      expect(await customer.spent()).toEqual([0, 0])
      const policy = versionOf(sending)
      expect((await customer.admit({ ...asking, policy })).kind).toBe('unrouted')
      await customer.admitted({ ...asking, policy, fallback: { way: '{}' } })
    })

    test('is the default for a customer without settings, and the current one from the first call after a change', async () => {
      const customer = await tenant()
      await customer.admitted({ policy: versionOf() })
      await customer.change((profile) => ({ ...profile, sending }))
      expect(await customer.admit({ policy: versionOf() })).toMatchObject({ kind: 'policy', version: versionOf(sending) })
      await customer.admitted({ policy: versionOf(sending) })
    })

    test('is not compared for a caller who may not call, for a recalled call, or for a call that sends nothing', async () => {
      const customer = await tenant()
      await customer.admitted()
      const recalled = { recall: true, idempotency: { key: 'order', fingerprint: 'body' } } as const
      expect((await customer.admit({ ...recalled, policy: 'another' })).kind).toBe('unrecorded')
      await customer.setCustomer({ state: 'suspended' })
      await customer.refused('customer-suspended', { policy: 'another' })
    })
  })
}
