import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { windowsAt } from '../../../src/domain/calendar.ts'
import type { World } from '../contract.ts'
import { at } from '../fixtures.ts'

const hourMs = 3_600_000

/** Name, time zone, first instant, first instant after it, and length in hours. */
const days: [string, string, string, string, number][] = [
  ['a day in Seoul', 'Asia/Seoul', '2026-11-23T00:00+09:00', '2026-11-24T00:00+09:00', 24],
  ['the day on which clocks go forward', 'America/New_York', '2026-03-08T00:00-05:00', '2026-03-09T00:00-04:00', 23],
  ['the day on which clocks go back', 'America/New_York', '2026-11-01T00:00-04:00', '2026-11-02T00:00-05:00', 25],
  ['February 28 of a common year', 'Asia/Seoul', '2027-02-28T00:00+09:00', '2027-03-01T00:00+09:00', 24],
  ['February 28 of a leap year', 'Asia/Seoul', '2028-02-28T00:00+09:00', '2028-02-29T00:00+09:00', 24],
  ['February 29', 'Asia/Seoul', '2028-02-29T00:00+09:00', '2028-03-01T00:00+09:00', 24],
  ["New Year's Eve", 'Pacific/Kiritimati', '2026-12-31T00:00+14:00', '2027-01-01T00:00+14:00', 24],
  ['a day without a midnight', 'Africa/Cairo', '2026-04-24T01:00+03:00', '2026-04-25T00:00+03:00', 23],
  ['a day in a zone with a 45-minute offset', 'Asia/Kathmandu', '2026-05-05T00:00+05:45', '2026-05-06T00:00+05:45', 24],
]

const months: [string, string, string, string, number][] = [
  ['a month of 31 days', 'Asia/Seoul', '2026-12-01T00:00+09:00', '2027-01-01T00:00+09:00', 31 * 24],
  ['a month of 30 days', 'Asia/Seoul', '2026-11-01T00:00+09:00', '2026-12-01T00:00+09:00', 30 * 24],
  ['a common February', 'Asia/Seoul', '2027-02-01T00:00+09:00', '2027-03-01T00:00+09:00', 28 * 24],
  ['a February with a leap day', 'Asia/Seoul', '2028-02-01T00:00+09:00', '2028-03-01T00:00+09:00', 29 * 24],
  ['March in New York', 'America/New_York', '2026-03-01T00:00-05:00', '2026-04-01T00:00-04:00', 31 * 24 - 1],
  ['November in New York', 'America/New_York', '2026-11-01T00:00-04:00', '2026-12-01T00:00-05:00', 30 * 24 + 1],
]

