import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { leaseMs } from '../../../../src/domain/admission.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { type Fault, type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { until } from '../../../support/until.ts'
import { startWorld } from '../../../support/world.ts'

let sqs: Sqs
let proxy: SqsProxy
beforeAll(async () => {
  sqs = await startSqs()
  proxy = await startSqsProxy(sqs.port)
})
afterEach(() => proxy.fail('SendMessageBatch', undefined))
afterAll(async () => {
  await proxy.close()
  await sqs.stop()
})

const key = { 'idempotency-key': 'order-1' }

describe.each(['SQLite', 'Redis'])('publishing, with %s', (engine) => {
  const registry = engine === 'Redis' ? { registry: inject('redis') } : {}
  const start = () => startWorld({ endpoint: proxy.endpoint, ...registry })

  it.each(['hold', 'hold-answer'] as const)('answers 202 only after SQS has confirmed (%s)', async (where) => {
    const world = await start()
    await world.call('/v1.0/quota')
    const held = proxy.hold('SendMessageBatch', where)
    let answered = false
    const answer = world.post().finally(() => {
      answered = true
    })
    await held.arrived
    // Other calls complete meanwhile: the gateway had every chance to answer this one too early.
    for (let i = 0; i < 20; i++) await world.call('/v1.0/quota')
    await turn()
    expect(answered).toBe(false)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(where === 'hold' ? 0 : 1)
    held.release()
    expect((await answer).status).toBe(202)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
  })

  it.each<[string, Fault]>([
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 400', { kind: 'status', status: 400 }],
    ['cuts the connection', { kind: 'cut' }],
    ['takes the message and cuts the connection', { kind: 'cut-answer' }],
  ])('returns the units exactly once when SQS %s', async (_, fault) => {
    const world = await start()
    for (let i = 0; i < 5; i++) await world.post()
    const before = await world.left()
    expect(before).toEqual({ day: 995 })
    proxy.fail('SendMessageBatch', fault)
    expectProblem(await world.post(), 'queue-unavailable', world)
    expectProblem(await world.post({}, key), 'queue-unavailable', world)
    expect(await world.left()).toEqual(before)
  })

  it('returns them exactly once for many concurrent calls', async () => {
    const world = await start()
    for (let i = 0; i < 5; i++) await world.post()
    proxy.fail('SendMessageBatch', { kind: 'status', status: 400 })
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => world.post({}, i % 2 === 0 ? {} : { 'idempotency-key': `call-${i}` })),
    )
    for (const answer of answers) expectProblem(answer, 'queue-unavailable', world)
    expect(await world.left()).toEqual({ day: 995 })
  })

  it('lets the same Idempotency-Key run again after a failure, with the same message id', async () => {
    const world = await start()
    proxy.fail('SendMessageBatch', { kind: 'cut-answer' })
    expectProblem(await world.post({}, key), 'queue-unavailable', world)
    proxy.fail('SendMessageBatch', undefined)
    world.clock.now += 5000
    const answer = await world.post({}, key)
    expect(answer.status).toBe(202)
    expect(answer.headers.has('idempotency-replayed')).toBe(false)
    // SQS kept the first copy although its answer was lost. The worker recognizes the second by its id.
    const sent = sqs.envelopes(liveQueue, world.customer).flatMap((envelope) => envelope.messages)
    expect(sent.length).toBeGreaterThan(1)
    expect(new Set(sent.map(({ id }) => id))).toEqual(new Set([answer.body.id]))
    expect(await world.left()).toEqual({ day: 999 })
    expect((await world.post({}, key)).text).toBe(answer.text)
  })

  it('refuses a different body under the key of a call that is gone, or runs it as a different message', async () => {
    const world = await start()
    proxy.fail('SendMessageBatch', { kind: 'cut-answer' })
    await world.post({ text: 'first' }, key)
    proxy.fail('SendMessageBatch', undefined)
    const answer = await world.post({ text: 'second' }, key)
    expect(answer.status).toBe(202)
    const sent = sqs.envelopes(liveQueue, world.customer).flatMap((envelope) => envelope.messages)
    const textsById = new Map(sent.map(({ id, text }) => [id, text]))
    expect(new Set(sent.map(({ id, text }) => `${id} ${text}`)).size).toBe(textsById.size)
    expect(textsById.get(String(answer.body.id))).toBe('second')
  })

  it('resumes after a gateway has vanished halfway, with the units it took and the same id', async () => {
    const world = await start()
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const abandoned = world.post({}, key).catch(() => undefined)
    await held.arrived
    world.clock.now += leaseMs - 1
    expectProblem(await world.post({}, key), 'idempotency-in-progress', world)
    proxy.fail('SendMessageBatch', undefined)
    // The gateway survives in this test, so it may renew its lease.
    await until(async () => {
      world.clock.now += leaseMs
      return (await world.post({}, key)).status === 202
    })
    expect(await world.left()).toEqual({ day: 999 })
    held.release()
    await abandoned
    const sent = sqs.envelopes(liveQueue, world.customer).flatMap((envelope) => envelope.messages)
    expect(sent).toHaveLength(2)
    expect(sent[0]).toEqual(sent[1])
    expect(await world.left()).toEqual({ day: 999 })
  })

  it('leaves the units with the later run when the earlier one fails after its lease', async () => {
    const world = await start()
    const held = proxy.hold('SendMessageBatch', 'hold')
    const late = world.post({}, key)
    await held.arrived
    proxy.fail('SendMessageBatch', undefined)
    await until(async () => {
      world.clock.now += leaseMs
      return (await world.post({}, key)).status === 202
    })
    proxy.fail('SendMessageBatch', { kind: 'cut' })
    // The first run gives up by itself, because its queue never answers.
    expectProblem(await late, 'queue-unavailable', world)
    held.release()
    proxy.fail('SendMessageBatch', undefined)
    expect(await world.left()).toEqual({ day: 999 })
    expect((await world.post({}, key)).headers.get('idempotency-replayed')).toBe('true')
  })

  it('does not confirm a message after a sleep during which a different run may have sent it', async () => {
    const world = await start()
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const sleeper = world.post({}, key)
    await held.arrived
    const now = performance.now.bind(performance)
    const asleep = vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_001)
    onTestFinished(() => asleep.mockRestore())
    held.release()
    expectProblem(await sleeper, 'queue-unavailable', world)
    asleep.mockRestore()
    world.clock.now += 60_000
    const answer = await world.post({}, key)
    expect(answer.status).toBe(202)
    const sent = sqs.envelopes(liveQueue, world.customer).flatMap((envelope) => envelope.messages)
    expect(sent.map(({ id }) => id)).toEqual([answer.body.id, answer.body.id])
    expect(await world.left()).toEqual({ day: 999 })
  })
})
