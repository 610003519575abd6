import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { timeZone, windowOf, windowsAt } from '../../src/domain/calendar.ts'
import { Problem } from '../../src/domain/problem.ts'

const hourMs = 3_600_000
const zones = Intl.supportedValuesOf('timeZone')

const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2036, 0) - 1 })

/** What an independent formatter gives for an instant. */
function localDate(zone: string, at: number): string {
  return new Date(at).toLocaleDateString('sv-SE', { timeZone: zone })
}

describe('windows', () => {
  test('contain the instant, are named after its local date, and are the same for their first and last millisecond', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), instant, (zone, at) => {
        const { day, month } = windowsAt(zone, at)
        expect(day.id).toBe(localDate(zone, at))
        expect(month.id).toBe(day.id.slice(0, 7))
        for (const window of [day, month]) {
          expect(window.start).toBeLessThanOrEqual(at)
          expect(window.end).toBeGreaterThan(at)
        }
        expect(windowsAt(zone, day.start)).toEqual({ zone, day, month })
        expect(windowsAt(zone, day.end - 1)).toEqual({ zone, day, month })
        expect(windowsAt(zone, month.start).month).toEqual(month)
        expect(windowsAt(zone, month.end - 1).month).toEqual(month)
      }),
      { numRuns: 1500 },
    )
  })

  test('follow each other without gaps or overlaps, and later ones have later names', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), instant, (zone, at) => {
        const { day, month } = windowsAt(zone, at)
        const next = windowsAt(zone, day.end).day
        expect(next.start).toBe(day.end)
        expect(next.id > day.id).toBe(true)
        const nextMonth = windowsAt(zone, month.end).month
        expect(nextMonth.start).toBe(month.end)
        expect(nextMonth.id > month.id).toBe(true)
        expect(windowOf(zone, day.id)).toEqual(day)
        expect(windowOf(zone, month.id)).toEqual(month)
      }),
      { numRuns: 1500 },
    )
  })

  test.each(['America/New_York', 'Australia/Lord_Howe', 'Asia/Beirut', 'America/Santiago'])(
    'every day from 2020 to 2035 in %s has 22 to 26 hours, and every month consists of days',
    (zone) => {
      let at = windowsAt(zone, Date.UTC(2020, 0, 2)).month.start
      let days = 0
      for (;;) {
        const { day, month } = windowsAt(zone, at)
        if (day.id.startsWith('2036')) break
        expect(day.start).toBe(at)
        expect((day.end - day.start) / hourMs).toBeGreaterThan(22)
        expect((day.end - day.start) / hourMs).toBeLessThan(26)
        if (day.id.endsWith('-01')) expect(month.start).toBe(day.start)
        at = day.end
        days += 1
      }
      expect(days).toBe(16 * 365 + 4)
    },
  )

  test('the answer for a zone does not depend on the order of calls', () => {
    fc.assert(
      fc.property(fc.array(instant, { minLength: 2, maxLength: 20 }), (instants) => {
        const before = instants.map((at) => windowsAt('America/New_York', at))
        const after = instants.toReversed().map((at) => windowsAt('America/New_York', at))
        expect(after.toReversed()).toEqual(before)
      }),
    )
  })
})

describe('time zones', () => {
  test.each([
    ['Asia/Seoul', 'Asia/Seoul'],
    ['asia/seoul', 'Asia/Seoul'],
    ['UTC', 'UTC'],
  ])('%s is %s', (typed, zone) => {
    expect(timeZone(typed)).toBe(zone)
  })

  test.each(['', 'Asia/Soul', 'KST9', '../etc/passwd', 'Asia/Seoul '])('%j is not a time zone', (typed) => {
    expect(() => timeZone(typed)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    expect(() => timeZone(typed)).toThrow(Problem)
  })
})
