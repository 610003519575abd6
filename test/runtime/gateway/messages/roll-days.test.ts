import { expect, test } from 'vitest'
import { added, type Counts, countsKeptMs, hourMs, hoursKeptMs } from '../../../../src/domain/usage.ts'
import { openRegistry, type Registry } from '../../../../src/registry/index.ts'
import { rollDays } from '../../../../src/runtime/gateway/messages/roll-days.ts'
import { at, Tenant } from '../../../registry/fixtures.ts'

const dayMs = 24 * hourMs
const sms = 'messages|sms|82'

async function hoursOf(registry: Registry, customer: string, now: number) {
  const hours = await registry.counts(customer, 'live', 0, now + 1)
  const sum = hours.reduce((all: Counts, { counts }) => added(all, counts), {})
  return { hours, accepted: sum[`a|${sms}`] ?? 0 }
}

test('what is old is kept by the day, whole days only, through summer time, and nothing is lost or counted twice', async () => {
  const clock = { now: at('2026-08-30T00:00:00-04:00') }
  const registry = await openRegistry('sqlite::memory:', { now: () => clock.now })
  const customer = await Tenant.with(registry, { quotas: { live: { month: 1_000_000 } } })
  const zone = 'America/New_York'
  await customer.change((profile) => ({ ...profile, customer: { ...profile.customer, timeZone: zone } }))
  const start = clock.now
  const owner = { customer: customer.id, environment: 'live' } as const
  let accepted = 0
  // The clocks are set back on the first of November.
  for (; clock.now < at('2026-11-03T00:00:00-05:00'); clock.now += 2.5 * hourMs) {
    await customer.admitted({ units: 1, kinds: [sms] })
    accepted += 1
  }
  clock.now = at('2026-12-01T00:00:00-05:00') + hoursKeptMs - 20 * dayMs
  let calls = 0
  const dying: Pick<Registry, 'counts' | 'rollCounts'> = {
    counts: (...of) => registry.counts(...of),
    rollCounts: async (...of) => {
      if (++calls % 3 === 0) throw new Error('killed')
      await registry.rollCounts(...of)
      if (calls % 3 === 1) throw new Error('killed')
    },
  }
  for (let turn = 0; turn < 24 * 9; turn++, clock.now += hourMs) {
    await rollDays(dying, owner, zone, clock.now).catch(() => undefined)
    if (turn % 20 === 0) expect((await hoursOf(registry, customer.id, clock.now)).accepted).toBe(accepted)
  }
  for (let turn = 0; turn < 24 * 9; turn++, clock.now += hourMs) await rollDays(registry, owner, zone, clock.now)
  const after = await hoursOf(registry, customer.id, clock.now)
  expect(after.accepted).toBe(accepted)
  const isDay = ({ counts }: { counts: Counts }) => counts.d !== undefined
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, timeStyle: 'short' })
  expect(new Set(after.hours.filter(isDay).map(({ hour }) => format.format(hour)))).toEqual(new Set(['00:00']))
  // The first hour alone would be a day with one hour: there are about ten in each.
  expect(after.hours.filter(({ hour }) => hour < clock.now - hoursKeptMs - dayMs).every(isDay)).toBe(true)
  expect(after.hours.filter(({ hour }) => hour >= clock.now - hoursKeptMs).some(isDay)).toBe(false)

  // Thirteen months later nothing of it is kept.
  clock.now = at('2026-11-03T00:00:00-05:00') + countsKeptMs + hourMs
  expect(clock.now - start).toBeGreaterThan(countsKeptMs)
  await customer.admitted({ units: 1, kinds: [sms] })
  expect((await hoursOf(registry, customer.id, clock.now)).accepted).toBe(1)
  await registry.close()
})
