import type { Rule } from '@aws-sdk/client-wafv2'
import { describe, expect, test } from 'vitest'
import { jsonError, shownError } from '../../cli/run.ts'
import { desk } from './world.ts'

const secret = `apigw_live_${'a'.repeat(49)}`

/** A sampled request of AWS WAF; its timestamp is in seconds. */
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
  test('says why a rule has no samples, and shows the others', async () => {
    const world = await desk()
    world.samples.set('flood', [sampled('203.0.113.7', '/')])
    world.before = (action, input) =>
      action === 'GetSampledRequests' && input.RuleMetricName === 'common'
        ? { error: 'WAFInvalidParameterException', message: 'no such metric' }
        : undefined
    const { stdout, stderr, code } = await world.run('sample', 'flood', 'common')
    expect(code).toBe(0)
    expect(stdout).toMatch(/203\.0\.113\.7/)
    expect(stderr).toMatch(/common: unknown; AWS refused wafv2:GetSampledRequests: no such metric/)
  })
  test('lists the existing rules', async () => {
    const { run } = await desk()
    expect(jsonError(await run('sample', 'nope', '--json'))).toMatchObject({
      code: 'rule-unknown',
      message: 'The web ACL has no rule "nope". Its rules: allow-list, block-list, flood, common.',
    })
  })
})

describe('waf promote', () => {
  test('shows what would have been blocked, and switches all rules in count mode to block', async () => {
    const world = await desk()
    world.samples.set('flood', [sampled('203.0.113.7', '/v1.0/messages')])
    const { stdout, stderr, code } = await world.run('promote', '--yes')
    expect(code).toBe(0)
    expect(stdout).toBe('flood → block\ncommon → block\n')
    expect(stderr).toMatch(/flood would have blocked about 10 requests in 3 h\./)
    expect(stderr).toMatch(/203\.0\.113\.7 +KR/)
    expect(stderr).toMatch(/common would have blocked about 0 requests/)
    expect(modes(world.acl.Rules)).toEqual(['Allow', 'Block', 'Block', 'None'])
    expect((await world.run('promote', '--yes')).stderr).toMatch(/No rule is in count mode/)
  })
  test('reports only a named rule that already blocks', async () => {
    const world = await desk()
    await world.ok('promote', 'common', '--yes')
    const { stderr } = await world.run('promote', 'common', '--yes')
    expect(stderr).toBe('common is already in block mode.\n')
  })
  test('says which setting keeps the mode', async () => {
    const world = await desk()
    expect((await world.run('promote', 'common', '--yes')).stderr).toMatch(/set deploy\.waf of the stage in apigw\.yaml/)
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
  test('switches named rules back', async () => {
    const world = await desk()
    const before = structuredClone(world.acl.Rules)
    await world.ok('promote', 'common', 'flood', '--yes')
    const { stderr } = await world.run('promote', 'common', 'flood', '--to', 'count', '--yes')
    expect(stderr).toMatch(/common blocked about 0 requests in 3 h/)
    expect(world.acl.Rules).toEqual(before)
    expect(shownError(await world.run('promote', '--to', 'count')).message).toMatch(/requires the names of the rules/)
  })
  test('warns when a custom response is lost', async () => {
    const world = await desk()
    const Rules = world.acl.Rules.map((rule) =>
      rule.Name === 'flood' ? { ...rule, Action: { Block: { CustomResponse: { ResponseCode: 429 } } } } : rule,
    )
    world.acl = { ...world.acl, Rules }
    const { remarks } = await world.json('promote', 'flood', '--to', 'count', '--yes')
    expect(remarks).toEqual(['flood has a custom response, which is removed until the next deployment of the web ACL.'])
  })
  test('asks, and changes nothing without confirmation or in a dry run', async () => {
    const world = await desk()
    const failed = await world.run('promote', '--json')
    expect(jsonError(failed)).toMatchObject({
      code: 'input-missing',
      message: expect.stringMatching(/Switch flood, common to block\?/),
    })
    expect(await world.json('promote', '--dry-run')).toMatchObject({ to: 'block', rules: ['flood', 'common'], dryRun: true })
    expect(world.actions()).toEqual([])
  })
  test('rejects the rule of the allow list, and a rule that neither counts nor blocks', async () => {
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
  test('keeps concurrent changes', async () => {
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
