import { beforeEach, describe, expect, inject, test } from 'vitest'
import { uniqueName } from '../support/names.ts'
import { contentsOf, json, ok, type RunOptions, registryFile, run, temporaryFolder } from './run.ts'

const target = (queue: string, weight = 1, order = 1) => ({ queue, weight, order })
const live = { customer: 'acme', api: 'messages', environment: 'live' }

let here: RunOptions
beforeEach(async () => {
  here = { cwd: temporaryFolder() }
  await ok(['customer', 'add', 'acme', '--queue', 'carrier-a'], here)
})

describe('changing a route', () => {
  const cases = [
    {
      args: ['set', 'acme', '--queue', 'carrier-b'],
      text: 'acme live messages → queue carrier-b\n',
      shape: { ...live, targets: [target('carrier-b')] },
    },
    {
      args: ['set', 'acme', '--env', 'test', '--queue', 'sandbox-2'],
      text: 'acme test messages → queue sandbox-2\n',
      shape: { ...live, environment: 'test', targets: [target('sandbox-2')] },
    },
    {
      args: ['remove', 'acme', '--env', 'live'],
      text: 'acme live messages: removed the route to queue carrier-a\n',
      shape: { ...live, targets: [target('carrier-a')] },
    },
  ]
  test.each(cases)('route $args', async ({ args, text, shape }) => {
    const before = contentsOf(registryFile(here.cwd))
    expect(await run(['route', ...args, '--dry-run'], here)).toEqual({
      stdout: text,
      stderr: 'Dry run: nothing was changed.\n',
      code: 0,
    })
    expect(await json(['route', ...args, '--dry-run'], here)).toEqual({ ...shape, dryRun: true })
    expect(contentsOf(registryFile(here.cwd))).toEqual(before)
    expect(await run(['route', ...args], here)).toEqual({ stdout: text, stderr: '', code: 0 })
    await ok(['route', 'set', 'acme', '--queue', 'carrier-a'], here)
    expect(await json(['route', ...args], here)).toEqual({ ...shape, dryRun: false })
  })

  test('setting a route again replaces it', async () => {
    for (const queue of ['carrier-b', 'carrier-c']) await ok(['route', 'set', 'acme', '--queue', queue], here)
    const { routes } = await json(['route', 'list', 'acme'], here)
    expect(routes).toEqual([
      { api: 'messages', environment: 'test', targets: [target('sandbox')] },
      { api: 'messages', environment: 'live', targets: [target('carrier-c')] },
    ])
  })
})

describe('showing a route', () => {
  test('list shows all routes', async () => {
    expect(await ok(['route', 'list', 'acme'], here)).toBe(
      'ENV   API       QUEUES\ntest  messages  sandbox\nlive  messages  carrier-a\n',
    )
    const listed = await json(['route', 'list', 'acme'], here)
    expect(Object.keys(listed)).toEqual(['customer', 'routes'])
  })
  test('list without routes', async () => {
    for (const env of ['live', 'test']) await ok(['route', 'remove', 'acme', '--env', env], here)
    expect(await run(['route', 'list', 'acme'], here)).toEqual({
      stdout: '',
      stderr: 'No routes. Next: apigw route set acme --queue QUEUE\n',
      code: 0,
    })
    expect(await json(['route', 'list', 'acme'], here)).toEqual({ customer: 'acme', routes: [] })
  })
  test('resolve prints only the queue, for scripts', async () => {
    expect(await ok(['route', 'resolve', 'acme'], here)).toBe('carrier-a\n')
    expect(await ok(['route', 'resolve', 'acme', '--env', 'test'], here)).toBe('sandbox\n')
    expect(await json(['route', 'resolve', 'acme'], here)).toEqual({ ...live, rule: 'customer', targets: [target('carrier-a')] })
  })
})

