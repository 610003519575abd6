import { beforeEach, describe, expect, inject, test } from 'vitest'
import { uniqueName } from '../support/names.ts'
import { contentsOf, json, ok, type RunOptions, registryFile, run, temporaryFolder } from './run.ts'

const live = { customer: 'acme', api: 'messages', environment: 'live' }

let here: RunOptions
beforeEach(async () => {
  here = { cwd: temporaryFolder() }
  await ok(['customer', 'add', 'acme', '--queue', 'carrier-a'], here)
})

describe('what changes a route', () => {
  const cases = [
    {
      args: ['set', 'acme', '--queue', 'carrier-b'],
      text: 'acme live messages → queue carrier-b\n',
      shape: { ...live, queue: 'carrier-b' },
    },
    {
      args: ['set', 'acme', '--env', 'test', '--queue', 'sandbox-2'],
      text: 'acme test messages → queue sandbox-2\n',
      shape: { ...live, environment: 'test', queue: 'sandbox-2' },
    },
    {
      args: ['remove', 'acme', '--env', 'live'],
      text: 'acme live messages: route to queue carrier-a removed.\n',
      shape: { ...live, queue: 'carrier-a' },
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

  test('setting again replaces, and never adds a second one', async () => {
    for (const queue of ['carrier-b', 'carrier-c']) await ok(['route', 'set', 'acme', '--queue', queue], here)
    const { routes } = await json(['route', 'list', 'acme'], here)
    expect(routes).toEqual([
      { api: 'messages', environment: 'test', queue: 'sandbox' },
      { api: 'messages', environment: 'live', queue: 'carrier-c' },
    ])
  })
})

describe('what shows a route', () => {
  test('list', async () => {
    expect(await ok(['route', 'list', 'acme'], here)).toBe(
      'ENV   API       QUEUE\ntest  messages  sandbox\nlive  messages  carrier-a\n',
    )
    const listed = await json(['route', 'list', 'acme'], here)
    expect(Object.keys(listed)).toEqual(['customer', 'routes'])
  })
  test('list without any', async () => {
    for (const env of ['live', 'test']) await ok(['route', 'remove', 'acme', '--env', env], here)
    expect(await run(['route', 'list', 'acme'], here)).toEqual({
      stdout: '',
      stderr: 'No routes. Next: apigw route set acme --queue QUEUE\n',
      code: 0,
    })
    expect(await json(['route', 'list', 'acme'], here)).toEqual({ customer: 'acme', routes: [] })
  })
  test('resolve prints the queue alone, for scripts', async () => {
    expect(await ok(['route', 'resolve', 'acme'], here)).toBe('carrier-a\n')
    expect(await ok(['route', 'resolve', 'acme', '--env', 'test'], here)).toBe('sandbox\n')
    expect(await json(['route', 'resolve', 'acme'], here)).toEqual({ ...live, queue: 'carrier-a' })
  })
})

test('the same on Redis', async () => {
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
