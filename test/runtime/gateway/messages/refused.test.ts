import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ServeLimits } from '../../../../src/runtime/gateway/http/node/limits.ts'
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

const quick: Partial<ServeLimits> = { headersTimeoutMs: 300, requestTimeoutMs: 300, timeoutCheckMs: 50 }
const body = JSON.stringify(message)
const start = (limits: Partial<ServeLimits>) => startWorld({ endpoint: sqs.endpoint, limits })

function head(world: World, lines: readonly string[], basic = world.live.basic): string {
  const usual = ['Host: a', 'Content-Type: application/json', `Authorization: ${authorization(basic)}`]
  return `POST /v1.0/messages HTTP/1.1\r\n${[...usual, ...lines].join('\r\n')}\r\n\r\n`
}

/** A connection that records what arrives, and can still send after the other side has closed. */
function open(port: number): { socket: Socket; text: () => string; closed: Promise<void> } {
  let text = ''
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('data', (bytes) => {
    text += bytes.toString()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { socket, text: () => text, closed }
}

describe('a call that was answered 408', () => {
  it.each([
    ['a declared length', [`Content-Length: ${body.length}`], body.slice(0, 20), body.slice(20)],
    [
      'chunks',
      ['Transfer-Encoding: chunked'],
      `${body.length.toString(16)}\r\n${body.slice(0, 20)}`,
      `${body.slice(20)}\r\n0\r\n\r\n`,
    ],
  ])('is not admitted when the rest of its body arrives: %s', async (_, lines, first, rest) => {
    const world = await start(quick)
    const all = Array.from({ length: 20 }, () => open(world.listening.port))
    for (const { socket } of all) socket.write(head(world, lines) + first)
    await until(() => all.every(({ text }) => text().includes('HTTP/1.1 408 ')))
    // Followed by a complete call: nothing else on the connection counts.
    for (const { socket } of all) socket.write(rest + head(world, [`Content-Length: ${body.length}`]) + body)
    for (const { socket } of all) socket.end()
    await Promise.all(all.map(({ closed }) => closed))
    expect(all.filter(({ text }) => text().includes('HTTP/1.1 202 '))).toEqual([])
    expect(await world.left()).toEqual({ day: 1000 })
    expect(sqs.envelopes(liveQueue, world.customer)).toEqual([])
    expect(world.observations.filter(({ status }) => status === 202)).toEqual([])
  })

  it('takes no unit: as many units are taken as 202s are read, whenever bodies arrive', async () => {
    const world = await start(quick)
    const all = Array.from({ length: 120 }, (_, index) => ({ ...open(world.listening.port), pauseMs: index * 5 }))
    await Promise.all(
      all.map(async ({ socket, text, closed, pauseMs }) => {
        const cut = 1 + (pauseMs % (body.length - 1))
        let ended = false
        socket.once('end', () => {
          ended = true
        })
        socket.write(head(world, ['Connection: close', `Content-Length: ${body.length}`]) + body.slice(0, cut))
        // Some at random times, and some certainly too late.
        if (pauseMs % 60 === 0) await until(() => text().includes(' 408 '))
        else await sleep(pauseMs)
        socket.write(body.slice(cut))
        // Not before the answer: node:http does not answer a client that half-closes.
        await until(() => ended)
        socket.end()
        await closed
      }),
    )
    const accepted = all.filter(({ text }) => text().startsWith('HTTP/1.1 202 ')).length
    const late = all.filter(({ text }) => text().startsWith('HTTP/1.1 408 ')).length
    expect(accepted + late).toBe(all.length)
    expect(late).toBeGreaterThan(0)
    await until(() => world.listening.load().calls === 0)
    expect(await world.left()).toEqual({ day: 1000 - accepted })
    expect(sqs.messages(liveQueue, world.customer)).toHaveLength(accepted)
  })

  it('does not suppress the answer to the complete call before it', async () => {
    const proxy = await startSqsProxy(sqs.port)
    onTestFinished(() => proxy.close())
    const world = await startWorld({ endpoint: proxy.endpoint, limits: quick })
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const call = head(world, [`Content-Length: ${body.length}`, 'Idempotency-Key: order-1']) + body
    const { socket, text, closed } = open(world.listening.port)
    socket.write(call + head(world, [`Content-Length: ${body.length}`]) + body.slice(0, 5))
    await held.arrived
    await until(() => world.observations.some(({ status }) => status === 408))
    held.release()
    await until(() => text().includes('HTTP/1.1 408 '))
    socket.end()
    await closed
    expect([...text().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1])).toEqual(['202', '408'])
    expect(await world.left()).toEqual({ day: 999 })
  })
})

describe('413 reaches the client', () => {
  const sizes = [70_000, 1_000_000, 5_000_000, 20_000_000]

  function upload(world: World, bytes: number, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const signed = { authorization: authorization(world.live.basic), 'content-type': 'application/json', ...headers }
      const sending = request(`${world.listening.url}/v1.0/messages`, { method: 'POST', headers: signed, agent: false })
      sending.on('response', (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      sending.on('error', reject)
      sending.end(Buffer.alloc(bytes, 'x'))
    })
  }

  it.each(['a declared length', 'chunks'])('from node:http, for every upload with %s', async (kind) => {
    const world = await start({})
    for (const bytes of sizes) {
      const headers: Record<string, string> =
        kind === 'chunks' ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes) }
      const statuses = await Promise.all(Array.from({ length: 20 }, () => upload(world, bytes, headers)))
      expect(new Set(statuses)).toEqual(new Set([413]))
    }
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it.each([[[]], [['-H', 'Expect:']], [['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:']]])('with curl %j', async (more) => {
    const curl = promisify(execFile)
    const world = await start({})
    const key = ['-u', world.live.basic]
    for (let round = 0; round < 10; round++) {
      const sent = curl('curl', [
        '-sS',
        '-w',
        ' %{http_code}',
        ...key,
        ...more,
        '--data-binary',
        '@-',
        `${world.listening.url}/v1.0/messages`,
      ])
      sent.child.stdin?.on('error', () => undefined).end(Buffer.alloc(5_000_000, 'x'))
      expect((await sent).stdout).toMatch(/"code":"body-too-large".* 413$/)
    }
  })

  it('for a client that reads only after it has sent everything, as many do', async () => {
    const world = await start({})
    for (const bytes of sizes) {
      const all = Array.from({ length: 5 }, () => open(world.listening.port))
      const sent = all.map(async ({ socket }) => {
        socket.pause()
        const content = Buffer.alloc(bytes, 'x')
        await new Promise((resolve) => socket.write(head(world, [`Content-Length: ${bytes}`]), resolve))
        for (let at = 0; at < bytes && !socket.destroyed; at += 65_536) {
          await new Promise((resolve) => socket.write(content.subarray(at, at + 65_536), resolve))
        }
        socket.resume()
        socket.end()
      })
      await Promise.all(sent)
      await Promise.all(all.map(({ closed }) => closed))
      for (const { text } of all) expect(parsedAnswer(text()).status).toBe(413)
    }
  })

  it('after which the gateway reads a bounded amount of the rest', async () => {
    const world = await start({ lingerBytes: 1_000_000 })
    const { socket, text, closed } = open(world.listening.port)
    socket.write(head(world, ['Content-Length: 99999999']))
    const pump = (): void => {
      while (socket.writable && socket.write('x'.repeat(16_384)));
    }
    socket.on('drain', pump)
    pump()
    await closed
    socket.off('drain', pump)
    expect(parsedAnswer(text()).status).toBe(413)
    expect(socket.bytesWritten).toBeLessThan(20_000_000)
  })
})

describe('bodies', () => {
  const large = 2_000_000
  const slow = (world: World, basic: string, port = world.listening.port) => {
    const one = open(port)
    const lines = ['Host: a', 'Content-Type: application/json', `Authorization: ${authorization(basic)}`]
    one.socket.write(
      `POST /v1.0/messages/batch HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Length: ${large}\r\n\r\n${'x'.repeat(50_000)}`,
    )
    return one
  }

  it('of unauthenticated callers are not read', async () => {
    const world = await start({})
    const all = Array.from({ length: 190 }, () => slow(world, 'acme:wrong:key'))
    await until(() => all.filter(({ text }) => text().includes('HTTP/1.1 401 ')).length >= 20)
    expect(world.listening.load().peakBodyBytes).toBe(0)
  })

  it('of one customer are limited to its half of the budget, and those of others still pass', async () => {
    const world = await start({ maxBodyBytesHeld: 20_000_000 })
    const all = Array.from({ length: 30 }, () => slow(world, world.live.basic))
    await until(() => all.filter(({ text }) => text().includes('"code":"overloaded"')).length === 25)
    expect(world.listening.load().peakBodyBytes).toBe(10_000_000)
    expect((await world.call('/healthz')).status).toBe(200)
    for (const { socket } of all) socket.destroy()
    await until(async () => (await world.post()).status === 202)
  })

  it('are requested with 100 Continue once the caller is known', async () => {
    const world = await start({})
    const lines = ['Expect: 100-continue', 'Connection: close', `Content-Length: ${body.length}`]
    const refused = await exchange(world.listening.port, head(world, lines, 'acme:wrong:key'))
    expectProblem(parsedAnswer(refused), 'credentials-invalid', world)
    expect(await exchange(world.listening.port, head(world, lines) + body)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /,
    )
  })
})

describe('connections', () => {
  it('beyond the limit of an address are refused, and accepted again when others close', async () => {
    const world = await start({ maxConnectionsPerAddress: 5 })
    const all = Array.from({ length: 8 }, () => open(world.listening.port))
    await until(() => all.filter(({ text }) => text().includes('"code":"overloaded"')).length === 3)
    for (const { socket } of all) socket.destroy()
    await until(async () => (await world.call('/healthz').catch(() => undefined))?.status === 200)
  })

  it('limit the number of requests that wait for their answers', async () => {
    const proxy = await startSqsProxy(sqs.port)
    onTestFinished(() => proxy.close())
    const world = await startWorld({ endpoint: proxy.endpoint, limits: { maxPipelined: 4 } })
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const call = head(world, [`Content-Length: ${body.length}`]) + body
    const text = exchange(world.listening.port, call.repeat(10))
    await held.arrived
    held.release()
    expect([...(await text).matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1])).toEqual([
      '202',
      '202',
      '202',
      '202',
      '503',
    ])
    expect(await world.left()).toEqual({ day: 996 })
  })
})

