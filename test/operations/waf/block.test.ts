import { describe, expect, test } from 'vitest'
import { contentsOf, jsonError, ok, run, runCli, shownError } from '../../cli/run.ts'
import { region } from './waf-server.ts'
import { desk, stageFolder } from './world.ts'

const why = ['--reason', 'guesses passwords'] as const

describe('waf block', () => {
  test('puts addresses into the sets of their families, with end, reason and who', async () => {
    const { json, held } = await desk()
    const blocked = await json('block', '203.0.113.7', '2001:db8:7::/48', '--ttl', '2h', ...why)
    expect(held('block-v4')).toEqual(['203.0.113.7/32'])
    expect(held('block-v6')).toEqual(['2001:0db8:0007:0000:0000:0000:0000:0000/48'])
    expect(Object.keys(blocked)).toEqual(['webAcl', 'list', 'entries', 'reason', 'swept', 'remarks', 'dryRun'])
    const { entries } = (await json('list')) as { entries: Record<string, string>[] }
    expect(entries).toEqual([
      expect.objectContaining({ list: 'block', address: '203.0.113.7/32', state: 'active', by: 'tester', reason: why[1] }),
      expect.objectContaining({ list: 'block', address: '2001:db8:7::/48', state: 'active' }),
    ])
    const [{ since = '', until = '' } = {}] = entries
    expect(Date.parse(until) - Date.parse(since)).toBeCloseTo(7_200_000, -4)
  })
  test('leaves everything else of a set as it was', async () => {
    const { ok: waf, held, sets } = await desk()
    const set = sets.get('apigw-prod-block-v4')
    set?.Addresses.push('192.0.2.1/32', '192.0.2.0/25')
    await waf('block', '203.0.113.7', ...why)
    expect(held('block-v4')).toEqual(['192.0.2.1/32', '192.0.2.0/25', '203.0.113.7/32'])
    expect(set?.Description).toBe('made by a stack')
  })
  test('again gives a new end, and changes no set', async () => {
    const { ok: waf, json, actions } = await desk()
    await waf('block', '2001:db8::7', ...why)
    expect(await waf('block', '2001:DB8:0::7', '--ttl', 'never', '--reason', 'still')).toMatch(
      /^2001:db8::7 was already blocked, now until it is removed\.$/m,
    )
    expect(actions()).toEqual(['UpdateIPSet'])
    expect((await json('list')).entries).toMatchObject([{ address: '2001:db8::7/128', until: null, reason: 'still' }])
  })
  test('ends after a day where nothing else is said', async () => {
    const { json } = await desk()
    const { entries } = (await json('block', '203.0.113.7', ...why)) as { entries: { until: string }[] }
    expect(Date.parse(entries[0]?.until ?? '') - Date.now()).toBeCloseTo(86_400_000, -5)
  })
  test('says what it did to what was typed', async () => {
    const { run: waf } = await desk()
    const { stdout, stderr } = await waf('block', '203.0.113.7/24', ...why)
    expect(stdout).toMatch(/^203\.0\.113\.0\/24 is blocked, until /)
    expect(stderr).toMatch(/203\.0\.113\.7\/24 is taken as 203\.0\.113\.0\/24/)
    expect((await waf('block', '203.0.113.9', ...why)).stderr).toMatch(/203\.0\.113\.9\/32 lies in 203\.0\.113\.0\/24/)
  })
  test('names the keys that work only from what is blocked', async () => {
    const { run: waf, cwd, env } = await desk()
    await ok(['customer', 'add', 'acme', '--key', 'live'], { cwd, env })
    await ok(['key', 'issue', 'acme', '--allow-ip', '203.0.113.64/26'], { cwd, env })
    const { stderr, code } = await waf('block', '203.0.113.0/24', ...why)
    expect(code).toBe(0)
    expect(stderr).toMatch(/The key ak_live_\w+ of acme works from 203\.0\.113\.64\/26, which is cut off by this/)
  })
  test('in a dry run writes nothing, neither there nor here', async () => {
    const { run: waf, json, held, actions } = await desk()
    const { stdout, stderr } = await waf('block', '203.0.113.7', ...why, '--dry-run')
    expect(stdout).toMatch(/203\.0\.113\.7 is blocked/)
    expect(stderr).toMatch(/Dry run: nothing was changed/)
    expect(held('block-v4')).toEqual([])
    expect(actions()).toEqual([])
    expect((await json('list')).entries).toEqual([])
  })
  test('takes a list on stdin', async () => {
    const { cwd, env, held } = await desk()
    const { code } = await runCli(['waf', 'block', '-', ...why], {
      cwd,
      env,
      stdin: '203.0.113.7\n# x\n203.0.113.8, 2001:db8::1\n',
    })
    expect(code).toBe(0)
    expect(held('block-v4')).toHaveLength(2)
    expect(held('block-v6')).toHaveLength(1)
  })
  test('is in the audit log, with who', async () => {
    const { ok: waf, cwd } = await desk()
    await waf('block', '203.0.113.7', ...why)
    const lines = contentsOf(`${cwd}/registry.db`).history
    expect(lines).toMatchObject([{ customer: '*', who: 'tester', what: 'waf: block 203.0.113.7/32: guesses passwords' }])
  })
})

