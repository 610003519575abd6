import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { deployedPatterns, maxPattern } from '../../../../src/runtime/notifier/rules/deployed.ts'
import { compilePattern } from '../../../../src/runtime/notifier/rules/event-pattern.ts'
import { ruleSource } from '../../../../src/runtime/notifier/rules/faults.ts'
import { compileRules } from '../../../../src/runtime/notifier/rules/match.ts'
import { compileMetricFilter } from '../../../../src/runtime/notifier/rules/metric-filter.ts'
import { readRule } from '../../../../src/runtime/notifier/rules/rule.ts'
import { account, examples, record, shipped, wrapped } from './records.ts'

const matcher = compileRules(shipped, [])

function idsFor(event: unknown): string[] {
  return matcher.matchesOf(event, 0).matches.map(({ rule }) => rule.id)
}

const folder = new URL('../../../../templates/trail/', import.meta.url)
const filters = z
  .object({ filters: z.record(z.string(), z.object({ filter_pattern: z.string() })) })
  .parse(JSON.parse(readFileSync(new URL('cis-metric-filters.json', folder), 'utf8'))).filters

/** Which filter in the file belongs to which id of CIS v1.2. Other ids have none. */
const filterOf: Readonly<Record<string, string>> = {
  1.1: 'use-of-root-account-count',
  3.1: 'authorization-failure-count',
  3.2: 'console-signin-without-mfa-count',
  3.3: 'use-of-root-account-count',
  3.4: 'iam-policy-event-count',
  3.5: 'cloud-trail-event-count',
  3.6: 'console-sign-in-failure-count',
  3.7: 'kms-key-pending-deletion-error-count',
  3.8: 's3-bucket-policy-event-count',
  3.9: 'aws-config-change-count',
  '3.10': 'security-group-event-count',
  3.11: 'network-acl-event-count',
  3.12: 'gateway-event-count',
  3.13: 'route-table-changes-count',
  3.14: 'vpc-event-count',
}

function cisFilter(id: string): ((event: unknown) => boolean) | undefined {
  const pattern = filters[filterOf[id] ?? '']?.filter_pattern
  return pattern === undefined ? undefined : compileMetricFilter(pattern)
}

