import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { digestOf, newKeyId, newSecret } from '../../../src/domain/credential.ts'
import type { Registry } from '../../../src/registry/index.ts'
import { openRegistry } from '../../../src/registry/index.ts'
import { type AdminHandler, createAdmin } from '../../../src/runtime/admin/index.ts'
import { entryOf, freshId, profileOf } from '../../registry/fixtures.ts'
import { account, region, urlEvent, user } from '../../registry/remote/lambda-server.ts'

const name = 'apigw-test-admin'
const invokedFunctionArn = `arn:aws:lambda:${region}:${account}:function:${name}`
const operator = user('operator')

interface World {
  readonly handler: AdminHandler
  readonly registry: Registry
  readonly log: Record<string, unknown>[]
  /** Sends a request as the Function URL does for an authenticated caller. */
  ask(method: string, params: unknown): Promise<Answer>
}
interface Answer {
  readonly apigw: number
  readonly result?: unknown
  readonly problem?: {
    readonly code: string
    readonly message: string
    readonly next?: string
    readonly errors?: { pointer: string }[]
  }
}

const key = { keyId: newKeyId('live'), environment: 'live', side: { scheme: 'basic', digest: digestOf(newSecret('live')) } }

const request = (method: string, params: unknown): string => JSON.stringify({ apigw: 2, method, params })

async function answerTo(handler: AdminHandler, event: unknown, awsRequestId: string): Promise<Answer> {
  const { statusCode, body } = await handler(event, { awsRequestId, invokedFunctionArn })
  expect(statusCode).toBe(200)
  return JSON.parse(body)
}

async function world(more: { open?: () => Promise<Registry>; trusting?: boolean } = {}): Promise<World> {
  const registry = await openRegistry('sqlite::memory:')
  const log: Record<string, unknown>[] = []
  const handler = createAdmin({
    open: async () => ({
      address: 'test',
      now: () => registry.now(),
      usage: (...of) => registry.usage(...of),
      counts: (...of) => registry.counts(...of),
      open: (...of) => registry.open(...of),
      credential: (...of) => registry.credential(...of),
      profile: (id) => registry.profile(id),
      profiles: (after, most) => registry.profiles(after, most),
      customers: () => registry.customers(),
      history: (...of) => registry.history(...of),
      document: (one) => registry.document(one),
      change: (...of) => registry.change(...of),
      health: () => registry.health(),
      ready: () => registry.ready(),
      revive: () => registry.revive(),
      close: async () => undefined,
    }),
    now: () => 1_000,
    log: (event, fields) => void log.push({ event, ...fields }),
    ...more,
  })
  const ask = (method: string, params: unknown): Promise<Answer> => {
    const id = randomUUID()
    return answerTo(handler, urlEvent(request(method, params), id, operator), id)
  }
  return { handler, registry, log, ask }
}

