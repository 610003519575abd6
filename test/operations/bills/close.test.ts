import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dryRun } from '../../../src/cli/dry-run.ts'
import { billDocument } from '../../../src/domain/closed-bill.ts'
import { moneyText, type PriceList, readPriceList } from '../../../src/domain/price-list.ts'
import { type Counts, hourMs } from '../../../src/domain/usage.ts'
import { closeBills, listBills, monthlyBills, planClosing, storedBill } from '../../../src/operations/bills/index.ts'
import { type OperatorRegistry, openRegistry, type Registry } from '../../../src/registry/index.ts'
import { countReports } from '../../../src/runtime/gateway/messages/count-reports.ts'
import type { Ended } from '../../../src/runtime/ports/index.ts'
import { at, Tenant } from '../../registry/fixtures.ts'

const actor = { who: 'kim', from: 'host' }
const sms = 'messages|sms|82'
const dayMs = 24 * hourMs

function pricesOf(price: string): PriceList {
  return readPriceList(`currency: KRW\nprices:\n  - {type: sms, to: "*", price: "${price}"}\n`, 'prices.yaml')
}

const clock = { now: 0 }
let registry: Registry
let customer: Tenant
beforeEach(async () => {
  clock.now = at('2026-09-10T12:00:00+09:00')
  registry = await openRegistry('sqlite::memory:', { now: () => clock.now })
  customer = await Tenant.with(registry, { quotas: { live: { month: 1_000_000 } } })
})
afterEach(() => registry.close())

/** Counts outcomes as a gateway does. */
let reported = 0
async function report(ended: readonly Omit<Ended, 'units' | 'kind'>[]): Promise<void> {
  const page = String(++reported)
  const read = async (_: unknown, seen: string | undefined) => ({
    ended: ended.map((one) => ({ ...one, kind: sms, units: 1 })),
    cursor: page,
    more: seen !== page,
  })
  await countReports(registry, { ended: read }, { customer: customer.id, environment: 'live' })
}

const accept = (messages = 1) => customer.admitted({ units: messages, kinds: [sms] })
const addCounts = async (counts: Counts) => {
  const seen = await registry.reportsCounted(customer.id, 'live')
  await registry.countReports(customer.id, 'live', { seen, cursor: String(++reported), counts })
}

interface Wish {
  readonly month?: string
  readonly list?: PriceList
  readonly allowOpen?: boolean
  readonly of?: OperatorRegistry
  readonly everyone?: boolean
}

async function close({
  month = '2026-09',
  list = pricesOf('10'),
  allowOpen = false,
  of = registry,
  everyone = false,
}: Wish = {}) {
  const whom = everyone ? undefined : customer.id
  const plan = await planClosing(of, { list, file: 'prices.yaml', customer: whom, month, allowOpen, reason: 'month end' })
  return closeBills({ registry: of, actor }, plan, of !== registry)
}

