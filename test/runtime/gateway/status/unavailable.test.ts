import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { expectProblem } from '../../../support/expect-problem.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { startSqsProxy } from '../../../support/sqs-proxy.ts'
import { startTcpProxy } from '../../../support/tcp-proxy.ts'
import { startWorld } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

async function faultyQueue() {
  const proxy = await startSqsProxy(sqs.port)
  onTestFinished(() => proxy.close())
  return proxy
}

describe('503 queue-unavailable', () => {
  it.each([
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 403', { kind: 'status', status: 403 }],
    ['cuts the connection', { kind: 'cut' }],
  ] as const)('when the queue %s', async (_, fault) => {
    const proxy = await faultyQueue()
    const world = await startWorld({ endpoint: proxy.endpoint })
    proxy.fail('SendMessageBatch', fault)
    const answer = await world.post()
    expectProblem(answer, 'queue-unavailable', world)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(await world.left()).toEqual({ day: 1000 })
    proxy.fail('SendMessageBatch', undefined)
    expect((await world.post()).status).toBe(202)
  })

  it('when nothing listens', async () => {
    const proxy = await faultyQueue()
    const world = await startWorld({ endpoint: proxy.endpoint })
    await proxy.close()
    expectProblem(await world.post(), 'queue-unavailable', world)
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it.each(['GetQueueUrl', 'SendMessageBatch'])('when %s hangs', async (action) => {
    const proxy = await faultyQueue()
    const world = await startWorld({ endpoint: proxy.endpoint })
    const held = proxy.hold(action, 'hold')
    expectProblem(await world.post(), 'queue-unavailable', world)
    expect(await world.left()).toEqual({ day: 1000 })
    held.release()
  })

  it('when the queue does not exist, and without its name', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, route: 'carrier-gone' })
    const answer = await world.post()
    expectProblem(answer, 'queue-unavailable', world)
    expect(answer.text).not.toContain('carrier-gone')
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it('until a missing queue is created', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, route: 'carrier-late' })
    expectProblem(await world.post(), 'queue-unavailable', world)
    sqs.createQueue('carrier-late')
    expect((await world.post()).status).toBe(202)
  })
})

describe('503 registry-unavailable', () => {
  it.each(['refuse', 'silent'] as const)('when Redis turns %s, for calls and /readyz, until it recovers', async (state) => {
    const proxy = await startTcpProxy(Number(new URL(inject('redis')).port))
    onTestFinished(() => proxy.close())
    const world = await startWorld({ endpoint: sqs.endpoint, registry: `redis://127.0.0.1:${proxy.port}` })
    expect((await world.post()).status).toBe(202)
    proxy.set(state)
    for (const answer of [await world.post(), await world.call('/v1.0/quota'), await world.call('/readyz')]) {
      expectProblem(answer, 'registry-unavailable', world)
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    expect((await world.call('/healthz')).status).toBe(200)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
  })

  it('also answers callers it has never seen before: they are neither admitted nor called unauthorized', async () => {
    const proxy = await startTcpProxy(Number(new URL(inject('redis')).port))
    onTestFinished(() => proxy.close())
    const world = await startWorld({ endpoint: sqs.endpoint, registry: `redis://127.0.0.1:${proxy.port}` })
    proxy.set('refuse')
    expectProblem(await world.post(), 'registry-unavailable', world)
    proxy.set('pass')
    await expect.poll(async () => (await world.call('/readyz')).status, { timeout: 30_000 }).toBe(200)
    expect((await world.post()).status).toBe(202)
    expect(await world.left()).toEqual({ day: 999 })
  })

  it('when another program holds the lock of the SQLite file', async () => {
    const path = join(temporaryFolder(), 'registry.db')
    const world = await startWorld({ endpoint: sqs.endpoint, registry: `sqlite:${path}` })
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    expectProblem(await world.post(), 'registry-unavailable', world)
    other.exec('ROLLBACK')
    other.close()
    expect((await world.post()).status).toBe(202)
    expect(await world.left()).toEqual({ day: 999 })
  })
})

it('answers 503 shutting-down at /readyz while it drains, and still accepts calls', async () => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  world.gateway.drain()
  expectProblem(await world.call('/readyz'), 'shutting-down', world)
  expect((await world.call('/healthz')).status).toBe(200)
  expect((await world.post()).status).toBe(202)
})