describe('waf block refuses', () => {
  test('your own address, and then blocks none of them', async () => {
    const { run: waf, actions } = await desk()
    const failed = await waf('block', '203.0.113.7', '198.51.100.0/24', ...why)
    expect(failed.code).toBe(2)
    expect(shownError(failed).message).toMatch(/198\.51\.100\.0\/24 holds your own address, 198\.51\.100\.99/)
    expect(actions()).toEqual([])
  })
  test('an address of the allow list, until it is taken out of it', async () => {
    const { run: waf, ok: fine } = await desk()
    await fine('allow', '203.0.113.0/28', ...why, '--yes')
    const failed = await waf('block', '203.0.113.7', ...why, '--json')
    expect(jsonError(failed)).toMatchObject({ code: 'lockout-refused', next: 'apigw waf unblock 203.0.113.0/28' })
    await fine('unblock', '203.0.113.0/28')
    await fine('block', '203.0.113.7', ...why)
  })
  test('a wide range without --wide, and asks with it', async () => {
    const { run: waf, held } = await desk()
    expect(shownError(await waf('block', '203.0.0.0/12', ...why)).next).toMatch(/--wide/)
    expect(jsonError(await waf('block', '203.0.0.0/12', ...why, '--wide', '--json')).code).toBe('input-missing')
    expect((await waf('block', '203.0.0.0/12', ...why, '--wide', '--yes')).code).toBe(0)
    expect(held('block-v4')).toEqual(['203.0.0.0/12'])
  })
  test.each([
    [['api.example.com'], /is a name/],
    [['0.0.0.0/0'], /everybody/],
    [['10.0.0.7'], /the load balancer lives there/],
    [['nonsense'], /neither an IP address/],
    [[''], /empty/],
  ])('%j', async (typed, message) => {
    const { run: waf, asked } = await desk()
    const failed = await waf('block', ...typed, ...why)
    expect(failed.code).toBe(2)
    expect(shownError(failed).message).toMatch(message)
    expect(asked.filter(({ action }) => action.startsWith('Update'))).toEqual([])
  })
  test.each(['0h', '2020-01-01T00:00:00Z', 'soon'])('an end that is none: %s', async (ttl) => {
    const { run: waf } = await desk()
    expect((await waf('block', '203.0.113.7', '--ttl', ttl, ...why)).code).toBe(2)
  })
  test('without a reason', async () => {
    const { run: waf } = await desk()
    expect(shownError(await waf('block', '203.0.113.7')).message).toMatch(/--reason/)
  })
  test('what does not fit into the set, before anything is noted of it', async () => {
    const { run: waf, sets, json } = await desk()
    const many = Array.from({ length: 9_999 }, (_, index) => `11.${Math.floor(index / 250) % 250}.${index % 250}.1/32`)
    sets.get('apigw-prod-block-v4')?.Addresses.push(...many)
    const failed = await waf('block', '203.0.113.7', '203.0.113.8', ...why, '--json')
    expect(jsonError(failed)).toMatchObject({ code: 'ip-set-full', message: expect.stringMatching(/room for 1 more of the 2/) })
    const { entries } = (await json('list')) as { entries: { state: string }[] }
    expect(entries.filter(({ state }) => state === 'missing')).toEqual([])
    expect((await waf('block', '203.0.113.7', ...why)).code).toBe(0)
  })
})

