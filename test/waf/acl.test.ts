import type { Rule } from '@aws-sdk/client-wafv2'
import { describe, expect, test } from 'vitest'
import { jsonError, shownError } from '../cli/run.ts'
import { proxyPage } from './waf-server.ts'
import { type Desk, desk } from './world.ts'

const secret = `apigw_live_${'a'.repeat(49)}`

/** A request as AWS WAF samples it; its time goes out in seconds. */
function sampled(address: string, uri: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    Request: {
      ClientIP: address,
      Country: 'KR',
      Method: 'POST',
      URI: uri,
      HTTPVersion: 'HTTP/1.1',
      Headers: [
        { Name: 'Authorization', Value: `Basic ${Buffer.from(`acme:${secret}:ak_live_1`).toString('base64')}` },
        { Name: 'User-Agent', Value: 'curl/8' },
      ],
    },
    Weight: 1,
    Action: 'COUNT',
    ...more,
  }
}

const at = (seconds: number) => ({ Timestamp: seconds })
const modes = (rules: readonly Rule[]) =>
  rules.map(({ Action, OverrideAction }) => Object.keys(Action ?? OverrideAction ?? {})[0])

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
    expect(text).toMatch(/^before +arn:aws:elasticloadbalancing:/m)
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
      `apigw-prod has no rate rule: one address may send all it can. → ${deploy}`,
      `apigw-prod has no managed rules: known attacks get through. → ${deploy}`,
      `The rule of apigw-prod-block-v4 does not block: its mode is "captcha". → ${deploy}`,
      'apigw-prod-block-v4 holds 9000 of 10000 addresses. → apigw waf list --sweep; then ranges instead of single addresses',
      `No rule looks into apigw-prod-allow-v4: its 0 addresses do nothing. → ${deploy}`,
      `The IP set apigw-prod-allow-v6 is not there. → ${deploy}`,
      `apigw-prod writes no log: after an attack, nobody knows what came. → ${deploy}`,
      `It takes 1700 capacity units; above 1500 each request costs more. → take out managed rules that are not needed, then ${deploy}`,
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

describe('waf sample', () => {
  test('shows who sent what, newest first, and no credentials', async () => {
    const world = await desk()
    world.samples.set('flood', [
      sampled('203.0.113.7', '/v1.0/messages', at(1_790_000_000)),
      sampled('203.0.113.8', `/v1.0/messages?key=${secret}`, { ...at(1_790_000_060), Weight: 3 }),
    ])
    world.samples.set('common', [
      sampled('203.0.113.9', '/x', {
        ...at(1_790_000_000),
        RuleNameWithinRuleGroup: 'AWS#AWSManagedRulesCommonRuleSet#NoUserAgent',
      }),
    ])
    const { stdout, stderr } = await world.run('sample')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[1]).toMatch(
      /^2026-09-21T\S+ +flood +count +203\.0\.113\.8 +KR +POST +\/v1\.0\/messages\?key=apigw_live_… +curl\/8$/,
    )
    expect(lines[2]).toMatch(/203\.0\.113\.7/)
    expect(lines[3]).toMatch(/common: NoUserAgent/)
    expect(stderr).toMatch(/flood: about 20 requests in 3 h/)
    const shown = await world.json('sample', 'flood', '--hours', '1', '--most', '1')
    expect(shown).toMatchObject({
      hours: 1,
      rules: [{ rule: 'flood', mode: 'count', matched: 20, requests: [{ at: expect.any(String) }] }],
    })
    expect(JSON.stringify(shown)).not.toMatch(/authorization|Basic|a{40}/i)
    const window: { StartTime: number; EndTime: number } = JSON.parse(
      JSON.stringify(world.asked.findLast(({ action }) => action === 'GetSampledRequests')?.input.TimeWindow),
    )
    expect(window.EndTime - window.StartTime).toBeCloseTo(3_600, 0)
  })
  test('says why a rule has none, and shows the others', async () => {
    const world = await desk()
    world.samples.set('flood', [sampled('203.0.113.7', '/')])
    world.before = (action, input) =>
      action === 'GetSampledRequests' && input.RuleMetricName === 'common'
        ? { error: 'WAFInvalidParameterException', message: 'no such metric' }
        : undefined
    const { stdout, stderr, code } = await world.run('sample', 'flood', 'common')
    expect(code).toBe(0)
    expect(stdout).toMatch(/203\.0\.113\.7/)
    expect(stderr).toMatch(/common: not known; AWS refused wafv2:GetSampledRequests: no such metric/)
  })
  test('names the rules that there are', async () => {
    const { run } = await desk()
    expect(jsonError(await run('sample', 'nope', '--json'))).toMatchObject({
      code: 'rule-unknown',
      message: 'The web ACL has no rule "nope". It has: allow-list, block-list, flood, common.',
    })
  })
})

