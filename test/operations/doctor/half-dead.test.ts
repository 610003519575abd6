import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Check } from '../../../src/operations/doctor/check.ts'
import { checkGateway } from '../../../src/operations/doctor/checks/gateway.ts'
import { checkRegistry } from '../../../src/operations/doctor/checks/registry.ts'
import { openRegistry } from '../../../src/registry/index.ts'
import { OwnRedis } from '../../registry/own-redis.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { type Sqs, startSqs } from '../../support/sqs.ts'
import { until } from '../../support/until.ts'
import { newCustomer, startWorld } from '../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

async function ownRedis(...more: string[]): Promise<OwnRedis> {
  const redis = await OwnRedis.onFreePort(...more)
  await redis.start()
  onTestFinished(() => redis.remove())
  return redis
}

async function look(registry: string): Promise<readonly Check[]> {
  const places = { gateway: '', sqsEndpoint: undefined, region: undefined, configPath: undefined, stage: undefined }
  return (await checkRegistry({ ...places, registry, registryPassword: undefined, stageRegion: undefined })).checks
}

function failing(checks: readonly Check[]): string[] {
  return checks.filter(({ state }) => state === 'fail').map(({ name, detail, fix }) => `${name}: ${detail} → ${fix}`)
}

async function customerOn(registry: string): Promise<void> {
  const opened = await openRegistry(registry)
  await newCustomer(opened)
  await opened.close()
}

describe('doctor fails, with the cause and the next command, where Redis', () => {
  test.each([
    ['is full', ['maxmemory', '1'], /^registry memory: full: .* → .*maxmemory/],
    ['is full, of writes', ['maxmemory', '1'], /^registry writes: its memory is full \(OOM .*\) → /],
    [
      'has too few replicas',
      ['min-replicas-to-write', '1'],
      /^registry writes: fewer replicas .* → .*redis-cli INFO replication/,
    ],
    ['may remove quotas', ['maxmemory-policy', 'allkeys-lru'], /^registry eviction: .*allkeys-lru.* → .*noeviction/],
    ['may remove nonces', ['maxmemory-policy', 'volatile-lru'], /^registry eviction: .*volatile-lru.* → .*noeviction/],
  ])('%s', async (_, setting, expected) => {
    const redis = await ownRedis()
    await customerOn(redis.address)
    expect(failing(await look(redis.address))).toEqual([])
    redis.cli('config', 'set', ...setting)
    expect(failing(await look(redis.address))).toContainEqual(expect.stringMatching(expected))
  })

  test('is a read-only replica', async () => {
    const [primary, replica] = [await ownRedis(), await ownRedis()]
    replica.cli('replicaof', '127.0.0.1', String(primary.port))
    expect(failing(await look(replica.address))).toEqual([
      expect.stringMatching(/^registry: .*it is a read-only replica\. → .*fail-over.*redis-cli ROLE/),
    ])
  })

  test('asks for a password', async () => {
    const redis = await ownRedis('--requirepass', 'hunter2')
    expect(failing(await look(redis.address))).toEqual([
      expect.stringMatching(/^registry: .*password.* → .*APIGW_REGISTRY_PASSWORD/),
    ])
  })

  test('has lost a primary; the other results are shown too', async () => {
    const nodes = await startRedisCluster({ replicasPerMaster: 0, options: ['--cluster-require-full-coverage', 'no'] })
    onTestFinished(() => nodes.stop())
    await customerOn(nodes.address)
    await nodes.masters[0]?.kill()
    const checks = await look(nodes.address)
    expect(failing(checks)).toContainEqual(expect.stringMatching(/^registry writes: 1 of 3 primaries take no writes/))
    expect(checks).toContainEqual(expect.objectContaining({ name: 'registry', state: 'ok' }))
  })
})

test('doctor says why a gateway is not ready', async () => {
  const redis = await ownRedis()
  const world = await startWorld({ endpoint: sqs.endpoint, registry: redis.address })
  expect((await checkGateway(world.listening.url, false)).state).toBe('ok')
  redis.cli('config', 'set', 'maxmemory', '1')
  let check: Check | undefined
  await until(async () => {
    check = await checkGateway(world.listening.url, false)
    return check.state === 'fail'
  })
  expect(check).toMatchObject({
    detail: expect.stringMatching(/answers 503: .*\(full\)/),
    fix: expect.stringContaining('memory'),
  })
  world.gateway.drain()
  expect(await checkGateway(world.listening.url, false)).toMatchObject({ detail: expect.stringContaining('it is shutting down') })
})
