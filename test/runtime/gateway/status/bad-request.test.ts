import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { message, noon, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

/** A refused call takes nothing and sends nothing. */
async function expectNothingTaken(world: World): Promise<void> {
  expect(await world.left()).toEqual({ day: 1000 })
  expect(sqs.envelopes(liveQueue, world.customer)).toEqual([])
}

const json = { 'content-type': 'application/json' }

describe('400 invalid-body', () => {
  it.each([
    ['no body', ''],
    ['half of a body', JSON.stringify(message).slice(0, 60)],
    ['a word, which the parser would quote', 'swordfish'],
    ['two values', `${JSON.stringify(message)} {}`],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22])],
    ['a byte order mark', `\ufeff${JSON.stringify(message)}`],
    ['a comment', `// ${message.text}\n{}`],
  ])('is the answer to %s', async (_, body) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.call('/v1.0/messages', { method: 'POST', headers: json, body })
    expectProblem(answer, 'invalid-body', world)
    await expectNothingTaken(world)
  })
})

describe('400 invalid-request', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['missing fields', { to: undefined, from: undefined }, ['/to', '/from']],
    ['a recipient that is not a number', { to: 'stranger' }, ['/to']],
    ['a representative number as recipient', { to: '1588-1234' }, ['/to']],
    ['a wrong type', { text: 7 }, ['/text']],
    ['an empty text', { text: '' }, ['/text']],
    ['a character that EUC-KR lacks', { text: 'hi \u{1f600}' }, ['/text']],
    ['a lone surrogate', { text: 'hi \ud800' }, ['/text']],
    ['a text that is too long for an SMS', { type: 'sms', text: '가'.repeat(46) }, ['/text']],
    ['a text that is too long for any type', { text: '가'.repeat(1001) }, ['/text']],
    ['a subject for an SMS', { type: 'sms', subject: 'hello' }, ['/subject']],
    ['a ref with a space', { ref: 'a b' }, ['/ref']],
    ['an unsupported type', { type: 'fax' }, ['/type']],
    ['an invalid time', { sendAt: 'tomorrow' }, ['/sendAt']],
    ['a time without a zone', { sendAt: '2026-11-24T00:00:00' }, ['/sendAt']],
    ['a time too far ahead', { sendAt: new Date(noon + 31 * 86_400_000).toISOString() }, ['/sendAt']],
    ['a time to live of zero', { ttl: 0 }, ['/ttl']],
    ['an enormous time to live', { ttl: 1e300 }, ['/ttl']],
    ['unknown fields, each with its pointer', { txet: 'x', 'a/b~c': 1 }, ['/txet', '/a~1b~0c']],
  ])('names %s', async (_, changes, pointers) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.post(changes)
    expectProblem(answer, 'invalid-request', world)
    const errors = answer.body.errors as { pointer: string; detail: string }[]
    expect(new Set(errors.map(({ pointer }) => pointer))).toEqual(new Set(pointers))
    expect(errors.every(({ detail }) => detail.length > 0)).toBe(true)
    await expectNothingTaken(world)
  })

  it.each([['null'], ['[]'], ['"text"'], ['7'], ['{"__proto__":{"to":"x"}}']])(
    'reports the whole body when it is %s',
    async (body) => {
      const world = await startWorld({ endpoint: sqs.endpoint })
      expectProblem(await world.call('/v1.0/messages', { method: 'POST', headers: json, body }), 'invalid-request', world)
    },
  )

  it('reports the position of the character that EUC-KR lacks, and nothing else of the text', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.post({ text: '가나다 \u{1f600} secret' })
    expect(answer.body.errors).toEqual([
      { pointer: '/text', detail: 'has the character U+1F600 at position 4, which EUC-KR cannot hold' },
    ])
    expect(answer.text).not.toContain('secret')
  })

  it('reports at most twenty fields', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, i]))
    expect((await world.post(fields(25))).body.errors).toHaveLength(20)
    const { errors } = (await world.post(fields(200))).body
    expect(errors).toEqual([{ pointer: '', detail: 'has more than 32 fields' }])
  })
})

describe('400 invalid-idempotency-key', () => {
  it.each([
    ['an empty one', ''],
    ['empty quotes', '""'],
    ['one with a space', 'a b'],
    ['an open quote', '"a'],
    ['one of 256 characters', 'k'.repeat(256)],
    ['letters outside ASCII', 'caf\u00e9'],
  ])('refuses %s', async (_, key) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await world.post({}, { 'idempotency-key': key }), 'invalid-idempotency-key', world)
    await expectNothingTaken(world)
  })
})

describe('415', () => {
  it.each([
    ['no type', {}],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', { 'content-type': 'text/plain' }],
    ['a type with a similar name', { 'content-type': 'application/jsonp' }],
    ['a compressed body', { ...json, 'content-encoding': 'gzip' }],
  ])('refuses %s', async (_, headers) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const body = new TextEncoder().encode(JSON.stringify(message))
    expectProblem(await world.call('/v1.0/messages', { method: 'POST', headers, body }), 'unsupported-media-type', world)
    await expectNothingTaken(world)
  })
})

describe('404 and 405', () => {
  it.each(['/v1.0', '/v1.0/', '/v1.0/messages/', '/v2.0/messages', '/test', '/test/test/v1.0/messages', '/V1.0/messages'])(
    'the gateway has no endpoint at %s',
    async (path) => {
      const world = await startWorld({ endpoint: sqs.endpoint })
      expectProblem(await world.call(path), 'not-found', world)
      expect(world.observations.map((one) => one.path)).toEqual(['unknown'])
    },
  )

  it.each([
    ['GET', '/v1.0/messages/batch', 'POST'],
    ['DELETE', '/v1.0/messages', 'GET, POST'],
    ['PUT', '/test/v1.0/messages', 'GET, POST'],
    ['PUT', '/v1.0/messages/m1', 'DELETE, GET'],
    ['PATCH', '/v1.0/suppressions', 'POST, GET, DELETE'],
    ['POST', '/v1.0/quota', 'GET'],
    ['OPTIONS', '/v1.0/quota', 'GET'],
  ])('does not accept %s at %s', async (method, path, allow) => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.call(path, { method })
    expectProblem(answer, 'method-not-allowed', world)
    expect(answer.headers.get('allow')).toBe(allow)
  })
})

describe('500', () => {
  it('logs the error for the operator, and discloses nothing to the caller', async () => {
    const run = () => Promise.reject(new Error(`bug with ${message.text}`))
    const endpoints = [
      { path: '/v1.0/bug', endpoint: { method: 'GET', path: '/bug', description: { summary: '', answers: {} }, run } },
    ] as const
    const world = await startWorld({ endpoint: sqs.endpoint, endpoints })
    expectProblem(await world.call('/v1.0/bug'), 'internal-error', world)
    expect(world.observations).toMatchObject([
      { status: 500, code: 'internal-error', error: { message: `bug with ${message.text}` } },
    ])
  })
})
