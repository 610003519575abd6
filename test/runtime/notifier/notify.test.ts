import { describe, expect, it } from 'vitest'
import { bridged, example, sns, uuid, world } from './world.ts'

const one = (event: unknown) => ({ Records: [sns(event)] })

describe('an action', () => {
  it('is posted with who, what, on what, from where, and a link', async () => {
    const { slack, run } = await world()
    const { outcomes } = await run(one(bridged(example('trail-stopped'))))
    expect(outcomes).toMatchObject([{ rule: 'trail-stopped', outcome: 'posted' }])
    const said = JSON.stringify(slack.delivered)
    for (const words of [
      'CRITICAL',
      'Operator/alice',
      'cloudtrail:StopLogging',
      '203.0.113.7',
      'aws-cli/2.31.3',
      '123456789012',
      'cloudtrailv2/home',
    ]) {
      expect(said).toContain(words)
    }
  })

  it('is one message, however often and by whichever route it is reported', async () => {
    const { slack, run } = await world()
    const detail = example('admin-policy-attached')
    const record = sns(bridged(detail))
    await run({ Records: [record] })
    // The same report again, a second report of the same action, and the record without a wrapper.
    await run({ Records: [record] })
    await run(one(bridged(detail)))
    await run(detail)
    expect(slack.delivered).toHaveLength(1)
  })

  it('is reported under its most severe rule, and lists the others', async () => {
    const { slack, run } = await world()
    const { outcomes } = await run(one(bridged(example('admin-policy-attached'))))
    expect(outcomes).toMatchObject([{ rule: 'admin-policy-attached' }])
    expect(JSON.stringify(slack.delivered)).toContain('admin-policy-attached, iam-policy-changed')
  })

  it('without a rule is not posted', async () => {
    const { slack, run } = await world()
    const { outcomes } = await run(
      one(bridged({ eventSource: 'ec2.amazonaws.com', eventName: 'DescribeInstances', eventID: uuid() })),
    )
    expect(outcomes).toMatchObject([{ outcome: 'ignored' }])
    expect(slack.posted).toEqual([])
  })

  it('that an exception covers is not posted', async () => {
    const { slack, run } = await world({
      ignores: [{ rule: 'user-created', owner: 'jane', reason: 'tests', expires: '2026-12-31' }],
    })
    await run(one(bridged(example('user-created'))))
    expect(slack.posted).toEqual([])
  })

  it('whose exception has just expired is posted, with the owner of the exception', async () => {
    const { slack, run } = await world({
      ignores: [{ rule: 'user-created', owner: 'jane', reason: 'tests', expires: '2026-11-24' }],
    })
    await run(one(bridged(example('user-created'))))
    expect(JSON.stringify(slack.delivered)).toContain('until 2026-11-24, by jane: tests')
  })

  it('sent as a test is marked, without waiting for the threshold of its rule', async () => {
    const { slack, run } = await world()
    const { outcomes } = await run(one(bridged(example('access-denied-burst'), { source: 'apigw.trail' })))
    expect(outcomes).toMatchObject([{ outcome: 'posted' }])
    expect(slack.delivered[0]?.text).toMatch(/^TEST · /)
  })
})

describe('a threshold', () => {
  const failed = () => bridged(example('console-login-failed'))

  it('posts from the third event, once per window, and counts each event once', async () => {
    const { slack, run } = await world()
    const first = one(failed())
    await run(first)
    await run(first)
    await run(one(failed()))
    expect(slack.delivered).toHaveLength(0)
    await run(one(failed()))
    expect(slack.delivered).toHaveLength(1)
    const { outcomes } = await run(one(failed()))
    expect(outcomes).toMatchObject([{ outcome: 'collected' }])
    expect(slack.delivered).toHaveLength(1)
  })

  it('counts addresses separately', async () => {
    const { slack, run } = await world()
    for (const sourceIPAddress of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      await run(one(bridged(example('console-login-failed', { sourceIPAddress }))))
    }
    expect(slack.delivered).toHaveLength(0)
  })

  it('whose alert failed is posted when the event is delivered again', async () => {
    const { slack, run, invoke } = await world({ answers: ['reset', 'reset', 'reset'] })
    await run(one(failed()))
    await run(one(failed()))
    expect(await invoke(one(failed()))).toBe('handled')
    expect(slack.delivered).toHaveLength(1)
  })
})

