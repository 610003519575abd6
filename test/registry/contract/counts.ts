import { describe, expect, test } from 'vitest'
import { windowsAt } from '../../../src/domain/calendar.ts'
import { added, type Counts, hourMs } from '../../../src/domain/usage.ts'
import type { World } from '../contract.ts'
import { noon, type Tenant } from '../fixtures.ts'

const [sms, lms] = ['messages|sms|82', 'messages|lms|82'] as const

export function countsContract({ tenant, clock, engine, registry }: World): void {
  const hoursOf = ({ id }: Tenant) => registry().counts(id, 'live', clock.now - 48 * hourMs, clock.now + hourMs)
  const sumOf = async (customer: Tenant): Promise<Counts> =>
    (await hoursOf(customer)).reduce((sum: Counts, { counts }) => added(sum, counts), {})

  describe('what is counted', () => {
    test('are messages and units by kind, in the hours of the customer, and nothing twice', async () => {
      const customer = await tenant({ quotas: { live: { day: 100 } } })
      const idempotency = { key: 'order-1', fingerprint: 'body-1' }
      const { reservation } = await customer.admitted({ units: 4, kinds: [sms, lms], weights: [1, 3], idempotency })
      await customer.accept(reservation)
      expect(await customer.admit({ units: 4, kinds: [sms, lms], weights: [1, 3], idempotency })).toMatchObject({
        kind: 'replay',
      })
      clock.now += hourMs
      await customer.admitted({ units: 2, ids: ['a', 'b'], kinds: [sms] })
      await customer.admitted({ units: 2, ids: ['b', 'c'], weights: [1, 3], kinds: [sms, lms] })
      const first = { [`a|${sms}`]: 1, [`u|${sms}`]: 1, [`a|${lms}`]: 1, [`u|${lms}`]: 3 }
      expect(await hoursOf(customer)).toEqual([
        { hour: clock.now - hourMs, counts: first },
        { hour: clock.now, counts: { [`a|${sms}`]: 2, [`u|${sms}`]: 2, [`a|${lms}`]: 1, [`u|${lms}`]: 3 } },
      ])
      expect(await registry().counts(customer.id, 'test', clock.now - hourMs, clock.now + hourMs)).toEqual([])
    })

    test('are the units that come back, by kind, in the hour in which they do', async () => {
      const customer = await tenant({ quotas: { live: { day: 100 } } })
      const one = await customer.admitted({ units: 4, kinds: [sms, lms], weights: [1, 3] })
      const two = await customer.admitted({ units: 3, ids: ['a', 'b'], kinds: [sms, lms], weights: [1, 2] })
      const { reservation: three } = await customer.admitted({ units: 1, kinds: [sms] })
      clock.now += hourMs
      await registry().settle(one.reservation, { kind: 'accepted', refund: 3, untaken: ['y'], kinds: [lms], weights: [3] })
      await customer.fail(two.reservation)
      const repayment = { customer: customer.id, environment: 'live', id: 'z', units: 1, acceptedAt: three.admittedAt } as const
      await registry().giveBack({ ...repayment, kind: sms })
      await registry().giveBack({ ...repayment, kind: sms })
      const [, back] = await hoursOf(customer)
      expect(back?.counts).toEqual({
        ...{ [`b|${lms}`]: 2, [`v|${lms}`]: 5, [`b|${sms}`]: 1, [`v|${sms}`]: 1 },
        ...{ [`g|${sms}`]: 1, [`h|${sms}`]: 1 },
      })
    })

    test('are refused calls by reason, once the caller is known', async () => {
      const customer = await tenant()
      await customer.refused('units-exceed-limit', { units: 11 })
      await customer.refused('route-missing', { api: 'voice' })
      await customer.refused('credentials-invalid', { keyId: 'unknown' })
      await customer.change((profile) => ({ ...profile, customer: { ...profile.customer, state: 'suspended' } }))
      await customer.refused('customer-suspended')
      const refused = { 'r|messages|units-exceed-limit': 1, 'r|voice|route-missing': 1, 'r|messages|customer-suspended': 1 }
      expect(await sumOf(customer)).toMatchObject(refused)
      expect(JSON.stringify(await sumOf(customer))).not.toContain('credentials-invalid')
    })

    test('stays the same when it is filed, through any gateway, and when an hour is counted in again', async () => {
      const customer = await tenant({ quotas: { live: { day: 100 } } })
      const other = await engine().open(clock)
      const count = async () => {
        await customer.admitted({ units: 2, kinds: [sms] })
        await other.admit(customer.request({ units: 3, kinds: [lms] }))
      }
      await count()
      clock.now += 5 * hourMs
      await count()
      const before = await hoursOf(customer)
      await registry().fileCounts(customer.id, 'live')
      await other.fileCounts(customer.id, 'live')
      expect(await hoursOf(customer)).toEqual(before)
      clock.now -= 5 * hourMs
      await count()
      clock.now += 5 * hourMs
      await Promise.all([registry(), other].map((gateway) => gateway.fileCounts(customer.id, 'live')))
      expect(await other.counts(customer.id, 'live', clock.now - 24 * hourMs, clock.now + hourMs)).toEqual([
        { hour: clock.now - 5 * hourMs, counts: { [`a|${sms}`]: 4, [`u|${sms}`]: 4, [`a|${lms}`]: 6, [`u|${lms}`]: 6 } },
        before[1],
      ])
      await other.close()
    })

    test('is kept by the day, with the same sums, by several gateways and with calls that are counted in it later', async () => {
      const customer = await tenant({ quotas: { live: { day: 1_000 } } })
      const other = await engine().open(clock)
      const { day } = windowsAt('Asia/Seoul', noon)
      const gateways = [registry(), other]
      const countIn = async (hour: number) => {
        const before = clock.now
        clock.now = hour
        await customer.admitted({ units: 2, kinds: [sms, lms] })
        clock.now = before
      }
      const roll = async (from = day.start, until = day.end) => {
        for (const gateway of gateways) await gateway.fileCounts(customer.id, 'live')
        await Promise.all(gateways.map((gateway) => gateway.rollCounts(customer.id, 'live', { start: from, end: until })))
      }
      const total = (hours: number) => ({ [`a|${sms}`]: hours, [`u|${sms}`]: hours, [`a|${lms}`]: hours, [`u|${lms}`]: hours })
      const read = (from: number, until: number) => other.counts(customer.id, 'live', from, until)
      // The day of Seoul lies in two days of UTC, and its last hour belongs to it.
      for (const hour of [day.start - hourMs, noon, noon + 5 * hourMs, day.end - hourMs, day.end]) await countIn(hour)
      clock.now = day.end + 5 * hourMs
      await roll()
      const rolled = { hour: day.start, counts: { ...total(3), d: 3 } }
      const [before, after] = [day.start - hourMs, day.end].map((hour) => ({ hour, counts: total(1) }))
      expect(await read(day.start - hourMs, day.end + hourMs)).toEqual([before, rolled, after])
      // A reader of a part of the day finds nothing twice.
      expect(await read(noon, day.end)).toEqual([])
      await roll()
      await roll(day.start - 3 * hourMs, day.end - 3 * hourMs)
      expect(await read(day.start, day.end)).toEqual([rolled])
      await countIn(noon + hourMs)
      await roll()
      expect(await read(day.start, day.end)).toEqual([{ hour: day.start, counts: { ...total(4), d: 4 } }])
      await other.close()
    })

    test('has the hours of a day that begins at half past', async () => {
      const customer = await tenant()
      await customer.change((profile) => ({ ...profile, customer: { ...profile.customer, timeZone: 'Asia/Kolkata' } }))
      // 23:59 and 00:00 in India: 18:29 and 18:30 in UTC.
      clock.now = Date.parse('2026-11-20T18:29:00Z')
      await customer.admitted({ units: 1, kinds: [sms] })
      clock.now += 60_000
      await customer.admitted({ units: 1, kinds: [sms] })
      const hours = ['2026-11-20T17:30:00Z', '2026-11-20T18:30:00Z'].map(Date.parse)
      expect((await hoursOf(customer)).map(({ hour }) => hour)).toEqual(hours)
    })
  })
}
