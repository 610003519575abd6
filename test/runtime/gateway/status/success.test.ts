import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { messageIdPattern } from '../../../../src/domain/ids.ts'
import { liveQueue, type Sqs, startSqs, testQueue } from '../../../support/sqs.ts'
import { authorization, message, noon, startWorld } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

describe('202', () => {
  it('accepts a live message into the queue of the live route', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.post({ ref: 'order-1' })
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({ id: expect.stringMatching(messageIdPattern), ref: 'order-1', status: 'accepted' })
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('x-request-id')).toMatch(messageIdPattern)
    expect(answer.headers.get('ratelimit-policy')).toBe('"day";q=1000;w=86400')
    expect(answer.headers.get('ratelimit')).toBe('"day";r=999;t=43200')
    expect(sqs.envelopes(liveQueue, world.customer)).toEqual([
      {
        v: 1,
        customer: world.customer,
        environment: 'live',
        route: liveQueue,
        messages: [
          {
            id: answer.body.id,
            to: '+821012345678',
            from: '+8215881234',
            text: message.text,
            type: 'sms',
            ref: 'order-1',
            acceptedAt: noon,
          },
        ],
      },
    ])
  })

  it('accepts a test message into the sandbox, and nowhere else', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const headers = { 'content-type': 'application/json', authorization: authorization(world.test.basic) }
    const answer = await world.call('/test/v1.0/messages', { method: 'POST', headers, body: message })
    expect(answer.status).toBe(202)
    expect(sqs.envelopes(testQueue, world.customer)).toHaveLength(1)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(0)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/merge-patch+json'])(
    'reads a body of type %s',
    async (type) => {
      const world = await startWorld({ endpoint: sqs.endpoint })
      expect((await world.post({}, { 'content-type': type })).status).toBe(202)
    },
  )
})

describe('200', () => {
  it('shows every limit and takes nothing', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, quota: { rate: 5, burst: 10, day: 100, month: 300 } })
    const first = await world.call('/v1.0/quota')
    expect(first.status).toBe(200)
    expect(first.body).toEqual({
      customer: world.customer,
      environment: 'live',
      limits: {
        rate: { limit: 10, remaining: 10, resetsAt: '2026-11-23T03:00:00.000Z' },
        day: { limit: 100, remaining: 100, resetsAt: '2026-11-23T15:00:00.000Z' },
        month: { limit: 300, remaining: 300, resetsAt: '2026-11-30T15:00:00.000Z' },
      },
      spent: { day: [], month: [] },
    })
    expect(first.headers.get('ratelimit-policy')).toBe('"rate";q=10;w=2, "day";q=100;w=86400, "month";q=300;w=2592000')
    for (let i = 0; i < 20; i++) expect((await world.call('/v1.0/quota')).body).toEqual(first.body)
    await world.post()
    expect(await world.left()).toEqual({ rate: 9, day: 99, month: 299 })
    world.clock.now += 60_000
    const spent = [{ route: 'messages', type: 'sms', messages: 1, units: 1, returned: 0 }]
    expect((await world.call('/v1.0/quota')).body).toMatchObject({ spent: { day: spent, month: spent } })
  })

  it('keeps the limits of the test environment apart', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    await world.post()
    const answer = await world.call('/test/v1.0/quota', { headers: { authorization: authorization(world.test.basic) } })
    expect(answer.body).toMatchObject({ environment: 'test', limits: { day: { limit: 1000, remaining: 1000 } } })
  })

  it('answers HEAD like GET, without the body', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.call('/v1.0/quota', { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('')
    expect(answer.headers.get('ratelimit')).toBe('"day";r=1000;t=43200')
  })

  it.each(['/healthz', '/readyz'])('answers %s without credentials', async (path) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.call(path, { headers: { authorization: '' } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ status: path === '/healthz' ? 'ok' : 'ready' })
  })

  it('leaves the query out of the path of a target', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expect((await world.call('/v1.0/quota?verbose=1')).status).toBe(200)
  })
})
