import { afterEach, describe, expect, test } from 'vitest'
import { openRegistry, type Registry } from '../../src/registry/index.ts'
import { redisAddress } from '../../src/registry/redis/address.ts'
import { type ClusterNode, type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { until } from '../support/until.ts'
import { entryOf, freshId, problemOf, profileOf, Tenant } from './fixtures.ts'

const started: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of started.splice(0).toReversed()) await one.stop()
})

async function cluster(coverage: 'yes' | 'no' = 'no'): Promise<RedisCluster> {
  const running = await startRedisCluster({ options: ['--cluster-require-full-coverage', coverage] })
  started.push(running)
  return running
}

async function opened(...args: Parameters<typeof openRegistry>): Promise<Registry> {
  const registry = await openRegistry(...args)
  started.push({ stop: () => registry.close() })
  return registry
}

/** A customer whose keys are on this node. */
async function customerAt(nodes: RedisCluster, node: ClusterNode, registry: Registry): Promise<Tenant> {
  for (;;) {
    const id = freshId()
    if ((await nodes.masterOf(await nodes.slotOf(`{${id}}`))) !== node) continue
    const tenant = new Tenant(registry, id)
    const quotas = { live: { day: 1_000_000 } }
    expect(await registry.save(profileOf(id, { quotas }), undefined, entryOf(id, 'added'))).toBe(true)
    return tenant
  }
}