describe('several targets', () => {
  const set = ['route', 'set', 'acme', '--queue', 'carrier-a*3', '--queue', 'carrier-b', '--queue', 'carrier-c*0@2']

  test('are shown with their share, and with the rule that matched', async () => {
    expect(await ok(set, here)).toBe('acme live messages → queue carrier-a*3, carrier-b, carrier-c*0@2\n')
    const { stdout, stderr } = await run(['route', 'resolve', 'acme'], here)
    expect(stdout).toBe('carrier-a\ncarrier-b\ncarrier-c\n')
    expect(stderr).toContain("Uses the customer's own route.")
    expect(stderr).toMatch(/carrier-a +75% of the calls\ncarrier-b +25% of the calls\ncarrier-c +100%.*that all earlier queues/)
    expect(await json(['route', 'resolve', 'acme'], here)).toMatchObject({
      rule: 'customer',
      targets: [target('carrier-a', 3), target('carrier-b'), target('carrier-c', 0, 2)],
    })
  })

  test.each([
    [['a*2000'], 'cannot be a target'],
    [['a*x'], 'cannot be a target'],
    [['a', 'a*2'], 'more than once'],
    [Array.from({ length: 9 }, (_, i) => `q${i}`), '1 to 8 targets'],
    [['sandbox'], 'never be sent'],
  ])('%j is refused', async (queues, why) => {
    const { code, stderr } = await run(['route', 'set', 'acme', ...queues.flatMap((queue) => ['--queue', queue])], here)
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)])
  })

  test('image limits are stored with the route', async () => {
    expect(await json(['route', 'set', 'acme', '--queue', 'a', '--media-bytes', '1000'], here)).toMatchObject({
      media: { maxBytes: 1000, maxWidth: 1500, maxHeight: 1440 },
    })
  })
})

describe('the default route', () => {
  test('serves a customer without its own route, and is in the audit log', async () => {
    await ok(['route', 'remove', 'acme', '--env', 'live'], here)
    expect(await run(['route', 'resolve', 'acme'], here)).toMatchObject({ code: 2 })
    const args = ['route', 'set', '--default', '--queue', 'carrier-z']
    expect(await json([...args, '--dry-run'], here)).toMatchObject({ customer: null, dryRun: true })
    expect(await run(['route', 'resolve', 'acme'], here)).toMatchObject({ code: 2 })
    expect(await ok(args, here)).toBe('default live messages → queue carrier-z\n')
    expect(await json(['route', 'resolve', 'acme'], here)).toMatchObject({ rule: 'default', targets: [target('carrier-z')] })
    expect(await ok(['route', 'list', '--default'], here)).toContain('carrier-z')
    await ok(['route', 'set', 'acme', '--queue', 'carrier-a'], here)
    expect(await json(['route', 'resolve', 'acme'], here)).toMatchObject({ rule: 'customer' })
    expect(await ok(['route', 'remove', '--default', '--env', 'live'], here)).toContain('removed the route to queue carrier-z')
    expect(await run(['route', 'remove', '--default', '--env', 'live'], here)).toMatchObject({ code: 2 })
  })

  test.each([
    [['set', 'acme', '--default', '--queue', 'a'], 'cannot be combined'],
    [['set', '--queue', 'a'], 'No customer was given.'],
    [['list'], 'No customer was given.'],
  ])('%j is refused', async (args, why) => {
    const { code, stderr } = await run(['route', ...args], here)
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)])
  })
})

test('works the same on Redis', async () => {
  const id = uniqueName('acme')
  const redis = ['--registry', `${inject('redis')}/9`]
  await ok(['customer', 'add', id, '--queue', 'carrier-a', ...redis], here)
  await ok(['route', 'set', id, '--queue', 'carrier-b', '--dry-run', ...redis], here)
  expect(await ok(['route', 'resolve', id, ...redis], here)).toBe('carrier-a\n')
  await ok(['route', 'set', id, '--queue', 'carrier-b', ...redis], here)
  expect(await ok(['route', 'resolve', id, ...redis], here)).toBe('carrier-b\n')
  await ok(['route', 'remove', id, '--env', 'live', ...redis], here)
  expect(await run(['route', 'resolve', id, ...redis], here)).toMatchObject({ code: 2, stdout: '' })
})
