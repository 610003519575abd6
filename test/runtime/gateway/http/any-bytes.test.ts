import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { exchange } from '../../../support/http.ts'
import { type Sqs, startSqs } from '../../../support/sqs.ts'
import { authorization, message, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let world: World
beforeAll(async () => {
  sqs = await startSqs()
})
beforeEach(async () => {
  world = await startWorld({ endpoint: sqs.endpoint, quota: { day: 1_000_000 } })
})
afterAll(() => sqs.stop())

/** Ends the connection if the bytes before it left it in a usable state. */
const farewell = Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
const quietMs = 60
const runs = 300

/** `/` and `/docs/` lead to the page of the API. */
const redirects = [302, 308]

/** Every answer received: 4xx with a problem, or 2xx or 3xx if the bytes were a valid call after all. */
function expectNoFaultOfOurs(text: string): void {
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
  for (const status of statuses)
    expect(
      status === 100 || redirects.includes(status) || (status >= 200 && status < 300) || (status >= 400 && status < 500),
    ).toBe(true)
  const refused = statuses.filter((status) => status >= 400).length
  expect([...text.matchAll(/^content-type: application\/problem\+json\r$/gim)]).toHaveLength(refused)
  expect(text).not.toContain(message.text)
  if (text !== '') expect(statuses.length).toBeGreaterThan(0)
}

async function expectSurvives(bytes: Uint8Array): Promise<void> {
  expectNoFaultOfOurs(await exchange(world.listening.port, Buffer.concat([bytes, farewell]), quietMs))
  expect((await world.call('/healthz')).status).toBe(200)
}

async function property<T>(arbitrary: fc.Arbitrary<T>, bytesOf: (value: T) => Uint8Array, numRuns = runs): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, (value) => expectSurvives(bytesOf(value))),
    { numRuns, endOnFailure: true },
  )
  expect(world.observations.filter(({ status }) => status >= 500)).toEqual([])
  expect(world.observations.filter(({ error }) => error !== undefined)).toEqual([])
}

const header = (name: string, value: string): string => `${name}: ${value}\r\n`

function requestOf(lines: string, body: string | Uint8Array, start = 'POST /v1.0/messages HTTP/1.1'): Buffer {
  const signed = header('Host', 'a') + header('Authorization', authorization(world.live.basic))
  return Buffer.concat([Buffer.from(`${start}\r\n${signed}${lines}\r\n`, 'latin1'), Buffer.from(body)])
}

function jsonRequest(body: string | Uint8Array): Buffer {
  return requestOf(header('Content-Type', 'application/json') + header('Content-Length', String(Buffer.from(body).length)), body)
}

const latin = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 })

interface Change {
  /** A position, as a fraction of the whole. */
  readonly at: number
  readonly kind: string
  readonly bytes: Uint8Array
}

function changed(before: Buffer, { at, kind, bytes }: Change): Buffer {
  const from = Math.floor(at * before.length)
  const [left, right] = [before.subarray(0, from), before.subarray(from)]
  if (kind === 'cut') return left
  if (kind === 'repeat') return Buffer.concat([left, right.subarray(0, 50), right])
  if (kind === 'insert') return Buffer.concat([left, bytes, right])
  return Buffer.concat([left, kind === 'set' ? bytes : Buffer.alloc(0), right.subarray(bytes.length)])
}

