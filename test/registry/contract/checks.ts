import { describe, expect, test } from 'vitest'
import type { AddressRange } from '../../../src/domain/address.ts'
import { addressRange } from '../../../src/domain/address.ts'
import { type Refusal, refusals } from '../../../src/domain/admission.ts'
import { windowsAt } from '../../../src/domain/calendar.ts'
import type { Environment } from '../../../src/domain/names.ts'
import type { World } from '../contract.ts'
import { addressOf, noon, profileOf, Tenant } from '../fixtures.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }

interface Cause {
  break(tenant: Tenant): Promise<void>
  mend(tenant: Tenant): Promise<void>
}

/** Reasons that come from earlier calls, not from the profile. */
const atLimits: Cause = { break: async () => undefined, mend: async () => undefined }

/** Each reason with a step that causes it and a step that removes it, in the order of the checks. */
const causes: Record<Refusal, Cause> = {
  'credentials-invalid': {
    break: (tenant) => withKey(tenant, { keyId: 'another' }),
    mend: (tenant) => withKey(tenant, { keyId: 'k-live' }),
  },
  'customer-suspended': {
    break: (tenant) => tenant.setCustomer({ state: 'suspended' }),
    mend: (tenant) => tenant.setCustomer({ state: 'active' }),
  },
  'key-revoked': { break: (tenant) => withKey(tenant, { revokedAt: noon }), mend: (tenant) => withoutField(tenant, 'revokedAt') },
  'key-not-yet-valid': {
    break: (tenant) => withKey(tenant, { notBefore: noon + 1 }),
    mend: (tenant) => withKey(tenant, { notBefore: noon }),
  },
  'key-expired': {
    break: (tenant) => withKey(tenant, { expiresAt: noon }),
    mend: (tenant) => withKey(tenant, { expiresAt: noon + 3_600_000 }),
  },
  'environment-mismatch': {
    break: (tenant) => withKey(tenant, { environment: 'test' }),
    mend: (tenant) => withKey(tenant, { environment: 'live' }),
  },
  'ip-not-allowed': {
    break: (tenant) => withKey(tenant, { allowIps: [addressRange('198.51.100.0/24')] }),
    mend: (tenant) => withKey(tenant, { allowIps: [addressRange('203.0.113.7')] }),
  },
  'nonce-reused': atLimits,
  'idempotency-in-progress': atLimits,
  'idempotency-key-reused': atLimits,
  'route-missing': {
    break: (tenant) => tenant.change((profile) => ({ ...profile, routes: [] })),
    mend: (tenant) => tenant.change((profile) => ({ ...profile, routes: profileOf(tenant.id).routes })),
  },
  'quota-missing': {
    break: (tenant) => tenant.change((profile) => ({ ...profile, quotas: {} })),
    mend: (tenant) => tenant.setQuota({ rate: 1, burst: 1, day: 2, month: 2 }),
  },
  'units-exceed-limit': atLimits,
  'rate-exceeded': atLimits,
  'day-quota-exceeded': atLimits,
  'month-quota-exceeded': atLimits,
}

interface KeyChange {
  readonly keyId?: string
  readonly environment?: Environment
  readonly notBefore?: number
  readonly expiresAt?: number
  readonly revokedAt?: number
  readonly allowIps?: readonly AddressRange[]
}

function withKey(tenant: Tenant, change: KeyChange): Promise<void> {
  return tenant.change((profile) => {
    const [first, ...rest] = profile.credentials
    return { ...profile, credentials: first === undefined ? [] : [{ ...first, ...change }, ...rest] }
  })
}

function withoutField(tenant: Tenant, field: 'revokedAt'): Promise<void> {
  return tenant.change((profile) => ({
    ...profile,
    credentials: profile.credentials.map(({ [field]: _gone, ...credential }) => credential),
  }))
}

