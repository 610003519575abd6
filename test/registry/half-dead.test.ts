import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { openRegistry, type Registry } from '../../src/registry/index.ts'
import { faultOf } from '../../src/registry/redis/fault.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { problemOf, Tenant } from './fixtures.ts'
import { OwnRedis } from './own-redis.ts'

const started: { remove(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of started.splice(0).toReversed()) await one.remove()
})

async function ownRedis(...more: string[]): Promise<OwnRedis> {
  const redis = await OwnRedis.onFreePort('--repl-diskless-sync-delay', '0', ...more)
  started.push(redis)
  await redis.start()
  return redis
}

async function opened(...args: Parameters<typeof openRegistry>): Promise<Registry> {
  const registry = await openRegistry(...args)
  started.push({ remove: () => registry.close() })
  return registry
}

/** A primary with a synchronized replica, and a name that resolves to the primary. */
async function pair() {
  const [first, second] = [await ownRedis(), await ownRedis()]
  const name = await startTcpProxy(first.port)
  started.push({ remove: () => name.close() })
  const registry = await opened(`redis://127.0.0.1:${name.port}`, { keepTrying: true })
  const customer = await Tenant.with(registry)
  await customer.admitted()
  second.cli('replicaof', '127.0.0.1', String(first.port))
  await until(() => second.cli('info', 'replication').includes('master_link_status:up'))
  await until(() => second.cli('exists', `apigw:{${customer.id}}:usage:live`).trim() === '1')
  return { first, second, name, registry, customer }
}

const unavailable = (reason: string) => ({ code: 'registry-unavailable', retryAfterMs: 1000, extensions: { reason } })

async function untilAdmitted(customer: Tenant): Promise<void> {
  await until(async () => {
    try {
      await customer.admitted()
      return true
    } catch {
      return false
    }
  })
}

describe('a Redis that became a replica', () => {
  test('is disconnected: calls fail with the cause until the name resolves to the new primary', async () => {
    const { first, second, name, registry, customer } = await pair()
    second.cli('replicaof', 'no', 'one')
    first.cli('replicaof', '127.0.0.1', String(second.port))
    const problem = await problemOf(customer.admit())
    expect(problem).toMatchObject(unavailable('read-only'))
    expect(problem.message).toContain('read-only replica')
    // Calls without a connection fail too, because the replica is not accepted again. A slow machine may not reach it at all.
    for (let call = 0; call < 30; call++) {
      const { extensions } = await problemOf(customer.admit())
      expect(['read-only', 'unreachable']).toContain(extensions?.reason)
    }
    expect(await problemOf(registry.ready())).toMatchObject(unavailable('read-only'))
    name.pointTo(second.port)
    await untilAdmitted(customer)
    expect(await registry.ready()).toEqual({})
    expect((await customer.spent())[0]).toBe(2)
  })

  test('serves again when it is promoted', async () => {
    const { first, second, customer } = await pair()
    first.cli('replicaof', '127.0.0.1', String(second.port))
    expect(await problemOf(customer.admit())).toMatchObject(unavailable('read-only'))
    first.cli('replicaof', 'no', 'one')
    await untilAdmitted(customer)
  })

  test('is reported even when it has lost its primary and serves no stale data', async () => {
    const { first, customer } = await pair()
    first.cli('config', 'set', 'replica-serve-stale-data', 'no')
    first.cli('replicaof', '127.0.0.1', '1')
    for (let call = 0; call < 10; call++) expect(await problemOf(customer.admit())).toMatchObject(unavailable('read-only'))
    first.cli('replicaof', 'no', 'one')
    await untilAdmitted(customer)
  })

  test('is not written to by a command', async () => {
    const { second } = await pair()
    const problem = await problemOf(openRegistry(second.address))
    expect(problem).toMatchObject(unavailable('read-only'))
    expect(problem.message).toContain('read-only replica')
  })
})

