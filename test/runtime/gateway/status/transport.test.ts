import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../../../support/expect-problem.ts'
import { exchange, parsedAnswer } from '../../../support/http.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { authorization, message, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

/** A complete POST as bytes, with these header lines besides the usual ones. */
function requestOf(world: World, lines: readonly string[], body = ''): string {
  const usual = ['Host: a', 'Content-Type: application/json', `Authorization: ${authorization(world.live.basic)}`]
  return `POST /v1.0/messages HTTP/1.1\r\n${[...usual, ...lines].join('\r\n')}\r\n\r\n${body}`
}

async function answerTo(world: World, bytes: string) {
  return parsedAnswer(await exchange(world.listening.port, bytes))
}

async function expectAlive(world: World): Promise<void> {
  expect((await world.call('/healthz')).status).toBe(200)
  expect(await world.left()).toEqual({ day: 1000 })
  expect(sqs.envelopes(liveQueue, world.customer)).toEqual([])
}

const body = JSON.stringify(message)
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

describe('400 malformed-request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an invalid method', 'GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['a header without a name', 'GET /healthz HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n'],
    ['a header with a NUL', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n'],
    ['a folded header', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n'],
    ['a bare line feed', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
  ])('is the answer to %s', async (_, bytes) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await answerTo(world, bytes), 'malformed-request', world)
    await expectAlive(world)
  })

  it.each([
    ['a length and chunks', [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'], `${chunk(body)}0\r\n\r\n`],
    ['two lengths', [`Content-Length: ${body.length}`, 'Content-Length: 3'], body],
    ['a negative length', ['Content-Length: -1'], body],
    ['a length that is not a number', ['Content-Length: 0x10'], body],
    ['an enormous length', ['Content-Length: 99999999999999999999999'], body],
    ['an encoding after chunked', ['Transfer-Encoding: chunked, gzip'], body],
  ])('is the answer to %s', async (_, lines, sent) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await answerTo(world, requestOf(world, lines, sent)), 'malformed-request', world)
    await expectAlive(world)
  })

  it('is the answer to a chunk with an invalid size', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const bytes = requestOf(world, ['Transfer-Encoding: chunked'], `zz\r\n${body}\r\n0\r\n\r\n`)
    expect(await exchange(world.listening.port, bytes)).not.toMatch(/HTTP\/1\.1 [25]/)
    await expectAlive(world)
  })
})

it('refuses to be a proxy', async () => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  const bytes = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'
  expectProblem(await answerTo(world, bytes), 'method-not-allowed', world)
})

it('answers 408 to a request that never ends', { timeout: 120_000 }, async () => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  const answer = await exchange(world.listening.port, 'GET /v1.0/quota HTTP/1.1\r\nHost: a\r\nX-Slow', 110_000)
  expectProblem(parsedAnswer(answer), 'request-timeout', world)
})

describe('413', () => {
  it('refuses a body by its declared length, before it arrives', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await answerTo(world, requestOf(world, ['Content-Length: 65537'])), 'body-too-large', world)
    await expectAlive(world)
  })

  it('refuses a body that arrives with its declared length', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    for (let round = 0; round < 20; round++) {
      const answer = await world.post({ text: 'x'.repeat(5_000_000) })
      expectProblem(answer, 'body-too-large', world)
    }
    await expectAlive(world)
  })

  it('accepts a body of exactly the limit', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const headers = { 'content-type': 'application/json' }
    const padded = body.padEnd(65_536)
    expect((await world.call('/v1.0/messages', { method: 'POST', headers, body: padded })).status).toBe(202)
    expectProblem(await world.call('/v1.0/messages', { method: 'POST', headers, body: `${padded} ` }), 'body-too-large', world)
  })

  it('refuses a chunked body as soon as it exceeds the limit, and stops reading', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const { socket, text } = await flood(world)
    expectProblem(parsedAnswer(text), 'body-too-large', world)
    expect(socket.bytesWritten).toBeLessThan(50_000_000)
    await expectAlive(world)
  })
})

/** Sends chunks for as long as the server accepts them. */
function flood(world: World) {
  return new Promise<{ socket: ReturnType<typeof connect>; text: string }>((resolve) => {
    let text = ''
    const part = chunk('x'.repeat(16_384))
    const socket = connect(world.listening.port, '127.0.0.1', () => {
      socket.write(requestOf(world, ['Transfer-Encoding: chunked']))
      pump()
    })
    const pump = (): void => {
      while (socket.writable && socket.write(part));
    }
    socket.on('drain', pump)
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve({ socket, text }))
  })
}

it('answers 417 to an expectation that it cannot meet', async () => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  const bytes = requestOf(world, ['Expect: a-miracle', `Content-Length: ${body.length}`], body)
  expectProblem(await answerTo(world, bytes), 'expectation-failed', world)
  await expectAlive(world)
})

it('sends 100 Continue to a caller that expects it', async () => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  const bytes = requestOf(world, ['Expect: 100-continue', 'Connection: close', `Content-Length: ${body.length}`], body)
  expect(await exchange(world.listening.port, bytes)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /)
})

it.each([
  ['one large header', [`X-Large: ${'x'.repeat(17_000)}`]],
  ['many headers', Array.from({ length: 1500 }, (_, i) => `X-${i}: yyyy`)],
])('answers 431 to %s', async (_, lines) => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  expectProblem(await answerTo(world, requestOf(world, lines)), 'headers-too-large', world)
  await expectAlive(world)
})

it('answers 431 to an endless target', async () => {
  const world = await startWorld({ endpoint: sqs.endpoint })
  const bytes = `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`
  expectProblem(await answerTo(world, bytes), 'headers-too-large', world)
})
