import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { openRegistry, type Registry } from '../../src/registry/index.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { entryOf, freshId, problemOf, profileOf, Tenant } from './fixtures.ts'
import { freePort, OwnRedis } from './own-redis.ts'

const started: { remove(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of started.splice(0).toReversed()) await one.remove()
})

async function ownRedis(...more: string[]): Promise<OwnRedis> {
  const redis = await OwnRedis.onFreePort(...more)
  started.push(redis)
  return redis
}

async function opened(...args: Parameters<typeof openRegistry>): Promise<Registry> {
  const registry = await openRegistry(...args)
  started.push({ remove: () => registry.close() })
  return registry
}

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch {
      await sleep(20)
    }
  }
}

const unavailable = { code: 'registry-unavailable', retryable: true, retryAfterMs: 1000 }

describe('Redis that does not answer', () => {
  test('opening names the address, and never a password', async () => {
    const port = await freePort()
    for (const more of ['', '?cluster=true']) {
      const problem = await problemOf(openRegistry(`redis://user:hunter2@127.0.0.1:${port}${more}`))
      expect(problem).toMatchObject(unavailable)
      expect(problem.message).toContain(`redis://127.0.0.1:${port}`)
      expect(problem.message).not.toContain('hunter2')
    }
  })

  test('every call to a killed Redis fails with registry-unavailable', async () => {
    const redis = await ownRedis()
    await redis.start()
    const registry = await opened(redis.address)
    const customer = await Tenant.with(registry)
    const { reservation } = await customer.admitted()
    await redis.kill()
    const questions: (() => Promise<unknown>)[] = [
      () => customer.admit(),
      () => customer.fail(reservation),
      () => customer.spent(),
      () => registry.profile(customer.id),
      () => registry.credential(customer.id, 'k-live'),
      () => registry.customers(),
      () => registry.history(customer.id, 1),
      () => registry.history(undefined, 1),
      () => registry.health(),
      () => registry.save(profileOf(freshId()), undefined, entryOf('any', 'added')),
      () => registry.remove(customer.id, 'any', entryOf(customer.id, 'removed')),
    ]
    for (const ask of questions) expect(await problemOf(ask())).toMatchObject(unavailable)
  })

  test('a hanging Redis admits no call, and serves again when it resumes', async () => {
    const redis = await ownRedis()
    await redis.start()
    const registry = await opened(redis.address)
    const customer = await Tenant.with(registry, { quotas: { live: { day: 5 } } })
    await customer.admitted()
    redis.signal('SIGSTOP')
    const answers = await Promise.all(Array.from({ length: 20 }, () => problemOf(customer.admit())))
    for (const answer of answers) expect(answer).toMatchObject(unavailable)
    expect(await problemOf(openRegistry(redis.address))).toMatchObject(unavailable)
    redis.signal('SIGCONT')
    // Calls in the meantime may have taken units, but never more than exist.
    await eventually(() => customer.spent())
    expect((await customer.spent())[0]).toBeLessThanOrEqual(5)
    await customer.setQuota({ day: 50 })
    await customer.admitted()
  })

  test('a greeting that was lost is sent again, although calls keep arriving', async () => {
    const redis = await ownRedis()
    await redis.start()
    const proxy = await startTcpProxy(Number(new URL(redis.address).port))
    started.push({ remove: () => proxy.close() })
    const registry = await opened(`redis://127.0.0.1:${proxy.port}`, { keepTrying: true })
    const customer = await Tenant.with(registry)
    proxy.set('silent')
    // A call that fails at once must not count as the answer to the greeting of the new connection.
    const calls = setInterval(() => void problemOf(customer.admit()).catch(() => undefined), 20)
    started.push({ remove: async () => clearInterval(calls) })
    const connections = proxy.connections
    // Each of them is given up in turn.
    await until(() => proxy.connections >= connections + 3)
    proxy.set('pass')
    expect((await eventually(() => customer.admit())).kind).toBe('admitted')
  })

  test('a gateway that starts before its Redis serves as soon as Redis is up, and again after each restart', async () => {
    const redis = await ownRedis()
    const registry = await opened(redis.address, { keepTrying: true })
    const customer = new Tenant(registry)
    expect(await problemOf(customer.admit())).toMatchObject(unavailable)
    await redis.start()
    await eventually(() => registry.save(profileOf(customer.id), undefined, entryOf(customer.id, 'added')))
    await customer.admitted()
    await redis.kill()
    expect(await problemOf(customer.admit())).toMatchObject(unavailable)
    await redis.start()
    await eventually(() => customer.admitted())
    expect((await customer.spent())[0]).toBe(2)
  })

  test('the scripts are loaded again after Redis has lost them', async () => {
    const redis = await ownRedis()
    await redis.start()
    const registry = await opened(redis.address)
    const customer = await Tenant.with(registry)
    const { reservation } = await customer.admitted()
    redis.cli('script', 'flush')
    await customer.admitted()
    redis.cli('script', 'flush')
    expect(await customer.fail(reservation)).toBe(true)
    redis.cli('script', 'flush')
    await customer.setQuota({ day: 2 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => customer.admit()))
    expect(answers.filter(({ kind }) => kind === 'admitted')).toHaveLength(1)
  })

  test('a Redis that rejects the password or is full admits no call', async () => {
    const redis = await ownRedis('--requirepass', 'hunter2')
    await redis.start()
    const problem = await problemOf(
      openRegistry(redis.address).then((registry) => registry.customers().finally(() => registry.close())),
    )
    expect(problem).toMatchObject(unavailable)
    expect(await problemOf(openRegistry(redis.address, { password: 'wrong-one' }))).toMatchObject(unavailable)
    const registry = await opened(redis.address, { password: 'hunter2' })
    const customer = await Tenant.with(registry)
    redis.cli('-a', 'hunter2', 'config', 'set', 'maxmemory', '1')
    expect(await problemOf(customer.admit())).toMatchObject(unavailable)
    redis.cli('-a', 'hunter2', 'config', 'set', 'maxmemory', '0')
    await customer.admitted()
  })
})

/** A proxy that cuts the connection on demand, when the next request has been answered. */
class Cutter {
  cut = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(from: number, to: number) {
    this.#server = createServer((client) => {
      const upstream = connect(to, '127.0.0.1')
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined).on('close', () => [client, upstream].map((each) => each.destroy()))
      }
      client.pipe(upstream)
      upstream.on('data', (data) => {
        if (!this.cut) client.write(data)
        else {
          this.cut = false
          client.destroy()
        }
      })
    }).listen(from, '127.0.0.1')
  }

  async remove(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function clusterOf(port: number): string[] {
  return ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-announce-port', String(port)]
}

describe('an answer that is lost', () => {
  test.each(['Redis', 'Redis Cluster'])('%s is not sent a second time, because that could take units twice', async (name) => {
    const front = await freePort()
    const cluster = name === 'Redis Cluster'
    const redis = await ownRedis(...(cluster ? clusterOf(front) : []))
    await redis.start()
    if (cluster) {
      redis.cli('cluster', 'addslotsrange', '0', '16383')
      while (!redis.cli('cluster', 'info').includes('cluster_state:ok')) await sleep(20)
    }
    const cutter = new Cutter(front, redis.port)
    started.push(cutter)
    const registry = await opened(`redis://127.0.0.1:${front}${cluster ? '?cluster=true' : ''}`)
    const customer = await Tenant.with(registry)
    await customer.admitted()
    cutter.cut = true
    expect(await problemOf(customer.admit())).toMatchObject(unavailable)
    await eventually(() => customer.spent())
    expect(await customer.spent()).toEqual([2, 2])
  })
})
