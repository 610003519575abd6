import type { Rule } from '@aws-sdk/client-wafv2'
import { describe, expect, test } from 'vitest'
import { inMode, ipSetsOf, modeOf, ownIpSetsOf, ruleLine } from '../../../src/operations/waf/rules.ts'
import { edgeRules } from './waf-server.ts'

const [allowed, blocked, flood, common] = edgeRules('prod') as [Rule, Rule, Rule, Rule]

describe('a rule', () => {
  test('has one mode, whether it is a single rule or a group', () => {
    expect([allowed, blocked, flood, common].map(modeOf)).toEqual(['allow', 'block', 'count', 'count'])
    expect(modeOf({ ...common, OverrideAction: { None: {} } })).toBe('block')
    expect(modeOf({ ...blocked, Action: { Captcha: {} } })).toBe('captcha')
    expect(modeOf({ ...blocked, Action: { Challenge: {} } })).toBe('challenge')
    expect(modeOf({ ...blocked, Action: {} })).toBe('other')
  })
  test('describes what it matches', () => {
    expect(ruleLine(blocked).what).toBe('addresses of apigw-prod-block-v4, apigw-prod-block-v6')
    expect(ruleLine(flood)).toMatchObject({ what: 'more than 2000 requests in 300 s', rate: { limit: 2000, windowSeconds: 300 } })
    expect(ruleLine(common).what).toBe('managed rules AWSManagedRulesCommonRuleSet')
    expect(ruleLine({ ...flood, Statement: { GeoMatchStatement: { CountryCodes: ['AQ'] } } }).what).toMatch(/its own statement/)
  })
  test('switches its mode back and forth, and changes nothing else', () => {
    expect(inMode(common, 'block')).toEqual({ ...common, OverrideAction: { None: {} } })
    expect(inMode(inMode(common, 'block'), 'count')).toEqual(common)
    expect(inMode(flood, 'block')).toEqual({ ...flood, Action: { Block: {} } })
    expect(inMode(inMode(flood, 'block'), 'count')).toEqual(flood)
    expect(inMode(flood, 'count')).toBe(flood)
  })
  test('that neither counts nor blocks is rejected', () => {
    expect(() => inMode(allowed, 'block')).toThrow(expect.objectContaining({ code: 'rule-unknown' }))
  })
  test('distinguishes the sets that it matches from those that it negates', () => {
    const [v4 = ''] = ipSetsOf(allowed.Statement)
    const not: Rule = {
      ...flood,
      Statement: {
        RateBasedStatement: {
          Limit: 100,
          AggregateKeyType: 'IP',
          ScopeDownStatement: { NotStatement: { Statement: { IPSetReferenceStatement: { ARN: v4 } } } },
        },
      },
    }
    expect(ipSetsOf(not.Statement)).toEqual([v4])
    expect(ownIpSetsOf(not.Statement)).toEqual([])
    expect(ownIpSetsOf(allowed.Statement)).toHaveLength(2)
  })
})
