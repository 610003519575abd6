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
  test('shows what stands before the load balancer, and what only counts', async () => {
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
      { what: 'flood only counts (over 2000 requests in 300 s).', fix: 'apigw waf promote flood' },
      { what: 'common only counts (managed rules AWSManagedRulesCommonRuleSet).', fix: 'apigw waf promote common' },
    ])
    const text = await ok('status')
    expect(text).toMatch(/^protects +arn:aws:elasticloadbalancing:/m)
    expect(text).toMatch(/^flood +count +over 2000 requests in 300 s$/m)
    expect(text).toMatch(/^ {2}Fix: apigw waf promote flood$/m)
  })
  test('finds each weakness, with what to do', async () => {
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
      `apigw-prod stands before no load balancer: it protects nothing. → ${deploy}`,
      `apigw-prod has no rate-based rule, so the request rate of an address is not limited. → ${deploy}`,
      `apigw-prod has no managed rule groups, so known attacks are not blocked. → ${deploy}`,
      `The rule of apigw-prod-block-v4 does not block: its mode is "captcha". → ${deploy}`,
      'apigw-prod-block-v4 holds 9000 of 10000 addresses. → apigw waf list --sweep; then use ranges instead of single addresses',
      `No rule looks into apigw-prod-allow-v4: its 0 addresses do nothing. → ${deploy}`,
      `The IP set apigw-prod-allow-v6 is not there. → ${deploy}`,
      `apigw-prod writes no log: after an attack, nobody knows what came. → ${deploy}`,
      `It takes 1700 capacity units; above 1500 each request costs more. → remove managed rules that are not needed, then ${deploy}`,
    ]) {
      expect(found.split('\n')).toContain(line)
    }
  })
  test('finds a log that holds the secrets of customers, and rules without samples', async () => {
    const world = await desk()
    world.logging = { ...world.logging, RedactedFields: [{ SingleHeader: { Name: 'cookie' } }, { QueryString: {} }] }
    const quiet = world.acl.Rules.map((rule) => ({
      ...rule,
      VisibilityConfig: { MetricName: rule.Name, SampledRequestsEnabled: false, CloudWatchMetricsEnabled: true },
    }))
    world.acl = { ...world.acl, Rules: quiet }
    const status = await statusOf(world)
    expect(status.logging).toMatchObject({ redacted: ['cookie', 'QueryString'] })
    expect(weak(status)).toMatch(/The log holds the header Authorization/)
    expect(weak(status)).toMatch(/common keeps no samples/)
  })
  test('never advises to let the rule of the allow list block', async () => {
    const world = await desk()
    const Rules = world.acl.Rules.map((rule) => (rule.Name === 'allow-list' ? { ...rule, Action: { Count: {} } } : rule))
    world.acl = { ...world.acl, Rules }
    expect(weak(await statusOf(world))).toMatch(/^allow-list only counts .* → apigw deploy edge --stage prod$/m)
  })
  test('asks about one load balancer', async () => {
    const world = await desk()
    const { loadBalancers, asked } = world
    expect((await statusOf(world, '--load-balancer', loadBalancers[0] ?? '')).loadBalancers).toEqual(loadBalancers)
    const other = await statusOf(world, '--load-balancer', 'arn:other')
    expect(weak(other)).toMatch(/stands before no load balancer/)
    expect(asked.map(({ action }) => action)).toContain('GetWebACLForResource')
  })
  test('shows the rest where a part is refused', async () => {
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
    expect(weak(status)).not.toMatch(/no load balancer|no log/)
  })
})

test('a page of a proxy is not taken for an answer of AWS', async () => {
  const world = await desk()
  world.before = () => proxyPage
  expect(jsonError(await world.run('status', '--json'))).toMatchObject({
    code: 'aws-unavailable',
    message: expect.stringMatching(/^What answered wafv2:List\w+ was not AWS \(HTTP 403/),
    next: expect.stringMatching(/proxy/),
  })
})