describe('a Redis that refuses writes', () => {
  test.each([
    ['full', ['maxmemory', '1'], ['maxmemory', '0'], 'OOM'],
    ['too-few-replicas', ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0'], 'NOREPLICAS'],
  ])(
    'because it is %s: calls, readiness and doctor say so, and it serves when it is fixed',
    async (reason, wrong, right, cause) => {
      const redis = await ownRedis()
      const registry = await opened(redis.address, { keepTrying: true })
      const customer = await Tenant.with(registry)
      redis.cli('config', 'set', ...wrong)
      const problem = await problemOf(customer.admit())
      expect(problem).toMatchObject(unavailable(reason))
      expect(problem.message).toContain(cause)
      await until(async () => (await problemOf(registry.ready())).message.includes(cause))
      const looking = await opened(redis.address)
      expect((await looking.health()).aspects).toContainEqual({
        about: 'writes',
        what: expect.stringContaining(cause),
        fix: expect.stringContaining('redis-cli'),
        severe: true,
      })
      redis.cli('config', 'set', ...right)
      await untilAdmitted(customer)
      await until(() =>
        registry.ready().then(
          () => true,
          () => false,
        ),
      )
    },
  )

  test('when it is full, doctor compares used and available memory', async () => {
    const redis = await ownRedis()
    const registry = await opened(redis.address)
    const memory = async () => (await registry.health()).aspects.find(({ about }) => about === 'memory')
    expect(await memory()).toEqual({ about: 'memory', what: expect.stringContaining('without a maxmemory') })
    const used = Number(/used_memory:(\d+)/.exec(redis.cli('info', 'memory'))?.[1])
    redis.cli('config', 'set', 'maxmemory', String(used * 100))
    expect((await memory())?.fix).toBeUndefined()
    redis.cli('config', 'set', 'maxmemory', String(Math.round(used * 1.1)))
    expect(await memory()).toMatchObject({ what: expect.stringContaining('almost full'), fix: expect.any(String) })
    redis.cli('config', 'set', 'maxmemory', '1000')
    expect(await memory()).toMatchObject({ what: expect.stringMatching(/^full/), severe: true })
  })
})

test('a Redis that loads its data after a restart is awaited, and calls say so', async () => {
  const slow = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024']
  const redis = await ownRedis('--enable-debug-command', 'yes', ...slow)
  const registry = await opened(redis.address, { keepTrying: true })
  const customer = await Tenant.with(registry)
  redis.cli('debug', 'populate', '5000')
  redis.cli('bgrewriteaof')
  await until(() => redis.cli('info', 'persistence').includes('aof_rewrite_in_progress:0'))
  await redis.kill()
  const starting = redis.start()
  await until(async () => {
    const problem = await problemOf(customer.admit())
    return problem.extensions?.reason === 'loading'
  })
  await starting
  await untilAdmitted(customer)
})

describe('a Redis that may evict quotas', () => {
  test.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])(
    'by %s: a gateway does not start, a command does',
    async (policy) => {
      const redis = await ownRedis('--maxmemory-policy', policy)
      const problem = await problemOf(openRegistry(redis.address, { keepTrying: true }))
      expect(problem).toMatchObject(unavailable('evicts-quotas'))
      expect(problem.message).toContain(policy)
      const looking = await opened(redis.address)
      expect((await looking.health()).aspects).toContainEqual({
        about: 'eviction',
        what: expect.stringContaining(policy),
        fix: expect.stringContaining('noeviction'),
        severe: true,
      })
    },
  )

  test('after a change: a running gateway notices, and stops admitting until it is reverted', async () => {
    const redis = await ownRedis()
    const registry = await opened(redis.address, { keepTrying: true })
    const customer = await Tenant.with(registry)
    await customer.admitted()
    redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru')
    expect(await problemOf(registry.ready())).toMatchObject(unavailable('evicts-quotas'))
    for (let call = 0; call < 20; call++) expect(await problemOf(customer.admit())).toMatchObject(unavailable('evicts-quotas'))
    expect(await problemOf(registry.ready())).toMatchObject(unavailable('evicts-quotas'))
    redis.cli('config', 'set', 'maxmemory-policy', 'noeviction')
    await untilAdmitted(customer)
    expect((await customer.spent())[0]).toBe(2)
  })

  test('only keys that expire: a gateway serves, and doctor fails', async () => {
    const redis = await ownRedis('--maxmemory-policy', 'volatile-ttl')
    const registry = await opened(redis.address, { keepTrying: true })
    expect(await registry.ready()).toEqual({})
    expect((await registry.health()).aspects).toContainEqual({
      about: 'eviction',
      what: expect.stringContaining('volatile-ttl'),
      fix: expect.stringContaining('noeviction'),
      severe: true,
    })
  })
})

describe('what a Redis error says about the server', () => {
  test.each([
    ["READONLY You can't write against a read only replica. script: f1, on @user_script:90.", 'read-only'],
    [
      "ERR Error running script (call to f_1): @user_script:90: @user_script: 90: -READONLY You can't write against a read only replica.",
      'read-only',
    ],
    ["OOM command not allowed when used memory > 'maxmemory'. script: f1, on @user_script:90.", 'full'],
    ["ERR Error running script (call to f_1): @user_script:9: -OOM command not allowed when used memory > 'maxmemory'.", 'full'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'read-only'],
    ['CLUSTERDOWN The cluster is down', 'cluster-down'],
    ['CLUSTERDOWN Hash slot not served', 'cluster-down'],
    ['NOREPLICAS Not enough good replicas to write.', 'too-few-replicas'],
    ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.', 'cannot-save'],
    ['MOVED 3999 127.0.0.1:6381', 'not-a-cluster-client'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'access-denied'],
    ['NOPERM this user has no permissions to run the command', 'access-denied'],
  ])('%s', (message, reason) => {
    expect(faultOf(message)?.reason).toBe(reason)
  })
  test('any other error says nothing', () => {
    for (const message of ['', 'ERR syntax error', 'connect ECONNREFUSED 127.0.0.1:1', 'constructor', 'ERR -constructor x'])
      expect(faultOf(message)).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => faultOf(`ERR ${text.toLowerCase()}`) === undefined))
  })
})
