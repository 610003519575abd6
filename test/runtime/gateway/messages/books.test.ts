import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { leaseMs, reconcileAfterMs } from '../../../../src/domain/admission.ts'
import type { Ledger } from '../../../../src/runtime/ports/index.ts'
import { OwnRedis } from '../../../registry/own-redis.ts'
import { startChild } from '../../../support/child.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { ask } from '../../../support/http.ts'
import { liveQueue, region, type Sqs, startSqs } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { until } from '../../../support/until.ts'
import { authorization, message, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let proxy: SqsProxy
let dynamo: Dynamo
let ledger: Ledger
beforeAll(async () => {
  sqs = await startSqs()
  proxy = await startSqsProxy(sqs.port)
  dynamo = await startDynamo()
  ledger = dynamo.open()
  await ledger.prepare()
})
afterEach(() => proxy.fail('SendMessageBatch', undefined))
afterAll(async () => {
  ledger.close()
  await dynamo.stop()
  await proxy.close()
  await sqs.stop()
})

const json = { 'content-type': 'application/json' }
const key = { 'idempotency-key': 'order-1' }
const dayMs = 86_400_000

const batch = (world: World, messages: readonly unknown[], headers: Record<string, string> = {}) =>
  world.call('/v1.0/messages/batch', { method: 'POST', headers: { ...json, ...headers }, body: { messages } })
const idsOf = (customer: string): string[] => sqs.messages(liveQueue, customer).map(({ id }) => id)
const opened = async ({ registry, customer }: World) => registry.open(customer, 'live')
const usageOf = async ({ registry, customer }: World) => (await registry.usage(customer, 'live')).usage

/** A gateway in its own process on this registry. */
async function startGateway(registry: string): Promise<{ url: string; kill(): Promise<unknown> }> {
  const child = startChild('gateway', {
    PATH: process.env.PATH ?? '',
    APIGW_REGISTRY: registry,
    APIGW_SQS_ENDPOINT: proxy.endpoint,
    APIGW_HOST: '127.0.0.1',
    APIGW_PORT: '0',
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  })
  const { url } = await child.logged('listening')
  return {
    url: String(url),
    kill: () => {
      child.process.kill('SIGKILL')
      return child.ended
    },
  }
}

describe.each(['SQLite', 'Redis'])('a call is decided once, with %s', (engine) => {
  const start = () => startWorld({ endpoint: proxy.endpoint, ledger, ...(engine === 'Redis' && { registry: inject('redis') }) })
  // 30 days ahead are allowed: `late` is refused today, and valid tomorrow.
  const late = (world: World) => ({ ...message, sendAt: new Date(world.clock.now + 30 * dayMs + 3_600_000).toISOString() })

  it('replays a batch as the first run decided it, whatever the time is by then', async () => {
    const world = await start()
    const rows = [message, late(world), { ...message, ref: 'r' }, 7, { ...message, to: 'x' }]
    const first = await batch(world, rows, key)
    expect(first.body).toMatchObject({ accepted: 2, rejected: 3 })
    world.clock.now += dayMs
    const again = await batch(world, rows, key)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body).toEqual(first.body)
    expect(idsOf(world.customer)).toHaveLength(2)
    expect(await usageOf(world)).toMatchObject({ monthUsed: 2, monthBack: 0 })
  })

  it('replays a batch even when no row would be valid any longer', async () => {
    const world = await start()
    world.clock.now += dayMs
    const row = { ...message, sendAt: new Date(world.clock.now + 30 * dayMs).toISOString() }
    const first = await batch(world, [row], key)
    const single = await world.post(row, { 'idempotency-key': 'single' })
    expect([first.status, single.status]).toEqual([202, 202])
    world.clock.now -= 2 * 3_600_000
    expectProblem(await batch(world, [row]), 'invalid-request', world)
    expectProblem(await world.post(row), 'invalid-request', world)
    expect((await batch(world, [row], key)).body).toEqual(first.body)
    expect((await world.post(row, { 'idempotency-key': 'single' })).text).toBe(single.text)
    expect(await usageOf(world)).toMatchObject({ monthUsed: 2, monthBack: 0 })
  })

  it('resumes after a crash with exactly the rows that the first run took units for', async () => {
    const world = await start()
    const rows = [message, ...Array.from({ length: 20 }, () => late(world))]
    const held = proxy.hold('SendMessageBatch', 'hold')
    void batch(world, rows, key).catch(() => undefined)
    await held.arrived
    proxy.fail('SendMessageBatch', undefined)
    world.clock.now += dayMs
    let answer = await batch(world, rows, key)
    await until(async () => {
      world.clock.now += leaseMs
      answer = await batch(world, rows, key)
      return answer.status === 202
    })
    expect(answer.body).toMatchObject({ accepted: 1, rejected: 20 })
    held.release()
    await until(async () => (await opened(world)).count === 0)
    expect(new Set(idsOf(world.customer)).size).toBe(1)
    expect(await usageOf(world)).toMatchObject({ monthUsed: 1 })
  })
})