describe('the caller', () => {
  test('is named in the audit log as AWS proved it, with a description of the change', async () => {
    const { ask, registry } = await world()
    const id = freshId()
    expect(await ask('change', { change: { kind: 'addCustomer', customer: id, keys: [] } })).toMatchObject({
      apigw: 2,
      result: { done: true, profile: { customer: { id } } },
    })
    await ask('change', { change: { kind: 'removeCustomer', customer: id } })
    const route = { api: 'messages', environment: 'live', targets: ['sms'] }
    await ask('change', { change: { kind: 'addDefaultRoute', route } })
    const by = { who: operator.arn, from: '203.0.113.9' }
    expect(await registry.history(undefined, 10)).toMatchObject([
      { ...by, customer: '*', what: 'route live messages: sms' },
      { ...by, customer: id, what: 'customer removed' },
      { ...by, customer: id, what: 'customer added' },
    ])
  })
  test.each([
    ['words', { what: 'nothing to see here' }],
    ['a name', { who: 'arn:aws:iam::123456789012:user/boss', actor: { who: 'boss', from: 'x' } }],
    ['a line', { entry: { at: 5, who: 'boss', from: 'elsewhere', customer: 'another', what: 'added' } }],
  ])('cannot send %s for the audit log', async (_, more) => {
    const { ask, registry } = await world()
    const change = { kind: 'addCustomer', customer: 'acme', keys: [] }
    expect((await ask('change', { change, ...more })).problem?.code).toBe('invalid-request')
    expect((await ask('change', { change: { ...change, ...more } })).problem?.code).toBe('invalid-request')
    expect(await registry.history(undefined, 10)).toEqual([])
  })

  test('is refused with a forged event sent by Invoke, and nothing changes', async () => {
    const { handler, registry, log } = await world()
    const id = freshId()
    const body = request('change', { change: { kind: 'addCustomer', customer: id, keys: [] } })
    for (const guessed of ['', 'e1506fd5-9e7b-434f-bd42-4f8fa224b599', randomUUID()]) {
      const { problem } = await answerTo(handler, urlEvent(body, guessed, user('boss')), randomUUID())
      expect(problem).toMatchObject({ code: 'caller-unknown', message: expect.stringContaining('did not come from the URL') })
    }
    expect(await registry.profile(id)).toBeUndefined()
    expect(log.map(({ code, who }) => [code, who])).toEqual(Array.from({ length: 3 }, () => ['caller-unknown', undefined]))
  })
  test('is accepted from an event with a different request id when the function trusts events', async () => {
    const { handler } = await world({ trusting: true })
    const answer = await answerTo(handler, urlEvent(request('customers', {}), 'another', operator), randomUUID())
    expect(answer).toEqual({ apigw: 2, result: [] })
  })
  test.each([
    ['an Invoke with a request', { apigw: 1, method: 'customers', params: {} }],
    ['an Invoke with null', null],
    ['an SQS event', { Records: [] }],
    ['an API Gateway event', { version: '2.0', headers: {}, requestContext: { http: {} } }],
  ])('is not proved by %s', async (_, event) => {
    const { handler } = await world()
    const { problem } = await answerTo(handler, event, randomUUID())
    expect(problem).toMatchObject({ code: 'caller-unknown', message: expect.stringContaining('called through its URL') })
  })
  test('a URL that does not authenticate its callers serves none', async () => {
    const { handler } = await world()
    const id = randomUUID()
    const { problem } = await answerTo(handler, urlEvent(request('customers', {}), id, undefined), id)
    expect(problem).toMatchObject({ code: 'caller-unknown', message: expect.stringContaining('AWS_IAM') })
  })
  test.each([
    ['of a different account', user('boss', '210987654321').arn],
    ['with an invalid ARN', 'boss'],
    ['with a line break', `${operator.arn}\n{"event":"forged"}`],
    ['of a service', 'arn:aws:lambda:ap-northeast-2:123456789012:function:x'],
  ])('a caller %s', async (_, arn) => {
    const { handler, log } = await world()
    const id = randomUUID()
    const { problem } = await answerTo(handler, urlEvent(request('customers', {}), id, { ...operator, arn }), id)
    expect(problem?.code).toBe('caller-unknown')
    expect(log[0]).not.toHaveProperty('who')
  })
  test.each(['arn:aws:iam::123456789012:root', 'arn:aws-cn:sts::123456789012:assumed-role/admin/kim@example.com'])(
    '%s is a valid one',
    async (arn) => {
      const { handler } = await world()
      const id = randomUUID()
      expect(await answerTo(handler, urlEvent(request('customers', {}), id, { ...operator, arn }), id)).toEqual({
        apigw: 2,
        result: [],
      })
    },
  )
})

