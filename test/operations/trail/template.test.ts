import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { templates } from '../../../src/operations/trail/index.ts'
import { publishersWithout } from '../../../src/operations/trail/publishers.ts'
import { at } from '../../../src/runtime/notifier/describe/actor.ts'
import { run } from '../../cli/run.ts'

interface Resource {
  readonly Type: string
  readonly Condition?: string
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
  readonly Properties: unknown
}

const folder = mkdtempSync(join(tmpdir(), 'apigw-trail-'))
const hasLint = spawnSync('cfn-lint', ['--version']).status === 0
let texts: { home: string; global: string }
let resources: Record<string, Resource>
let forwarding: Record<string, Resource>

beforeAll(async () => {
  texts = await templates({})
  resources = parse(texts.home, { logLevel: 'silent' }).Resources
  forwarding = parse(texts.global, { logLevel: 'silent' }).Resources
  writeFileSync(join(folder, 'home.yaml'), texts.home)
  writeFileSync(join(folder, 'global.yaml'), texts.global)
})

const property = (name: string, path: string): unknown => at(named(name).Properties, path)
const ofType = (type: string): [string, Resource][] => Object.entries(resources).filter(([, { Type }]) => Type === type)
const named = (name: string): Resource => {
  const found = resources[name]
  if (found === undefined) throw new Error(`the template has no ${name}`)
  return found
}

