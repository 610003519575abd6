import { expect, test } from 'vitest'
import { dollarsExact, dollarsNumber } from '../../../src/domain/dollars.ts'
import { Problem } from '../../../src/domain/problem.ts'
import { showCost } from '../../../src/operations/cost/index.ts'
import { addressesIn, type CostReader, maxMetrics } from '../../../src/operations/cost/reader.ts'
import { monthOf } from '../../../src/operations/cost/show.ts'
import type { Metric } from '../../../src/operations/cost/subjects.ts'
import { type DeployedStack, outlineStage } from '../../../src/operations/stacks/index.ts'
import { shownJson, shownText } from '../../../src/presenters/cost-show.ts'
import { least, root } from '../../dev/rehearse/stages.ts'

const region = 'us-east-1'
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/apigw-prod-carrier'
/** Half of a month of 30 days. */
const now = Date.UTC(2026, 10, 16)

type Resource = readonly [type: string, physicalId: string, properties?: Readonly<Record<string, string>>]

async function deployed(...resources: readonly Resource[]): Promise<DeployedStack[]> {
  const stage = { name: 'prod', region, settings: { ...least, size: 'small' as const } }
  const outlines = await outlineStage(stage, [], root)
  const made = resources.map(([type, physicalId, properties = {}], at) => ({
    ...{ id: `R${at}`, type, physicalId },
    text: (path: string) => properties[path],
  }))
  return outlines.map((outline) => ({ outline, resources: outline.key === 'network' ? made : [] }))
}

/** Answers with figures by the name of the metric, and counts what it is asked. */
class FakeReader implements CostReader {
  readonly asked: Metric[] = []
  readonly #figures: Readonly<Record<string, number>>
  readonly #denied: readonly string[]
  key: string | undefined

  constructor(figures: Readonly<Record<string, number>>, denied: readonly string[] = []) {
    this.#figures = figures
    this.#denied = denied
  }

  #check(action: string): void {
    if (this.#denied.includes(action)) throw new Problem('aws-denied', `You lack the right ${action}.`)
  }

