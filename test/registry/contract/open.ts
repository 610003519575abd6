import { describe, expect, test } from 'vitest'
import { leaseMs, reconcileAfterMs, reconcileEveryMs } from '../../../src/domain/admission.ts'
import { until } from '../../support/until.ts'
import type { World } from '../contract.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }

export function openContract({ tenant, clock, registry }: World): void {
  describe('open reservations', () => {
    test('are the unsettled ones, with the units they took, and the counts add up', async () => {
      const customer = await tenant({ quotas: { live: { rate: 10, burst: 10, day: 100 } } })
      const failed = await customer.admitted({ units: 3 })
      const partly = await customer.admitted({ units: 2 })
      const whole = await customer.admitted()
      clock.now += 1
      const left = await customer.admitted({ units: 4, idempotency: claim, trace: 'a | b' })
      await customer.fail(failed.reservation)
      await registry().settle(partly.reservation, { kind: 'accepted', refund: 1 })
      await registry().settle(whole.reservation, { kind: 'accepted' })
      // Written a moment later; a different process may answer only after that.
      await until(async () => (await registry().open(customer.id, 'live')).count === 1)
      expect(await registry().open(customer.id, 'live')).toEqual({
        count: 1,
        units: 4,
        oldest: [
          { id: left.reservation.id, units: 4, rateCost: 400_000, admittedAt: clock.now, idempotency: claim, trace: 'a | b' },
        ],
        now: clock.now,
      })
      expect((await registry().open(customer.id, 'test')).count).toBe(0)
      // Took 10, returned 4: two accepted, and four open.
      expect((await registry().usage(customer.id, 'live')).usage).toMatchObject({
        dayUsed: 6,
        dayBack: 4,
        monthUsed: 6,
        monthBack: 4,
      })
    })

    test('an abandoned one is returned once, only after its time, and frees its key', async () => {
      const customer = await tenant()
      const keyless = await customer.admitted({ units: 2 })
      const keyed = await customer.admitted({ units: 3, idempotency: claim })
      const abandon = async () => {
        const said = [keyless, keyed].map(({ reservation }) => registry().settle(reservation, { kind: 'abandoned' }))
        return Promise.all(said)
      }
      clock.now += reconcileAfterMs - 1
      expect(await abandon()).toEqual([false, false])
      // The key runs again, and that run owns the units while it is alive.
      await customer.admitted({ units: 3, idempotency: claim })
      clock.now += 1
      expect(await abandon()).toEqual([true, false])
      clock.now += leaseMs
      expect(await abandon()).toEqual([false, true])
      expect(await abandon()).toEqual([false, false])
      expect(await customer.spent()).toEqual([0, 0])
      expect((await customer.admitted({ units: 3, idempotency: claim })).reservation.attempt).toBe(1)
    })

    test('a running call keeps its key, and one that was overtaken or has ended does not', async () => {
      const customer = await tenant()
      const first = await customer.admitted({ idempotency: claim })
      clock.now += leaseMs - 1
      const alive = { kind: 'running' } as const
      expect(await registry().settle(first.reservation, alive)).toBe(true)
      clock.now += leaseMs - 1
      await customer.refused('idempotency-in-progress', { idempotency: claim })
      clock.now += 1
      const second = await customer.admitted({ idempotency: claim })
      expect(await registry().settle(first.reservation, alive)).toBe(false)
      expect(await registry().settle(second.reservation, alive)).toBe(true)
      await customer.accept(second.reservation)
      expect(await registry().settle(second.reservation, alive)).toBe(false)
      expect((await customer.admit({ idempotency: claim })).kind).toBe('replay')
    })

    test('a customer that needs reconciling is reported to one caller per interval, refused or not', async () => {
      const customer = await tenant({ quotas: { live: { day: 2 } } })
      expect(await customer.admitted({ units: 2 })).not.toHaveProperty('reconcile')
      clock.now += reconcileAfterMs - 1
      expect(await customer.refused('day-quota-exceeded')).not.toHaveProperty('reconcile')
      clock.now += 1
      const answers = await Promise.all([customer.admit(), customer.admit(), customer.admit({ units: 0 })])
      expect(answers.filter((answer) => 'reconcile' in answer)).toHaveLength(1)
      clock.now += reconcileEveryMs
      expect(await customer.admitted({ units: 0 })).toMatchObject({ reconcile: true })
    })
  })

  describe('a plan', () => {
    test('is that of the first run, for every later run', async () => {
      const customer = await tenant()
      await customer.admitted({ units: 1, idempotency: { ...claim, plan: 'first' } })
      clock.now += leaseMs
      const second = await customer.admitted({ units: 5, idempotency: { ...claim, plan: 'second' } })
      expect(second.reservation).toMatchObject({ units: 1, attempt: 2, idempotency: { plan: 'first' } })
      expect(await registry().settle(second.reservation, { kind: 'accepted', response: '[]', refund: 500 })).toBe(true)
      expect(await customer.spent()).toEqual([0, 0])
      const replay = { kind: 'replay', response: '[]', plan: 'first' }
      expect(await customer.admit({ idempotency: { ...claim, plan: 'third' } })).toEqual(replay)
    })

    test('can be recalled without taking units or starting a run', async () => {
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      const recalled = { units: 0, recall: true, idempotency: claim } as const
      expect(await customer.admit(recalled)).toEqual({ kind: 'unrecorded', now: clock.now })
      const { reservation } = await customer.admitted({ idempotency: { ...claim, plan: 'first' } })
      await customer.refused('idempotency-in-progress', recalled)
      await customer.accept(reservation, '[]')
      expect(await customer.admit(recalled)).toEqual({ kind: 'replay', response: '[]', plan: 'first' })
      await customer.refused('idempotency-key-reused', { ...recalled, idempotency: { ...claim, fingerprint: 'other' } })
    })
  })
}
