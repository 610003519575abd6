import { describe, expect, test } from 'vitest'
import { readPriceFile } from '../../src/domain/aws-price-file.ts'
import { pricedRegions } from '../../src/domain/aws-price-table.ts'
import { evidences, machineKeys, priceKeys, pricesOf, tieredCost } from '../../src/domain/aws-prices.ts'
import { dollarsExact, quantityOf } from '../../src/domain/dollars.ts'

const virginia = pricesOf('us-east-1')

function costOfCalls(count: number, before = 0): string {
  const price = virginia.of('apiCall') ?? expect.fail('no price')
  return dollarsExact(tieredCost(price, quantityOf(count), quantityOf(before)))
}

describe('price tiers', () => {
  // https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html:
  // $3.50 for the first 333 million, $2.80 for the next 667, $2.38 for the next 19,000, $1.51 above.
  test.each([
    [1_000_000, '3.5'],
    [333_000_000, '1165.5'],
    [333_000_001, '1165.5000028'],
    // 333 × 3.50 + 667 × 2.80
    [1_000_000_000, '3033.1'],
    // and 19,000 × 2.38
    [20_000_000_000, '48253.1'],
    // and 1 × 1.51
    [20_001_000_000, '48254.61'],
  ])('are applied to %i calls', (calls, dollars) => {
    expect(costOfCalls(calls)).toBe(dollars)
  })
  test('begin where the lines before have left them', () => {
    // The last million of the first tier, and the first million of the second.
    expect(costOfCalls(2_000_000, 332_000_000)).toBe('6.3')
  })
})

test('each price of each region has a source, a date and how it is known', () => {
  let found = 0
  for (const region of pricedRegions) {
    const prices = pricesOf(region)
    for (const price of priceKeys.flatMap((key) => prices.of(key) ?? [])) {
      expect(price.source.length, `${region} ${price.key}`).toBeGreaterThan(5)
      expect(price.date, `${region} ${price.key}`).toMatch(/^20\d\d(?:-\d\d){0,2}$/)
      expect(evidences).toContain(price.evidence)
      expect(price.tiers.at(-1)?.upTo).toBeUndefined()
      found += 1
    }
  }
  expect(found).toBeGreaterThan(80)
  expect(machineKeys.flatMap((key) => virginia.machine(key, 'cache.m7g.large') ?? [])).toHaveLength(1)
})

const file = (lines: string): string => `source: our contract\ndate: 2026-11-28\n${lines}`

describe('a file of prices', () => {
  test('overrules the table, and leaves the rest', () => {
    const own = readPriceFile(file('prices:\n  queueRequest: "0.30"\n'), 'prices.yaml')
    const prices = pricesOf('ap-northeast-2', own)
    expect(prices.of('queueRequest')).toMatchObject({ source: 'our contract', date: '2026-11-28', evidence: 'file' })
    expect(dollarsExact(prices.cost('queueRequest', quantityOf(1_000_000)) ?? 0n)).toBe('0.3')
    expect(dollarsExact(prices.cost('natHour', quantityOf(1)) ?? 0n)).toBe('0.059')
    expect(prices.source).toMatch(/^our contract, 2026-11-28; otherwise AWS price list/)
  })
  test('has tiers and machines', () => {
    const own = readPriceFile(
      file('prices:\n  apiCall: [{upTo: 10, dollars: "2"}, {dollars: "1"}]\nregistryHour: {cache.m7g.large: "0.2"}\n'),
      'prices.yaml',
    )
    const prices = pricesOf('mars-north-1', own)
    expect(dollarsExact(prices.cost('apiCall', quantityOf(12)) ?? 0n)).toBe('0.000022')
    expect(prices.machine('registryHour', 'cache.m7g.large')).toBeDefined()
  })
  test.each([
    [
      'prices:\n  queueRequests: "1"\n',
      /prices\.yaml, line 4, prices\.queueRequests: is not a known price \(did you mean queueRequest\)/,
    ],
    ['prices:\n  natHour: 0.05\n', /line 4, prices\.natHour: must be an amount in quotes/],
    ['prices:\n  natHour: "-1"\n', /line 4, prices\.natHour/],
    [
      'prices:\n  apiCall:\n    - {upTo: 10, dollars: "2"}\n',
      /line 5, prices\.apiCall\.0: leaves a gap: nothing says what costs above 10/,
    ],
    [
      'prices:\n  apiCall:\n    - {upTo: 10, dollars: "2"}\n    - {upTo: 5, dollars: "1"}\n    - {dollars: "1"}\n',
      /line 6, prices\.apiCall\.1: must end above the tier before it/,
    ],
    [
      'prices:\n  apiCall:\n    - {dollars: "2"}\n    - {dollars: "1"}\n',
      /line 5, prices\.apiCall\.0: has no upTo, so no tier can follow it/,
    ],
    ['databaseHour: {mysql: "1"}\n', /line 3, databaseHour\.mysql: is not a class such as/],
    ['region: Seoul\n', /line 3, region: is not an AWS region/],
    ['currency: KRW\n', /line 3, currency: is not a known field/],
  ])('names the line of what is wrong: %j', (lines, message) => {
    expect(() => readPriceFile(file(lines), 'prices.yaml')).toThrow(message)
  })
})