describe('a burst', () => {
  it('is five messages, and a digest that counts the rest', async () => {
    const { slack, run, clock, memory } = await world()
    for (let at = 0; at < 40; at++) await run(one(bridged(example('user-created'))))
    expect(slack.delivered).toHaveLength(5)
    clock.now += 16 * 60_000
    await run({ 'detail-type': 'apigw trail tick' })
    expect(slack.delivered).toHaveLength(6)
    expect(slack.delivered[5]?.text).toBe('*DIGEST* · 35 alerts of 1 kind')
    await run({ 'detail-type': 'apigw trail tick' })
    expect(slack.delivered).toHaveLength(6)
    // Alerts that stayed due after they were posted would leave no room for new ones in time.
    expect(await memory.due(clock.now)).toEqual([])
  })

  it('of 10,000 events in a minute loses none', async () => {
    const { slack, run, clock } = await world()
    const Records = Array.from({ length: 10_000 }, (_, at) =>
      sns(bridged(example('user-created', { sourceIPAddress: `192.0.2.${at % 4}` }))),
    )
    const { outcomes } = await run({ Records })
    const count = (wanted: string) => outcomes.filter(({ outcome }) => outcome === wanted).length
    expect(count('posted')).toBe(5)
    expect(count('collected')).toBe(9_995)
    clock.now += 16 * 60_000
    await run({ 'detail-type': 'apigw trail tick' })
    expect(slack.delivered.at(-1)?.text).toBe('*DIGEST* · 9995 alerts of 1 kind')
    expect(slack.delivered.length).toBeLessThan(10)
  }, 120_000)

  it('a match of a digest rule is never posted on its own', async () => {
    const { slack, run, clock } = await world()
    await run(one(bridged(example('route-table-changed'))))
    expect(slack.delivered).toHaveLength(0)
    clock.now += 16 * 60_000
    await run({ 'detail-type': 'apigw trail tick' })
    expect(slack.delivered).toHaveLength(1)
  })

  it('a digest that could not be posted is posted at the next tick', async () => {
    const { slack, run, clock } = await world({ answers: ['reset', 'reset', 'reset'] })
    await run(one(bridged(example('route-table-changed'))))
    clock.now += 16 * 60_000
    await expect(run({ 'detail-type': 'apigw trail tick' })).rejects.toThrow('could not be delivered')
    await run({ 'detail-type': 'apigw trail tick' })
    expect(slack.delivered).toHaveLength(1)
  })
})

describe('an alarm', () => {
  const filters = [
    {
      metric: 'IAMPolicyEventCount',
      pattern: '{ $.eventName = PutRolePolicy }',
      title: 'an IAM policy is changed',
      severity: 'medium' as const,
    },
  ]
  const alarm = (more: object = {}) => ({
    AlarmName: 'apigw-trail-IAMPolicyChanged',
    AlarmDescription: 'Alarms when IAM policy changes are made.',
    AlarmArn: 'arn:aws:cloudwatch:ap-northeast-2:123456789012:alarm:x',
    AWSAccountId: '123456789012',
    NewStateValue: 'ALARM',
    NewStateReason: 'Threshold Crossed',
    StateChangeTime: '2026-11-25T01:04:00.000+0000',
    Trigger: { MetricName: 'IAMPolicyEventCount', Period: 300 },
    ...more,
  })

  it('is explained by the events behind it: who, what, from where', async () => {
    const detail = example('iam-policy-changed')
    const { slack, run } = await world({ filters, logged: async () => [JSON.stringify(detail)] })
    await run(one(alarm()))
    expect(slack.delivered).toHaveLength(1)
    expect(JSON.stringify(slack.delivered)).toContain('Operator/alice')
  })

  it('is not posted when its events were posted already, and the reverse', async () => {
    const detail = example('iam-policy-changed')
    const { slack, run } = await world({ filters, logged: async () => [JSON.stringify(detail)] })
    await run(one(bridged(detail)))
    await run(one(alarm()))
    await run(one(bridged(detail)))
    expect(slack.delivered).toHaveLength(1)
  })

  it('is posted with its own description when no rule matches its events', async () => {
    const detail = {
      eventSource: 'x.amazonaws.com',
      eventName: 'Unknown',
      eventID: uuid(),
      userIdentity: { arn: 'arn:aws:iam::1:user/eve' },
    }
    const { slack, run } = await world({ filters, logged: async () => [JSON.stringify(detail), 'no JSON'] })
    await run(one(alarm()))
    expect(JSON.stringify(slack.delivered)).toContain('an IAM policy is changed')
  })

  it.each<[string, undefined | (() => Promise<string[]>), string]>([
    ['has no log group to search', undefined, 'Threshold Crossed'],
    ['finds nothing', async () => [], 'No event was found'],
    [
      'has no permission to search',
      () => Promise.reject(Object.assign(new Error('x'), { name: 'AccessDeniedException' })),
      'AccessDeniedException',
    ],
  ])('that %s is posted with its own text', async (_, logged, words) => {
    const { slack, run } = await world({ filters, ...(logged !== undefined && { logged }) })
    await run(one(alarm()))
    expect(slack.delivered).toHaveLength(1)
    expect(JSON.stringify(slack.delivered)).toContain(words)
  })

  it('that is over is not posted', async () => {
    const { slack, run } = await world()
    await run(one(alarm({ NewStateValue: 'OK' })))
    expect(slack.posted).toEqual([])
  })

  it('without a description, trigger and time is posted anyway', async () => {
    const { slack, run } = await world()
    await run(one({ AlarmName: '<!channel>', NewStateValue: 'ALARM' }))
    expect(slack.delivered).toHaveLength(1)
    expect(JSON.stringify(slack.delivered)).not.toContain('<!channel>')
  })
})