  async figures(metrics: readonly Metric[]): Promise<readonly number[]> {
    this.#check('cloudwatch:GetMetricData')
    this.asked.push(...metrics)
    return metrics.map(({ name }) => this.#figures[name] ?? 0)
  }

  async queue() {
    this.#check('sqs:GetQueueAttributes')
    return { waitSeconds: 0, key: this.key, keyReuseSeconds: 300 }
  }

  async addresses() {
    this.#check('ec2:DescribeAddresses')
    return [
      { ip: '203.0.113.7', isUsed: false },
      { ip: '203.0.113.8', isUsed: true },
    ]
  }
}

const asked = { stage: 'prod', region, freeTier: false, now, usage: undefined }
const stacks = () =>
  deployed(
    ['AWS::SQS::Queue', queueUrl],
    ['AWS::DynamoDB::Table', 'apigw-prod-ledger'],
    ['AWS::EC2::VPC', 'vpc-1'],
    ['AWS::EC2::VPCEndpoint', 'vpce-1', { VpcEndpointType: 'Interface', ServiceName: 'com.amazonaws.us-east-1.sqs' }],
    ['AWS::EC2::VPCEndpoint', 'vpce-2', { VpcEndpointType: 'Gateway' }],
    ['AWS::EC2::NatGateway', 'nat-1'],
    ['AWS::Lambda::Function', 'apigw-prod-worker', { MemorySize: '512' }],
  )

test('a month is that of AWS, in UTC', () => {
  expect(monthOf(Date.parse('2026-11-30T23:59:59Z'))).toEqual({ start: Date.UTC(2026, 10), end: Date.UTC(2026, 11) })
  expect(monthOf(Date.parse('2026-12-31T23:59:59Z')).end).toBe(Date.UTC(2027, 0))
})

test('the first bill of this system: empty receives are most of it, and a warning says so', async () => {
  // A receive each second finds nothing: 15 days × 86,400 = 1,296,000.
  const reader = new FakeReader({ NumberOfEmptyReceives: 1_296_000, NumberOfMessagesSent: 100, NumberOfMessagesReceived: 100 })
  const shown = await showCost({ ...asked, stacks: await stacks(), reader })
  const line = shown.lines.find(({ what }) => what === 'receives that found nothing')
  // 1.296 million at $0.40 a million.
  expect(dollarsExact(line?.dollars ?? 0n)).toBe('0.5184')
  const polling = shown.warnings.find(({ what }) => what === 'short-polling')
  expect(polling?.text).toMatch(/^3,600 receives an hour find nothing/)
  // 3,600 an hour for 730 hours.
  expect(dollarsExact(polling?.dollars ?? 0n)).toBe('1.0512')
})

test('what is billed for nothing is found, each with its dollars a month and what to do', async () => {
  const reader = new FakeReader({ NumberOfEmptyReceives: 300_000, SuccessfulRequestLatency: 3, ConsumedReadCapacityUnits: 1_000 })
  reader.key = 'alias/own'
  const shown = await showCost({ ...asked, stacks: await stacks(), reader })
  const { warnings } = shownJson(shown)
  expect(warnings.map(({ what, dollarsAMonth }) => [what, dollarsAMonth])).toEqual([
    // ($0.045 + $0.005) × 730
    ['idle-nat', '36.5'],
    // Two zones × $0.01 × 730.
    ['unused-endpoint', '14.6'],
    ['unused-address', '3.65'],
    // 300,000 in 360 hours are 608,334 in 730, at $0.40 a million.
    ['idle-queue', '0.2433336'],
    // 730 × 3,600 ÷ 300 = 8,760 periods × 3 uses, at $0.03 for 10,000.
    ['queue-key', '0.07884'],
    ['scan', null],
  ])
  for (const { next, text } of warnings) expect(`${text} ${next}`).toMatch(/\w{3,}.* \w{3,}/)
  const text = shownText(shown, 'prod', false)
  expect(text).toContain('! nat-1: no byte went through this gateway')
  expect(text.split('\n').filter((one) => one.length > 80 && !/^ +(?:.*next:)/.test(one))).toEqual([])
})

test('what is used has no warning', async () => {
  const figures = { NumberOfEmptyReceives: 1, NumberOfMessagesSent: 1, BytesProcessed: 1, BytesOutToDestination: 1 }
  const { warnings } = await showCost({ ...asked, stacks: await stacks(), reader: new FakeReader(figures) })
  expect(warnings.map(({ what }) => what)).toEqual(['unused-address'])
})

test('the month is heading to what stands for all of it, and to use as until now', async () => {
  const reader = new FakeReader({ Invocations: 1_000_000, Duration: 100_000_000 })
  const shown = await showCost({ ...asked, stacks: await stacks(), reader })
  const worker = shown.lines.find(({ what }) => what === 'apigw-prod-worker')
  // A million at $0.20, and 100,000 s × 0.5 GB = 50,000 GB-s at $0.0000133334.
  expect(dollarsExact(worker?.dollars ?? 0n)).toBe('0.86667')
  // Half of the month is over, so all lines double, but for the rounding of quantities to millionths.
  expect(dollarsNumber(shown.heading.dollars, 4)).toBeCloseTo(2 * dollarsNumber(shown.soFar.dollars, 4), 2)
  expect(shown.lines.some(({ kind, service }) => kind === 'standing' && service === 'SQS')).toBe(false)
})

test('customers share the cost by their messages', async () => {
  const usage = [
    { customer: 'acme', messages: 3_000 },
    { customer: 'beta', messages: 1_000 },
  ]
  const shown = await showCost({ ...asked, stacks: await stacks(), reader: new FakeReader({}), usage })
  const [acme, beta] = shown.customers
  expect((acme?.standing ?? 0n) / 3n).toBe(beta?.standing)
  expect((acme?.standing ?? 0n) + (beta?.standing ?? 0n)).toBeLessThanOrEqual(shown.soFar.dollars)
  expect(shown.aMillion).toBe(shown.soFar.dollars * 250n)
})

test('what may not be read is named, and the sum is the least', async () => {
  const all = ['cloudwatch:GetMetricData', 'sqs:GetQueueAttributes', 'ec2:DescribeAddresses']
  const shown = await showCost({ ...asked, stacks: await stacks(), reader: new FakeReader({}, all) })
  const names = shown.notRead.map(({ what }) => what)
  expect(new Set(names)).toEqual(new Set(['the settings of queues', 'elastic addresses', 'the figures of CloudWatch']))
  expect(shown.soFar.atLeast).toBe(true)
  // Nothing is known of the use, so nothing is called unused.
  expect(shown.warnings).toEqual([])
  expect(shownText(shown, 'prod', false)).toMatch(/Not read: elastic addresses\. You lack the right ec2:DescribeAddresses\./)
})

test('the reading is bounded, and says what it cost', async () => {
  const many = Array.from({ length: 400 }, (_, at): Resource => ['AWS::DynamoDB::Table', `table-${at}`])
  const reader = new FakeReader({})
  const shown = await showCost({ ...asked, stacks: await deployed(...many), reader })
  // Three metrics of each table.
  expect(reader.asked).toHaveLength(498)
  expect(maxMetrics).toBe(500)
  // 498 metrics at $0.01 for 1,000.
  expect(dollarsExact(shown.readingCost ?? 0n)).toBe('0.00498')
  expect(shown.notRead).toMatchObject([{ what: 'the figures of 234 resources' }])
  expect(shown.soFar.atLeast).toBe(true)
})

test('addresses of EC2 are read with whether they are attached', () => {
  const xml =
    '<addressesSet><item><publicIp>203.0.113.7</publicIp><domain>vpc</domain></item><item><publicIp>203.0.113.8</publicIp><associationId>eipassoc-1</associationId></item></addressesSet>'
  expect(addressesIn(xml)).toEqual([
    { ip: '203.0.113.7', isUsed: false },
    { ip: '203.0.113.8', isUsed: true },
  ])
})