describe('every example', () => {
  it.each(examples.map((example) => [example.name, example] as const))('%s', (_, example) => {
    expect(idsFor(example.event).includes(example.rule.id)).toBe(example.matches)
    expect(idsFor(wrapped(example)).includes(example.rule.id)).toBe(example.matches)
  })

  it('is a CloudTrail record with the account and addresses reserved for examples', () => {
    for (const { event, rule } of examples.filter((example) => example.rule.source === 'cloudtrail')) {
      expect(event, rule.id).toMatchObject({
        eventVersion: expect.any(String),
        userIdentity: { type: expect.any(String) },
        eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        eventSource: expect.stringMatching(/\.amazonaws\.com$/),
        eventName: expect.any(String),
        eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
        recipientAccountId: account,
      })
      expect(event.sourceIPAddress).toMatch(/^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|\.amazonaws\.com$/)
    }
  })

  it('has a unique event id', () => {
    const ids = examples.flatMap(({ event }) => (event.eventID === undefined ? [] : [event.eventID]))
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('the set', () => {
  it('says what to do, in texts that fit a message', () => {
    for (const { id, title, why, fix } of shipped) {
      expect(title.length, id).toBeLessThanOrEqual(80)
      expect(why.length, id).toBeLessThanOrEqual(260)
      expect(fix.length, id).toBeLessThanOrEqual(260)
    }
  })

  it.each([
    record(
      'AssumeRole',
      { roleArn: `arn:aws:iam::${account}:role/worker`, roleSessionName: 's' },
      { eventSource: 'sts.amazonaws.com' },
    ),
    record(
      'AssumeRole',
      { roleArn: 'arn:aws:iam::210987654321:role/x' },
      { eventSource: 'sts.amazonaws.com', userIdentity: { type: 'AWSAccount', accountId: '210987654321' } },
    ),
    record(
      'AssumeRole',
      { roleArn: `arn:aws:iam::${account}:role/worker` },
      { eventSource: 'sts.amazonaws.com', userIdentity: { type: 'AWSService', invokedBy: 'lambda.amazonaws.com' } },
    ),
    record('AssumeRoleWithWebIdentity', {}, { eventSource: 'sts.amazonaws.com', userIdentity: { type: 'WebIdentityUser' } }),
  ])('does not match a plain $eventName', (event) => {
    expect(idsFor(event)).toEqual([])
    for (const { pattern } of deployedPatterns(shipped)) {
      expect(compilePattern(pattern)({ 'detail-type': 'AWS API Call via CloudTrail', detail: event })).toBe(false)
    }
  })

  it('is silent during ordinary work', () => {
    const calls = [
      ['ec2', 'DescribeInstances'],
      ['s3', 'GetBucketLocation'],
      ['logs', 'CreateLogStream'],
      ['kms', 'Decrypt'],
      ['sqs', 'GetQueueAttributes'],
      ['sts', 'GetCallerIdentity'],
      ['ecs', 'UpdateService'],
      ['cloudformation', 'DescribeStacks'],
      ['iam', 'CreateRole'],
      ['lambda', 'Invoke'],
    ] as const
    for (const [service, name] of calls) {
      expect(idsFor(record(name, { name: 'x' }, { eventSource: `${service}.amazonaws.com` })), name).toEqual([])
    }
  })

  it('has an alert or a digest for each call in a CIS filter', () => {
    for (const [id, name] of Object.entries(filterOf)) {
      const names = [...(filters[name]?.filter_pattern ?? '').matchAll(/\$\.eventName\s*=\s*"?(\w+)/g)].map(
        ([, found = '']) => found,
      )
      for (const eventName of names.filter((one) => one !== 'ConsoleLogin')) {
        const source = { 3.4: 'iam', 3.5: 'cloudtrail', 3.7: 'kms', 3.8: 's3', 3.9: 'config' }[id] ?? 'ec2'
        const found = matcher.matchesOf(record(eventName, {}, { eventSource: `${source}.amazonaws.com` }), 0).matches
        expect(
          found.flatMap(({ rule }) => rule.cis),
          eventName,
        ).toContain(id)
      }
    }
  })
})

describe('a rule with an id of the benchmark', () => {
  const both = examples.flatMap((example) => example.rule.cis.map((id) => ({ ...example, id, filter: cisFilter(id) })))

  it.each([...new Set(both.map(({ rule }) => rule.id))])('%s agrees with its filter, or says why not', (id) => {
    const differing = both.filter(
      ({ rule, matches, event, filter }) => rule.id === id && filter !== undefined && filter(event) !== matches,
    )
    const says = shipped.find((rule) => rule.id === id)?.cisDiffers
    // A reason needs an example that shows it. Otherwise it could become untrue unnoticed.
    if (says === undefined) expect(differing.map(({ name }) => name)).toEqual([])
    else expect(differing.length).toBeGreaterThan(0)
  })

  it('exists for every id that has a filter', () => {
    expect(Object.keys(filterOf).filter((id) => !shipped.some(({ cis }) => cis.includes(id)))).toEqual([])
  })
})

describe('the deployed patterns', () => {
  const deployed = deployedPatterns(shipped)
  const tests = deployed.map(({ pattern }) => compilePattern(pattern))

  it.each(examples.filter(({ matches }) => matches).map((example) => [example.name, example] as const))(
    'match %s',
    (_, example) => {
      expect(tests.some((test) => test(wrapped(example)))).toBe(true)
    },
  )

  it('fit the limits of EventBridge, in few rules with unique names', () => {
    for (const { pattern } of deployed) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(maxPattern)
    expect(new Set(deployed.map(({ name }) => name)).size).toBe(deployed.length)
    expect(deployed.length).toBeLessThanOrEqual(9)
  })

  it('name no facts, which EventBridge does not know', () => {
    for (const { pattern } of deployed) expect(JSON.stringify(pattern)).not.toContain('"apigw"')
  })

  it('match no ordinary call', () => {
    for (const name of ['DescribeInstances', 'GetObject', 'CreateLogStream', 'AssumeRole', 'Decrypt', 'UpdateService']) {
      const event = { 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.x', detail: record(name) }
      expect(
        tests.some((test) => test(event)),
        name,
      ).toBe(false)
    }
    expect(
      tests.some((test) => test({ 'detail-type': 'EC2 Instance State-change Notification', detail: record('StopLogging') })),
    ).toBe(false)
  })

  it('include reads when a rule needs them', () => {
    const reads = examples.filter(({ matches, event }) => matches && event.readOnly === true)
    expect(reads.length).toBeGreaterThan(0)
    for (const example of reads) {
      const through = deployed.filter((_, index) => tests[index]?.(wrapped(example)))
      expect(
        through.some((one) => one.reads),
        example.name,
      ).toBe(true)
    }
  })

  it('shorten the names of one service when there are too many', () => {
    const eventName = Array.from({ length: 300 }, (_, index) => `Operation${index}`)
    const rule = readRule(
      { id: 'many', severity: 'low', title: 'T', why: 'W', fix: 'F', pattern: { eventSource: ['x.amazonaws.com'], eventName } },
      ruleSource('many'),
    )
    const patterns = deployedPatterns([rule])
    const made = patterns.map(({ pattern }) => compilePattern(pattern))
    for (const { pattern } of patterns) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(maxPattern)
    for (const name of eventName) {
      const event = {
        'detail-type': 'AWS API Call via CloudTrail',
        detail: record(name, null, { eventSource: 'x.amazonaws.com' }),
      }
      expect(
        made.some((test) => test(event)),
        name,
      ).toBe(true)
    }
  })

  it('contain no catch-all: a rule without an event name is refused', () => {
    const rule = readRule(
      { id: 'all', severity: 'low', title: 'T', why: 'W', fix: 'F', pattern: { apigw: { public: [true] } } },
      ruleSource('all'),
    )
    expect(() => deployedPatterns([rule])).toThrow(/^all, pattern: asks for facts only/)
  })

  it('are empty without rules, and contain GuardDuty only for a rule about it', () => {
    expect(deployedPatterns([])).toEqual([])
    expect(deployedPatterns(shipped.filter(({ source }) => source === 'cloudtrail')).map(({ name }) => name)).not.toContain(
      'guardduty',
    )
  })
})
