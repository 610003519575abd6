import fc from 'fast-check'
import { expect, it } from 'vitest'
import { noUsage, remainingOf } from '../../../../src/domain/admission.ts'
import { windowsAt } from '../../../../src/domain/calendar.ts'
import { changedQuota } from '../../../../src/domain/quota.ts'
import { rateLimitHeaders, standings } from '../../../../src/runtime/gateway/http/rate-limit-headers.ts'

// RFC 9651: a list of strings with whole numbers of at most fifteen digits as parameters.
const policy = /^"(rate|day|month)";q=(\d{1,15});w=(\d{1,15})$/
const state = /^"(rate|day|month)";r=(\d{1,15});t=(\d{1,15})$/

const limit = fc.option(fc.integer({ min: 1, max: 1_000_000_000 }), { nil: null })
const quota = fc
  .record({
    rate: fc.option(fc.double({ min: 0.001, max: 1_000_000, noNaN: true }), { nil: null }),
    burst: limit,
    day: limit,
    month: limit,
  })
  .filter(({ rate, burst, day, month }) => (day !== null || month !== null) && (rate !== null || burst === null))
  .map((change) => changedQuota({}, change))
const instant = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2060-01-01') })
const spent = fc.record({ ahead: fc.nat(100_000_000), dayUsed: fc.nat(2_000_000_000), monthUsed: fc.nat(2_000_000_000) })

it('every quota in every state gives headers that the draft allows, with the same limits in both', () => {
  const zone = fc.constantFrom('Asia/Seoul', 'America/New_York', 'Africa/Cairo', 'UTC')
  fc.assert(
    fc.property(quota, instant, zone, spent, (limits, now, timeZone, { ahead, dayUsed, monthUsed }) => {
      const windows = windowsAt(timeZone, now)
      const usage = { ...noUsage, tat: (now + ahead) * 1000, dayUsed, monthUsed }
      const headers = rateLimitHeaders(standings(remainingOf(limits, usage, now), windows, now), now)
      const policies = (headers['ratelimit-policy'] ?? '').split(', ').map((item) => policy.exec(item))
      const states = (headers.ratelimit ?? '').split(', ').map((item) => state.exec(item))
      const names = (['rate', 'day', 'month'] as const).filter((name) => limits[name] !== undefined)
      expect(policies.map((match) => match?.[1])).toEqual(names)
      expect(states.map((match) => match?.[1])).toEqual(names)
      for (const [i, match] of states.entries()) {
        const [most, left] = [Number(policies[i]?.[2]), Number(match?.[2])]
        expect(most).toBe(names[i] === 'rate' ? limits.burst : limits[names[i] ?? 'day'])
        expect(left).toBeLessThanOrEqual(most)
        expect(Number(policies[i]?.[3])).toBeGreaterThan(0)
        if (names[i] !== 'rate') expect(Number(match?.[3])).toBeLessThanOrEqual(Number(policies[i]?.[3]))
      }
    }),
    { numRuns: 500 },
  )
})

it('a quota without limits gives no headers', () => expect(rateLimitHeaders([], 0)).toEqual({}))
