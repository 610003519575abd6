import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { leaseMs } from '../../../../src/domain/admission.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { authorization, message, messageText, newCustomer, startWorld } from '../../../support/world.ts'

let sqs: Sqs
let proxy: SqsProxy
beforeAll(async () => {
  sqs = await startSqs()
  proxy = await startSqsProxy(sqs.port)
})
afterAll(async () => {
  await proxy.close()
  await sqs.stop()
})

const key = { 'idempotency-key': '"order-1"' }

describe.each(['SQLite', 'Redis'])('an Idempotency-Key with %s', (engine) => {
  const registry = engine === 'Redis' ? { registry: inject('redis') } : {}

  it('returns the first answer again, marked as a replay, without another message or unit', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry })
    const first = await world.post({ ref: 'r' }, key)
    const second = await world.post({ ref: 'r' }, key)
    expect(first.status).toBe(202)
    expect(first.headers.has('idempotency-replayed')).toBe(false)
    expect(second.status).toBe(202)
    expect(second.text).toBe(first.text)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
    expect(await world.left()).toEqual({ day: 999 })
  })

  it('is the same with and without quotes, and for members in any order', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry })
    const first = await world.post({}, key)
    const body = `{ "text": ${JSON.stringify(messageText)}, "from": "${message.from}", "to": "${message.to}" }`
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'order-1' }
    const second = await world.call('/v1.0/messages', { method: 'POST', headers, body })
    expect(second.text).toBe(first.text)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })

  it('answers 409 while the first call runs, and its answer afterwards', async () => {
    const world = await startWorld({ endpoint: proxy.endpoint, ...registry })
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const first = world.post({}, key)
    await held.arrived
    const meanwhile = await world.post({}, key)
    expectProblem(meanwhile, 'idempotency-in-progress', world)
    expect(meanwhile.headers.get('retry-after')).toBe(String(leaseMs / 1000))
    held.release()
    expect((await first).status).toBe(202)
    expect((await world.post({}, key)).text).toBe((await first).text)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
    expect(await world.left()).toEqual({ day: 999 })
  })

  it('answers 422 for a different body', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry })
    await world.post({}, key)
    expectProblem(await world.post({ text: 'something else' }, key), 'idempotency-key-reused', world)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
    expect(await world.left()).toEqual({ day: 999 })
  })

  it('replays the first call even when the quota is used up', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry, quota: { day: 1 } })
    const first = await world.post({}, key)
    expect((await world.post({}, key)).text).toBe(first.text)
    expectProblem(await world.post({}, { 'idempotency-key': 'order-2' }), 'day-quota-exceeded', world)
  })

  it('belongs to one customer', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry })
    const other = await newCustomer(world.registry, {}, () => world.clock.now)
    const mine = await world.post({}, key)
    const theirs = await world.post({}, { ...key, authorization: authorization(other.live.basic) })
    expect(theirs.status).toBe(202)
    expect(theirs.headers.has('idempotency-replayed')).toBe(false)
    expect(theirs.body.id).not.toBe(mine.body.id)
  })

  it('belongs to one environment', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry })
    const mine = await world.post({}, key)
    const headers = { 'content-type': 'application/json', ...key, authorization: authorization(world.test.basic) }
    const sandbox = await world.call('/test/v1.0/messages', { method: 'POST', headers, body: message })
    expect(sandbox.status).toBe(202)
    expect(sandbox.body.id).not.toBe(mine.body.id)
  })
})
