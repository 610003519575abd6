import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { IgnoreRule, Severity } from '../../../../src/domain/alerting.ts'
import { ruleSource } from '../../../../src/runtime/notifier/rules/faults.ts'
import { compileRules, type Outcome } from '../../../../src/runtime/notifier/rules/match.ts'
import { type Rule, readRule } from '../../../../src/runtime/notifier/rules/rule.ts'
import { examples, record, shipped, wrapped } from './records.ts'

const now = Date.parse('2026-06-01T00:00:00Z')

function rule(id: string, pattern: unknown, severity: Severity = 'low', more: object = {}): Rule {
  return readRule({ id, severity, title: 'T', why: 'W', fix: 'F', pattern, ...more }, ruleSource(id))
}

function ignoring(...ignores: readonly Partial<IgnoreRule>[]): IgnoreRule[] {
  return ignores.map((one) => ({ owner: 'ops', reason: 'planned', expires: '2026-12-31', ...one }))
}

function idsOf({ matches, held, expired }: Outcome) {
  const ids = (list: readonly { rule: Rule }[]) => list.map((one) => one.rule.id)
  return { matches: ids(matches), held: ids(held), expired: ids(expired) }
}

describe('the rules that an event matches', () => {
  const matcher = compileRules(
    [
      rule('by-name', { eventName: ['DeleteUser'] }, 'low'),
      rule('by-prefix', { eventName: [{ prefix: 'Delete' }] }, 'high'),
      rule('by-actor', { userIdentity: { type: ['Root'] } }, 'critical'),
      rule('by-either', { $or: [{ eventName: ['DeleteUser'] }, { eventName: ['CreateUser'], errorCode: ['X'] }] }, 'medium'),
      rule('by-fact', { eventName: ['DeleteUser'], apigw: { otherUser: [true] } }, 'medium'),
      rule('finding', { severity: [{ numeric: ['>=', 7] }] }, 'high', { source: 'guardduty' }),
    ],
    [],
  )
  const of = (event: unknown) => idsOf(matcher.matchesOf(event, now)).matches

  it('are ordered by severity', () => {
    expect(of(record('DeleteUser', { userName: 'bob' }, { userIdentity: { type: 'Root' } }))).toEqual([
      'by-actor',
      'by-prefix',
      'by-either',
      'by-fact',
      'by-name',
    ])
  })
  it.each([
    ['CreateUser', ['by-either'], { errorCode: 'X' }],
    ['CreateUser', [], {}],
    ['DeleteRole', ['by-prefix'], {}],
    ['constructor', [], {}],
  ])('%s gives %j', (name, ids, more) => {
    expect(of(record(name, null, more))).toEqual(ids)
  })
  it('are the same for a record and for the event that EventBridge makes of it', () => {
    const event = record('DeleteUser', { userName: 'bob' })
    for (const type of ['AWS API Call', 'AWS Console Sign In', 'AWS Service Event', 'AWS Console Action']) {
      expect(of({ 'detail-type': `${type} via CloudTrail`, detail: event })).toEqual(of(event))
    }
  })
  it('are only those of GuardDuty for a finding', () => {
    const finding = { type: 'Recon', severity: 8, service: { serviceName: 'guardduty' }, eventName: undefined }
    expect(of({ 'detail-type': 'GuardDuty Finding', detail: { severity: 8 } })).toEqual(['finding'])
    expect(of(finding)).toEqual(['finding'])
    expect(of({ 'detail-type': 'GuardDuty Finding', detail: record('DeleteUser') })).toEqual([])
    expect(of({ ...record('CreateUser'), severity: 8 })).toEqual([])
  })
  it('are none for anything else', () => {
    const others = [undefined, null, '', 'x', 5, [], {}, [record('DeleteUser')], { detail: record('DeleteUser') }]
    for (const event of [...others, { 'detail-type': 'EC2 Spot Instance Interruption Warning', detail: record('DeleteUser') }]) {
      expect(of(event)).toEqual([])
    }
  })
  it('use the computed facts, whatever the event contains', () => {
    expect(of({ ...record('DeleteUser', { userName: 'alice' }), apigw: { otherUser: true } })).not.toContain('by-fact')
  })
})

it('of the pipeline use its resource names', () => {
  const event = record('DisableRule', { name: 'acme-alerts-1' }, { eventSource: 'events.amazonaws.com' })
  expect(idsOf(compileRules(shipped, []).matchesOf(event, now)).matches).toEqual([])
  expect(idsOf(compileRules(shipped, [], { own: ['acme-alerts'] }).matchesOf(event, now)).matches).toEqual(['pipeline-changed'])
})