/** Admits for these customers until it is stopped, and returns the calls that failed. */
function load(customers: readonly Tenant[]) {
  let stopped = false
  const failed: { readonly error: unknown; readonly at: number }[] = []
  let admitted = 0
  const loops = customers.map(async (customer) => {
    while (!stopped) {
      try {
        await customer.admitted()
        admitted++
      } catch (error) {
        failed.push({ error, at: performance.now() })
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  return {
    admitted: () => admitted,
    stop: async () => {
      stopped = true
      await Promise.all(loops)
      return failed
    },
  }
}

async function untilAdmitted(customer: Tenant): Promise<void> {
  await until(() =>
    customer.admitted().then(
      () => true,
      () => false,
    ),
  )
}

describe('a primary of the cluster', () => {
  test.each(['is killed', 'goes silent'])(
    'that %s: other customers are served, and its own again once its replica has taken over',
    async (how) => {
      const nodes = await cluster()
      const [victim, ...others] = nodes.masters
      if (victim === undefined) throw new Error('no master')
      const registry = await opened(nodes.address, { keepTrying: true })
      const hurt = await customerAt(nodes, victim, registry)
      const unharmed = await Promise.all(others.map((node) => customerAt(nodes, node, registry)))
      const loading = load([...unharmed, ...unharmed])
      if (how === 'is killed') await victim.kill()
      else victim.signal('SIGSTOP')
      const problem = await problemOf(hurt.admit())
      expect(problem.code).toBe('registry-unavailable')
      // While the primary is down, the others still serve, and readiness reports the reason.
      expect(await registry.ready()).toMatchObject({ degraded: { what: expect.stringContaining('1 of 3 primaries') } })
      const looking = await opened(nodes.address)
      expect((await looking.health()).aspects).toContainEqual(expect.objectContaining({ about: 'writes', severe: true }))
      await untilAdmitted(hurt)
      const before = loading.admitted()
      await until(() => loading.admitted() > before + 20)
      expect(await loading.stop()).toEqual([])
      await until(() =>
        registry.ready().then(
          ({ degraded }) => degraded === undefined,
          () => false,
        ),
      )
      victim.signal('SIGCONT')
    },
  )

  test('serves again after a restart without a fail-over', async () => {
    const nodes = await cluster()
    const [victim] = nodes.masters
    if (victim === undefined) throw new Error('no master')
    const registry = await opened(nodes.address, { keepTrying: true })
    const customer = await customerAt(nodes, victim, registry)
    await victim.kill()
    expect(await problemOf(customer.admit())).toMatchObject({ code: 'registry-unavailable' })
    await victim.start()
    // It may restart without its data. Only its answer matters here.
    await until(() =>
      customer.admit().then(
        () => true,
        () => false,
      ),
    )
  })
})

describe('the address', () => {
  test('of a cluster may name any of its nodes, even if some are down', async () => {
    const nodes = await cluster()
    // A new customer needs the list of customers and the document of a freeze, which are on the first and the third.
    const [alive, dead] = nodes.masters
    if (dead === undefined || alive === undefined) throw new Error('too few nodes')
    await dead.kill()
    expect(await problemOf(openRegistry(`redis://127.0.0.1:${dead.port}?cluster=true`))).toMatchObject({
      code: 'registry-unavailable',
    })
    const registry = await opened(`redis://127.0.0.1:${dead.port},127.0.0.1:${alive.port}?cluster=true`)
    await customerAt(nodes, alive, registry)
  })

  test.each([
    ['redis://a', [['a', 6379]], false],
    [
      'redis://a:1,b:2,c?cluster=true',
      [
        ['a', 1],
        ['b', 2],
        ['c', 6379],
      ],
      true,
    ],
    [
      'rediss://me:p%40ss@a:1,[::1]:2/0?cluster=true',
      [
        ['a', 1],
        ['::1', 2],
      ],
      true,
    ],
  ])('%s', (address, nodes, isCluster) => {
    const read = redisAddress(address)
    expect(read?.nodes.map(({ host, port }) => [host, port])).toEqual(nodes)
    expect(read?.cluster).toBe(isCluster)
    if (address.includes('me:')) expect(read).toMatchObject({ username: 'me', password: 'p@ss', tls: true, database: 0 })
  })

  test.each(['redis://a,b', 'redis://a,?cluster=true', 'redis://,a?cluster=true', 'redis://a:1,b:0?cluster=true'])(
    '%s is refused: only a cluster has several nodes',
    async (address) => {
      expect(await problemOf(openRegistry(address))).toMatchObject({ code: 'config-invalid' })
    },
  )

  test('of a cluster node needs ?cluster=true, and the error says so', async () => {
    const nodes = await cluster()
    const registry = await opened(`redis://127.0.0.1:${nodes.masters[0]?.port}`)
    const problem = await problemOf(Promise.all(Array.from({ length: 20 }, () => new Tenant(registry).admit())))
    expect(problem).toMatchObject({ extensions: { reason: 'not-a-cluster-client' } })
  })
})

test('a gateway that starts sends concurrent first calls to every primary', async () => {
  const nodes = await cluster()
  const first = await opened(nodes.address)
  const customers = await Promise.all(nodes.masters.map((node) => customerAt(nodes, node, first)))
  const fresh = await opened(nodes.address, { keepTrying: true })
  const calls = customers.flatMap(({ id }) => Array.from({ length: 20 }, () => new Tenant(fresh, id).admitted()))
  await Promise.all(calls)
})

test('when all nodes refuse during a fail-over, calls of other customers wait, and name the cause when it takes too long', async () => {
  const nodes = await cluster('yes')
  const [victim, ...others] = nodes.masters
  if (victim === undefined) throw new Error('no master')
  const registry = await opened(nodes.address, { keepTrying: true })
  const hurt = await customerAt(nodes, victim, registry)
  const unharmed = await Promise.all(others.map((node) => customerAt(nodes, node, registry)))
  const loading = load(unharmed)
  await victim.kill()
  await untilAdmitted(hurt)
  const failed = await loading.stop()
  // A call that fails has waited about half a second first, so there are few of them.
  const span = (failed.at(-1)?.at ?? 0) - (failed[0]?.at ?? 0)
  expect(failed.length).toBeLessThanOrEqual(unharmed.length * (1 + span / 400))
  for (const { error } of failed) expect(error).toMatchObject({ extensions: { reason: 'cluster-down' } })
})

test('a gateway does not start on a cluster that may evict quotas, and stops serving when that is configured', async () => {
  const nodes = await cluster()
  const registry = await opened(nodes.address, { keepTrying: true })
  const [first] = nodes.masters
  if (first === undefined) throw new Error('no master')
  const customer = await customerAt(nodes, first, registry)
  await customer.admitted()
  for (const node of nodes.nodes) await node.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu')
  const evicts = { extensions: { reason: 'evicts-quotas' } }
  expect(await problemOf(openRegistry(nodes.address, { keepTrying: true }))).toMatchObject(evicts)
  expect(await problemOf(registry.ready())).toMatchObject(evicts)
  for (let call = 0; call < 10; call++) expect(await problemOf(customer.admit())).toMatchObject(evicts)
  for (const node of nodes.nodes) await node.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await untilAdmitted(customer)
})

test('doctor warns of full coverage, with which the loss of one primary stops all', async () => {
  const nodes = await cluster('yes')
  const registry = await opened(nodes.address)
  const { aspects } = await registry.health()
  expect(aspects).toContainEqual(expect.objectContaining({ about: 'cluster', fix: expect.stringContaining('coverage no') }))
  expect(aspects).toContainEqual({ about: 'writes', what: 'takes writes' })
})

test('while a primary is down the slots are requested a bounded number of times, whatever the number of failed calls', async () => {
  const nodes = await cluster()
  const [victim] = nodes.masters
  if (victim === undefined) throw new Error('no master')
  const registry = await opened(nodes.address, { keepTrying: true })
  const customer = await customerAt(nodes, victim, registry)
  await victim.kill()
  const asked = async (): Promise<number> => {
    const living = nodes.nodes.filter(({ alive }) => alive)
    const stats = await Promise.all(living.map((node) => node.ask('INFO', 'commandstats')))
    return stats.reduce<number>((sum, text) => sum + Number(/cmdstat_cluster\|slots:calls=(\d+)/.exec(String(text))?.[1] ?? 0), 0)
  }
  const [before, since] = [await asked(), performance.now()]
  let failed = 0
  while (failed < 400) {
    if (
      await customer.admit().then(
        () => false,
        () => true,
      )
    )
      failed++
    else break
  }
  const periods = (performance.now() - since) / 250
  expect((await asked()) - before).toBeLessThanOrEqual(periods + 5)
})
