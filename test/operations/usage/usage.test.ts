import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dryRun } from '../../../src/cli/dry-run.ts'
import { Problem } from '../../../src/domain/problem.ts'
import { type HourCounts, hourAt, hourMs, kindOf } from '../../../src/domain/usage.ts'
import { nothingUsed, openOf, spentBy, type UsageLine, type Used, usedTogether } from '../../../src/domain/usage-lines.ts'
import { groupings, periodBetween, showUsage, topUsage, usageColumns, usageCsv } from '../../../src/operations/usage/index.ts'
import { type OperatorRegistry, openRegistry, type Registry } from '../../../src/registry/index.ts'
import { noon, Tenant } from '../../registry/fixtures.ts'

/** A registry that has counted these hours, whatever is asked. */
function counting(registry: Registry, hours: readonly HourCounts[]): OperatorRegistry {
  return {
    ...dryRun(registry),
    now: async () => noon,
    counts: async (_customer: string, environment: string, from: number, until: number) =>
      environment === 'live' ? hours.filter(({ hour }) => hour >= from && hour < until) : [],
  }
}

const kind = fc
  .tuple(fc.constantFrom('messages', ''), fc.constantFrom('sms', 'lms', 'fax', ''), fc.constantFrom('82', '1', ''))
  .map(([api, type, destination]) => kindOf(api, type, destination))
const name = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'u', 'b', 'v', 'g', 'h'), kind).map(([what, of]) => `${what}|${of}`),
  fc.tuple(fc.constantFrom('o|delivered', 'p|failed', 'o|seen'), kind).map(([what, of]) => `${what}|${of}`),
  fc.constantFrom('r|messages|rate-exceeded', 'r||key-expired', 'r|messages|a-reason-of-tomorrow', 'z|what-is-this'),
)
const hours = fc.uniqueArray(
  fc.record({
    hour: fc.integer({ min: 1, max: 900 }).map((back) => hourAt(noon, 0) - back * hourMs),
    counts: fc.dictionary(name, fc.nat(1_000), { noNullPrototype: true }),
  }),
  { selector: ({ hour }) => hour, maxLength: 40 },
)

describe('usage', () => {
  test('adds up to the same by day, hour, type, destination, route and reason', async () => {
    const registry = await openRegistry('sqlite::memory:')
    const { id } = await Tenant.with(registry)
    await fc.assert(
      fc.asyncProperty(hours, async (counted) => {
        const asked = { environment: 'live', from: '2026-10', to: '2026-11' } as const
        const all = await Promise.all(groupings.map((by) => showUsage(counting(registry, counted), id, by, asked)))
        const sums = all.map(({ groups }) => groups.reduce<Used>(usedTogether, nothingUsed))
        for (const sum of sums) expect(sum).toEqual(sums[0])
        const accepted = counted.flatMap(({ counts }) => Object.entries(counts)).filter(([one]) => one.startsWith('a|'))
        expect(sums[0]?.accepted.messages).toBe(accepted.reduce((sum, [, value]) => sum + value, 0))
      }),
      { numRuns: 40 },
    )
    await registry.close()
  })

  test('counts a reason, an ending and a type that are not known, and shows them', async () => {
    const registry = await openRegistry('sqlite::memory:')
    const { id } = await Tenant.with(registry)
    const counts = { 'r|messages|from-tomorrow': 2, 'o|seen|messages|fax|82': 1, 'a|||': 3 }
    const shown = counting(registry, [{ hour: hourAt(noon, 0) - hourMs, counts }])
    const { groups } = await showUsage(shown, id, 'reason', { environment: 'live' })
    expect(groups).toMatchObject([{ name: '-', accepted: { messages: 3 }, ended: { other: { messages: 1 } } }, { name: 'other' }])
    const types = await showUsage(shown, id, 'type', { environment: 'live' })
    expect(types.groups.map((group) => group.name)).toEqual(['-', 'fax', 'unknown'])
    expect(await topUsage(shown, 5, { environment: 'live' })).toMatchObject([{ customer: id, refused: 2 }])
    await registry.close()
  })

  test.each([
    ['Asia/Seoul', '2026-10-31T15:00:00Z', '2026-11-30T15:00:00Z'],
    ['Asia/Kolkata', '2026-10-31T18:30:00Z', '2026-11-30T18:30:00Z'],
    ['America/New_York', '2026-11-01T04:00:00Z', '2026-12-01T05:00:00Z'],
  ])('of a month in %s begins and ends with it', (zone, start, end) => {
    const period = periodBetween({ from: '2026-11', to: '2026-11' }, zone, Date.parse('2027-01-15T00:00:00Z'))
    expect(period).toEqual({ start: Date.parse(start), end: Date.parse(end) })
    expect(hourAt(period.start - 1, period.start)).toBe(period.start - hourMs)
  })

  test.each([
    [{ from: '2026-02-30' }, '2026-02-30'],
    [{ from: '2026-13' }, '2026-13'],
    [{ to: 'yesterday' }, 'yesterday'],
    [{ from: '2026-11', to: '2026-10' }, 'before it begins'],
  ])('of the period %o is refused, and it is named', (asked, named) => {
    expect(() => periodBetween(asked, 'Asia/Seoul', noon)).toThrow(Problem)
    expect(() => periodBetween(asked, 'Asia/Seoul', noon)).toThrow(named)
  })

  test('is exported however long it is, some lines at a time', async () => {
    const line: UsageLine = {
      ...nothingUsed,
      ...{
        hour: noon,
        span: 'hour',
        customer: 'acme',
        environment: 'live',
        route: 'messages',
        type: 'sms',
        destination: '82',
        reason: '',
      },
    }
    const lines = async function* () {
      for (let at = 0; at < 250_000; at++) yield line
    }
    let [count, longest] = [0, 0]
    for await (const page of usageCsv(lines())) {
      count += page.lines
      longest = Math.max(longest, page.text.length)
    }
    expect(count).toBe(250_000)
    expect(longest).toBeLessThan(100_000)
    expect(usageColumns).toContain('delivered_units')
  }, 60_000)

  test('says what was spent by what, without refused calls', () => {
    const line = {
      hour: 0,
      span: 'hour',
      customer: 'a',
      environment: 'live',
      route: 'messages',
      destination: '82',
      reason: '',
    } as const
    const used = { ...nothingUsed, accepted: { messages: 2, units: 6 }, unsent: { messages: 1, units: 3 } }
    const lines = [
      { ...line, ...used, type: 'lms' },
      { ...line, ...used, type: 'sms', destination: '1' },
    ]
    expect(spentBy([...lines, ...lines, { ...line, ...nothingUsed, type: '', reason: 'rate-exceeded', refused: 9 }])).toEqual([
      { route: 'messages', type: 'lms', messages: 4, units: 12, returned: 6 },
      { route: 'messages', type: 'sms', messages: 4, units: 12, returned: 6 },
    ])
    expect(openOf(used)).toBe(1)
  })
})
