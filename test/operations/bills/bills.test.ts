import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dryRun } from '../../../src/cli/dry-run.ts'
import { moneyText, priceOf, readPriceList, rounded } from '../../../src/domain/price-list.ts'
import { type Counts, type HourCounts, hourAt, hourMs } from '../../../src/domain/usage.ts'
import { billCsv, billOf, MonthCount, monthlyBills } from '../../../src/operations/bills/index.ts'
import { type OperatorRegistry, openRegistry } from '../../../src/registry/index.ts'
import { noon, Tenant } from '../../registry/fixtures.ts'

const text = `
currency: KRW
prices:
  - {type: sms, to: "+82", price: "8.9"}
  - {type: sms, to: "*", price: "35"}
  - {type: lms, to: "+82", price: "27.1234"}
customers:
  acme:
    - {type: sms, to: "+82", price: "8.5"}
`
const list = readPriceList(text, 'prices.yaml')

/** The bill of acme for what was counted in October. */
function bill(counts: Counts) {
  const count = new MonthCount('acme', '2026-10')
  count.add({ hour: 0, counts })
  return billOf(list, 'acme', count.counted)
}

describe('a price list', () => {
  test('has the prices of a customer before the others, and a destination before the rest of the world', () => {
    expect(priceOf(list, 'acme', 'sms', '+82')).toBe(85_000n)
    expect(priceOf(list, 'beta', 'sms', '+82')).toBe(89_000n)
    expect(priceOf(list, 'acme', 'sms', '+1')).toBe(350_000n)
    expect(priceOf(list, 'acme', 'lms', '+1')).toBeUndefined()
    expect(priceOf(list, 'constructor', 'sms', '+82')).toBe(89_000n)
  })

  test.each([
    ['a number that is not in quotes', text.replace('"8.9"', '8.9'), /line 4, prices\.0\.price: must be a string/],
    ['five decimals', text.replace('8.9', '8.90001'), /line 4.*up to four decimals/],
    ['a negative price', text.replace('8.9', '-8.9'), /line 4.*up to four decimals/],
    ['two prices for one', text.replace('"*"', '"+82"'), /sms to \+82 has two prices/],
    ['a currency that does not exist', text.replace('KRW', 'XYZ'), /line 2, currency: is not a currency/],
    ['a field that is not known', text.replace('currency', 'vat: 10\ncurrency'), /vat: is not a known field/],
    ['no prices', 'currency: KRW\nprices: []', /prices: must have at least 1 item/],
    ['what is not YAML', 'currency: [', /prices\.yaml, line/],
  ])('is refused with %s', (_, given, message) => {
    expect(() => readPriceList(given, 'prices.yaml')).toThrow(message)
  })
})

describe('a bill', () => {
  test('charges what a queue took, and credits what ended without being delivered', () => {
    const sms = { 'a|messages|sms|82': 12, 'u|messages|sms|82': 12, 'b|messages|sms|82': 2, 'o|delivered|messages|sms|82': 6 }
    const lost = { 'o|failed|messages|sms|82': 2, 'o|of-tomorrow|messages|sms|82': 1, 'r|messages|rate-exceeded': 9 }
    const { lines, charged, credited, total, payable } = bill({ ...sms, ...lost, 'a|messages|lms|82': 1 })
    expect(lines.map(({ type, messages, undelivered }) => [type, messages, undelivered])).toEqual([
      ['lms', 1, 0],
      ['sms', 10, 3],
    ])
    expect([charged, credited, total, payable].map(moneyText)).toEqual(['112.1234', '25.5', '86.6234', '87'])
  })

  test('is not made without a price, and names what has none', () => {
    expect(() => bill({ 'a|messages|lms|1': 1 })).toThrow(/no price for lms to \+1, which acme sent/)
    expect(() => bill({ 'a|||': 1 })).toThrow(/no price for unknown to unknown/)
  })

  test('is negative when more is credited than charged: the messages failed after the month in which they were paid', () => {
    const { total, payable } = bill({ 'o|failed|messages|sms|82': 2 })
    expect([total, payable].map(moneyText)).toEqual(['-17', '-17'])
  })

  test('adds up exactly, however its hours are split', () => {
    const counted = fc.array(fc.tuple(fc.constantFrom('sms', 'lms'), fc.nat(10_000_000)), { maxLength: 30 })
    fc.assert(
      fc.property(counted, (parts) => {
        const split = new MonthCount('acme', '2026-10')
        for (const [type, many] of parts) split.add({ hour: 0, counts: { [`a|messages|${type}|82`]: many } })
        const messages = (type: string) => parts.filter(([one]) => one === type).reduce((sum, [, many]) => sum + BigInt(many), 0n)
        expect(billOf(list, 'acme', split.counted).total).toBe(messages('sms') * 85_000n + messages('lms') * 271_234n)
      }),
      { numRuns: 100 },
    )
  })

  test('is paid in what the currency has, and halves go away from zero', () => {
    expect([5_000n, -5_000n, 4_999n].map((one) => rounded(one, 'KRW'))).toEqual([10_000n, -10_000n, 0n])
    expect(rounded(12_350n, 'USD')).toBe(12_400n)
  })
})

test('bills follow the month of the customer, and go to CSV', async () => {
  const registry = await openRegistry('sqlite::memory:')
  const { id } = await Tenant.with(registry)
  const counts = { 'a|messages|sms|82': 3, 'u|messages|sms|82': 3, 'o|failed|messages|sms|82': 1 }
  const hours: HourCounts[] = [{ hour: hourAt(noon, 0) - hourMs, counts }]
  const counting: OperatorRegistry = {
    ...dryRun(registry),
    now: async () => noon,
    counts: async (_customer, environment, from, until) =>
      environment === 'live' ? hours.filter(({ hour }) => hour >= from && hour < until) : [],
  }
  const month = new Date(noon).toISOString().slice(0, 7)
  const bills = await monthlyBills(counting, () => list, id, month)
  expect(bills).toMatchObject([{ customer: id, month, complete: false, currency: 'KRW' }])
  expect(moneyText(bills[0]?.payable ?? 0n)).toBe('18')
  expect([...billCsv(bills)].map((page) => page.text).join('')).toBe(
    `month,customer,type,destination,price,messages,charged,undelivered,credited,amount,currency,accepted_in\r\n${month},${id},sms,+82,8.9,3,26.7,1,8.9,17.8,KRW,${month}\r\n`,
  )
  await expect(monthlyBills(counting, () => list, id, '2026-13')).rejects.toThrow(/2026-13/)
  await expect(monthlyBills(counting, () => list, id, 'October')).rejects.toThrow(/is not a month/)
  await expect(monthlyBills(counting, () => list, 'beta', month)).rejects.toThrow(/beta/)
  await registry.close()
})