describe('a gateway that is killed between admission and publishing', () => {
  async function crashed(headers: Record<string, string>) {
    const world = await startWorld({ endpoint: proxy.endpoint, ledger, registry: inject('redis') })
    world.clock.now = Date.now()
    const gateway = await startGateway(inject('redis'))
    const held = proxy.hold('SendMessageBatch', 'hold')
    const basic = { authorization: authorization(world.live.basic) }
    const call = ask(`${gateway.url}/v1.0/messages`, {
      method: 'POST',
      headers: { ...json, ...basic, ...headers },
      body: message,
    })
    call.catch(() => undefined)
    await Promise.race([held.arrived, call.then(({ text }) => Promise.reject(new Error(text)))])
    await gateway.kill()
    await call.catch(() => undefined)
    proxy.fail('SendMessageBatch', undefined)
    expect(await opened(world)).toMatchObject({ count: 1, units: 1 })
    return { world, held, basic }
  }

  it('lets the same key run again after its lease has expired', async () => {
    const { world, basic } = await crashed(key)
    const second = await startGateway(inject('redis'))
    const again = () =>
      ask(`${second.url}/v1.0/messages`, { method: 'POST', headers: { ...json, ...basic, ...key }, body: message })
    const refused = await again()
    if (refused.status !== 202) {
      expect(refused.status).toBe(409)
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(leaseMs / 1000)
    }
    await until(async () => (await again()).status === 202)
    expect(new Set(idsOf(world.customer)).size).toBe(1)
    expect((await opened(world)).count).toBe(0)
    expect(await usageOf(world)).toMatchObject({ dayUsed: 1, dayBack: 0 })
  })

  it.each([
    ['without a key', {}],
    ['with a key that is never used again', key],
  ])('returns its units when the ledger does not know the message (%s)', async (_, headers) => {
    const { world, held } = await crashed(headers)
    expect(await world.left()).toEqual({ day: 999 })
    world.clock.now = Date.now() + reconcileAfterMs
    // Any later call of the customer triggers the reconciliation.
    await world.left()
    await until(async () => (await opened(world)).count === 0)
    expect(await world.left()).toEqual({ day: 1000 })
    expect(await usageOf(world)).toMatchObject({ dayUsed: 0, dayBack: 1 })
    held.release()
  })
})

describe('a message that was sent by a gateway that is gone', () => {
  it.each([
    ['without a key', {}],
    ['with a key', key],
  ])('keeps its unit when the ledger knows it, or a part of its units when it knows a part (%s)', async (_, headers) => {
    const world = await startWorld({ endpoint: proxy.endpoint, ledger })
    const rows = [message, { text: 'bad' }, message, message]
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    void batch(world, rows, headers).catch(() => undefined)
    await held.arrived
    await until(() => idsOf(world.customer).length === 3)
    const [first = '', , third = ''] = idsOf(world.customer)
    await ledger.queued(
      { customer: world.customer, environment: 'live' },
      [first, third].map((id) => ({ id, at: world.clock.now })),
    )
    world.clock.now += reconcileAfterMs
    await world.left()
    await until(async () => (await opened(world)).count === 0)
    expect(await usageOf(world)).toMatchObject({ dayUsed: 2, dayBack: 1 })
    if ('idempotency-key' in headers) {
      const again = await batch(world, rows, headers)
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      expect(again.body).toMatchObject({ accepted: 2, rejected: 2 })
    }
    held.release()
  })
})

describe('a Redis that was frozen', () => {
  it('gets its units back for calls that were answered 503', async () => {
    const redis = await OwnRedis.onFreePort()
    onTestFinished(() => redis.remove())
    await redis.start()
    const world = await startWorld({ endpoint: proxy.endpoint, ledger, registry: redis.address })
    expect((await world.post()).status).toBe(202)
    const answers: number[] = []
    const sent = (count: number) =>
      Promise.all(
        Array.from({ length: count }, async (_, at) => {
          const { status } = await world.post({}, at % 2 === 0 ? {} : { 'idempotency-key': `order-${count}-${at}` })
          answers.push(status)
        }),
      )
    const running = sent(30)
    redis.signal('SIGSTOP')
    await Promise.all([running, sent(40)])
    redis.signal('SIGCONT')
    await until(async () => (await world.post()).status === 202)
    await until(async () => (await opened(world)).count === 0)
    expect(answers.filter((status) => status === 503).length).toBeGreaterThan(30)
    const { dayUsed } = await usageOf(world)
    expect(dayUsed).toBe(new Set(idsOf(world.customer)).size)
  })
})
