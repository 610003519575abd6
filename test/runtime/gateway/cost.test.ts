import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { masterKeysFrom } from '../../../src/domain/seal.ts'
import { contentDigest } from '../../../src/domain/signature.ts'
import type { HttpRequest } from '../../../src/runtime/gateway/http/http.ts'
import { type Sqs, startSqs } from '../../support/sqs.ts'
import { authorization, message, startWorld, type World } from '../../support/world.ts'

const masterKeys = masterKeysFrom(Buffer.alloc(32, 7).toString('base64'))
let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

/** The CPU limit of this thread in microseconds, for any input below the size limit. Other load does not count. */
const maxCpuUs = 20_000
/** Below this, the resolution of the clock (some 4 ms on some kernels) would decide. */
const measurableUs = 2_000
const rounds = 10
const maxAttempts = 3
/** The limit of registry calls per call. */
const maxAsks = 6
/** Total size of the headers of a request (`maxHeaderSize`). */
const headerBytes = 16_384
const bodyBytes = 65_536

type Asked = Pick<HttpRequest, 'method' | 'target'> & { headers: Record<string, string>; body?: string }

let caller = 0
/** Each call has its own address, so that failed attempts are not delayed. */
function requestOf({ method, target, headers, body = '' }: Asked): HttpRequest {
  caller += 1
  return {
    method,
    target,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
    body: Buffer.from(body),
    origin: 'http://a',
    address: `10.${(caller >> 16) & 255}.${(caller >> 8) & 255}.${caller & 255}`,
  }
}

/** CPU microseconds per call, averaged over several. */
async function costOf(world: World, asked: Asked, rounds: number): Promise<number> {
  let total = 0
  for (let round = 0; round < rounds; round++) {
    const request = requestOf(asked)
    const asksBefore = world.registryCalls()
    const before = process.threadCpuUsage()
    const { status } = await world.gateway.handle(request)
    const { user, system } = process.threadCpuUsage(before)
    total += user + system
    expect(status).not.toBe(500)
    // One to authenticate, one or two to find a new token key, three to admit with the default route.
    expect(world.registryCalls()).toBeLessThanOrEqual(asksBefore + maxAsks)
  }
  return total / rounds
}

/**
 * The longest input must stay within the limit, and when it needs half of that, growth must be at most linear:
 * a slower machine would exceed the limit, and a backtracking pattern takes four times as long for twice the length.
 */
async function expectCheap(world: World, asked: (length: number) => Asked, maxLength: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if ((await costOf(world, asked(maxLength), 1)) < measurableUs) return
    const whole = await costOf(world, asked(maxLength), rounds)
    const isLinear = whole <= maxCpuUs / 2 || whole / (await costOf(world, asked(maxLength / 2), rounds)) < 3
    if (isLinear && whole < maxCpuUs) return
    // A garbage collection can fall into one measurement. An input that is really expensive is expensive every time.
    if (attempt === maxAttempts) expect.fail(`${Math.round(whole)} µs of CPU for an input of ${maxLength} bytes`)
  }
}

/** Texts that cause backtracking: one unit repeated, with something else at the ends. */
const special = fc.constantFrom(...' \t\r\n,;:="\'()[]{}\\/+-.%&?@*_<>aA09가'.split(''))
const pieces = fc.string({ unit: special, maxLength: 4 })
const pumped = fc
  .tuple(pieces, fc.string({ unit: special, minLength: 1, maxLength: 4 }), pieces)
  .map(([before, unit, after]) => (length: number) => {
    const middle = unit.repeat(Math.ceil(length / unit.length)).slice(0, Math.max(0, length - before.length - after.length))
    return before + middle + after
  })

function signed(value: string): Record<string, string> {
  return {
    'x-covered': value,
    'content-digest': contentDigest(new Uint8Array()),
    'signature-input': `sig=("@method" "@target-uri" "content-digest" "x-covered");created=1795402800;nonce="12345678";keyid="a:b"`,
    signature: 'sig=:AAAA:',
  }
}

const headers = [
  'authorization',
  'signature',
  'signature-input',
  'content-digest',
  'content-type',
  'idempotency-key',
  'x-request-id',
  'cookie',
] as const

/** The header formats that each scheme's parser handles. */
const prefixes = ['', 'Basic ', 'Bearer ', 'sig=', 'sig=(', 'sig=:', 'sha-256=:', '"', 'application/'] as const

const runs = { numRuns: 150, endOnFailure: true }

