import { describe, expect, test } from 'vitest'
import { pricesOf } from '../../src/domain/aws-prices.ts'
import { compareLines, type LineToAdd, Meter, missingPrices, sumByService, sumLines } from '../../src/domain/cost-lines.ts'
import { breakEven, equalInterval, pollings, pollsIn } from '../../src/domain/cost-options.ts'
import { readTraffic, type StatedTraffic, trafficOf, volumeOf } from '../../src/domain/cost-traffic.ts'
import { type Shape, useLines } from '../../src/domain/cost-use.ts'
import { dollarsExact, quantityOf } from '../../src/domain/dollars.ts'

const seoul = pricesOf('ap-northeast-2')
const virginia = pricesOf('us-east-1')

const requests = (count: number): LineToAdd => ({
  kind: 'use',
  service: 'SQS',
  what: 'requests',
  charges: [{ key: 'queueRequest', quantity: quantityOf(count) }],
})

function bill(prices: typeof seoul, freeTier: boolean, ...lines: readonly LineToAdd[]): string {
  const meter = new Meter(prices, { freeTier })
  for (const line of lines) meter.add(line)
  return dollarsExact(sumLines(meter.lines).dollars)
}

describe('the bill that this system began with', () => {
  test('4,583,293 requests to SQS cost $1.83, or $1.43 after the free million', () => {
    // $0.40 per million (offer files of ap-northeast-2, read 2026-10-05): 4.583293 × 0.40.
    expect(bill(seoul, false, requests(4_583_293))).toBe('1.8333172')
    // (4.583293 − 1) × 0.40
    expect(bill(seoul, true, requests(4_583_293))).toBe('1.4333172')
  })
  test('a receive each second is 2,592,000 a month of 30 days', () => {
    const [short, , long] = pollings
    if (short === undefined || long === undefined) throw new Error('no polling')
    expect(pollsIn(short, 30 * 86_400)).toBe(2_592_000)
    // 2.592 × 0.40
    expect(bill(seoul, false, requests(2_592_000))).toBe('1.0368')
    // A long poll of 20 seconds in a month of 730 hours: 730 × 3,600 ÷ 20.
    expect(pollsIn(long, 730 * 3_600)).toBe(131_400)
  })
  test('short polls cost as much as the trigger of Lambda at one in 4 seconds, and as the worker at one in 40', () => {
    expect(pollings.map(equalInterval)).toEqual([1, 4, 20, 40])
  })
})

describe('a meter', () => {
  test('takes the free tier off once, for all lines of a price', () => {
    // 600,000 + 600,000 − 1,000,000 free = 200,000 at $0.40 a million.
    expect(bill(seoul, true, requests(600_000), requests(600_000))).toBe('0.08')
    expect(bill(seoul, true, requests(600_000))).toBe('0')
  })
  test('applies price tiers over all lines of a price', () => {
    const calls = (count: number): LineToAdd => ({
      ...{ kind: 'use', service: 'API Gateway', what: 'calls' },
      charges: [{ key: 'apiCall', quantity: quantityOf(count) }],
    })
    // 333 million at $3.50 and 67 million at $2.80, in two lines as in one.
    expect(bill(virginia, false, calls(400_000_000))).toBe('1353.1')
    expect(bill(virginia, false, calls(200_000_000), calls(200_000_000))).toBe('1353.1')
  })
  test('says of a sum with an unknown price that it is the least, and which price it is', () => {
    const meter = new Meter(pricesOf('eu-west-1'))
    meter.add(requests(1))
    meter.add({ kind: 'standing', service: 'WAF', what: 'web ACL', charges: [{ key: 'aclMonth', quantity: quantityOf(1) }] })
    meter.add({ kind: 'standing', service: 'other', what: 'AWS::EKS::Cluster: 1', charges: undefined })
    const { dollars, atLeast } = sumLines(meter.lines)
    expect([dollarsExact(dollars), atLeast]).toEqual(['5', true])
    expect(missingPrices(meter.lines)).toEqual(['queueRequest'])
    expect(sumByService(meter.lines).map(({ service }) => service)).toEqual(['WAF', 'SQS', 'other'])
  })
  test('takes none of something for free, whatever its price', () => {
    expect(bill(pricesOf('eu-west-1'), false, requests(0))).toBe('0')
    const meter = new Meter(pricesOf('eu-west-1'))
    meter.add(requests(0))
    expect(sumLines(meter.lines).atLeast).toBe(false)
  })
})