export function calendarContract({ tenant, clock }: World): void {
  describe('calendar', () => {
    const inZone = (id: string, timeZone: string) => ({ id, name: id, state: 'active', timeZone, createdAt: 0 }) as const

    test.each(days)('%s (%s) has one quota, from its first millisecond to its last', async (_, zone, start, end, hours) => {
      expect(at(end) - at(start)).toBe(hours * hourMs)
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      await customer.setCustomer(inZone(customer.id, zone))
      clock.now = at(start) - 1
      await customer.admitted()
      clock.now = at(start)
      const { windows } = await customer.admitted()
      expect([windows.day.start, windows.day.end]).toEqual([at(start), at(end)])
      clock.now = at(end) - 1
      expect((await customer.refused('day-quota-exceeded')).retryAfterMs).toBe(1)
      clock.now = at(end)
      await customer.admitted()
    })

    test.each(months)('%s (%s) has one quota, from its first millisecond to its last', async (_, zone, start, end, hours) => {
      expect(at(end) - at(start)).toBe(hours * hourMs)
      const customer = await tenant({ quotas: { live: { month: 1 } } })
      await customer.setCustomer(inZone(customer.id, zone))
      clock.now = at(start)
      const { windows } = await customer.admitted()
      expect([windows.month.start, windows.month.end]).toEqual([at(start), at(end)])
      clock.now = at(end) - 1
      expect((await customer.refused('month-quota-exceeded')).retryAfterMs).toBe(1)
      clock.now = at(end)
      await customer.admitted()
    })

    test('an exhausted day quota gives the end of the day, a month quota the end of the month', async () => {
      const customer = await tenant({ quotas: { live: { day: 1, month: 2 } } })
      clock.now = at('2026-11-28T18:00+09:00')
      await customer.admitted()
      expect((await customer.refused('day-quota-exceeded')).retryAfterMs).toBe(6 * hourMs)
      clock.now += 24 * hourMs
      await customer.admitted()
      clock.now += 24 * hourMs
      expect((await customer.refused('month-quota-exceeded')).retryAfterMs).toBe(6 * hourMs)
    })

    test('a clock that is set back across midnight gives no second quota', async () => {
      const customer = await tenant({ quotas: { live: { day: 2, month: 100 } } })
      const midnight = at('2026-12-01T00:00+09:00')
      clock.now = midnight - 1000
      await customer.admitted({ units: 2 })
      clock.now = midnight + 1000
      await customer.admitted()
      clock.now = midnight - 1000
      expect((await customer.admitted()).reservation).toMatchObject({ day: '2026-12-01', month: '2026-12' })
      await customer.refused('day-quota-exceeded')
      clock.now = midnight + 2000
      await customer.refused('day-quota-exceeded')
      expect(await customer.spent()).toEqual([2, 2])
    })

    test('a clock that is set back neither shortens the wait for the rate nor raises it', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 1, day: 100 } } })
      await customer.admitted()
      clock.now -= 500
      expect((await customer.refused('rate-exceeded')).retryAfterMs).toBe(1500)
    })

    test('after a move to the west, the current day counts on until it ends in the new zone', async () => {
      const customer = await tenant({ quotas: { live: { day: 1 } } })
      clock.now = at('2026-11-24T08:00+09:00')
      await customer.admitted()
      await customer.setCustomer(inZone(customer.id, 'America/New_York'))
      const refusal = await customer.refused('day-quota-exceeded')
      expect(refusal.windows?.day.id).toBe('2026-11-23')
      clock.now = at('2026-11-23T23:59:59-05:00')
      expect((await customer.refused('day-quota-exceeded')).retryAfterMs).toBe(1000)
      clock.now += 1000
      await customer.admitted()
      await customer.refused('day-quota-exceeded')
    })

    test('a move east and back gives no new day: units spent in hours that both days share stay spent', async () => {
      const customer = await tenant({ quotas: { live: { day: 100, month: 1000 } } })
      clock.now = at('2026-11-23T18:00+09:00')
      await customer.admitted({ units: 4 })
      for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Seoul', 'UTC']) {
        await customer.setCustomer(inZone(customer.id, zone))
        const { remaining, windows } = await customer.admitted({ units: 0 })
        expect(remaining).toMatchObject({ day: 96, month: 996 })
        expect(windows).toEqual(windowsAt(zone, clock.now))
      }
      clock.now = at('2026-11-24T00:00Z')
      expect((await customer.admitted({ units: 0 })).remaining).toMatchObject({ day: 100, month: 996 })
    })

    test('a month that has already begun in the new zone keeps the units spent', async () => {
      const customer = await tenant({ quotas: { live: { month: 10 } } })
      clock.now = at('2026-11-30T20:00+09:00')
      await customer.admitted({ units: 7 })
      await customer.setCustomer(inZone(customer.id, 'Pacific/Kiritimati'))
      const { remaining, windows } = await customer.admitted({ units: 1 })
      expect(windows.month.id).toBe('2026-12')
      expect(remaining.month).toBe(2)
    })

    test('units are returned to a count that has moved to a different zone', async () => {
      const customer = await tenant({ quotas: { live: { day: 10, month: 10 } } })
      clock.now = at('2026-11-30T20:00+09:00')
      const { reservation } = await customer.admitted({ units: 7 })
      await customer.setCustomer(inZone(customer.id, 'Pacific/Kiritimati'))
      await customer.admitted({ units: 1 })
      expect(await customer.fail(reservation)).toBe(true)
      expect(await customer.spent()).toEqual([1, 1])
    })

    test('a change of the zone alone never raises what is left, and a count restarts only at midnight', async () => {
      const zones = ['Asia/Seoul', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York', 'UTC', 'Asia/Kathmandu']
      const step = fc.record({
        zone: fc.constantFrom(...zones),
        hours: fc.integer({ min: 0, max: 6 }),
        units: fc.integer({ min: 0, max: 4 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
          clock.now = at('2026-11-29T12:00+09:00')
          const customer = await tenant({ quotas: { live: { day: 10, month: 25 } } })
          let zone = 'Asia/Seoul'
          const left = async () => (await customer.admitted({ units: 0 })).remaining
          let spent = { day: 0, month: 0 }
          for (const { hours, units, ...next } of steps) {
            const before = windowsAt(zone, clock.now)
            clock.now += hours * 3_600_000
            if (clock.now >= before.day.end) spent = { ...spent, day: 0 }
            if (clock.now >= before.month.end) spent = { ...spent, month: 0 }
            expect(await left()).toMatchObject({ day: 10 - spent.day, month: 25 - spent.month })
            zone = next.zone
            await customer.setCustomer(inZone(customer.id, zone))
            expect(await left()).toMatchObject({ day: 10 - spent.day, month: 25 - spent.month })
            const admission = await customer.admit({ units })
            if (admission.kind === 'admitted') spent = { day: spent.day + units, month: spent.month + units }
            expect(Math.max(spent.day - 10, spent.month - 25)).toBeLessThanOrEqual(0)
          }
        }),
        { numRuns: 40, interruptAfterTimeLimit: 20_000 },
      )
    })
  })
}
