import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRegistry } from '../../../src/registry/index.ts'
import { createAdmin } from '../../../src/runtime/admin/index.ts'
import { run, temporaryFolder } from '../../cli/run.ts'
import { OwnRedis } from '../../registry/own-redis.ts'
import { lambdaServer, user } from '../../registry/remote/lambda-server.ts'
import type { Answer, AwsServer } from '../../support/aws-server.ts'
import { denied, healthyAws, noStack, stackOf } from './healthy-aws.ts'

interface Check {
  readonly name: string
  readonly state: string
  readonly detail: string
  readonly fix?: string
}
interface Report {
  readonly code: number
  readonly summary: Readonly<Record<string, number>>
  readonly checks: readonly Check[]
}

async function readyGateway(): Promise<string> {
  const server = createServer((_, response) => response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

async function redis(...more: string[]): Promise<OwnRedis> {
  const own = await OwnRedis.onFreePort(...more)
  onTestFinished(() => own.remove())
  await own.start()
  return own
}

/** Runs the doctor for a stage on AWS. */
async function doctor(aws: Pick<AwsServer, 'env'>, registry: string, ...more: string[]): Promise<Report> {
  const cwd = temporaryFolder()
  const stage = `    registry: ${registry}\n    gateway: ${await readyGateway()}\n    region: ap-northeast-2\n`
  writeFileSync(join(cwd, 'apigw.yaml'), `version: 1\nstages:\n  prod:\n${stage}  dev: {}\n`)
  const { stdout, stderr, code } = await run(['doctor', '--stage', 'prod', '--json', ...more], { cwd, env: aws.env })
  expect(stderr).toBe('')
  return { code, ...JSON.parse(stdout) }
}

/** The check that a fault of AWS causes. */
async function found(name: string, answers: Readonly<Record<string, Answer>>): Promise<Check> {
  const aws = await healthyAws(answers)
  const { checks } = await doctor(aws, 'sqlite:registry.db')
  const check = checks.find((one) => one.name === name)
  if (check === undefined) throw new Error(`nothing was said of ${name}: ${JSON.stringify(checks)}`)
  return check
}

describe('a healthy stage', () => {
  test('every dependency is checked', async () => {
    const own = await redis()
    const report = await doctor(await healthyAws(), own.address)
    expect(report.checks.filter(({ state }) => state !== 'ok').map(({ name, state }) => [name, state])).toEqual([
      ['schema', 'skipped'],
    ])
    expect(report).toMatchObject({ code: 0, summary: { warn: 0, fail: 0, skipped: 1 } })
    expect(report.checks.map(({ name }) => name)).toEqual([
      'node',
      'config',
      'registry',
      'registry eviction',
      'registry memory',
      'registry persistence',
      'registry writes',
      'registry access',
      'clock',
      'customers',
      'gateway',
      'schema',
      'aws',
      'stacks',
      'drift',
      'clock aws',
      'trail',
      'waf',
      'budget',
      'alerts',
      'quotas',
    ])
  })
  test('the same with the registry behind the admin function', async () => {
    const own = await redis()
    const handler = createAdmin({ open: () => openRegistry(own.address), now: Date.now, log: () => undefined })
    const operator = user('operator')
    const server = await lambdaServer({ name: 'apigw-prod-admin', handler, users: [operator] })
    onTestFinished(() => server.close())
    const aws = await healthyAws()
    const { AWS_ENDPOINT_URL, ...keys } = server.env()
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: AWS_ENDPOINT_URL ?? '', AWS_ENDPOINT_URL: aws.url }
    const report = await doctor({ env }, 'lambda:apigw-prod-admin')
    expect(report.code).toBe(0)
    expect(report.checks.find(({ name }) => name === 'registry')?.detail).toMatch(/^lambda:apigw-prod-admin \(redis \d/)
    expect(report.checks.filter(({ name }) => /^(registry |clock$)/.test(name)).map(({ name, state }) => [name, state])).toEqual([
      ['registry eviction', 'ok'],
      ['registry memory', 'ok'],
      ['registry persistence', 'ok'],
      ['registry writes', 'ok'],
      ['registry access', 'ok'],
      ['clock', 'ok'],
    ])
  })
  test('a schema with --database', async () => {
    const database = `sqlite:${join(temporaryFolder(), 'm.db')}`
    const { checks } = await doctor(await healthyAws(), 'sqlite:registry.db', '--database', database)
    expect(checks.find(({ name }) => name === 'schema')).toMatchObject({
      state: 'fail',
      fix: `apigw schema apply --stage prod --database ${database}`,
      detail: expect.stringContaining('lacks'),
    })
  })
})

describe('the registry', () => {
  test('a risk of selling units twice fails, a risk of data loss at restart warns, each with the command that fixes it', async () => {
    const own = await redis('--maxmemory-policy', 'allkeys-lru', '--maxmemory', '100mb', '--appendonly', 'no')
    const { checks } = await doctor(await healthyAws(), own.address)
    expect(checks.filter(({ name, state }) => name.startsWith('registry ') && state !== 'ok')).toEqual([
      {
        name: 'registry eviction',
        state: 'fail',
        detail: expect.stringContaining('allkeys-lru'),
        fix: expect.stringContaining('noeviction'),
      },
      {
        name: 'registry persistence',
        state: 'warn',
        detail: expect.stringContaining('off'),
        fix: expect.stringMatching(/appendonly yes$/),
      },
    ])
  })
  test('one inside a VPC is reached through the function', async () => {
    const { checks } = await doctor(await healthyAws(), 'rediss://localhost:1')
    expect(checks.find(({ name }) => name === 'registry')).toMatchObject({ state: 'fail' })
    const fixes = checks.map(({ fix }) => fix)
    expect(fixes).toContainEqual(expect.stringContaining('lambda:apigw-prod-admin@ap-northeast-2'))
  })
})

describe('each fault on AWS is found, with a fix', () => {
  test.each<[string, string, Record<string, Answer>, string, RegExp, RegExp]>([
    [
      'a stage that is not deployed',
      'stacks',
      { DescribeStacks: (of) => noStack(of.parameters.get('StackName') ?? '') },
      'warn',
      /the stage prod has no stacks/,
      /^apigw deploy --stage prod$/,
    ],
    [
      'a stack that failed when it was made',
      'stack apigw-prod-data',
      {
        DescribeStacks: (of) =>
          stackOf(of.parameters.get('StackName') === 'apigw-prod-data' ? 'ROLLBACK_COMPLETE' : 'CREATE_COMPLETE'),
      },
      'fail',
      /ROLLBACK_COMPLETE/,
      /^apigw deploy data --stage prod/,
    ],
    [
      'a stack whose update failed',
      'stack apigw-prod-edge',
      {
        DescribeStacks: (of) =>
          stackOf(of.parameters.get('StackName') === 'apigw-prod-edge' ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE'),
      },
      'warn',
      /last update failed/,
      /^apigw deploy edge/,
    ],
    [
      'a stack that is being changed',
      'stack apigw-prod-edge',
      {
        DescribeStacks: (of) =>
          stackOf(of.parameters.get('StackName') === 'apigw-prod-edge' ? 'UPDATE_IN_PROGRESS' : 'UPDATE_COMPLETE'),
      },
      'warn',
      /UPDATE_IN_PROGRESS/,
      /wait/,
    ],
    [
      'a stack that is missing',
      'stack apigw-prod-worker',
      {
        DescribeStacks: (of) =>
          of.parameters.get('StackName') === 'apigw-prod-worker' ? noStack('w') : stackOf('CREATE_COMPLETE'),
      },
      'fail',
      /does not exist/,
      /^apigw deploy worker/,
    ],
    [
      'an admin function that is missing',
      'stack apigw-prod-admin',
      {
        DescribeStacks: (of) =>
          of.parameters.get('StackName') === 'apigw-prod-admin' ? noStack('a') : stackOf('CREATE_COMPLETE'),
      },
      'warn',
      /does not exist/,
      /^apigw deploy admin/,
    ],
    [
      'no trail',
      'trail',
      { DescribeStacks: (of) => (of.parameters.get('StackName') === 'apigw-trail' ? noStack('t') : stackOf('CREATE_COMPLETE')) },
      'warn',
      /stack apigw-trail does not exist/,
      /^apigw trail install --stage prod$/,
    ],
    [
      'a trail that is stopped',
      'trail',
      { GetTrailStatus: { IsLogging: false } },
      'fail',
      /stopped/,
      /start-logging --name apigw$/,
    ],
    [
      'a trail that cannot deliver',
      'trail',
      { GetTrailStatus: { IsLogging: true, LatestDeliveryError: 'AccessDenied' } },
      'fail',
      /AccessDenied/,
      /^apigw trail status --stage prod$/,
    ],
    [
      'an adopted trail that is stopped',
      'trail',
      {
        DescribeStacks: () => stackOf('CREATE_COMPLETE', { TrailName: '', LogGroup: 'theirs' }),
        DescribeTrails: { trailList: [{ TrailARN: 'arn:aws:cloudtrail:x', CloudWatchLogsLogGroupArn: 'arn:x:theirs:*' }] },
        GetTrailStatus: { IsLogging: false },
      },
      'fail',
      /stopped/,
      /start-logging --name arn:aws:cloudtrail:x$/,
    ],
    ['a load balancer without a firewall', 'waf', { GetWebACLForResource: {} }, 'fail', /no web ACL/, /^apigw deploy edge/],
    [
      'no budget',
      'budget',
      { DescribeNotificationsForBudget: { error: 'NotFoundException', message: 'no', status: 400 } },
      'fail',
      /budget apigw-prod does not exist/,
      /^apigw deploy security/,
    ],
    [
      'a budget without an alarm',
      'budget',
      { DescribeNotificationsForBudget: { Notifications: [] } },
      'fail',
      /has no notifications/,
      /^apigw deploy security/,
    ],
    [
      'a budget that is used up',
      'budget',
      {
        DescribeNotificationsForBudget: {
          Notifications: [{ NotificationType: 'ACTUAL', Threshold: 80, NotificationState: 'ALARM' }],
        },
      },
      'warn',
      /actual over 80%/,
      /monthlyBudget/,
    ],
    [
      'alarms without subscribers',
      'alerts',
      { ListSubscriptionsByTopic: '<Subscriptions></Subscriptions>' },
      'warn',
      /no subscribers/,
      /alertEmail/,
    ],
    [
      'a quota that is too small',
      'quotas',
      { GetServiceQuota: { Quota: { Value: 9 } }, GetAWSDefaultServiceQuota: { Quota: { Value: 1000 } } },
      'warn',
      /Concurrent executions: the quota is 9, and the stage needs 10/,
      /^aws service-quotas request-service-quota-increase --service-code lambda .*--desired-value 1000/,
    ],
    [
      'an unconfirmed subscription',
      'alerts',
      {
        ListSubscriptionsByTopic:
          '<Subscriptions><member><SubscriptionArn>PendingConfirmation</SubscriptionArn></member></Subscriptions>',
      },
      'warn',
      /confirmed/,
      /link/,
    ],
    [
      'a clock that is minutes off',
      'clock aws',
      { date: new Date(Date.now() + 100_000).toUTCString() },
      'warn',
      /behind AWS's clock/,
      /timedatectl/,
    ],
    [
      'a clock that invalidates signatures',
      'clock aws',
      { date: new Date(Date.now() - 3_600_000).toUTCString() },
      'fail',
      /ahead of AWS's clock/,
      /timedatectl/,
    ],
  ])('%s', async (_, name, answers, state, detail, fix) => {
    const check = await found(name, answers)
    expect(check).toMatchObject({ state, detail: expect.stringMatching(detail), fix: expect.stringMatching(fix) })
  })

  test.each([
    ['trail', 'GetTrailStatus', 'cloudtrail:GetTrailStatus'],
    ['waf', 'GetWebACLForResource', 'wafv2:GetWebACLForResource'],
    ['budget', 'DescribeNotificationsForBudget', 'budgets:ViewBudget'],
    ['alerts', 'ListSubscriptionsByTopic', 'sns:ListSubscriptionsByTopic'],
  ])('without permission for %s, the permission is named and the other checks run', async (name, call, action) => {
    const { checks, code } = await doctor(await healthyAws({ [call]: denied(action) }), 'sqlite:registry.db')
    const check = checks.find((one) => one.name === name)
    expect(check).toMatchObject({
      state: 'skipped',
      detail: expect.stringContaining(action),
      fix: expect.stringContaining(`allow ${action}`),
    })
    const others = ['stacks', 'clock aws', 'trail', 'waf', 'budget', 'alerts'].filter((one) => one !== name)
    expect(checks.filter((one) => others.includes(one.name)).map((one) => one.state)).toEqual(others.map(() => 'ok'))
    expect(code).toBe(0)
  })
  test('the last drift of each stack is shown without a new detection, with the command that compares', async () => {
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000 - 60_000)
    const drifts: Readonly<Record<string, readonly [string, Date?]>> = {
      'apigw-prod-data': ['DRIFTED', daysAgo(3)],
      'apigw-prod-edge': ['NOT_CHECKED'],
      'apigw-prod-admin': ['UNKNOWN', daysAgo(1)],
      'apigw-prod-network': ['IN_SYNC', daysAgo(40)],
    }
    const aws = await healthyAws({
      DescribeStacks: (of) => {
        const name = of.parameters.get('StackName') ?? ''
        return stackOf('UPDATE_COMPLETE', {}, drifts[name] ?? ['IN_SYNC', daysAgo(0)])
      },
    })
    const { checks } = await doctor(aws, 'sqlite:registry.db')
    const found = checks.filter(({ name }) => name === 'drift').map(({ state, detail, fix }) => [state, detail, fix ?? ''])
    const compare = 'apigw diff --drift --stage prod'
    expect(found).toEqual([
      ['warn', expect.stringMatching(/^data differed from their templates 3 days ago/), expect.stringContaining(compare)],
      ['ok', 'security, network, gateway, worker had no drift 40 days ago', ''],
      ['skipped', 'edge were never compared', compare],
      ['skipped', 'CloudFormation says UNKNOWN of admin', compare],
    ])
    expect(aws.asked.filter(({ action }) => /Drift/.test(action))).toEqual([])
  })
  test('without permission for stacks, the checks that need them are skipped', async () => {
    const { checks } = await doctor(
      await healthyAws({ DescribeStacks: denied('cloudformation:DescribeStacks') }),
      'sqlite:registry.db',
    )
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]))
    expect(states).toMatchObject({
      stacks: 'skipped',
      drift: 'skipped',
      trail: 'skipped',
      waf: 'skipped',
      alerts: 'skipped',
      budget: 'ok',
    })
  })
  test('a failing service fails one check', async () => {
    const { checks, code } = await doctor(
      await healthyAws({ GetTrailStatus: { error: 'InternalFailure', message: 'boom', status: 500 } }),
      'sqlite:registry.db',
    )
    expect(checks.find(({ name }) => name === 'trail')).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('cloudtrail:GetTrailStatus'),
    })
    expect(checks.find(({ name }) => name === 'waf')?.state).toBe('ok')
    expect(code).toBe(1)
  })
})