describe('any bytes', { timeout: 300_000 }, () => {
  it('arbitrary ones', () => property(fc.uint8Array({ maxLength: 3000 }), (bytes) => bytes))

  it('a valid call with bytes changed, removed or repeated', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      kind: fc.constantFrom('set', 'cut', 'drop', 'repeat', 'insert'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    })
    return property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) =>
      changes.reduce((bytes, one) => changed(bytes, one), jsonRequest(JSON.stringify(message))),
    )
  })

  it('absurd methods, targets and versions', () => {
    const method = fc.oneof(
      latin,
      fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PRI', 'M-SEARCH', 'QUERY', 'get'),
    )
    const target = fc.oneof(
      latin,
      latin.map((text) => `/v1.0/${text}`),
      fc.constantFrom(
        '*',
        '//',
        '/..',
        '/%',
        '/%00',
        '/v1.0/quota?',
        'http://a/v1.0/quota',
        '/test/',
        'a:443',
        '/__proto__',
        '/v1.0/constructor',
      ),
    )
    const version = fc.oneof(latin, fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.', 'RTSP/1.0'))
    return property(fc.tuple(method, target, version), (parts) => requestOf('', '', parts.join(' ')))
  })

  it('paths that lead to the page of the API', async () => {
    for (const target of ['/', '/docs/', '/test/', '/test/docs/'])
      await expectSurvives(requestOf('', '', `GET ${target} HTTP/1.0`))
  })

  it('absurd headers, and repeated ones', () => {
    const known = fc.constantFrom(
      'Host',
      'Authorization',
      'Content-Type',
      'Content-Length',
      'Transfer-Encoding',
      'Content-Encoding',
      'Idempotency-Key',
      'Connection',
      'Upgrade',
      'Expect',
      'X-Forwarded-For',
      'X-Request-Id',
      '__proto__',
      'Trailer',
      'TE',
    )
    const value = fc.oneof(
      latin,
      fc.constantFrom(
        '0',
        '1',
        '-1',
        '1e9',
        '99999999999999999999',
        'chunked',
        'gzip',
        'close',
        'upgrade',
        'websocket',
        '100-continue',
        'Basic',
        'Basic Og==',
        '"',
        '""',
        'application/json',
      ),
    )
    const lines = fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: latin }), value), {
      maxLength: 6,
    })
    return property(lines, (some) => requestOf(some.map(([name, text]) => header(name, text)).join(''), JSON.stringify(message)))
  })

  it('a length together with chunks, and chunks of absurd sizes', () => {
    const size = fc.oneof(
      latin,
      fc.constantFrom('0', '00', '-1', '5', 'ffffffff', 'fffffffffffffffffffff', '0x5', '5;a=b', ' 5', '5 ', '+5', ''),
    )
    const chunks = fc.array(fc.tuple(size, latin), { maxLength: 5 })
    const length = fc.option(fc.oneof(fc.nat(100).map(String), latin))
    return property(fc.tuple(length, chunks), ([declared, parts]) => {
      const lengthLine = declared === null ? '' : header('Content-Length', declared)
      const lines = header('Content-Type', 'application/json') + lengthLine + header('Transfer-Encoding', 'chunked')
      return requestOf(lines, Buffer.from(`${parts.map(([one, text]) => `${one}\r\n${text}\r\n`).join('')}0\r\n\r\n`, 'latin1'))
    })
  })

  it('bodies that are not UTF-8 or not JSON', () => property(fc.uint8Array({ maxLength: 300 }), jsonRequest))

  it('bodies that are JSON of any kind', () => property(fc.json({ maxDepth: 5, stringUnit: 'binary' }), jsonRequest))

  it('messages with fields of any kind', () => {
    const strange = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>(
        1e308,
        -0,
        2 ** 53,
        '\ud800',
        '\udfff\ud800',
        '\0',
        'x'.repeat(5000),
        '가'.repeat(1001),
        '2026-02-30T00:00:00Z',
      ),
      fc.string({ unit: 'binary' }),
    )
    const field = fc.constantFrom(
      'to',
      'from',
      'text',
      'type',
      'subject',
      'ref',
      'sendAt',
      'ttl',
      '__proto__',
      'constructor',
      'toString',
      '\ud800',
    )
    return property(fc.array(fc.tuple(field, strange), { minLength: 1, maxLength: 4 }), (changes) => {
      const members = [...Object.entries(message), ...changes].map(
        ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`,
      )
      return jsonRequest(`{${members.join(',')}}`)
    })
  })

  it('JSON that is nested too deeply is refused, with an Idempotency-Key too, and long names are truncated in the answer', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'deep' }
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const bodies = [
      `{"messages":[${deep}]}`,
      `{"messages":[{}],"defaults":{"x":${deep}}}`,
      `{"messages":[{}],"${'n'.repeat(1_000_000)}":1}`,
      `{"messages":[{"${'~/n'.repeat(300_000)}":1}]}`,
      `{"messages":[{${Array.from({ length: 50_000 }, (_, i) => `"${i}${'n'.repeat(20)}":0`).join(',')}}]}`,
    ]
    for (const body of bodies) {
      const answer = await world.call('/v1.0/messages/batch', { method: 'POST', headers, body })
      expect(answer.status).toBe(400)
      expect(answer.text.length).toBeLessThan(10_000)
    }
    // Checked before anything else: with or without a key, and in any field.
    for (const depth of [40, 30_000]) {
      const body = `{"text":${'['.repeat(depth)}${']'.repeat(depth)}}`
      const answer = await world.call('/v1.0/messages', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      expect(answer.body).toMatchObject({ code: 'invalid-body', detail: expect.stringContaining('more than 32 levels deep') })
    }
  })

  it('the worst known bodies', async () => {
    const bodies = [
      '['.repeat(65_000),
      '[['.repeat(16_000) + ']]'.repeat(16_000),
      `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      `{"to":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      `{"__proto__":{"to":"x"},"constructor":{"prototype":{"x":1}}}`,
      `{"ttl":${'9'.repeat(60_000)}}`,
      `{"ttl":1e${'9'.repeat(60_000)}}`,
      `{"to":"${'9'.repeat(60_000)}"}`,
      `{"sendAt":"${'2026-'.repeat(12_000)}"}`,
      `{"text":"${'\\ud800'.repeat(10_000)}"}`,
      `{${Array.from({ length: 7000 }, (_, i) => `"${i}":0`).join(',')}}`,
      `{${'"to":"x",'.repeat(7000)}"to":"x"}`,
      '\ufeff{}',
      '\0'.repeat(60_000),
    ]
    for (const body of bodies) {
      const answer = await world.call('/v1.0/messages', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      expect(answer.status).toBe(400)
      expect(answer.text.length).toBeLessThan(10_000)
    }
  })
})
