import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pricedRegions } from '../../../src/domain/aws-price-table.ts'
import { type DeploySettings, sizes } from '../../../src/domain/stage.ts'
import { readTemplate } from '../../../src/operations/cloudformation/index.ts'
import { billings } from '../../../src/operations/stacks/cost/billed.ts'
import { freeTypes, usages } from '../../../src/operations/stacks/cost/usage.ts'
import { type Cost, monthlyCost, planStage } from '../../../src/operations/stacks/index.ts'
import { costText } from '../../../src/presenters/changes.ts'
import { image, least, root, shipped } from '../../dev/rehearse/stages.ts'

const installation = shipped()
const seoul = 'ap-northeast-2'

async function costOf(settings: DeploySettings = least, region = seoul, named: readonly string[] = []): Promise<Cost> {
  return monthlyCost(await planStage({ name: 'prod', region, settings }, named, installation), region)
}

function lines({ lines: all }: Cost): Record<string, number | null> {
  return Object.fromEntries(all.map(({ what, dollarsAMonth }) => [what, dollarsAMonth]))
}

test('every resource type of the templates has a fixed price, a price by usage, or is free', () => {
  const types = globSync('templates/stacks/*.yaml', { cwd: root }).flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return [...readTemplate(text, { name: path, code: 'config-invalid' }).resources.values()].map(({ type }) => type)
  })
  const billed = new Set([...Object.keys(billings), ...Object.keys(usages)])
  const unknown = types.filter((type) => !type.startsWith('Custom::') && !billed.has(type) && !freeTypes.has(type))
  expect(types.length).toBeGreaterThan(200)
  expect([...new Set(unknown)]).toEqual([])
  expect([...billed].filter((type) => freeTypes.has(type))).toEqual([])
  expect([...billed, ...freeTypes.keys()].filter((type) => !types.includes(type))).toEqual([])
  for (const [type, reason] of freeTypes) expect(reason, type).toMatch(/^\w.{15,}/)
})

describe('the fixed cost of a stage', () => {
  test('has each part in a line, and is their sum', async () => {
    const cost = await costOf()
    expect(lines(cost)).toMatchObject({
      // 730 hours a month, at 0.024 and 0.025 an hour.
      'registry: 2 × cache.t4g.micro': 35.04,
      'database: 2 × db.t4g.micro': 36.5,
      'database: 2 × 20 GB of disk': 5.24,
      // Three of the stack, and the master password of RDS.
      'secrets: 4': 1.6,
      'keys (KMS): 1': 1,
      'load balancer: 1': 16.43,
      'public IPv4 addresses: 2': 7.3,
      // SQS and Secrets Manager, and the API's, each in two zones at 0.013 an hour.
      'interface endpoints: 6 × zone': 56.94,
      'traffic through interface endpoints: 100 GB': 1,
      'firewall: 1 × web ACL': 5,
      'firewall: 6 × rule': 6,
      // The carrier's queue and the sandbox: 1,314,000 requests at $0.40 a million.
      'polling of queues by Lambda: 2 × 657,000 requests': 0.53,
      // 43,800 starts at $0.20 a million, a second of 256 MB each, and two reads at $0.1355 a million.
      'webhooks: 1 × 43,800 starts of a function, without NAT': 0.17,
    })
    expect(cost.lines.find(({ what }) => what.startsWith('alarms: '))?.dollarsAMonth).toBeGreaterThan(3)
    expect(cost.dollarsAMonth).toBeCloseTo(
      cost.lines.reduce((sum, one) => sum + (one.dollarsAMonth ?? 0), 0),
      2,
    )
    expect(cost.atLeast).toBe(false)
  })
  test('counts the queue of a second carrier, also if only the worker is deployed', async () => {
    const three = 'polling of queues by Lambda: 3 × 657,000 requests'
    expect(lines(await costOf({ ...least, secondCarrier: 'beta' }))).toHaveProperty(three, 0.79)
    expect(lines(await costOf(least, seoul, ['worker']))).toHaveProperty(three)
  })
  test('counts containers, and what they need', async () => {
    const cost = lines(await costOf({ ...least, front: 'container', worker: 'container', image }))
    expect(cost).toMatchObject({
      'containers: 2 × Fargate task of 1 vCPU and 2 GB': 66.33,
      'NAT gateways: 1': 43.07,
      'traffic through NAT: 100 GB': 5.9,
      'public IPv4 addresses: 3': 10.95,
    })
    expect(Object.keys(cost).join('\n')).toMatch(/polling of queues by containers: \d+ × 65,700 requests/)
    expect(Object.keys(cost).join('\n')).not.toMatch(/polling of queues by Lambda/)
  })
  test('compares both egress options, and selects the one that the template would', async () => {
    const { egress } = await costOf()
    // Two endpoints in two zones at $0.013 an hour plus $1 for traffic; NAT with its address at $0.064 plus $5.90.
    expect(egress?.endpoints).toBeCloseTo(2 * 2 * 0.013 * 730 + 1, 6)
    expect(egress?.nat).toBeCloseTo(0.064 * 730 + 5.9, 6)
    expect(egress?.taken).toBe('endpoints')
    const containers = await costOf({ ...least, front: 'container', image })
    expect(containers.egress?.taken).toBe('nat')
  })
  test('leaves out what a condition of the template leaves out', async () => {
    const [all, less] = [await costOf(), await costOf({ ...least, detection: 'existing' })]
    expect(all.usage.map(({ what }) => what)).toContain('GuardDuty')
    expect(less.usage.map(({ what }) => what)).not.toContain('GuardDuty')
  })
})