const container = { cpu: 1, gigabytes: 2, least: 2 }
const shape: Shape = {
  ...{ front: 'private', worker: 'lambda', registry: 'dynamodb', egress: 'endpoints', isFiltered: true },
  ...{ gatewayGigabytes: 1, workerGigabytes: 0.5, gatewayTask: container, workerTask: container, mediaDays: 60 },
  callUnits: { alone: { writes: 2, reads: 3 }, withKey: { writes: 3, reads: 6 } },
}

function dollarsOf(stated: StatedTraffic, of: Shape = shape, prices = virginia): Record<string, string> {
  const meter = new Meter(prices)
  for (const line of useLines(of, trafficOf(stated))) meter.add(line)
  return Object.fromEntries(
    meter.lines.map(({ service, what, dollars }) => [
      `${service}: ${what}`,
      dollars === undefined ? 'unknown' : dollarsExact(dollars),
    ]),
  )
}

describe('a million single messages and no reports', () => {
  const dollars = dollarsOf({ messages: 1_000_000, reportPolls: 0 })
  // Prices of us-east-1; src/domain/aws-price-table.ts has the source of each.
  test.each([
    // A million requests at $0.60 a million.
    ['WAF: requests', '0.6'],
    // A million at $3.50.
    ['API Gateway: API calls', '3.5'],
    // Two million invocations at $0.20 a million, and 2,000,000 × 0.03 s × 1 GB = 60,000 GB-s at $0.0000133334.
    ['Lambda: authorizer and gateway', '1.200004'],
    // A million connections ÷ (25 × 3,600) = 11.111112 LCU-hours, more than 1.5 GB; at $0.008.
    ['Load balancing: capacity of the balancer', '0.088888896'],
    // 1,500 bytes a call, out and in: 3 GB at $0.01.
    ['Data transfer: between zones', '0.03'],
    // 1 GB at $0.09.
    ['Data transfer: answers to the internet', '0.09'],
    ['SQS: sends', '0.4'],
    ['SQS: receives with messages', '0.4'],
    ['SQS: deletes', '0.4'],
    // A million at $0.20 a million, and 1,000,000 × 0.2 s × 0.5 GB = 100,000 GB-s.
    ['Lambda: worker', '1.53334'],
    // 5.2 units a message, and one entry of a day: 6.2 million at $0.625 a million.
    ['DynamoDB: writes to the ledger', '3.875'],
    // 2.05 units a report at $0.125 a million.
    ['DynamoDB: reads of the ledger', '0.25625'],
    // 3 writes and 6 reads a call.
    ['DynamoDB: writes to the registry', '1.875'],
    ['DynamoDB: reads of the registry', '0.75'],
    // 1.5 GB at $0.25.
    ['DynamoDB: storage of the ledger', '0.375'],
    // 1.5 GB at $0.50.
    ['CloudWatch: logs of calls', '0.75'],
    // 11 metrics at $0.30.
    ['CloudWatch: metrics of calls', '3.3'],
    // 1 GB of messages in and out, 1 GB of answers of SQS, 1.5 GB of logs at $0.01.
    ['VPC: traffic through endpoints', '0.035'],
  ])('cost for %s $%s', (line, amount) => {
    expect(dollars[line]).toBe(amount)
  })
  test('and for nothing else', () => {
    expect(Object.keys(dollars)).toHaveLength(18)
  })
})

test('images are stored once for each message, and kept for as long as the bucket says', () => {
  // 100,000 images of 100,000 bytes: 100,000 × $0.005 a thousand, and 10 GB for 60 days at $0.023 a month.
  const dollars = dollarsOf({ messages: 1_000_000, mediaShare: 0.1, reportPolls: 0 })
  expect(dollars).toMatchObject({ 'S3: images, stored': '0.5', 'S3: images, kept': '0.46' })
})