describe('an ignore rule', () => {
  const rules = [rule('a', { eventName: ['X'] }), rule('b', { eventName: ['X'] }, 'high')]
  const event = record('X', { userName: 'bob' })
  const of = (ignores: IgnoreRule[]) => idsOf(compileRules(rules, ignores).matchesOf(event, now))

  it.each<[string, Partial<IgnoreRule>[], object]>([
    ['holds back its rule', [{ rule: 'a' }], { matches: ['b'], held: ['a'], expired: [] }],
    ['holds back a list', [{ rule: ['a', 'b'] }], { matches: [], held: ['b', 'a'], expired: [] }],
    [
      'holds back what its pattern matches',
      [{ pattern: { userIdentity: { userName: ['alice'] } } }],
      { matches: [], held: ['b', 'a'], expired: [] },
    ],
    ['knows the facts', [{ pattern: { apigw: { otherUser: [true] } } }], { matches: [], held: ['b', 'a'], expired: [] }],
    [
      'needs both, when it has both',
      [{ rule: 'a', pattern: { userIdentity: { userName: ['bob'] } } }],
      { matches: ['b', 'a'], held: [], expired: [] },
    ],
    [
      'has no effect after its expiry, and is named',
      [{ rule: 'a', expires: '2026-05-31' }],
      { matches: ['b', 'a'], held: [], expired: ['a'] },
    ],
    [
      'applies next to an expired one',
      [{ rule: 'a', expires: '2026-05-31' }, { rule: 'a' }],
      { matches: ['b'], held: ['a'], expired: [] },
    ],
  ])('%s', (_, ignores, outcome) => {
    expect(of(ignoring(...ignores))).toEqual(outcome)
  })
  it('names its owner', () => {
    const { held } = compileRules(rules, ignoring({ rule: 'a' })).matchesOf(event, now)
    expect(held[0]?.ignore).toMatchObject({ owner: 'ops', reason: 'planned' })
  })
  it('with an invalid pattern is refused', () => {
    expect(() => compileRules(rules, ignoring({ pattern: { a: 'x' } }))).toThrow(/ignore rule 1 \(ops\), pattern\.a: is neither/)
  })
  it('for an unknown rule is refused', () => {
    expect(() => compileRules(rules, ignoring({ rule: 'c' }))).toThrow(/ignore rule 1 \(ops\), rule: there is no rule "c"/)
  })
})

it('may not use an id twice', () => {
  expect(() => compileRules([rule('a', { b: [1] }), rule('a', { c: [1] })], [])).toThrow(/^a: two rules have this id/)
})

describe('hostile input', () => {
  const matcher = compileRules(shipped, ignoring({ pattern: { apigw: { public: [true] }, sourceIPAddress: ['198.51.100.200'] } }))
  const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)
  const deepMap: unknown = JSON.parse(`${'{"policy":'.repeat(5_000)}1${'}'.repeat(5_000)}`)
  const junk = [
    null,
    5,
    true,
    '',
    '*',
    [],
    {},
    [[]],
    [null],
    [{}],
    { Statement: 5 },
    { Statement: [null, 5, [{}]] },
    '{"Statement":',
    '%7BStatement%',
    deep,
    deepMap,
  ]
  const texts = [
    '{"Statement":[{"Effect":"Allow","Principal":5,"Action":{},"Condition":[]}]}',
    '{"Statement":{"Effect":"Allow","Principal":{"AWS":[5,{}]}}}',
  ]

  it('in any member never throws', () => {
    for (const {
      event,
      rule: { source },
    } of examples) {
      for (const key of Object.keys(event)) {
        for (const value of [...junk, ...texts]) {
          expect(matcher.matchesOf({ ...event, [key]: value }, now).matches, source).toBeInstanceOf(Array)
        }
      }
    }
  })

  it('in any parameter never throws', () => {
    for (const { event } of examples) {
      const { requestParameters: parameters } = event
      if (typeof parameters !== 'object' || parameters === null) continue
      for (const key of Object.keys(parameters)) {
        for (const value of [...junk, ...texts]) {
          const changed = { ...event, requestParameters: { ...parameters, [key]: value } }
          expect(matcher.matchesOf(changed, now).matches).toBeInstanceOf(Array)
        }
      }
    }
  })

  it('without any one member never throws', () => {
    for (const { event } of examples) {
      for (const key of Object.keys(event)) {
        const { [key]: _, ...rest } = event
        expect(matcher.matchesOf(rest, now).matches).toBeInstanceOf(Array)
      }
    }
  })

  it('of any JSON never throws', () => {
    const names = fc.constantFrom(...new Set(examples.map(({ event }) => String(event.eventName))))
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), names, (value, other, eventName) => {
        matcher.matchesOf(value, now)
        matcher.matchesOf({ 'detail-type': 'GuardDuty Finding', detail: value }, now)
        matcher.matchesOf(
          { eventName, userIdentity: value, requestParameters: other, responseElements: value, eventSource: other },
          now,
        )
      }),
      { numRuns: 5_000 },
    )
  })

  it('of 250 KB is still read', () => {
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${'x'.repeat(100)}`,
    }
    const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }
    const bucketPolicy = JSON.stringify({ Statement: [...Array.from({ length: 1_400 }, () => statement), open] })
    expect(bucketPolicy.length).toBeGreaterThan(250_000)
    const event = record('PutBucketPolicy', { bucketName: 'x', bucketPolicy }, { eventSource: 's3.amazonaws.com' })
    expect(idsOf(matcher.matchesOf(event, now)).matches).toContain('resource-made-public')
  })
})

it('checks only rules that can match: ten thousand other events cost next to nothing', () => {
  const matcher = compileRules(shipped, [])
  const plain = record('DescribeInstances', { maxResults: 5 }, { eventSource: 'ec2.amazonaws.com', readOnly: true })
  let touched = 0
  const watched = new Proxy(plain, {
    getOwnPropertyDescriptor: (target, key) => {
      touched++
      return Reflect.getOwnPropertyDescriptor(target, key)
    },
  })
  expect(matcher.matchesOf(watched, now).matches).toEqual([])
  // Two rules apply to calls of any name; 74 rules with three members each would need more than 200 look-ups.
  expect(touched).toBeLessThan(20)
})

it('a minute of examples is handled completely', () => {
  const matcher = compileRules(shipped, [])
  const events = Array.from({ length: 10_000 }, (_, index) => examples[index % examples.length]).filter(
    (one) => one !== undefined,
  )
  const found = events.filter((one) =>
    matcher.matchesOf(wrapped(one), now).matches.some((match) => match.rule.id === one.rule.id),
  )
  expect(found).toHaveLength(events.filter(({ matches }) => matches).length)
})
