import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deployedPatterns, patternLength } from '../../../../src/runtime/notifier/rules/deployed.ts'
import { compilePattern } from '../../../../src/runtime/notifier/rules/event-pattern.ts'
import { compileRules, type Rule } from '../../../../src/runtime/notifier/rules/index.ts'
import { loadRules } from '../../../../src/runtime/notifier/rules/load.ts'
import { compileFilter } from '../../../../src/runtime/notifier/rules/metric-filter.ts'

const templates = new URL('../../../../templates/trail/', import.meta.url)
const rules = await loadRules(new URL('rules/', templates))
const set = compileRules(rules)
const now = Date.parse('2026-11-25T00:00:00Z')

/** As EventBridge hands it over. */
function delivered(rule: Rule, detail: Rule['pattern']): Rule['pattern'] {
  const kind = detail.eventType === 'AwsConsoleSignIn' ? 'AWS Console Sign In via CloudTrail' : 'AWS API Call via CloudTrail'
  return { 'detail-type': rule.source === 'guardduty' ? 'GuardDuty Finding' : kind, source: 'aws.any', detail }
}

const idsOf = (event: unknown): string[] => set.matchesOf(event, now).matches.map(({ rule }) => rule)

describe.each(rules.map((rule) => [rule.id, rule] as const))('the rule %s', (id, rule) => {
  it('fits its own examples, and nothing that it should miss', () => {
    for (const detail of rule.examples.matches) expect(idsOf(delivered(rule, detail)), JSON.stringify(detail)).toContain(id)
    for (const detail of rule.examples.misses) expect(idsOf(delivered(rule, detail)), JSON.stringify(detail)).not.toContain(id)
  })

  it('is seen by what EventBridge is told to look for', () => {
    const looked = deployedPatterns(rules).map(compilePattern)
    for (const detail of rule.examples.matches) {
      expect(looked.some((fits) => fits(delivered(rule, detail)))).toBe(true)
    }
  })
})

it('covers what the reference names, with all of the benchmark', () => {
  expect(rules.length).toBeGreaterThanOrEqual(50)
  const benchmark = ['1.1', '3.1', '3.2', '3.3', '3.4', '3.5', '3.6', '3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14']
  expect(new Set(rules.flatMap(({ cis = [] }) => cis))).toEqual(new Set(benchmark))
})

it('agrees with the filters of the benchmark: what one of them counts, the rule of the same id tells', () => {
  const { filters }: { filters: Record<string, { filter_pattern: string }> } = JSON.parse(
    readFileSync(new URL('cis-metric-filters.json', templates), 'utf8'),
  )
  const all = Object.entries(filters).map(([name, { filter_pattern }]) => ({ name, fits: compileFilter(filter_pattern) }))
  for (const rule of rules.filter(({ cis }) => cis !== undefined)) {
    const counted = rule.examples.matches.filter((detail) => all.some(({ fits }) => fits(detail)))
    expect(counted.length, rule.id).toBeGreaterThan(0)
  }
  // What the filter misses, because a missing field is not unequal, the rule tells.
  const without = rules.find(({ id }) => id === 'console-login-without-mfa')?.examples.matches[1]
  expect(all.find(({ name }) => name === 'console-signin-without-mfa-count')?.fits(without)).toBe(false)
})

describe('what EventBridge looks for', () => {
  it('is short enough, and not everything', () => {
    const patterns = deployedPatterns(rules)
    expect(patterns.length).toBeLessThan(10)
    for (const pattern of patterns) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(patternLength)
    const ordinary = {
      eventSource: 'ec2.amazonaws.com',
      eventName: 'RunInstances',
      userIdentity: { type: 'AssumedRole' },
      eventType: 'AwsApiCall',
    }
    const event = { 'detail-type': 'AWS API Call via CloudTrail', detail: ordinary }
    expect(patterns.map(compilePattern).some((fits) => fits(event))).toBe(false)
  })

  it('knows nothing of what only the notifier knows', () => {
    expect(JSON.stringify(deployedPatterns(rules))).not.toContain('"apigw"')
  })
})

