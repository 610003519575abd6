import { describe, expect, test } from 'vitest'
import { jsonError } from '../../cli/run.ts'
import { desk } from './world.ts'

const why = ['--reason', 'guesses passwords'] as const

describe('waf allow', () => {
  test('asks, because an allowed address bypasses every rule', async () => {
    const { run: waf, held } = await desk()
    expect(jsonError(await waf('allow', '203.0.113.7', ...why, '--json')).code).toBe('input-missing')
    expect((await waf('allow', '203.0.113.7', ...why, '--yes')).code).toBe(0)
    expect(held('allow-v4')).toEqual(['203.0.113.7/32'])
  })
  test('says when the address is blocked as well', async () => {
    const { run: waf, ok: fine } = await desk()
    await fine('block', '203.0.113.0/24', ...why)
    const { stderr } = await waf('allow', '203.0.113.7', ...why, '--yes')
    expect(stderr).toMatch(/203\.0\.113\.7\/32 is also blocked, as 203\.0\.113\.0\/24/)
  })
})

describe('waf unblock', () => {
  test('removes an address from either list, with its note', async () => {
    const { ok: waf, json, held } = await desk()
    await waf('block', '203.0.113.7', '2001:db8::7', ...why)
    await waf('allow', '192.0.2.7', ...why, '--yes')
    expect(await waf('unblock', '203.0.113.7', '2001:0db8::0007', '192.0.2.7')).toBe(
      'Removed 203.0.113.7 (block).\nRemoved 2001:db8::7 (block).\nRemoved 192.0.2.7 (allow).\n',
    )
    expect([held('block-v4'), held('block-v6'), held('allow-v4')]).toEqual([[], [], []])
    expect((await json('list')).entries).toEqual([])
  })
  test('removes what was added by hand', async () => {
    const { ok: waf, held, sets } = await desk()
    sets.get('apigw-prod-block-v4')?.Addresses.push('192.0.2.1/32', '8.0.0.0/7')
    await waf('unblock', '8.0.0.0/7')
    expect(held('block-v4')).toEqual(['192.0.2.1/32'])
  })
  test('shows which entry contains an address', async () => {
    const { run: waf, ok: fine } = await desk()
    await fine('block', '203.0.113.0/24', '192.0.2.1', ...why)
    const failed = await waf('unblock', '203.0.113.7', '--json')
    expect(failed.code).toBe(2)
    expect(jsonError(failed)).toMatchObject({
      code: 'entry-unknown',
      message: '203.0.113.7/32 is not an entry itself: 203.0.113.0/24 on the block list contains it.',
      next: 'apigw waf list',
    })
    const { stdout, stderr } = await waf('unblock', '192.0.2.1', '192.0.2.2')
    expect(stdout).toBe('Removed 192.0.2.1 (block).\n')
    expect(stderr).toMatch(/192\.0\.2\.2\/32 is not on a list/)
  })
  test('in a dry run changes nothing', async () => {
    const { ok: waf, held, json } = await desk()
    await waf('block', '203.0.113.7', ...why)
    expect(await waf('unblock', '203.0.113.7', '--dry-run')).toMatch(/Removed 203\.0\.113\.7 \(block\)/)
    expect(held('block-v4')).toHaveLength(1)
    expect((await json('list')).entries).toMatchObject([{ state: 'active' }])
  })
})

describe('expired entries', () => {
  test('stay in force until a command removes them, and are shown', async () => {
    const { ok: waf, run: any, held, letTimePass } = await desk()
    await waf('block', '203.0.113.7', ...why)
    await waf('block', '203.0.113.8', '--ttl', 'never', ...why)
    letTimePass()
    const { stdout, stderr } = await any('list')
    expect(stdout).toMatch(/203\.0\.113\.7 .* expired$/m)
    expect(stdout).toMatch(/203\.0\.113\.8 .*never expires .*passwords$/m)
    expect(stderr).toMatch(/1 expired and still in force.*waf list --sweep/)
    expect(held('block-v4')).toHaveLength(2)
    expect((await any('list', '--sweep', '--dry-run')).stderr).toMatch(/203\.0\.113\.7 \(block\)/)
    expect(held('block-v4')).toHaveLength(2)
    await waf('list', '--sweep')
    expect(held('block-v4')).toEqual(['203.0.113.8/32'])
    expect(await waf('list')).not.toMatch(/203\.0\.113\.7/)
  })
  test('are removed from both lists by any other change', async () => {
    const { ok: waf, json, held, letTimePass } = await desk()
    await waf('block', '203.0.113.7', '2001:db8::7', ...why)
    await waf('allow', '192.0.2.7', ...why, '--yes')
    letTimePass()
    const { swept } = await json('block', '203.0.113.8', ...why)
    expect(swept).toEqual([
      { list: 'block', address: '203.0.113.7/32' },
      { list: 'block', address: '2001:db8::7/128' },
      { list: 'allow', address: '192.0.2.7/32' },
    ])
    expect(held('block-v4')).toEqual(['203.0.113.8/32'])
    expect(held('allow-v4')).toEqual([])
  })
  test('that cannot be removed do not undo the change', async () => {
    const world = await desk()
    await world.ok('block', '2001:db8::7', ...why)
    world.letTimePass()
    world.before = (action, input) =>
      action === 'UpdateIPSet' && input.Name === 'apigw-prod-block-v6'
        ? { error: 'WAFInvalidOperationException', message: 'not now' }
        : undefined
    const { stdout, stderr, code } = await world.run('block', '203.0.113.7', ...why)
    expect(code).toBe(0)
    expect(stdout).toMatch(/203\.0\.113\.7 is blocked/)
    expect(stderr).toMatch(/Could not remove expired entries: .*not now/)
    expect(world.held('block-v6')).toHaveLength(1)
  })
  test('that are blocked again stay', async () => {
    const { ok: waf, json, held, letTimePass } = await desk()
    await waf('block', '203.0.113.7', ...why)
    letTimePass()
    expect((await json('block', '203.0.113.7', ...why)).swept).toEqual([])
    expect(held('block-v4')).toHaveLength(1)
  })
  test('do not remove what was added by hand, which is shown as such', async () => {
    const { ok: waf, held, sets, letTimePass } = await desk()
    await waf('block', '203.0.113.7', ...why)
    sets.get('apigw-prod-block-v4')?.Addresses.push('192.0.2.1/32')
    letTimePass()
    expect(await waf('list', '--sweep')).toMatch(/192\.0\.2\.1 +added by hand$/m)
    expect(held('block-v4')).toEqual(['192.0.2.1/32'])
  })
  test('that were removed by hand leave no note behind', async () => {
    const { ok: waf, json, sets, letTimePass } = await desk()
    await waf('block', '203.0.113.7', '--ttl', 'never', ...why)
    sets.get('apigw-prod-block-v4')?.Addresses.splice(0)
    expect((await json('list')).entries).toMatchObject([{ address: '203.0.113.7/32', state: 'missing' }])
    // A concurrent command may have written only the note, so it is kept for an hour.
    await waf('list', '--sweep')
    expect((await json('list')).entries).toHaveLength(1)
    letTimePass()
    await waf('list', '--sweep')
    expect((await json('list')).entries).toEqual([])
  })
})