describe('an anonymous call is cheap, whatever it contains', () => {
  it('in a header', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const header = fc.tuple(fc.constantFrom(...headers), fc.constantFrom(...prefixes), pumped)
    await fc.assert(
      fc.asyncProperty(header, ([name, prefix, pump]) =>
        expectCheap(
          world,
          (length) => ({
            method: 'POST',
            target: '/v1.0/messages',
            headers: { ...signed(''), [name]: prefix + pump(length - prefix.length) },
          }),
          headerBytes,
        ),
      ),
      runs,
    )
  })

  it.each([
    ['white space', (length: number) => `a${' '.repeat(length)}b`],
    ['tabs', (length: number) => `a${'\t'.repeat(length)}b`],
    ['line ends', (length: number) => `a${'\r\n'.repeat(length / 2)}b`],
    ['folded lines', (length: number) => `a${'\r\n '.repeat(length / 3)}b`],
    ['carriage returns', (length: number) => `a${'\r'.repeat(length)}b`],
  ])('in a header that its signature covers: %s', async (_, value) => {
    const world = await startWorld({ endpoint: sqs.endpoint, masterKeys })
    await expectCheap(
      world,
      (length) => ({ method: 'POST', target: '/v1.0/messages', headers: signed(value(length)) }),
      headerBytes,
    )
  })

  it('in any header that its signature covers', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, masterKeys })
    await fc.assert(
      fc.asyncProperty(pumped, (pump) =>
        expectCheap(
          world,
          (length) => ({ method: 'POST', target: '/v1.0/messages', headers: signed(pump(length)) }),
          headerBytes,
        ),
      ),
      runs,
    )
  })

  it('in its target', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const place = fc.tuple(fc.constantFrom('/', '/v1.0/messages/', '/v1.0/reports?', '/test/v1.0/reports?cursor='), pumped)
    await fc.assert(
      fc.asyncProperty(place, ([path, pump]) =>
        expectCheap(world, (length) => ({ method: 'GET', target: path + pump(length), headers: {} }), headerBytes),
      ),
      runs,
    )
  })
})

describe('an authenticated call is cheap, whatever it contains', () => {
  const json = (world: World) => ({ authorization: authorization(world.live.basic), 'content-type': 'application/json' })

  it('in its query', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const place = fc.tuple(fc.constantFrom('', 'cursor=', 'wait=', 'limit=', '&'), pumped)
    await fc.assert(
      fc.asyncProperty(place, ([query, pump]) =>
        expectCheap(
          world,
          (length) => ({ method: 'GET', target: `/v1.0/reports?${query}${pump(length)}`, headers: json(world) }),
          headerBytes,
        ),
      ),
      runs,
    )
  })

  it('in a field of a message', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const field = fc.tuple(fc.constantFrom('to', 'from', 'text', 'type', 'subject', 'ref', 'sendAt', 'media', 'ttl', 'x'), pumped)
    await fc.assert(
      fc.asyncProperty(field, ([name, pump]) =>
        expectCheap(
          world,
          (length) => ({
            method: 'POST',
            target: '/v1.0/messages',
            headers: json(world),
            body: JSON.stringify({ ...message, [name]: pump(length - 400) }).slice(0, bodyBytes),
          }),
          bodyBytes / 2,
        ),
      ),
      runs,
    )
  })

  it('in the bytes of its body', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const path = fc.constantFrom('/v1.0/messages', '/v1.0/messages/lookup', '/v1.0/token')
    await fc.assert(
      fc.asyncProperty(fc.tuple(path, pumped), ([target, pump]) =>
        expectCheap(world, (length) => ({ method: 'POST', target, headers: json(world), body: pump(length) }), bodyBytes),
      ),
      runs,
    )
  })

  it.each<[string, string, (length: number) => string]>([
    ['numbers instead of ids', '/v1.0/messages/lookup', (length) => `{"ids":[${'0,'.repeat(length / 2)}0]}`],
    ['ids of one letter', '/v1.0/messages/lookup', (length) => `{"ids":[${'"a",'.repeat(length / 4)}"a"]}`],
    ['unknown fields', '/v1.0/messages', (length) => `{${Array.from({ length: length / 12 }, (_, i) => `"k${i}":0`).join(',')}}`],
    ['media without end', '/v1.0/messages', (length) => `{"media":[${'"a",'.repeat(length / 4)}"a"]}`],
  ])('in a body of %s', async (_, target, body) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    await expectCheap(world, (length) => ({ method: 'POST', target, headers: json(world), body: body(length) }), bodyBytes - 100)
  })

  it.each<[string, (length: number) => string]>([
    ['numbers', (length) => `{"messages":[${'0,'.repeat(length / 2)}0]}`],
    ['empty messages', (length) => `{"messages":[${'{},'.repeat(length / 3)}{}]}`],
    ['500 messages of unknown fields', (length) => `{"messages":[${fieldsFor(length)}]}`],
    ['500 messages of long texts', (length) => `{"messages":[${textsFor(length)}]}`],
  ])('in a batch of %s, compared with parsing its JSON', async (_, body) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const length = 2_000_000
    const text = body(length)
    const before = process.threadCpuUsage()
    for (let round = 0; round < rounds; round++) JSON.parse(text)
    const { user, system } = process.threadCpuUsage(before)
    const parse = (user + system) / rounds
    const target = '/v1.0/messages/batch'
    const ask = (size: number) => ({ method: 'POST', target, headers: json(world), body: body(size) })
    expect(await costOf(world, ask(length), rounds)).toBeLessThan(3 * maxCpuUs + 4 * parse)
  })
})

function fieldsFor(length: number): string {
  const fields = Array.from({ length: length / 500 / 12 }, (_, i) => `"k${i}":"v"`).join(',')
  return Array.from({ length: 500 }, () => `{${fields}}`).join(',')
}

function textsFor(length: number): string {
  return Array.from({ length: 500 }, () => JSON.stringify({ ...message, text: '가'.repeat(length / 500 / 4) })).join(',')
}
