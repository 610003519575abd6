import { describe, expect, test } from 'vitest'
import { contentsOf, jsonError, ok, run, runCli, shownError } from '../../cli/run.ts'
import { region } from './waf-server.ts'
import { desk, stageFolder } from './world.ts'

const why = ['--reason', 'guesses passwords'] as const

describe('waf block', () => {
  test('adds addresses to the sets of their families, with expiry, reason and operator', async () => {
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
  test('changes nothing else in a set', async () => {
    const { ok: waf, held, sets } = await desk()
    const set = sets.get('apigw-prod-block-v4')
    set?.Addresses.push('192.0.2.1/32', '192.0.2.0/25')
    await waf('block', '203.0.113.7', ...why)
    expect(held('block-v4')).toEqual(['192.0.2.1/32', '192.0.2.0/25', '203.0.113.7/32'])
    expect(set?.Description).toBe('made by a stack')
  })
  test('again sets a new expiry, and changes no set', async () => {
    const { ok: waf, json, actions } = await desk()
    await waf('block', '2001:db8::7', ...why)
    expect(await waf('block', '2001:DB8:0::7', '--ttl', 'never', '--reason', 'still')).toMatch(
      /^2001:db8::7 was already blocked, now until it is removed\.$/m,
    )
    expect(actions()).toEqual(['UpdateIPSet'])
    expect((await json('list')).entries).toMatchObject([{ address: '2001:db8::7/128', until: null, reason: 'still' }])
  })
  test('expires after a day by default', async () => {
    const { json } = await desk()
    const { entries } = (await json('block', '203.0.113.7', ...why)) as { entries: { until: string }[] }
    expect(Date.parse(entries[0]?.until ?? '') - Date.now()).toBeCloseTo(86_400_000, -5)
  })
  test('reports how it normalized an address', async () => {
    const { run: waf } = await desk()
    const { stdout, stderr } = await waf('block', '203.0.113.7/24', ...why)
    expect(stdout).toMatch(/^203\.0\.113\.0\/24 is blocked, until /)
    expect(stderr).toMatch(/203\.0\.113\.7\/24 is stored as 203\.0\.113\.0\/24/)
    expect((await waf('block', '203.0.113.9', ...why)).stderr).toMatch(/203\.0\.113\.9\/32 is part of 203\.0\.113\.0\/24/)
  })
  test('lists the keys that are restricted to blocked ranges', async () => {
    const { run: waf, cwd, env } = await desk()
    await ok(['customer', 'add', 'acme', '--key', 'live'], { cwd, env })
    await ok(['key', 'issue', 'acme', '--allow-ip', '203.0.113.64/26'], { cwd, env })
    const { stderr, code } = await waf('block', '203.0.113.0/24', ...why)
    expect(code).toBe(0)
    expect(stderr).toMatch(/The key ak_live_\w+ of acme is restricted to 203\.0\.113\.64\/26, which this blocks/)
  })
  test('in a dry run writes nothing to AWS or the registry', async () => {
    const { run: waf, json, held, actions } = await desk()
    const { stdout, stderr } = await waf('block', '203.0.113.7', ...why, '--dry-run')
    expect(stdout).toMatch(/203\.0\.113\.7 is blocked/)
    expect(stderr).toMatch(/Dry run: nothing was changed/)
    expect(held('block-v4')).toEqual([])
    expect(actions()).toEqual([])
    expect((await json('list')).entries).toEqual([])
  })
  test('reads a list from stdin', async () => {
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
  test('is in the audit log, with the operator', async () => {
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
    expect(shownError(failed).message).toMatch(/198\.51\.100\.0\/24 contains your own address, 198\.51\.100\.99/)
    expect(actions()).toEqual([])
  })
  test('an address of the allow list, until it is removed from it', async () => {
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
    [['api.example.com'], /is a hostname/],
    [['0.0.0.0/0'], /covers every address/],
    [['10.0.0.7'], /load balancer uses such addresses/],
    [['nonsense'], /neither an IP address/],
    [[''], /empty/],
  ])('%j', async (typed, message) => {
    const { run: waf, asked } = await desk()
    const failed = await waf('block', ...typed, ...why)
    expect(failed.code).toBe(2)
    expect(shownError(failed).message).toMatch(message)
    expect(asked.filter(({ action }) => action.startsWith('Update'))).toEqual([])
  })
  test.each(['0h', '2020-01-01T00:00:00Z', 'soon'])('an invalid expiry: %s', async (ttl) => {
    const { run: waf } = await desk()
    expect((await waf('block', '203.0.113.7', '--ttl', ttl, ...why)).code).toBe(2)
  })
  test('without a reason', async () => {
    const { run: waf } = await desk()
    expect(shownError(await waf('block', '203.0.113.7')).message).toMatch(/--reason/)
  })
  test('what does not fit into the set, before a note is written', async () => {
    const { run: waf, sets, json } = await desk()
    const many = Array.from({ length: 9_999 }, (_, index) => `11.${Math.floor(index / 250) % 250}.${index % 250}.1/32`)
    sets.get('apigw-prod-block-v4')?.Addresses.push(...many)
    const failed = await waf('block', '203.0.113.7', '203.0.113.8', ...why, '--json')
    expect(jsonError(failed)).toMatchObject({ code: 'ip-set-full', message: expect.stringMatching(/room for 1 of the 2/) })
    const { entries } = (await json('list')) as { entries: { state: string }[] }
    expect(entries.filter(({ state }) => state === 'missing')).toEqual([])
    expect((await waf('block', '203.0.113.7', ...why)).code).toBe(0)
  })
})

describe('waf block with a missing dependency', () => {
  test('shows the command that creates a missing web ACL, and the existing ones', async () => {
    const { cwd, env } = await desk()
    const failed = await run(['waf', 'block', '203.0.113.7', ...why, '--web-acl', 'other', '--json'], { cwd, env })
    expect(failed.code).toBe(2)
    expect(jsonError(failed)).toMatchObject({
      code: 'web-acl-unknown',
      message: `The web ACL "other" does not exist in ${region}. Its web ACLs: apigw-prod.`,
      next: expect.stringMatching(/^apigw deploy edge/),
    })
    const elsewhere = await run(['waf', 'list', '--json'], { cwd: stageFolder('dev'), env })
    expect(jsonError(elsewhere).next).toMatch(/^apigw deploy edge --stage dev/)
  })
  test('shows the command that creates a missing set', async () => {
    const { run: waf, sets } = await desk()
    sets.delete('apigw-prod-block-v6')
    const failed = await waf('block', '203.0.113.7', '2001:db8::1', ...why, '--json')
    expect(jsonError(failed)).toMatchObject({ code: 'web-acl-unknown', next: 'apigw deploy edge --stage prod' })
  })
  test('names the missing permission', async () => {
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
  test('requires a stage or a web ACL', async () => {
    const { env, cwd } = await desk()
    const empty = stageFolder()
    const failed = await run(['waf', 'list', '--json'], { cwd: `${cwd}/..`, env })
    expect(jsonError(failed)).toMatchObject({ code: 'input-missing', next: expect.stringMatching(/--web-acl NAME/) })
    expect(await ok(['waf', 'list', '--web-acl', 'apigw-prod'], { cwd: empty, env })).toBe('')
  })
  test('continues without the registry with --unrecorded, after a warning', async () => {
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
  test('warns that your address could not be determined', async () => {
    const { cwd, env, held } = await desk()
    const { APIGW_MY_ADDRESS: _, ...unknown } = env
    // Requests through this proxy are never answered.
    const lost = { ...unknown, NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: 'http://127.0.0.1:1' }
    const { stderr, code } = await runCli(['waf', 'block', '203.0.113.7', ...why], { cwd, env: lost })
    expect(code).toBe(0)
    expect(stderr).toMatch(/could not be determined.*--my-address/)
    expect(held('block-v4')).toHaveLength(1)
  })
})
