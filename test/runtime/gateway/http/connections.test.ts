import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { addressRange } from '../../../../src/domain/address.ts'
import { issueKey } from '../../../../src/operations/customers/index.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { exchange, parsedAnswer } from '../../../support/http.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { startSqsProxy } from '../../../support/sqs-proxy.ts'
import { until } from '../../../support/until.ts'
import { authorization, message, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

async function worldWithProxy() {
  const proxy = await startSqsProxy(sqs.port)
  onTestFinished(() => proxy.close())
  return { proxy, world: await startWorld({ endpoint: proxy.endpoint }) }
}

function refused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}

describe('a graceful stop', () => {
  it('lets calls in progress finish, and accepts no new connections', async () => {
    const { proxy, world } = await worldWithProxy()
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const answer = world.post()
    await held.arrived
    const stopped = world.listening.stop(60_000)
    await until(() => refused(world.listening.port))
    held.release()
    expect((await answer).status).toBe(202)
    expect((await answer).headers.get('connection')).toBe('close')
    await stopped
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
  })

  it('cuts off calls that do not end in time', async () => {
    const { proxy, world } = await worldWithProxy()
    const held = proxy.hold('SendMessageBatch', 'hold')
    const answer = world.post().catch(() => 'cut off')
    await held.arrived
    await world.listening.stop(50)
    expect(await answer).toBe('cut off')
    held.release()
  })

  it('does not wait for idle connections', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    await world.call('/healthz')
    // Times out if it waits for the idle connection, which is kept alive for a minute.
    await world.listening.stop(600_000)
  })
})

function openCall(world: World, lines: readonly string[], part: string): Promise<Socket> {
  return new Promise((resolve) => {
    const usual = ['Host: a', 'Content-Type: application/json', `Authorization: ${authorization(world.live.basic)}`]
    const head = `POST /v1.0/messages HTTP/1.1\r\n${[...usual, ...lines].join('\r\n')}\r\n\r\n`
    const socket = connect(world.listening.port, '127.0.0.1', () => socket.write(head + part, () => resolve(socket)))
    socket.on('error', () => undefined)
  })
}

describe('a caller that disconnects', () => {
  it.each([
    ['a body of a declared length', ['Content-Length: 500'], JSON.stringify(message)],
    ['a body in chunks', ['Transfer-Encoding: chunked'], `5\r\n{"to"`],
  ])('in the middle of %s takes and sends nothing', async (_, lines, part) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    for (let round = 0; round < 10; round++) {
      const socket = await openCall(world, lines, part)
      if (round % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
    }
    expect(await world.left()).toEqual({ day: 1000 })
    expect(sqs.envelopes(liveQueue, world.customer)).toEqual([])
    expect((await world.post()).status).toBe(202)
  })

  it('after sending its body still has its message sent and charged: the disconnect goes unnoticed', async () => {
    const { proxy, world } = await worldWithProxy()
    const held = proxy.hold('SendMessageBatch', 'hold')
    const leaving = new AbortController()
    const left = world.call('/v1.0/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'order-1' },
      body: message,
      signal: leaving.signal,
    })
    await held.arrived
    leaving.abort()
    await expect(left).rejects.toThrow()
    held.release()
    await until(() => sqs.envelopes(liveQueue, world.customer).length === 1)
    await until(async () => (await world.post({}, { 'idempotency-key': 'order-1' })).status === 202)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
    expect(await world.left()).toEqual({ day: 999 })
  })
})

describe('complete calls are answered before the invalid bytes after them', () => {
  it.each<[string, string, string]>([
    ['garbage', '}garbage\r\n\r\n', '400'],
    ['a wish for a proxy', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', '405'],
    ['a call with a bad chunk', 'POST /v1.0/messages HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', '400'],
  ])('before %s', async (_, more, status) => {
    const { proxy, world } = await worldWithProxy()
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const body = JSON.stringify(message)
    const signed = `Host: a\r\nContent-Type: application/json\r\nAuthorization: ${authorization(world.live.basic)}`
    const call = `POST /v1.0/messages HTTP/1.1\r\n${signed}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const text = exchange(world.listening.port, call + call + more)
    await held.arrived
    held.release()
    const statuses = [...(await text).matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1])
    expect(statuses).toEqual(['202', '202', status])
    expect(await world.left()).toEqual({ day: 998 })
  })
})

describe('a request with a different HTTP version', () => {
  it.each([
    ['0.9', 'GET /healthz\r\n\r\n'],
    ['2.0', 'GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n'],
    ['2.0 with a body', 'POST /v1.0/messages HTTP/2.0\r\nHost: a\r\nContent-Length: 5\r\n\r\n{}'],
    ['1.2', 'GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n'],
    ['9.9', 'GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n'],
  ])('%s is refused, and the connection is closed', async (_, bytes) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = parsedAnswer(await exchange(world.listening.port, bytes))
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed-request' } })
    expect(answer.headers.get('connection')).toBe('close')
  })
})

describe("the caller's address", () => {
  const allowed = '203.0.113.7'
  it.each<[number, string | undefined, boolean]>([
    [0, allowed, false],
    [1, allowed, true],
    [1, `198.51.100.1, ${allowed}`, true],
    [1, `${allowed}, 198.51.100.1`, false],
    [2, `${allowed}, 198.51.100.1`, true],
    [2, `${allowed},198.51.100.1,198.51.100.2`, false],
    [2, `198.51.100.9, ${allowed} , 10.0.0.1`, true],
    [1, undefined, false],
    [2, allowed, false],
    [1, 'nonsense', false],
    [1, `${allowed},`, false],
    [1, '::ffff:203.0.113.7', true],
    [1, `${allowed}:49152`, true],
    [1, `[::ffff:${allowed}]:49152`, true],
    [1, `${allowed}:port`, false],
  ])('with %d trusted proxies and X-Forwarded-For %s is allowed: %s', async (trustedProxies, forwarded, passes) => {
    const world = await startWorld({ endpoint: sqs.endpoint, trustedProxies })
    const wishes = { scheme: 'basic', environment: 'live', allowIps: [addressRange(allowed)] } as const
    const key = await issueKey(world.context, world.customer, wishes)
    const headers = { authorization: authorization(key.basic), ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) }
    const answer = await world.post({}, headers)
    if (passes) expect(answer.status).toBe(202)
    else expectProblem(answer, 'ip-not-allowed', world)
  })

  it('is unknown when it is malformed, and the log says so', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, trustedProxies: 1 })
    await world.post({}, { 'x-forwarded-for': 'unknown' })
    await world.post({}, { 'x-forwarded-for': `${allowed}:49152` })
    expect(world.observations.map(({ addressUnknown }) => addressUnknown)).toEqual([true, undefined])
  })
})