export function checksContract({ tenant, clock, engine }: World): void {
  describe('what is checked before any limit', () => {
    const before = refusals.filter((reason) => causes[reason] !== atLimits)

    test.each(before)('%s refuses, takes nothing, and ends with its cause', async (reason) => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 1, day: 2, month: 2 } } })
      await causes[reason].break(customer)
      const refusal = await customer.refused(reason)
      expect(refusal.now).toBe(noon)
      expect(refusal.retryAfterMs).toBeUndefined()
      expect(refusal.remaining).toBeUndefined()
      expect(await customer.spent()).toEqual([0, 0])
      await causes[reason].mend(customer)
      await customer.admitted()
    })

    test('the reasons are checked in the listed order, and the first one is returned', async () => {
      // Given a customer with every problem at once
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 1, day: 2, month: 2 } } })
      const running = await customer.admitted({ idempotency: claim })
      const other = { idempotency: { ...claim, fingerprint: 'body-2' } }
      for (const reason of before.toReversed()) await causes[reason].break(customer)
      // When the causes are removed one after the other, the next one appears
      for (const reason of before.slice(0, before.indexOf('route-missing'))) {
        await customer.refused(reason, other)
        await causes[reason].mend(customer)
      }
      await customer.refused('idempotency-key-reused', other)
      await customer.refused('idempotency-in-progress', { idempotency: claim })
      await customer.accept(running.reservation)
      expect((await customer.admit({ idempotency: claim })).kind).toBe('replay')
      for (const reason of ['route-missing', 'quota-missing'] as const) {
        await customer.refused(reason, { units: 3 })
        await causes[reason].mend(customer)
      }
      await customer.refused('units-exceed-limit', { units: 3 })
      await customer.refused('rate-exceeded')
      await customer.setQuota({ rate: 1000, burst: 1000, day: 1, month: 1 })
      clock.now += 2000
      await customer.refused('day-quota-exceeded')
      await customer.setQuota({ rate: 1000, burst: 1000, day: 2, month: 1 })
      await customer.refused('month-quota-exceeded')
    })

    test('an unknown customer and an unknown key get the same answer', async () => {
      const customer = await tenant()
      const unknown = await customer.admit({ customer: 'stranger' })
      expect(unknown).toEqual({ kind: 'refused', reason: 'credentials-invalid', now: noon })
      expect(await customer.admit({ keyId: 'k-none' })).toEqual(unknown)
      await customer.setCustomer({ state: 'suspended' })
      expect(await customer.admit({ keyId: 'k-none' })).toEqual(unknown)
    })

    test('a key of a different customer is refused', async () => {
      const [one, two] = [await tenant(), await tenant()]
      await two.change((profile) => ({ ...profile, credentials: [] }))
      await two.refused('credentials-invalid')
      await one.admitted()
    })

    test('a key is valid from and until an exact millisecond', async () => {
      const customer = await tenant()
      await withKey(customer, { notBefore: noon + 1000, expiresAt: noon + 2000 })
      clock.now = noon + 999
      await customer.refused('key-not-yet-valid')
      clock.now = noon + 1000
      await customer.admitted()
      clock.now = noon + 1999
      await customer.admitted()
      clock.now = noon + 2000
      await customer.refused('key-expired')
    })

    test.each([
      ['203.0.113.7', ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107'], ['203.0.113.6', '203.0.113.8', '::cb00:7107']],
      ['203.0.113.64/26', ['203.0.113.64', '203.0.113.127'], ['203.0.113.63', '203.0.113.128', '2001:db8::1']],
      ['2001:db8::/32', ['2001:db8::', '2001:0DB8:ffff::1'], ['2001:db9::', '2001:db7:ffff::', '203.0.113.7']],
      ['::ffff:203.0.113.0/120', ['203.0.113.1', '::ffff:203.0.113.255'], ['203.0.114.0']],
      ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1', '2001:db8::1']],
      ['::/0', ['0.0.0.0', '::1', 'ffff::'], []],
    ])('a key bound to %s serves only its addresses', async (range, inside, outside) => {
      const customer = await tenant({ quotas: { live: { day: 100 } } })
      await withKey(customer, { allowIps: [addressRange('192.0.2.1'), addressRange(range)] })
      for (const address of inside) await customer.admitted({ address: addressOf(address) })
      for (const address of outside) await customer.refused('ip-not-allowed', { address: addressOf(address) })
    })

    test('a call without an API needs no route and has no target', async () => {
      const customer = await tenant({ routes: [] })
      const { api: _none, ...request } = customer.request({ units: 0 })
      const admission = await customer.registry.admit(request)
      expect(admission).toMatchObject({ kind: 'admitted', remaining: { day: 10, month: 100 } })
      expect(admission).not.toHaveProperty('way')
    })

    test('an admitted call returns target, reservation, windows, clock and the remainder of every limit', async () => {
      const customer = await tenant()
      await customer.setQuota({ rate: 2, burst: 5, day: 10, month: 100 })
      const request = customer.request({ units: 3, idempotency: claim })
      expect(await customer.registry.admit(request)).toEqual({
        kind: 'admitted',
        way: '{"targets":[{"queue":"sms","weight":1,"order":1}]}',
        reservation: {
          id: request.reservation,
          customer: customer.id,
          environment: 'live',
          units: 3,
          day: '2026-11-16',
          month: '2026-11',
          rateCost: 1_500_000,
          admittedAt: noon,
          attempt: 1,
          idempotency: claim,
        },
        remaining: { quota: { rate: 2, burst: 5, day: 10, month: 100 }, rate: 2, rateResetUs: 1_500_000, day: 7, month: 97 },
        windows: windowsAt('Asia/Seoul', noon),
        now: noon,
      })
      expect(await customer.admit({ environment: 'test' })).toMatchObject({
        way: '{"targets":[{"queue":"sandbox","weight":1,"order":1}]}',
      })
    })

    test('a suspension and a revocation apply to the next call, in every gateway', async () => {
      const customer = await tenant()
      const other = await engine().open(clock)
      const gateways = [customer, new Tenant(other, customer.id)]
      for (const gateway of gateways) await gateway.admitted()
      await withKey(customer, { revokedAt: clock.now })
      for (const gateway of gateways) await gateway.refused('key-revoked')
      for (const gateway of gateways) await gateway.admitted({ environment: 'test' })
      await customer.setCustomer({ state: 'suspended' })
      for (const gateway of gateways) await gateway.refused('customer-suspended', { environment: 'test' })
      await other.close()
    })
  })
}