it.skipIf(!hasLint)('passes cfn-lint (skipped if it is not installed)', () => {
  const { stdout, status } = spawnSync('cfn-lint', [join(folder, 'home.yaml'), join(folder, 'global.yaml')], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})

it.each(['home.yaml', 'global.yaml'])('grants least privilege: the audit finds nothing in %s', async (name) => {
  const { code, stdout } = await run(['audit', 'iam', '--template', join(folder, name), '--fail-on', 'low'], { cwd: folder })
  expect(stdout).toContain('0 critical, 0 high, 0 medium, 0 low')
  expect(code).toBe(0)
})

it('is small enough to send in a request, so that a dry run needs no bucket', () => {
  expect(Buffer.byteLength(texts.home)).toBeLessThan(51_200)
  expect(Buffer.byteLength(texts.global)).toBeLessThan(51_200)
  expect(Object.keys(resources).length).toBeLessThan(500)
})

describe('the trail', () => {
  it('records every region, validates its log files, and is encrypted', () => {
    expect(named('Trail').Properties).toMatchObject({
      IsLogging: true,
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
    })
    expect(property('Trail', 'KMSKeyId')).toBeDefined()
  })

  it('retains recorded events when the stack is deleted, under names that do not block a later installation', () => {
    for (const name of ['Bucket', 'EventsLogGroup', 'Key', 'DeadLetters']) {
      expect(named(name)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
      for (const fixed of ['BucketName', 'LogGroupName', 'QueueName']) expect(named(name).Properties).not.toHaveProperty(fixed)
    }
  })

  it('creates no trail if one is adopted', () => {
    for (const name of ['Trail', 'TrailToLogsRole', 'EventsLogGroup', 'Bucket', 'BucketPolicy']) {
      expect(named(name).Condition, name).toBe('OwnTrail')
    }
  })

  it('has a bucket that is private, encrypted and reached over TLS only', () => {
    expect(Object.values(Object(property('Bucket', 'PublicAccessBlockConfiguration')))).toEqual([true, true, true, true])
    const statements: { Effect: string; Principal: unknown; Condition: object }[] = Object(
      property('BucketPolicy', 'PolicyDocument.Statement'),
    )
    expect(statements.filter(({ Effect, Principal }) => Effect === 'Allow' && Principal === '*')).toEqual([])
    expect(statements.find(({ Effect }) => Effect === 'Deny')?.Condition).toEqual({ Bool: { 'aws:SecureTransport': 'false' } })
  })
})

describe('the topic', () => {
  interface Statement {
    readonly Principal: { readonly Service?: string | readonly string[] }
    readonly Action: string | readonly string[]
    readonly Condition?: unknown
  }
  const statements = (name: string, path: string): Statement[] => Object.values(Object(property(name, path)))
  const of = (all: readonly Statement[], service: string) =>
    all.filter(({ Principal }) => [Principal.Service].flat().includes(service))
  const key = () => statements('Key', 'KeyPolicy.Statement')
  const topic = () => statements('TopicPolicy', 'PolicyDocument.Statement')

  it.each(['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com'])(
    '%s may publish to it, and use its key, without which nothing would arrive',
    (service) => {
      expect(property('Topic', 'KmsMasterKeyId')).toBeDefined()
      expect(of(topic(), service)).toMatchObject([{ Action: 'sns:Publish' }])
      expect(of(key(), service)).toMatchObject([{ Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }])
    },
  )

  it('passes the checks of `apigw trail status`', () => {
    expect(publishersWithout(JSON.stringify(property('TopicPolicy', 'PolicyDocument')), ['sns:Publish'])).toEqual([])
    expect(publishersWithout(JSON.stringify(property('Key', 'KeyPolicy')), ['kms:Decrypt', 'kms:GenerateDataKey'])).toEqual([])
  })

  it('has no account condition for EventBridge, which would silently drop every event', () => {
    for (const statement of [...of(topic(), 'events.amazonaws.com'), ...of(key(), 'events.amazonaws.com')]) {
      expect(statement).not.toHaveProperty('Condition')
    }
    for (const service of ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com']) {
      for (const statement of [...of(topic(), service), ...of(key(), service)]) expect(statement).toHaveProperty('Condition')
    }
  })
})

describe('the notifier', () => {
  it('retries, and keeps what fails in the dead-letter queue', () => {
    expect(property('Notifier', 'DeadLetterConfig')).toBeDefined()
    expect(property('NotifierRetries', 'MaximumRetryAttempts')).toBe(2)
    expect(property('Subscription', 'RedrivePolicy')).toBeDefined()
    for (const [name, { Properties }] of ofType('AWS::Events::Rule').filter(([name]) => name.startsWith('Events'))) {
      expect(at(Properties, 'Targets.0.DeadLetterConfig'), name).toBeDefined()
    }
  })

  it('times out before a second run may resume its work', () => {
    expect(Number(property('Notifier', 'Timeout'))).toBeLessThan(55)
  })

  it('gets the webhook by name only', () => {
    expect(texts.home).not.toMatch(/hooks\.slack|NoEcho/)
    expect(Object.keys(Object(property('Notifier', 'Environment.Variables')))).toEqual([
      'APIGW_ALERTS_TABLE',
      'APIGW_SLACK_SECRET',
      'APIGW_TRAIL_LOG_GROUP',
    ])
  })
})

describe('the alarms of the pipeline', () => {
  it('do not use Slack, and treat missing data as a failure', () => {
    for (const name of ['SilenceAlarm', 'StoppedAlarm', 'DeadLettersAlarm', 'ErrorsAlarm']) {
      expect(JSON.stringify(property(name, 'AlarmActions'))).toContain('OperatorsTopic')
    }
    expect(property('SilenceAlarm', 'TreatMissingData')).toBe('breaching')
    expect(property('StoppedAlarm', 'TreatMissingData')).toBe('breaching')
  })
})

describe('the benchmark', () => {
  const path = new URL('../../../templates/trail/cis-metric-filters.json', import.meta.url)
  const { filters }: { filters: Record<string, { filter_pattern: string; metric_name: string }> } = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  const wanted = Object.entries(filters).filter(([name]) => !name.startsWith('ec2-'))

  it.each(wanted)('%s is included verbatim, with an alarm to the topic', (_, { filter_pattern, metric_name }) => {
    const filter = ofType('AWS::Logs::MetricFilter').find(
      ([, { Properties }]) => at(Properties, 'FilterPattern') === filter_pattern,
    )
    expect(at(filter?.[1].Properties, 'MetricTransformations.0.MetricName')).toBe(metric_name)
    const alarm = ofType('AWS::CloudWatch::Alarm').find(([, { Properties }]) => at(Properties, 'MetricName') === metric_name)
    expect(at(alarm?.[1].Properties, 'AlarmActions')).toEqual([{ Ref: 'Topic' }])
  })

  it('has its 14 filters, from 3.1 to 3.14', () => {
    expect(wanted).toHaveLength(14)
  })
})

it('matches read-only calls only for the rules about them: root, and denied calls', () => {
  const states = Object.fromEntries(
    ofType('AWS::Events::Rule')
      .filter(([name]) => name.startsWith('Events'))
      .map(([name, { Properties }]) => [name, at(Properties, 'State')]),
  )
  const { Eventsreads1, ...others } = states
  expect(Eventsreads1).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS')
  expect(JSON.stringify(property('Eventsreads1', 'EventPattern'))).toContain('"Root"')
  expect(new Set(Object.values(others))).toEqual(new Set(['ENABLED']))
})

it('forwards from us-east-1 exactly what the home region matches', () => {
  const patterns = (from: Record<string, Resource>) =>
    Object.values(from).flatMap(({ Type, Properties }) => {
      const pattern = Type === 'AWS::Events::Rule' ? at(Properties, 'EventPattern') : undefined
      return pattern === undefined ? [] : [pattern]
    })
  expect(patterns(forwarding)).toEqual(patterns(resources))
  expect(patterns(forwarding).length).toBeGreaterThan(1)
})