describe('other reports', () => {
  it('a finding of GuardDuty is one message, by its own severity', async () => {
    const { slack, run } = await world()
    const event = bridged(example('guardduty-high'), { 'detail-type': 'GuardDuty Finding' })
    await run(one(event))
    await run(one({ ...event, id: uuid() }))
    expect(slack.delivered).toHaveLength(1)
    expect(JSON.stringify(slack.delivered)).toContain('*HIGH* · GuardDuty: Credentials of an instance')
    expect(JSON.stringify(slack.delivered)).toContain('198.51.100.23')
  })

  it('a budget is posted with its subject', async () => {
    const { slack, run } = await world()
    await run({
      Records: [
        sns('AWS Budget Notification\nActual spend $120', { Subject: 'AWS Budgets: month has exceeded your alert threshold' }),
      ],
    })
    expect(JSON.stringify(slack.delivered)).toContain('month has exceeded')
  })

  it.each<[string, unknown]>([
    ['plain text', 'deployed version 7'],
    ['malformed JSON', '{"detail-type": "AWS API'],
    ['an unknown source', { source: 'acme.shop', 'detail-type': 'Order', detail: { id: 1 } }],
    ['an empty message', ''],
  ])('%s is posted, and mentions no one', async (_, message) => {
    const { slack, run } = await world()
    await run({ Records: [sns(message)] })
    expect(slack.delivered).toHaveLength(1)
  })

  it('an event of 250 KB becomes a message of a few KB', async () => {
    const { slack, run } = await world()
    await run(one(bridged(example('user-created', { requestParameters: { userName: 'x'.repeat(250_000) } }))))
    expect(JSON.stringify(slack.delivered[0]).length).toBeLessThan(12_000)
  })

  it('events with missing, mistyped or hostile fields are posted', async () => {
    const { slack, run } = await world()
    for (const more of [
      { userIdentity: null },
      { userIdentity: { arn: 42, userName: '<!here> *root*' } },
      { awsRegion: '<https://evil.example|x>', eventID: '../../x' },
      { eventTime: 'yesterday', sourceIPAddress: ['a'] },
    ]) {
      await run(
        one(
          bridged({
            eventSource: 'iam.amazonaws.com',
            eventName: 'CreateUser',
            requestParameters: { userName: uuid() },
            ...more,
          }),
        ),
      )
    }
    expect(slack.delivered).toHaveLength(4)
    expect(JSON.stringify(slack.delivered)).not.toMatch(/<!here>|<https:\/\/evil/)
  })
})

describe('channels', () => {
  const channels = { oncall: { severities: ['critical' as const] }, iam: { rules: ['admin-*', 'user-created'] } }

  it('get the rules that they select, and the rest goes to the default', async () => {
    const { byChannel, run } = await world({ channels })
    await run(one(bridged(example('trail-stopped'))))
    await run(one(bridged(example('user-created'))))
    await run(one(bridged(example('s3-bucket-deleted'))))
    expect(Object.fromEntries(byChannel)).toEqual({ oncall: 1, iam: 1, default: 1 })
  })

  it('that have an alert do not get it again because a different channel failed', async () => {
    const both = { a: { severities: ['critical' as const] }, b: { severities: ['critical' as const] } }
    const { byChannel, invoke } = await world({ channels: both, answers: ['ok', 'reset', 'reset', 'reset'] })
    expect(await invoke(one(bridged(example('trail-stopped'))))).toBe('handled')
    expect(Object.fromEntries(byChannel)).toEqual({ a: 1, b: 1 })
  })
})