describe('closing a bill', () => {
  test('stores it once: later runs, other prices and later outcomes change nothing', async () => {
    await accept(3)
    await report([{ id: '1', status: 'delivered', acceptedAt: clock.now }])
    clock.now = at('2026-10-02T00:00:00+09:00')
    await expect(close({ of: dryRun(registry), allowOpen: true })).resolves.toMatchObject([{ already: false }])
    expect(await storedBill(registry, customer.id, '2026-09')).toBeUndefined()
    const [first] = await close({ allowOpen: true })
    expect(first).toMatchObject({ already: false, bill: { open: 2, closed: { closedBy: 'kim', reason: 'month end' } } })
    await report([{ id: '2', status: 'failed', acceptedAt: at('2026-09-10T00:00:00Z') }])
    const [again] = await close({ list: pricesOf('99') })
    expect(again).toMatchObject({ already: true, otherPrices: true, bill: first?.bill })
    expect(await close()).toMatchObject([{ already: true, otherPrices: false }])
    const prices = () => pricesOf('99')
    expect(await monthlyBills(registry, prices, customer.id, '2026-09')).toEqual([first?.bill])
    const log = (await registry.history(undefined, 10)).filter(({ what }) => what.includes('closed'))
    expect(log.map(({ who, what }) => [who, what.replace(/sha256:\S+/, 'DIGEST')])).toEqual([
      ['kim', `bill of ${customer.id} for 2026-09 closed: 30 KRW, price list DIGEST 2 messages open, month end`],
    ])
    expect(await listBills(registry, undefined, undefined)).toMatchObject([{ customer: customer.id, month: '2026-09', bill: {} }])
  })

  test('is refused for a month that is not over, for open messages, and where an earlier month is not closed', async () => {
    await accept(2)
    clock.now = at('2026-10-01T02:00:00+09:00')
    await expect(close()).rejects.toThrow(/2026-09 is not over/)
    clock.now += 2 * hourMs
    await expect(close()).rejects.toThrow(/2 messages of 2026-09 without an outcome/)
    await expect(
      close({ allowOpen: true, list: readPriceList('currency: KRW\nprices: [{type: lms, to: "*", price: "1"}]', 'p') }),
    ).rejects.toThrow(/no price for sms to \+82/)
    await close({ allowOpen: true })
    clock.now = at('2026-12-02T00:00:00+09:00')
    await expect(close({ month: '2026-11' })).rejects.toThrow(/for 2026-10 is not closed, and the one for 2026-09 is/)
    clock.now = at('2028-01-01T00:00:00+09:00')
    await expect(close({ month: '2026-10', allowOpen: true })).rejects.toThrow(/no longer complete/)
  })

  test('at once by two operators is done by one of them, and both are answered with the same bill', async () => {
    await accept()
    clock.now += 30 * dayMs
    const results = (await Promise.all(['10', '11'].map((price) => close({ list: pricesOf(price), allowOpen: true })))).flat()
    expect(results.map(({ already }) => already).sort()).toEqual([false, true])
    expect(results[0]?.bill).toEqual(results[1]?.bill)
  })

  test('of all customers is finished by a second run after an interruption', async () => {
    await Tenant.with(registry)
    clock.now += 30 * dayMs
    let changes = 0
    const dying: OperatorRegistry = {
      ...dryRun(registry),
      change: async (...of) => {
        if (++changes === 2) throw new Error('killed')
        return registry.change(...of)
      },
    }
    await expect(close({ of: dying, everyone: true })).rejects.toThrow('killed')
    expect((await close({ everyone: true })).map(({ already }) => already).sort()).toEqual([false, true])
  })

  test('of a draft that does not add up, or of a month to come, is refused by the registry', async () => {
    clock.now += 30 * dayMs
    await close()
    const { text } = (await registry.document(billDocument(customer.id, '2026-09'))) ?? { text: '' }
    const { closedAt: _1, closedBy: _2, closedFrom: _3, reason: _4, ...draft } = JSON.parse(text)
    const change = (more: object) => ({
      kind: 'closeBill' as const,
      customer: customer.id,
      month: '2026-10',
      bill: JSON.stringify({ ...draft, month: '2026-10', ...more }),
    })
    await expect(registry.change(change({ payable: '10000' }), actor)).rejects.toThrow(/does not add up/)
    await expect(registry.change(change({ until: clock.now + 1 }), actor)).rejects.toThrow(/is not over/)
    await expect(registry.change(change({ vat: 1 }), actor)).rejects.toThrow(/form that this version does not know/)
  })

  test('leaves nothing out and counts nothing twice when the time zone of the customer is changed in between', async () => {
    const accepted: number[] = []
    const hourly = async (until: number) => {
      for (; clock.now < until; clock.now += hourMs) {
        await accept()
        accepted.push(clock.now)
      }
    }
    clock.now = at('2026-09-30T00:00:00+09:00')
    await hourly(at('2026-10-01T06:00:00+09:00'))
    await close({ allowOpen: true })
    await registry.change({ kind: 'setCustomer', customer: customer.id, change: { timeZone: 'America/New_York' } }, actor)
    await hourly(at('2026-10-02T00:00:00+09:00'))
    clock.now = at('2026-11-02T00:00:00-05:00')
    await close({ month: '2026-10', allowOpen: true })
    const bills = await Promise.all(['2026-09', '2026-10'].map((month) => storedBill(registry, customer.id, month)))
    expect(bills.map((bill) => bill?.timeZone)).toEqual(['Asia/Seoul', 'America/New_York'])
    const messages = bills.flatMap((bill) => bill?.lines ?? []).reduce((sum, line) => sum + line.messages, 0)
    expect(messages).toBe(accepted.length)
  })

  test('keeps what an older version counted, which does not say when messages were accepted', async () => {
    await accept(2)
    clock.now = at('2026-10-05T00:00:00+09:00')
    await addCounts({ [`o|failed|${sms}`]: 2 })
    await close({ allowOpen: true })
    clock.now = at('2026-11-02T00:00:00+09:00')
    const [october] = await close({ month: '2026-10' })
    expect(october?.bill.lines).toMatchObject([{ accepted: '2026-10', messages: 0, undelivered: 2 }])
  })
})

/** What happens to a message: accepted in one hour, and over some hours later, or never. */
const message = fc.record({
  at: fc.nat(91 * 24 - 1),
  after: fc.integer({ min: 0, max: 45 * 24 }),
  status: fc.constantFrom('delivered', 'failed', 'expired', 'open'),
})

test('closed bills add up to what is paid for: each message once, at the price of the month in which it was accepted', async () => {
  const start = at('2026-09-01T00:00:00+09:00')
  const months = ['2026-09', '2026-10', '2026-11', '2026-12'] as const
  const ends = ['2026-10-01', '2026-11-01', '2026-12-01', '2027-01-01'].map((day) => at(`${day}T00:00:00+09:00`))
  const prices = ['8.9', '12.3456', '7', '10']
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 25 }), async (messages) => {
      customer = await Tenant.with(registry, { quotas: { live: { month: 1_000_000 } } })
      const monthOf = (hour: number) => ends.findIndex((end) => start + hour * hourMs < end)
      const events = messages.flatMap(({ at: hour, after, status }, id) => [
        { hour, run: () => accept() },
        {
          hour: hour + after,
          run: async () => {
            if (status !== 'open') await report([{ id: String(id), status, acceptedAt: start + hour * hourMs }])
          },
        },
      ])
      // A day or two late, as operators are.
      const closings = months.map((month, at) => ({
        hour: Math.round(((ends[at] ?? 0) - start) / hourMs) + 30,
        run: () => close({ month, list: pricesOf(prices[at] ?? ''), allowOpen: true }),
      }))
      for (const { hour, run } of [...events, ...closings].sort((a, b) => a.hour - b.hour)) {
        clock.now = start + hour * hourMs + 1
        await run()
      }
      const closed = await Promise.all(months.map((month) => storedBill(registry, customer.id, month)))
      const last = Math.round(((ends[3] ?? 0) - start) / hourMs)
      const paid = messages.filter(
        ({ at: hour, after, status }) => ['delivered', 'open'].includes(status) || hour + after >= last,
      )
      const due = paid.reduce((sum, { at: hour }) => sum + (pricesOf(prices[monthOf(hour)] ?? '').prices[0]?.price ?? 0n), 0n)
      expect(moneyText(closed.reduce((sum, bill) => sum + (bill?.total ?? 0n), 0n))).toBe(moneyText(due))
    }),
    { numRuns: 15 },
  )
}, 60_000)
