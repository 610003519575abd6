import { describe, expect, test } from 'vitest'
import { leaseMs } from '../../../src/domain/admission.ts'
import type { World } from '../contract.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }

export function idempotencyContract({ tenant, clock, engine }: World): void {
  describe('idempotency', () => {
    test('a duplicate of a running call gets a retry time and takes no units', async () => {
      const customer = await tenant()
      await customer.admitted({ idempotency: claim })
      clock.now += 1
      const refusal = await customer.refused('idempotency-in-progress', { idempotency: claim })
      expect(refusal.retryAfterMs).toBe(leaseMs - 1)
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('after a call is accepted, a replay gets the first answer, byte for byte, and takes nothing', async () => {
      const customer = await tenant()
      const response = '{"id":"0","text":"안녕 \\u0000 😀 |"}'
      const { reservation } = await customer.admitted({ idempotency: claim })
      expect(await customer.accept(reservation, response)).toBe(true)
      expect(await customer.admit({ idempotency: claim })).toEqual({ kind: 'replay', response })
      clock.now += leaseMs + 1
      expect(await customer.admit({ idempotency: claim })).toEqual({ kind: 'replay', response })
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('the first answer is final', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ idempotency: claim })
      expect(await customer.accept(reservation, 'first')).toBe(true)
      expect(await customer.accept(reservation, 'second')).toBe(false)
      expect(await customer.admit({ idempotency: claim })).toEqual({ kind: 'replay', response: 'first' })
    })

    test('a replay needs no route, quota or units, but a caller that may still call', async () => {
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      const { reservation } = await customer.admitted({ idempotency: claim })
      await customer.accept(reservation)
      await customer.change((profile) => ({ ...profile, routes: [], quotas: {} }))
      expect((await customer.admit({ idempotency: claim })).kind).toBe('replay')
      await customer.setCustomer({ state: 'suspended' })
      await customer.refused('customer-suspended', { idempotency: claim })
    })

    test('the key with a different fingerprint is refused, during the call, after it, and after the lease', async () => {
      const customer = await tenant()
      const other = { ...claim, fingerprint: 'body-2' }
      const { reservation } = await customer.admitted({ idempotency: claim })
      await customer.refused('idempotency-key-reused', { idempotency: other })
      clock.now += leaseMs
      await customer.refused('idempotency-key-reused', { idempotency: other })
      await customer.accept(reservation)
      await customer.refused('idempotency-key-reused', { idempotency: other })
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('a key belongs to one customer and one environment', async () => {
      const [one, two] = [await tenant(), await tenant()]
      for (const customer of [one, two]) {
        for (const environment of ['live', 'test'] as const) {
          const { reservation } = await customer.admitted({ environment, idempotency: claim })
          expect(reservation.attempt).toBe(1)
        }
      }
      expect(await one.spent('test')).toEqual([1, 1])
    })

    test('after the lease, the call resumes as a second attempt with the units it took, and takes no others', async () => {
      const customer = await tenant({ quotas: { live: { rate: 10, burst: 5, day: 3, month: 100 } } })
      const first = await customer.admitted({ units: 3, idempotency: claim })
      clock.now += leaseMs - 1
      expect((await customer.refused('idempotency-in-progress', { units: 3, idempotency: claim })).retryAfterMs).toBe(1)
      clock.now += 1
      const second = await customer.admitted({ units: 3, idempotency: claim })
      expect(second.reservation).toEqual({ ...first.reservation, attempt: 2 })
      expect(second).toMatchObject({ way: first.way, now: clock.now, remaining: { day: 0, month: 97 } })
      expect(await customer.spent()).toEqual([3, 3])
      clock.now += leaseMs
      expect((await customer.admitted({ units: 3, idempotency: claim })).reservation.attempt).toBe(3)
    })

    test('a call that resumes on the next day still holds the units of its first day', async () => {
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      const first = await customer.admitted({ idempotency: claim })
      clock.now += 86_400_000
      const second = await customer.admitted({ idempotency: claim })
      expect(second.reservation.day).toBe(first.reservation.day)
      expect(second.windows.day.id).toBe('2026-11-17')
      await customer.admitted()
    })

    test('a refused call leaves no record behind', async () => {
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      await customer.admitted()
      await customer.refused('day-quota-exceeded', { idempotency: claim })
      await customer.setQuota({ day: 2 })
      expect((await customer.admitted({ idempotency: claim })).reservation.attempt).toBe(1)
    })

    test('a call that costs nothing keeps a record too', async () => {
      const customer = await tenant()
      await customer.admitted({ units: 0, idempotency: claim })
      await customer.refused('idempotency-in-progress', { units: 0, idempotency: claim })
      expect(await customer.spent()).toEqual([0, 0])
    })

    test('an accepted call is remembered even if its record was lost meanwhile', async () => {
      const customer = await tenant()
      const { reservation } = await customer.admitted({ idempotency: claim })
      await engine().forget(customer.id, 'live', claim.key)
      expect(await customer.accept(reservation, 'kept')).toBe(true)
      expect(await customer.admit({ idempotency: claim })).toEqual({ kind: 'replay', response: 'kept' })
    })

    test('exactly one of many concurrent calls with the same key is admitted', async () => {
      const customer = await tenant()
      const answers = await Promise.all(Array.from({ length: 50 }, () => customer.admit({ idempotency: claim })))
      expect(answers.filter((answer) => answer.kind === 'admitted')).toHaveLength(1)
      const waiting = answers.filter((answer) => answer.kind === 'refused' && answer.reason === 'idempotency-in-progress')
      expect(waiting).toHaveLength(49)
      expect(await customer.spent()).toEqual([1, 1])
    })
  })
}