describe('waf block without its surroundings', () => {
  test('names the command that makes a missing web ACL, and the ones that there are', async () => {
    const { cwd, env } = await desk()
    const failed = await run(['waf', 'block', '203.0.113.7', ...why, '--web-acl', 'other', '--json'], { cwd, env })
    expect(failed.code).toBe(2)
    expect(jsonError(failed)).toMatchObject({
      code: 'web-acl-unknown',
      message: `There is no web ACL "other" in ${region}. There are: apigw-prod.`,
      next: expect.stringMatching(/^apigw deploy edge/),
    })
    const elsewhere = await run(['waf', 'list', '--json'], { cwd: stageFolder('dev'), env })
    expect(jsonError(elsewhere).next).toMatch(/^apigw deploy edge --stage dev/)
  })
  test('names the command that makes a missing set', async () => {
    const { run: waf, sets } = await desk()
    sets.delete('apigw-prod-block-v6')
    const failed = await waf('block', '203.0.113.7', '2001:db8::1', ...why, '--json')
    expect(jsonError(failed)).toMatchObject({ code: 'web-acl-unknown', next: 'apigw deploy edge --stage prod' })
  })
  test('names the right that is missing', async () => {
    const world = await desk()
    world.before = (action) =>
      action === 'UpdateIPSet'
        ? {
            error: 'AccessDeniedException',
            message: 'User: arn:aws:iam::123456789012:user/a is not authorized to perform: wafv2:UpdateIPSet on resource: arn:x',
          }
        : undefined
    expect(jsonError(await world.run('block', '203.0.113.7', ...why, '--json'))).toMatchObject({
      code: 'aws-denied',
      message: 'You lack the right wafv2:UpdateIPSet on arn:x.',
    })
  })
  test('wants a stage or a web ACL', async () => {
    const { env, cwd } = await desk()
    const empty = stageFolder()
    const failed = await run(['waf', 'list', '--json'], { cwd: `${cwd}/..`, env })
    expect(jsonError(failed)).toMatchObject({ code: 'input-missing', next: expect.stringMatching(/--web-acl NAME/) })
    expect(await ok(['waf', 'list', '--web-acl', 'apigw-prod'], { cwd: empty, env })).toBe('')
  })
  test('goes on without the registry when it is told to, and says so before', async () => {
    const { cwd, env, held } = await desk()
    const down = { ...env, APIGW_REGISTRY: 'redis://127.0.0.1:1' }
    const failed = await run(['waf', 'block', '203.0.113.7', ...why, '--json'], { cwd, env: down })
    expect(jsonError(failed)).toMatchObject({ code: 'registry-unavailable', next: expect.stringMatching(/--unrecorded/) })
    expect(held('block-v4')).toEqual([])
    await ok(['waf', 'block', '203.0.113.7', ...why, '--unrecorded'], { cwd, env: down })
    expect(held('block-v4')).toEqual(['203.0.113.7/32'])
    expect(await ok(['waf', 'list', '--unrecorded'], { cwd, env: down })).toMatch(/203\.0\.113\.7 +no record read/)
    await ok(['waf', 'unblock', '203.0.113.7', '--unrecorded'], { cwd, env: down })
    expect(held('block-v4')).toEqual([])
  })
  test('says that it could not find out who you are', async () => {
    const { cwd, env, held } = await desk()
    const { APIGW_MY_ADDRESS: _, ...unknown } = env
    // No way out: what is asked through this proxy is never answered.
    const lost = { ...unknown, NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: 'http://127.0.0.1:1' }
    const { stderr, code } = await runCli(['waf', 'block', '203.0.113.7', ...why], { cwd, env: lost })
    expect(code).toBe(0)
    expect(stderr).toMatch(/could not be determined.*--my-address/)
    expect(held('block-v4')).toHaveLength(1)
  })
})