describe('without AWS', () => {
  const noCredentials = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
  test('no credentials: reported once, and the other checks run', async () => {
    const { checks, code } = await doctor({ env: noCredentials }, 'sqlite:registry.db')
    expect(checks.filter(({ name }) => name === 'aws')).toEqual([
      {
        name: 'aws',
        state: 'skipped',
        detail: expect.stringMatching(/no AWS credentials.*trail, waf, budget/),
        fix: expect.stringContaining('aws sso login'),
      },
    ])
    expect(checks.find(({ name }) => name === 'gateway')?.state).toBe('ok')
    expect(code).toBe(0)
  })
  test('a local stage makes no call to AWS', async () => {
    const aws = await healthyAws()
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'apigw.yaml'), 'version: 1\nstages:\n  dev:\n    registry: sqlite:registry.db\n')
    const { stdout } = await run(['doctor', '--json'], { cwd, env: { ...aws.env, AWS_REGION: 'ap-northeast-2' } })
    expect(JSON.parse(stdout).checks.map(({ name }: Check) => name)).toEqual(['node', 'config', 'registry', 'gateway'])
    expect(aws.asked).toEqual([])
  })
  test('the text output counts skipped checks', async () => {
    const cwd = temporaryFolder()
    writeFileSync(
      join(cwd, 'apigw.yaml'),
      `version: 1\nstages:\n  prod:\n    registry: sqlite:registry.db\n    gateway: ${await readyGateway()}\n    region: ap-northeast-2\n`,
    )
    const { stdout } = await run(['doctor'], { cwd, env: noCredentials })
    expect(stdout).toMatch(/\n– aws {2}There are no AWS credentials/)
    expect(stdout).toMatch(/\n\d ok, 1 warning, 0 failed, 2 skipped\n$/)
  })
})