describe('waf promote', () => {
  test('shows what would have been blocked, and lets all that only count block', async () => {
    const world = await desk()
    world.samples.set('flood', [sampled('203.0.113.7', '/v1.0/messages')])
    const { stdout, stderr, code } = await world.run('promote', '--yes')
    expect(code).toBe(0)
    expect(stdout).toBe('flood → block\ncommon → block\n')
    expect(stderr).toMatch(/flood would have blocked about 10 requests in 3 h\./)
    expect(stderr).toMatch(/203\.0\.113\.7 +KR/)
    expect(stderr).toMatch(/common would have blocked about 0 requests/)
    expect(modes(world.acl.Rules)).toEqual(['Allow', 'Block', 'Block', 'None'])
    expect((await world.run('promote', '--yes')).stderr).toMatch(/No rule only counts/)
  })
  test('changes nothing else of the web ACL', async () => {
    const world = await desk()
    const settings = {
      CustomResponseBodies: { slow: { ContentType: 'TEXT_PLAIN', Content: 'slow down' } },
      CaptchaConfig: { ImmunityTimeProperty: { ImmunityTime: 60 } },
      ChallengeConfig: { ImmunityTimeProperty: { ImmunityTime: 61 } },
      TokenDomains: ['example.com'],
      AssociationConfig: { RequestBody: { API_GATEWAY: { DefaultSizeInspectionLimit: 'KB_16' } } },
      DataProtectionConfig: {
        DataProtections: [{ Field: { FieldType: 'SINGLE_HEADER', FieldKeys: ['authorization'] }, Action: 'HASH' }],
      },
      OnSourceDDoSProtectionConfig: { ALBLowReputationMode: 'ALWAYS_ON' },
    }
    world.acl = { ...world.acl, ...settings }
    const before = structuredClone(world.acl)
    await world.ok('promote', 'common', '--yes')
    const rules = before.Rules.map((rule) => (rule.Name === 'common' ? { ...rule, OverrideAction: { None: {} } } : rule))
    expect(world.acl).toEqual({ ...before, Rules: rules })
  })
  test('goes back, for rules that are named', async () => {
    const world = await desk()
    const before = structuredClone(world.acl.Rules)
    await world.ok('promote', 'common', 'flood', '--yes')
    const { stderr } = await world.run('promote', 'common', 'flood', '--to', 'count', '--yes')
    expect(stderr).toMatch(/common blocked about 0 requests in 3 h/)
    expect(world.acl.Rules).toEqual(before)
    expect(shownError(await world.run('promote', '--to', 'count')).message).toMatch(/Which rules/)
  })
  test('says when an answer of its own is lost', async () => {
    const world = await desk()
    const Rules = world.acl.Rules.map((rule) =>
      rule.Name === 'flood' ? { ...rule, Action: { Block: { CustomResponse: { ResponseCode: 429 } } } } : rule,
    )
    world.acl = { ...world.acl, Rules }
    const { remarks } = await world.json('promote', 'flood', '--to', 'count', '--yes')
    expect(remarks).toEqual(['flood has an answer of its own, which is gone until the next deploy of the web ACL.'])
  })
  test('asks, and changes nothing without a yes or in a dry run', async () => {
    const world = await desk()
    const failed = await world.run('promote', '--json')
    expect(jsonError(failed)).toMatchObject({
      code: 'input-missing',
      message: expect.stringMatching(/Let flood, common block\?/),
    })
    expect(await world.json('promote', '--dry-run')).toMatchObject({ to: 'block', rules: ['flood', 'common'], dryRun: true })
    expect(world.actions()).toEqual([])
  })
  test('never lets the rule of the allow list block, nor one that does neither', async () => {
    const world = await desk()
    expect(jsonError(await world.run('promote', 'allow-list', '--yes', '--json')).code).toBe('lockout-refused')
    const counting = world.acl.Rules.map((rule) => (rule.Name === 'allow-list' ? { ...rule, Action: { Count: {} } } : rule))
    world.acl = { ...world.acl, Rules: counting }
    await world.ok('promote', '--yes')
    expect(modes(world.acl.Rules)).toEqual(['Count', 'Block', 'Block', 'None'])
    expect(jsonError(await world.run('promote', 'allow-list', '--yes', '--json')).code).toBe('lockout-refused')
    world.acl = {
      ...world.acl,
      Rules: counting.map((rule) => (rule.Name === 'flood' ? { ...rule, Action: { Captcha: {} } } : rule)),
    }
    expect(jsonError(await world.run('promote', 'flood', '--yes', '--json')).code).toBe('rule-unknown')
  })
  test('keeps what somebody else changes meanwhile', async () => {
    const world = await desk()
    let once = false
    world.before = (action) => {
      if (action !== 'UpdateWebACL' || once) return undefined
      once = true
      const Rules = world.acl.Rules.map((rule) => (rule.Name === 'flood' ? { ...rule, Action: { Block: {} } } : rule))
      world.acl = { ...world.acl, Rules, Description: 'changed' }
      world.aclToken++
      return undefined
    }
    await world.ok('promote', 'common', '--yes')
    expect(modes(world.acl.Rules)).toEqual(['Allow', 'Block', 'Block', 'None'])
    expect(world.acl.Description).toBe('changed')
  })
})