describe('more calls than the gateway can serve', () => {
  it('are refused unread, while /healthz answers', async () => {
    const proxy = await startSqsProxy(sqs.port)
    onTestFinished(() => proxy.close())
    const world = await startWorld({ endpoint: proxy.endpoint, limits: { maxCalls: 3 } })
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const under = Array.from({ length: 3 }, () => world.post())
    await held.arrived
    await until(() => world.listening.load().calls === 3)
    const seen = world.observations.length
    const answer = await world.post()
    expectProblem(answer, 'overloaded')
    expect(answer.headers.get('retry-after')).toBe('1')
    expect((await world.call('/healthz')).status).toBe(200)
    held.release()
    expect((await Promise.all(under)).map(({ status }) => status)).toEqual([202, 202, 202])
    expect(world.observations.filter(({ code }) => code === 'overloaded')).toEqual([])
    expect(world.observations.length).toBeGreaterThanOrEqual(seen)
    await until(async () => (await world.post()).status === 202)
  })

  it('are all answered even when there are very many', async () => {
    const world = await start({ maxCalls: 0 })
    const all = Array.from({ length: 300 }, () => open(world.listening.port))
    for (const { socket } of all) socket.write(head(world, [`Content-Length: ${body.length}`]) + body)
    await until(() => all.every(({ text }) => text().includes('HTTP/1.1 503 ')))
    expect(parsedAnswer(all[0]?.text() ?? '').headers.get('retry-after')).toBe('1')
    expect(world.observations).toEqual([])
    expect((await world.call('/healthz')).status).toBe(200)
  })

  it('do not include slow clients, or callers whose failed attempts are delayed', async () => {
    const world = await start({ maxCalls: 3 })
    const all = Array.from({ length: 10 }, () => open(world.listening.port))
    for (const { socket } of all) socket.write(head(world, [`Content-Length: ${body.length}`]) + body.slice(0, 5))
    await until(() => world.listening.load().calls === 0)
    expect((await world.post()).status).toBe(202)
    for (const { socket } of all) socket.write(body.slice(5))
    await until(() => all.every(({ text }) => text().includes('HTTP/1.1 202 ')))
  })
})
