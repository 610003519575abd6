import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DynamoWorld, dynamoWorld } from '../registry/dynamo.ts'
import { jsonError, ok, type RunOptions, run, temporaryFolder } from './run.ts'

let world: DynamoWorld
let here: RunOptions & { readonly cwd: string }
beforeAll(async () => {
  world = await dynamoWorld()
})
beforeEach(() => {
  here = { cwd: temporaryFolder(), env: { AWS_REGION: 'ap-northeast-2' } }
})
afterAll(() => world.close())

test('a registry is moved, stays frozen, and is taken back', async () => {
  const [from, to] = ['sqlite:old.db', world.address]
  await ok(['customer', 'add', 'acme', '--day', '100', '--queue', 'carrier-a', '--registry', from], here)
  const counted = JSON.parse(await ok(['registry', 'copy', '--from', from, '--to', to, '--dry-run', '--json'], here))
  expect(counted).toMatchObject({ state: 'counted', counts: { profile: 1, history: 1 }, dryRun: true })
  const asked = await run(['registry', 'copy', '--from', from, '--to', to, '--json'], here)
  expect({ ...jsonError(asked), code: asked.code }).toMatchObject({ code: 2 })
  const move = ['registry', 'copy', '--from', from, '--to', to, '--settle', '0', '--yes', '--json']
  const copied = JSON.parse(await ok(move, here))
  expect(copied).toEqual({
    state: 'copied',
    from: `sqlite:${join(here.cwd, 'old.db')}`,
    to: 'dynamodb:apigw-registry',
    counts: {
      profile: 1,
      retired: 0,
      document: 0,
      history: 1,
      books: 0,
      counts: 0,
      answer: 0,
      message: 0,
      returned: 0,
      released: 0,
      nonce: 0,
    },
    refusedMs: expect.any(Number),
    dryRun: false,
  })
  expect(JSON.parse(await ok(['customer', 'show', 'acme', '--registry', to, '--json'], here))).toMatchObject({ id: 'acme' })
  expect(jsonError(await run(['customer', 'suspend', 'acme', '--registry', from, '--json'], here)).code).toBe('registry-frozen')
  expect(JSON.parse(await ok(move, here))).toMatchObject({ state: 'unchanged' })
  const thaw = ['registry', 'copy', '--from', from, '--to', to, '--thaw', '--yes', '--json']
  expect(JSON.parse(await ok(thaw, here))).toMatchObject({ state: 'thawed', closed: 'dynamodb:apigw-registry' })
  await ok(['customer', 'suspend', 'acme', '--registry', from], here)
  expect(jsonError(await run(['customer', 'resume', 'acme', '--registry', to, '--json'], here)).code).toBe('registry-frozen')
})

test('a password in --to, a function and a missing --to are refused', async () => {
  const errorOf = async (...args: string[]) => jsonError(await run(['registry', 'copy', '--json', ...args], here)).code
  expect(await errorOf('--from', 'sqlite:a.db', '--to', 'redis://user:pass@127.0.0.1')).toBe('secret-in-argument')
  expect(await errorOf('--from', 'lambda:apigw-prod-admin', '--to', 'sqlite:b.db')).toBe('config-invalid')
  expect(await errorOf('--from', 'sqlite:a.db')).toBe('input-missing')
})
