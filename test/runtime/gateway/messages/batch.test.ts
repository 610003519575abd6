import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { message, startWorld, type World } from '../../../support/world.ts'

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

interface Result {
  readonly index: number
  readonly id?: string
  readonly status: string
  readonly problem?: { readonly code: string; readonly retryable: boolean; readonly errors?: { pointer: string }[] }
}

function send(world: World, messages: readonly unknown[], more: object = {}, headers: Record<string, string> = {}) {
  return world.call('/v1.0/messages/batch', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: { messages, ...more },
  })
}

const some = (count: number, more: object = {}) => Array.from({ length: count }, () => ({ ...message, ...more }))
const resultsOf = ({ body }: { body: Record<string, unknown> }): Result[] => Object(body.results)

describe.each(['SQLite', 'Redis'])('a batch, with %s', (engine) => {
  const start = (quota = { day: 1000 }) =>
    startWorld({ endpoint: proxy.endpoint, quota, ...(engine === 'Redis' && { registry: inject('redis') }) })

  it('accepts each valid message, reports an error for each other one, and takes units for the accepted ones', async () => {
    const world = await start()
    const rows = [message, { ...message, to: 'x', text: '' }, 7, { ...message, ref: 'r-4' }, { ...message, extra: 1 }]
    const answer = await send(world, rows)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 3 })
    const results = resultsOf(answer)
    expect(results.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'rejected', 'accepted', 'rejected'])
    expect(results[1]?.problem).toMatchObject({ code: 'invalid-request', retryable: false })
    expect(results[1]?.problem?.errors?.map(({ pointer }) => pointer)).toEqual(['/to', '/text'])
    expect(results[3]).toMatchObject({ index: 3, ref: 'r-4' })
    const ids = results.flatMap(({ id }) => (id === undefined ? [] : [id]))
    expect(sqs.messages(liveQueue, world.customer).map(({ id }) => id)).toEqual(ids)
    expect(await world.left()).toEqual({ day: 998 })
  })

  it('applies its defaults to the messages that lack them', async () => {
    const world = await start()
    const answer = await send(world, [{ to: message.to }, { to: message.to, text: 'own' }], {
      defaults: { from: message.from, text: 'shared' },
    })
    expect(answer.body).toMatchObject({ accepted: 2 })
    expect(sqs.messages(liveQueue, world.customer).map(({ text }) => text)).toEqual(['shared', 'own'])
  })

  it('shows the normalized values, also in a replay', async () => {
    const world = await start()
    const rows = [{ ...message, text: '₩1,000' }, { ...message, text: '₩', normalize: false }, message]
    const key = { 'idempotency-key': 'normalized' }
    const first = await send(world, rows, {}, key)
    expect(resultsOf(first)).toMatchObject([
      { status: 'accepted', normalized: { text: '￦1,000' } },
      { status: 'rejected' },
      { status: 'accepted' },
    ])
    expect(resultsOf(first)[2]).not.toHaveProperty('normalized')
    expect((await send(world, rows, {}, key)).body).toEqual(first.body)
    expect(sqs.messages(liveQueue, world.customer).map(({ text }) => text)).toEqual(['￦1,000', message.text])
  })

  it('takes units for all of its valid messages, or for none', async () => {
    const world = await start({ day: 5 })
    expectProblem(await send(world, some(6)), 'units-exceed-limit', world)
    expect((await send(world, some(3))).status).toBe(202)
    expectProblem(await send(world, some(3)), 'day-quota-exceeded', world)
    expect(await world.left()).toEqual({ day: 2 })
    expect((await send(world, [...some(2), {}])).body).toMatchObject({ accepted: 2, rejected: 1 })
    expect(sqs.messages(liveQueue, world.customer)).toHaveLength(5)
  })

  it('gets the same answer again for its key, and is sent once', async () => {
    const world = await start()
    const rows = [...some(3), { text: 1 }]
    const key = { 'idempotency-key': 'batch-1' }
    const first = await send(world, rows, {}, key)
    const again = await send(world, rows, {}, key)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body).toEqual(first.body)
    expect(sqs.messages(liveQueue, world.customer)).toHaveLength(3)
    expectProblem(await send(world, some(2), {}, key), 'idempotency-key-reused', world)
    expect(await world.left()).toEqual({ day: 997 })
  })

  it('fails as a whole when the queue takes nothing', async () => {
    const world = await start()
    proxy.fail('SendMessageBatch', { kind: 'status', status: 400 })
    expectProblem(await send(world, some(3)), 'queue-unavailable', world)
    expect(await world.left()).toEqual({ day: 1000 })
  })
})

describe('a batch that the queue accepts only in part', () => {
  it.each([{}, { 'idempotency-key': 'part' }])('keeps that part and returns the other units (%j)', async (key) => {
    const world = await startWorld({ endpoint: proxy.endpoint, quota: { day: 1000 } })
    // Envelopes of 60 KB: 40 of these each, so that there are three.
    const rows = some(100, { text: '가'.repeat(500) })
    proxy.fail('SendMessageBatch', { kind: 'refuse-entry', at: 1 })
    const answer = await send(world, rows, {}, key)
    const results = resultsOf(answer)
    const rejected = results.filter(({ status }) => status === 'rejected')
    expect(answer.body).toMatchObject({ accepted: 100 - rejected.length, rejected: rejected.length })
    expect(rejected.length).toBeGreaterThan(10)
    expect(rejected.length).toBeLessThan(60)
    expect(rejected[0]?.problem).toMatchObject({ code: 'queue-unavailable', retryable: true })
    expect(rejected[0]).not.toHaveProperty('id')
    expect(sqs.messages(liveQueue, world.customer)).toHaveLength(100 - rejected.length)
    expect(await world.left()).toEqual({ day: 900 + rejected.length })
    if ('idempotency-key' in key) expect((await send(world, rows, {}, key)).body).toEqual(answer.body)
  })
})

describe('a batch is refused', () => {
  it.each([
    [{ messages: [] }, '/messages'],
    [{ messages: some(501) }, '/messages'],
    [{ messages: 'x' }, '/messages'],
    [{ messages: some(1), more: 1 }, '/more'],
    [{ messages: some(1), defaults: 1 }, '/defaults'],
    [{ messages: [{}, { ...message, to: '1' }] }, '/messages/0/to'],
  ])('when it is not a valid batch (%#)', async (body, pointer) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const headers = { 'content-type': 'application/json' }
    const answer = await world.call('/v1.0/messages/batch', { method: 'POST', headers, body })
    expectProblem(answer, 'invalid-request', world)
    expect(JSON.stringify(answer.body.errors)).toContain(`"${pointer}"`)
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it('when it is larger than its own limit, which is larger than that of a single message', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expect((await send(world, some(300, { text: '가'.repeat(900) }))).status).toBe(202)
    expectProblem(await send(world, some(500, { text: '가'.repeat(2000) })), 'body-too-large', world)
  })
})