it('says nothing of an ordinary AssumeRole', () => {
  const event = {
    eventSource: 'sts.amazonaws.com',
    eventName: 'AssumeRole',
    eventType: 'AwsApiCall',
    userIdentity: { type: 'AWSService', invokedBy: 'lambda.amazonaws.com' },
    requestParameters: { roleArn: 'arn:aws:iam::123456789012:role/gateway', roleSessionName: 'apigw' },
  }
  expect(idsOf(event)).toEqual([])
})

it('never throws, and takes events of 250 KB, whatever is in them', () => {
  const names = rules.flatMap(({ pattern }) => (Array.isArray(pattern.eventName) ? pattern.eventName : []))
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.anything(), fc.jsonValue(), (eventName, userIdentity, requestParameters) => {
      expect(() => set.matchesOf({ eventName, userIdentity, requestParameters }, now)).not.toThrow()
    }),
  )
  const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)
  const large = { policyDocument: `{"Statement":[${'{"Effect":"Allow"},'.repeat(12_000)}{}]}` }
  for (const requestParameters of [deep, large]) {
    expect(idsOf({ eventSource: 'iam.amazonaws.com', eventName: 'CreateRole', requestParameters })).toEqual([])
  }
})

describe('an ignore rule', () => {
  const detail = rules.find(({ id }) => id === 'user-created')?.examples.matches[0]
  const ignoring = (more: object) => compileRules(rules, [{ owner: 'jane', reason: 'tests', expires: '2026-12-31', ...more }])

  it('holds back its rule, and says so', () => {
    const { matches, ignored } = ignoring({ rule: 'user-created' }).matchesOf(detail, now)
    expect(matches).toEqual([])
    expect(ignored.map(({ rule }) => rule)).toEqual(['user-created'])
  })

  it('holds only for what its pattern fits', () => {
    const mine = ignoring({ rule: ['user-created'], pattern: { userIdentity: { userName: ['jane'] } } })
    expect(mine.matchesOf(detail, now).matches).toHaveLength(1)
    const eves = ignoring({ pattern: { userIdentity: { userName: ['eve'] } } })
    expect(eves.matchesOf(detail, now).matches).toEqual([])
  })

  it('holds until the end of its last day', () => {
    const rule = ignoring({ rule: 'user-created', expires: '2026-11-25' })
    expect(rule.matchesOf(detail, Date.parse('2026-11-25T23:59:59Z')).matches).toEqual([])
    expect(rule.matchesOf(detail, Date.parse('2026-11-26T00:00:00Z')).matches).toHaveLength(1)
  })
})

describe('a rule file that is wrong names file and field', () => {
  const good = readFileSync(new URL('rules/user-created.yaml', templates), 'utf8')

  it.each([
    ['an unknown severity', good.replace('severity: medium', 'severity: bad'), 'severity'],
    ['an unknown field', `${good}extra: 1\n`, 'extra'],
    ['no examples', good.replace(/examples:[\s\S]*/, ''), 'examples'],
    ['a pattern that is none', good.replace('eventName: [CreateUser]', 'eventName: CreateUser'), 'pattern: eventName'],
    [
      'a pattern of facts only',
      good.replace(/pattern:[\s\S]*examples:/, 'pattern: {apigw: {public: [true]}}\nexamples:'),
      'pattern: needs',
    ],
    ['an id that is not its name', good.replace('id: user-created', 'id: other'), 'id: is "other"'],
    ['broken YAML', `${good}  - [`, 'line'],
  ])('%s', async (_, text, place) => {
    const folder = mkdtempSync(join(tmpdir(), 'apigw-rules-'))
    writeFileSync(join(folder, 'user-created.yaml'), text)
    await expect(loadRules(folder)).rejects.toMatchObject({ code: 'rule-invalid', message: expect.stringContaining(place) })
    await expect(loadRules(folder)).rejects.toThrow('user-created.yaml')
  })

  it('a folder that is not there', async () => {
    await expect(loadRules('/nowhere/rules')).rejects.toMatchObject({ code: 'rule-invalid' })
  })
})
