import { describe, expect, test } from 'vitest'
import { pricesOf } from '../../../src/domain/aws-prices.ts'
import { trafficOf } from '../../../src/domain/cost-traffic.ts'
import { dollarsExact, dollarsNumber, sumOf } from '../../../src/domain/dollars.ts'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { compareOptions, estimate, stageCosts } from '../../../src/operations/cost/index.ts'
import { monthlyCost, outlineStage } from '../../../src/operations/stacks/index.ts'
import { estimateJson, estimateText, linesCsv } from '../../../src/presenters/cost.ts'
import { optionsText } from '../../../src/presenters/cost-options.ts'
import { least, root } from '../../dev/rehearse/stages.ts'

const region = 'us-east-1'
const stageOf = (settings: DeploySettings) => ({ name: 'prod', region, settings: { ...least, ...settings } })
const small = stageOf({ size: 'small' })
const traffic = trafficOf({ messages: 1_000_000, batchShare: 0.5, customers: { acme: 750_000, beta: 250_000 } })

test('what stands is what a deployment shows as the fixed cost, and the functions of each minute', async () => {
  const costs = await stageCosts(small, root)
  const { lines, standing } = estimate(costs, { region, traffic, freeTier: false })
  const shown = monthlyCost(await outlineStage(small, [], root), region)
  const scheduled = lines.filter(({ what }) => what.includes('every minute'))
  const through = shown.lines.filter(({ what }) => what.startsWith('traffic through'))
  const fixed = shown.dollarsAMonth - through.reduce((sum, { dollarsAMonth }) => sum + (dollarsAMonth ?? 0), 0)
  const minutes = dollarsNumber(sumOf(scheduled.map(({ dollars }) => dollars ?? 0n)))
  expect(scheduled).toHaveLength(2)
  // Each line of a deployment is rounded to a cent.
  expect(Math.abs(dollarsNumber(standing.dollars) - fixed - minutes)).toBeLessThan(0.01 * shown.lines.length)
})

test('customers, services, kinds and lines add up to the same', async () => {
  const found = estimate(await stageCosts(small, root), { region, traffic, freeTier: true })
  expect(found.standing.dollars + found.use.dollars).toBe(found.total.dollars)
  const byCustomer = sumOf(found.customers.flatMap(({ use, standing }) => [use, standing]))
  // Each share is rounded down by at most 10^-24 dollars.
  expect(found.total.dollars - byCustomer).toBeLessThan(10n)
  expect(found.customers.map(({ customer }) => customer)).toEqual(['acme', 'beta'])
  expect(found.aMillion?.total).toBe(found.total.dollars)
  const { services, lines, total } = estimateJson(found)
  const cents = (all: readonly { dollars: string | null }[]) => all.reduce((sum, { dollars }) => sum + Number(dollars), 0)
  expect(cents(services)).toBeCloseTo(Number(total.dollars), 9)
  expect(cents(lines)).toBeCloseTo(Number(total.dollars), 9)
  expect(linesCsv(found.lines).split('\r\n')).toHaveLength(found.lines.flatMap(({ charges }) => charges).length + 2)
})

test('an unknown price is named, and the sum is the least', async () => {
  const found = estimate(await stageCosts(small, root), { region: 'eu-west-1', traffic, freeTier: false })
  expect(found.total.atLeast).toBe(true)
  const text = estimateText(found, true)
  expect(text).toMatch(/a month in eu-west-1: at least \$\d/)
  expect(text).toMatch(/Price unknown: .*apiCall/s)
  expect(text).toMatch(/SQS: sends +price unknown/)
})

describe('options', () => {
  const pricing = { prices: pricesOf(region), freeTier: false }
  test('cost the same at their break-even', async () => {
    const costs = await stageCosts(small, root)
    const { compared, egress, polling } = await compareOptions(small, root, costs, traffic, pricing)
    const kinds = compared.map((one) => [one.what, 'why' in one ? 'none' : one.breakEven.kind])
    expect(Object.fromEntries(kinds)).toMatchObject({ front: 'at', worker: 'at', registry: 'at', size: 'at' })
    const size = compared.find(({ what }) => what === 'size')
    if (size === undefined || 'why' in size || size.breakEven.kind !== 'at') throw new Error('no break-even')
    const { messages } = size.breakEven
    const totals = await Promise.all(
      (['solo', 'small'] as const).flatMap((name) =>
        [messages - 1, messages].map(async (many) => {
          const some = { ...traffic, messages: many }
          return estimate(await stageCosts(stageOf({ size: name }), root), { region, traffic: some, freeTier: false }).total
            .dollars
        }),
      ),
    )
    const [soloBefore = 0n, solo = 0n, smallBefore = 0n, other = 0n] = totals
    expect(soloBefore).toBeLessThan(smallBefore)
    expect(solo).toBeGreaterThanOrEqual(other)
    // Two endpoints in two zones at $0.01 against a NAT gateway at $0.045 with its address at $0.005: 730 × 0.04 < 730 × 0.05.
    expect(egress).toMatchObject({ endpointsAbove: 0, taken: 'endpoints' })
    expect(dollarsExact(egress?.nat ?? 0n)).toBe('36.5')
    expect(polling.map(({ requestsAMonth }) => requestsAMonth)).toEqual([2_628_000, 657_000, 131_400, 65_700])
  })
  test('that a stage cannot have are named with the reason', async () => {
    const solo = stageOf({ size: 'solo' })
    const { compared, egress } = await compareOptions(solo, root, await stageCosts(solo, root), traffic, pricing)
    expect(compared.find(({ what }) => what === 'front')).toMatchObject({ why: expect.stringContaining('front: container') })
    expect(egress).toBeUndefined()
  })
})

test('nothing is wider than 80 columns', async () => {
  const costs = await stageCosts(small, root)
  const found = estimate(costs, { region: 'ap-northeast-2', traffic, freeTier: true })
  const options = await compareOptions(small, root, costs, traffic, { prices: pricesOf('ap-northeast-2'), freeTier: true })
  const wide = `${estimateText(found, true)}\n${optionsText(options)}`.split('\n').filter((line) => line.length > 80)
  // A source may have an address that cannot be broken.
  expect(wide.filter((line) => !/https:\/\//.test(line))).toEqual([])
})