/** What a bill has that is easily forgotten. */
const parts = [
  '2 × 657,000 requests',
  'log ingestion',
  'the trail',
  'alarms: ',
  'metrics of logs',
  'firewall: ',
  'secrets: ',
  'keys (KMS): ',
]
const partsOf = (size: (typeof sizes)[number]) =>
  size === 'solo'
    ? [...parts, 'database: 1 × db.']
    : [...parts, 'database: 2 × db.', 'registry: ', 'detailed metrics of the API', 'GuardDuty']

function unknownLine(what: string): RegExp {
  return new RegExp(`^  ${what.replaceAll(/[().×]/g, '\\$&')} +price unknown$`, 'm')
}

describe('an unknown price', () => {
  test('is a line without a price, and the sum is the least', async () => {
    const cost = await costOf({ ...least, size: 'medium' })
    expect(lines(cost)).toMatchObject({ 'registry: 2 × cache.m7g.large': null, 'database: 2 × db.m7g.large': null })
    expect(cost.atLeast).toBe(true)
    const text = costText(cost)
    expect(text).toMatch(/^.*Fixed cost: at least \$\d+\.\d\d per month/)
    expect(text).toMatch(/registry: 2 × cache\.m7g\.large +price unknown/)
  })
  const invented = ['us-west-2', 'mars-north-1', 'cn-north-1', 'us-gov-west-1']
  test.each([...pricedRegions, ...invented])('in %s is a line, for each size: nothing is left out', async (region) => {
    for (const size of sizes) {
      const [here, there] = [await costOf({ ...least, size }), await costOf({ ...least, size }, region)]
      expect(Object.keys(lines(there))).toEqual(Object.keys(lines(here)))
      expect(there.usage.map(({ what }) => what)).toEqual(here.usage.map(({ what }) => what))
      expect(there.atLeast).toBe(Object.values(lines(there)).includes(null))
      const text = costText(there)
      expect(text.includes('at least')).toBe(there.atLeast)
      for (const [what, price] of Object.entries(lines(there))) if (price === null) expect(text).toMatch(unknownLine(what))
      for (const part of partsOf(size)) expect(text).toContain(part)
    }
  })
  test('in another partition is unknown, because its prices and its currency are others', async () => {
    for (const region of ['cn-north-1', 'us-gov-west-1']) expect((await costOf(least, region)).dollarsAMonth).toBe(0)
    expect((await costOf(least, 'mars-north-1')).dollarsAMonth).toBeGreaterThan(10)
  })
  test('of a resource type that has no entry is a line by the name of the type', async () => {
    const [plan] = await planStage({ name: 'prod', region: seoul, settings: least }, ['security'], installation)
    if (plan === undefined) throw new Error('no plan')
    const template = JSON.stringify({ Resources: { Cluster: { Type: 'AWS::EKS::Cluster' } } })
    expect(monthlyCost([{ ...plan, template, parameters: {} }], seoul)).toMatchObject({
      lines: [{ what: 'AWS::EKS::Cluster: 1', dollarsAMonth: null }],
      dollarsAMonth: 0,
      atLeast: true,
    })
  })
})

test('what depends on traffic is named with its price', async () => {
  const { usage } = await costOf()
  expect(usage).toContainEqual({ what: 'log ingestion', unit: 'GB', dollars: 0.76 })
  expect(usage).toContainEqual({ what: 'queue requests', unit: 'million', dollars: 0.4 })
  expect(usage).toContainEqual({ what: 'GuardDuty', unit: 'million events', dollars: null })
  expect(usage.map(({ what }) => what)).toEqual([...new Set(usage.map(({ what }) => what))])
})
