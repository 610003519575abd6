import { describe, expect, test } from 'vitest'
import { jsonError } from '../../cli/run.ts'
import { proxyPage } from './waf-server.ts'
import { type Desk, desk } from './world.ts'

interface Shown extends Record<string, unknown> {
  readonly missing: string[]
  readonly weaknesses: { readonly what: string; readonly fix: string }[]
}
const statusOf = async (world: Desk, ...args: string[]): Promise<Shown> => JSON.parse(await world.ok('status', ...args, '--json'))
const weak = ({ weaknesses }: Shown) => weaknesses.map(({ what, fix }) => `${what} → ${fix}`).join('\n')

describe('waf status', () => {
  test('shows the web ACL of the load balancer, and rules in count mode', async () => {
    const world = await desk()
    const { ok } = world
    await ok('block', '203.0.113.7', '--reason', 'x')
    const status = await statusOf(world)
    expect(Object.keys(status)).toEqual([
      'webAcl',
      'arn',
      'capacity',
      'defaultAction',
      'loadBalancers',
      'rules',
      'sets',
      'logging',
      'missing',
      'weaknesses',
    ])
    expect(status).toMatchObject({ webAcl: 'apigw-prod', capacity: 712, defaultAction: 'allow', missing: [] })
    expect(status.rules).toMatchObject([
      { name: 'allow-list', mode: 'allow' },
      { name: 'block-list', mode: 'block' },
      { name: 'flood', mode: 'count', rate: { limit: 2000, windowSeconds: 300 } },
      { name: 'common', mode: 'count' },
    ])
    expect(status.sets).toMatchObject([{ name: 'apigw-prod-block-v4', addresses: 1, modes: ['block'] }, {}, {}, {}])
    expect(status.weaknesses).toEqual([
      { what: 'flood is in count mode (more than 2000 requests in 300 s).', fix: 'apigw waf promote flood' },
      { what: 'common is in count mode (managed rules AWSManagedRulesCommonRuleSet).', fix: 'apigw waf promote common' },
    ])
    const text = await ok('status')
    expect(text).toMatch(/^protects +arn:aws:elasticloadbalancing:/m)
    expect(text).toMatch(/^flood +count +more than 2000 requests in 300 s$/m)
    expect(text).toMatch(/^ {2}Fix: apigw waf promote flood$/m)
  })
  test('finds each weakness, with its fix', async () => {
    const world = await desk()
    world.loadBalancers = []
    world.logging = undefined
    world.sets.delete('apigw-prod-allow-v6')
    world.sets
      .get('apigw-prod-block-v4')
      ?.Addresses.push(...Array.from({ length: 9_000 }, (_, i) => `11.0.${i >> 8}.${i & 255}/32`))
    const [, blocked] = world.acl.Rules
    world.acl = { ...world.acl, Capacity: 1_700, Rules: blocked === undefined ? [] : [{ ...blocked, Action: { Captcha: {} } }] }
    const found = weak(await statusOf(world))
    const deploy = 'apigw deploy edge --stage prod'
    for (const line of [
      `apigw-prod is not attached to a load balancer, so it protects nothing. → ${deploy}`,
      `apigw-prod has no rate-based rule, so the request rate of an address is not limited. → ${deploy}`,
      `apigw-prod has no managed rule groups, so known attacks are not blocked. → ${deploy}`,
      `The rule of apigw-prod-block-v4 does not block: its mode is "captcha". → ${deploy}`,
      'apigw-prod-block-v4 contains 9000 of at most 10000 addresses. → apigw waf list --sweep; then use ranges instead of single addresses',
      `apigw-prod-allow-v4 is not used by a rule, so its 0 addresses have no effect. → ${deploy}`,
      `The IP set apigw-prod-allow-v6 does not exist. → ${deploy}`,
      `apigw-prod has logging turned off, so an attack cannot be investigated. → ${deploy}`,
      `The web ACL uses 1700 capacity units. Above 1500, AWS charges more per request. → remove managed rules that are not needed, then ${deploy}`,
    ]) {
      expect(found.split('\n')).toContain(line)
    }
  })
  test('finds a log with customers’ secrets, and rules without samples', async () => {
    const world = await desk()
    world.logging = { ...world.logging, RedactedFields: [{ SingleHeader: { Name: 'cookie' } }, { QueryString: {} }] }
    const quiet = world.acl.Rules.map((rule) => ({
      ...rule,
      VisibilityConfig: { MetricName: rule.Name, SampledRequestsEnabled: false, CloudWatchMetricsEnabled: true },
    }))
    world.acl = { ...world.acl, Rules: quiet }
    const status = await statusOf(world)
    expect(status.logging).toMatchObject({ redacted: ['cookie', 'QueryString'] })
    expect(weak(status)).toMatch(/The log contains the Authorization header/)
    expect(weak(status)).toMatch(/common has request sampling turned off/)
  })
  test('never recommends block mode for the rule of the allow list', async () => {
    const world = await desk()
    const Rules = world.acl.Rules.map((rule) => (rule.Name === 'allow-list' ? { ...rule, Action: { Count: {} } } : rule))
    world.acl = { ...world.acl, Rules }
    expect(weak(await statusOf(world))).toMatch(/^allow-list is in count mode .* → apigw deploy edge --stage prod$/m)
  })
  test('checks one load balancer', async () => {
    const world = await desk()
    const { loadBalancers, asked } = world
    expect((await statusOf(world, '--load-balancer', loadBalancers[0] ?? '')).loadBalancers).toEqual(loadBalancers)
    const other = await statusOf(world, '--load-balancer', 'arn:other')
    expect(weak(other)).toMatch(/is not attached to a load balancer/)
    expect(asked.map(({ action }) => action)).toContain('GetWebACLForResource')
  })
  test('shows the rest if a part is not readable', async () => {
    const world = await desk()
    world.before = (action) =>
      action === 'GetLoggingConfiguration' || action === 'ListResourcesForWebACL'
        ? { error: 'AccessDeniedException', message: `User: x is not authorized to perform: wafv2:${action} on resource: y` }
        : undefined
    const status = await statusOf(world)
    expect(status.missing.sort()).toEqual([
      'load balancers: You lack the right wafv2:ListResourcesForWebACL on y.',
      'logging: You lack the right wafv2:GetLoggingConfiguration on y.',
    ])
    expect(weak(status)).not.toMatch(/not attached|logging turned off/)
  })
})

test('a proxy’s error page is not mistaken for a response of AWS', async () => {
  const world = await desk()
  world.before = () => proxyPage
  expect(jsonError(await world.run('status', '--json'))).toMatchObject({
    code: 'aws-unavailable',
    message: expect.stringMatching(/^What answered wafv2:List\w+ was not AWS \(HTTP 403/),
    next: expect.stringMatching(/proxy/),
  })
})