describe('what may be requested', () => {
  // The first five used to write whatever was sent, such as the refund of a reservation that was never made.
  test.each(['settle', 'admit', 'save', 'remove', 'saveDocument', 'constructor', '__proto__', 'close', 'flushall', ''])(
    'the method %j does not exist',
    async (method) => {
      const { ask } = await world()
      expect((await ask(method, {})).problem).toMatchObject({
        code: 'invalid-request',
        next: expect.stringContaining('apigw deploy admin'),
      })
    },
  )
  test.each([
    ['an earlier version', JSON.stringify({ apigw: 1, method: 'customers', params: {} }), 'version-mismatch'],
    ['a later version', JSON.stringify({ apigw: 3, method: 'customers', params: {} }), 'version-mismatch'],
    ['no version', JSON.stringify({ method: 'customers', params: {} }), 'invalid-request'],
    ['no JSON', '{', 'invalid-request'],
    ['nothing', '', 'invalid-request'],
    ['a list', '[]', 'invalid-request'],
  ])('a request with %s', async (_, body, code) => {
    const { handler } = await world()
    const id = randomUUID()
    expect((await answerTo(handler, urlEvent(body, id, operator), id)).problem?.code).toBe(code)
  })
  test('a base64 body is read', async () => {
    const { handler } = await world()
    const id = randomUUID()
    const event = {
      ...urlEvent('', id, operator),
      body: Buffer.from(request('customers', {})).toString('base64'),
      isBase64Encoded: true,
    }
    expect(await answerTo(handler, event, id)).toEqual({ apigw: 2, result: [] })
  })

  const change = (kind: string, more: object = {}) => ['change', { change: { kind, customer: 'acme', ...more } }] as const
  test.each([
    ['an id that would reach a different key', 'profile', { customer: 'a}:usage:live' }, '/params/customer'],
    ['no id', 'profile', {}, '/params/customer'],
    ['an unknown parameter', 'profile', { customer: 'acme', as: 'root' }, '/params/'],
    ['a document with an arbitrary name', 'document', { name: 'x:y' }, '/params/name'],
    ['too much history', 'history', { most: 1e9 }, '/params/most'],
    ['an unknown environment', 'usage', { customer: 'acme', environment: 'prod' }, '/params/environment'],
    ['a change of an unknown kind', ...change('dropEverything'), '/params/change/kind'],
    ['a change with a new field', ...change('removeCustomer', { force: true }), '/params/change'],
    ['a whole profile', ...change('addCustomer', { keys: [], profile: profileOf('acme') }), '/params/change'],
    [
      'a limit that is not a number',
      ...change('setQuota', { environment: 'live', change: { day: '1' } }),
      '/params/change/change/day',
    ],
    [
      'a secret where its digest belongs',
      ...change('issueKey', { key: { ...key, side: { scheme: 'basic', digest: newSecret('live') } } }),
      '/params/change/key/side/digest',
    ],
    [
      'a key of an unknown scheme',
      ...change('issueKey', { key: { ...key, side: { scheme: 'none', digest: '0' } } }),
      '/params/change/key/side/scheme',
    ],
    [
      'a key with an id of another form',
      ...change('issueKey', { key: { ...key, keyId: 'ak_live_x' } }),
      '/params/change/key/keyId',
    ],
    [
      'a key with a beginning in the past of its own',
      ...change('issueKey', { key: { ...key, createdAt: 1 } }),
      '/params/change/key',
    ],
    ['an id that is too long', 'profile', { customer: `a${'b'.repeat(40)}` }, '/params/customer'],
  ])('%s is refused, with its position', async (_, method, params, pointer) => {
    const { ask, registry } = await world()
    const { problem } = await ask(method, params)
    expect(problem?.code).toBe('invalid-request')
    expect(problem?.errors?.map((error) => error.pointer)).toContain(pointer)
    expect(await registry.customers()).toEqual([])
  })
})

describe('what it reports', () => {
  test('a bug is reported with the request id, and its stack stays in the log', async () => {
    const { ask, log } = await world({
      open: async () => {
        throw new TypeError('x is not a function')
      },
    })
    const { problem } = await ask('customers', {})
    expect(problem).toMatchObject({ code: 'internal-error' })
    expect(JSON.stringify(problem)).not.toMatch(/TypeError|not a function|\.ts:/)
    const [line] = log
    expect(line).toMatchObject({
      event: 'failed',
      who: operator.arn,
      method: 'customers',
      stack: expect.stringContaining('TypeError'),
    })
    expect(problem?.message).toContain(String(line?.id))
  })
  test('each request is logged in one line: caller, address, operation, customer and outcome, but no stored data', async () => {
    const { ask, log } = await world()
    const secret = newSecret('live')
    const side = { scheme: 'basic', digest: digestOf(secret) }
    await ask('change', { change: { kind: 'addCustomer', customer: 'acme', keys: [{ ...key, side }] } })
    await ask('credential', { customer: 'acme', keyId: 'k-live' })
    const keys = [{ kid: 'k', sealed: 'v1.00000000.sealed-private-key', mac: 'm' }]
    await ask('change', { change: { kind: 'rewrapTokenKeys', masterId: '00000000', keys } })
    expect(log).toEqual([
      {
        event: 'admin',
        id: expect.any(String),
        who: operator.arn,
        from: '203.0.113.9',
        method: 'change',
        change: 'addCustomer',
        customer: 'acme',
        code: 'ok',
        milliseconds: 0,
      },
      expect.objectContaining({ method: 'credential', customer: 'acme', code: 'ok' }),
      expect.objectContaining({ method: 'change', change: 'rewrapTokenKeys', code: 'ok' }),
    ])
    expect(JSON.stringify(log)).not.toMatch(new RegExp(`${digestOf(secret)}|sealed-private-key|${secret}`))
  })
  test('an answer that is too large for Lambda is a problem, not a failure', async () => {
    const { handler, registry } = await world()
    await registry.save(
      profileOf('acme', { customer: { ...profileOf('acme').customer, name: 'x'.repeat(7_000_000) } }),
      undefined,
      entryOf('acme', 'added'),
    )
    const id = randomUUID()
    expect((await answerTo(handler, urlEvent(request('customers', {}), id, operator), id)).problem).toMatchObject({
      code: 'body-too-large',
    })
  })
})