test('containers carry their load, and more are counted at the peak', () => {
  const containers: Shape = { ...shape, front: 'container', worker: 'container' }
  const few = Object.keys(dollarsOf({ messages: 1_000_000 }, containers))
  expect(few.filter((name) => /Lambda|API Gateway|Fargate/.test(name))).toEqual([])
  // 10 thousand million calls ÷ 2,628,000 s × 3 = 11,416 a second ÷ 2,300 = 5 gateways, 2 of them always;
  // as many messages ÷ 9,200 = 2 workers, 2 of them always. 3 × 730 h × ($0.03238 + 2 × $0.00356).
  const many = dollarsOf({ messages: 10_000_000_000, reportPolls: 0 }, containers)
  expect(many['Fargate: more gateways']).toBe('86.505')
  expect(many).not.toHaveProperty('Fargate: more workers')
})

test('batches are fewer calls, and larger envelopes when they do not fit into one', () => {
  const volume = volumeOf(trafficOf({ messages: 1_000_000, batchShare: 0.9, batchSize: 500, reportPolls: 7 }))
  // 100,000 single and 1,800 batches of 250,000 bytes, which are 5 envelopes of at most 61,440 bytes.
  expect(volume).toMatchObject({ singles: 100_000, batches: 1_800, submits: 101_800, envelopesABatch: 5, envelopes: 109_000 })
  expect(volume.calls).toBe(101_807)
})

test('no message costs nothing by use but the calls for reports', () => {
  const dollars = dollarsOf({ messages: 0, reportPolls: 0 })
  expect(new Set(Object.values(dollars))).toEqual(new Set(['0']))
})

describe('stated traffic', () => {
  test('lists what was assumed', () => {
    expect(trafficOf({ messages: 1, batchShare: 0.5 }).assumed).not.toContain('batchShare')
    expect(trafficOf({ messages: 1 })).toMatchObject({ customers: 1, reportPolls: 43_800, batchShare: 0 })
    expect(trafficOf({ messages: 1, customers: 3 }).reportPolls).toBe(3 * 43_800)
  })
  test('can be the messages of each customer', () => {
    const traffic = trafficOf(readTraffic('customers: {acme: 600, beta: 400}\n', 't.yaml'))
    expect(traffic).toMatchObject({ messages: 1_000, customers: 2, messagesOf: { acme: 600, beta: 400 } })
  })
  test.each([
    ['messages: -1\n', /t\.yaml, line 1, messages: must be at least 0/],
    ['messages: 1\nbatchShare: 90\n', /line 2, batchShare: must be at most 1/],
    ['messages: 1\nmesages: 2\n', /line 2, mesages: is not a known field/],
    ['messages: 1.5\n', /line 1, messages/],
  ])('names the line of what is wrong: %j', (text, message) => {
    expect(() => readTraffic(text, 't.yaml')).toThrow(message)
  })
})

describe('a break-even', () => {
  // $10 and nothing a message, against nothing and 3 a message.
  const fixedOrUse = (messages: number): number => 10 - 3 * messages
  test('is the first number of messages at which the cheaper option is not cheaper any more', () => {
    expect(breakEven(fixedOrUse)).toEqual({ kind: 'at', messages: 4, below: 'second' })
    expect(breakEven((messages) => -fixedOrUse(messages))).toEqual({ kind: 'at', messages: 4, below: 'first' })
    expect(breakEven((messages) => messages - 1_000_003)).toEqual({ kind: 'at', messages: 1_000_003, below: 'first' })
  })
  test('is none if an option is always cheaper, or a price is unknown', () => {
    expect(breakEven(() => -1)).toEqual({ kind: 'always', cheaper: 'first' })
    expect(breakEven(() => 1)).toEqual({ kind: 'always', cheaper: 'second' })
    expect(breakEven(() => 0)).toEqual({ kind: 'always', cheaper: 'equal' })
    expect(breakEven(() => undefined)).toEqual({ kind: 'unknown' })
    expect(breakEven((messages) => (messages === 0 ? 1 : undefined))).toEqual({ kind: 'unknown' })
  })
  test('leaves out what both have as much of, though its price is unknown', () => {
    const lines = (extra: number, calls: number) => {
      const meter = new Meter(seoul)
      meter.add(requests(extra))
      meter.add({
        kind: 'use',
        service: 'API Gateway',
        what: 'calls',
        charges: [{ key: 'apiCall', quantity: quantityOf(calls) }],
      })
      return meter.lines
    }
    expect(seoul.of('apiCall')).toBeUndefined()
    expect(compareLines(lines(1, 5), lines(2, 5))).toBe(-1)
    expect(compareLines(lines(1, 5), lines(2, 6))).toBeUndefined()
  })
})
