import { describe, expect, test } from 'vitest'
import type { World } from '../contract.ts'

export function limitsContract({ tenant, clock }: World): void {
  describe('limits', () => {
    test('the rate admits a burst, and then gives the millisecond at which the next unit is available', async () => {
      const customer = await tenant({ quotas: { live: { rate: 3, burst: 3, day: 100 } } })
      for (const left of [2, 1, 0]) expect((await customer.admitted()).remaining.rate).toBe(left)
      // A unit takes 333.333 ms.
      const refusal = await customer.refused('rate-exceeded')
      expect(refusal).toMatchObject({ retryAfterMs: 334, remaining: { rate: 0, rateResetUs: 999_999, day: 97 } })
      clock.now += 333
      expect((await customer.refused('rate-exceeded')).retryAfterMs).toBe(1)
      clock.now += 1
      await customer.admitted()
      await customer.refused('rate-exceeded')
      expect(await customer.spent()).toEqual([4, 4])
    })

    test('a call with several units waits until all of them fit', async () => {
      const customer = await tenant({ quotas: { live: { rate: 2, burst: 4, day: 100 } } })
      await customer.admitted({ units: 3 })
      expect((await customer.refused('rate-exceeded', { units: 3 })).retryAfterMs).toBe(1000)
      await customer.admitted({ units: 1 })
      clock.now += 1500
      await customer.admitted({ units: 3 })
    })

    test('a pause of any length allows no more than one burst', async () => {
      const customer = await tenant({ quotas: { live: { rate: 10, burst: 2, day: 100 } } })
      clock.now += 3_600_000
      await customer.admitted({ units: 2 })
      expect((await customer.refused('rate-exceeded')).retryAfterMs).toBe(100)
    })

    test('a rate below one unit per second is counted exactly', async () => {
      const customer = await tenant({ quotas: { live: { rate: 0.001, burst: 1, day: 100 } } })
      await customer.admitted()
      expect((await customer.refused('rate-exceeded')).retryAfterMs).toBe(1_000_000)
      clock.now += 999_999
      expect((await customer.refused('rate-exceeded')).retryAfterMs).toBe(1)
      clock.now += 1
      await customer.admitted()
    })

    test.each([
      ['burst', { rate: 100, burst: 3, day: 10, month: 10 }],
      ['day', { rate: 100, burst: 10, day: 3, month: 10 }],
      ['month', { month: 3 }],
    ])('more units than the limit %s can ever allow are refused without a retry time', async (_, quota) => {
      const customer = await tenant({ quotas: { live: quota } })
      const refusal = await customer.refused('units-exceed-limit', { units: 4 })
      expect(refusal).not.toHaveProperty('retryAfterMs')
      expect(refusal.remaining).toMatchObject({ quota })
      await customer.admitted({ units: 3 })
    })

    test('a call is admitted as a whole or not at all', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 10, day: 5, month: 8 } } })
      await customer.admitted({ units: 3 })
      expect((await customer.refused('day-quota-exceeded', { units: 3 })).remaining).toMatchObject({ rate: 7, day: 2, month: 5 })
      expect(await customer.spent()).toEqual([3, 3])
      expect((await customer.admitted({ units: 2 })).remaining).toMatchObject({ rate: 5, day: 0, month: 3 })
      clock.now += 86_400_000
      await customer.refused('month-quota-exceeded', { units: 4 })
      expect((await customer.admitted({ units: 3 })).remaining).toMatchObject({ rate: 7, day: 2, month: 0 })
    })

    test('the rate is reported first, then the day, then the month', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 1, day: 1, month: 1 } } })
      await customer.admitted()
      await customer.refused('rate-exceeded')
      clock.now += 1000
      await customer.refused('day-quota-exceeded')
      clock.now += 86_400_000
      await customer.refused('month-quota-exceeded')
    })

    test('reading costs nothing, even when all quotas are used up', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 1, day: 1, month: 1 } } })
      await customer.admitted()
      for (let call = 0; call < 3; call++) {
        expect((await customer.admitted({ units: 0 })).remaining).toMatchObject({ rate: 0, day: 0, month: 0 })
      }
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('a limit can be raised during a period, and earlier units still count', async () => {
      const customer = await tenant({ quotas: { live: { day: 2 } } })
      await customer.admitted({ units: 2 })
      await customer.refused('day-quota-exceeded')
      await customer.setQuota({ day: 5, month: 4 })
      expect((await customer.admitted()).remaining).toMatchObject({ day: 2, month: 1 })
      await customer.refused('month-quota-exceeded', { units: 2 })
    })

    test('a limit can be set below what was spent: nothing is left, and nothing is owed', async () => {
      const customer = await tenant({ quotas: { live: { day: 10 } } })
      await customer.admitted({ units: 6 })
      await customer.setQuota({ day: 4 })
      expect((await customer.refused('day-quota-exceeded')).remaining).toMatchObject({ day: 0 })
      await customer.setQuota({ day: 7 })
      await customer.admitted()
      clock.now += 86_400_000
      expect((await customer.admitted()).remaining.day).toBe(6)
    })

    test('a removed limit does not apply, and units are still counted', async () => {
      const customer = await tenant({ quotas: { live: { day: 1, month: 10 } } })
      await customer.admitted()
      await customer.setQuota({ month: 10 })
      await customer.admitted({ units: 4 })
      await customer.setQuota({ day: 5, month: 10 })
      await customer.refused('day-quota-exceeded')
    })

    test('a higher rate applies from the next call', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 1, day: 100 } } })
      await customer.admitted()
      await customer.refused('rate-exceeded')
      await customer.setQuota({ rate: 100, burst: 200, day: 100 })
      expect((await customer.admitted()).remaining.rate).toBe(99)
    })

    test('the largest limits are exact to the unit', async () => {
      const most = 1_000_000_000_000
      const customer = await tenant({ quotas: { live: { rate: most, burst: most, day: most, month: most } } })
      await customer.admitted({ units: most - 1 })
      clock.now += 2000
      expect((await customer.admitted()).remaining).toMatchObject({ day: 0, month: 0 })
      clock.now += 2000
      await customer.refused('day-quota-exceeded')
      expect(await customer.spent()).toEqual([most, most])
    })

    test('a thousand concurrent calls are admitted up to the limit', async () => {
      const customer = await tenant({ quotas: { live: { day: 100 } } })
      const answers = await Promise.all(Array.from({ length: 1000 }, () => customer.admit()))
      expect(answers.filter((answer) => answer.kind === 'admitted')).toHaveLength(100)
      expect(await customer.spent()).toEqual([100, 100])
    })
  })
}
