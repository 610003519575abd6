import { describe, expect, test } from 'vitest'
import { type OperatorRegistry, openOperatorRegistry, openRegistry } from '../../../src/registry/index.ts'
import { freshId, problemOf } from '../fixtures.ts'
import type { Fault } from './lambda-server.ts'
import { functionName, remoteWorld, stranger } from './world.ts'

const throttled: Fault = { kind: 'throttled' }
const fails: Fault = { kind: 'fails' }
const reset: Fault = { kind: 'reset' }

describe('opening a function', () => {
  test.each(['lambda:', 'lambda:a b', 'lambda:x@nowhere', 'lambda:x@', 'lambda:../x', `lambda:${'x'.repeat(65)}`])(
    '%j is not a function address',
    async (address) => {
      expect(await problemOf(openOperatorRegistry(address))).toMatchObject({ code: 'config-invalid', exit: 2 })
    },
  )
  test('a gateway cannot use one', async () => {
    expect(await problemOf(openRegistry('lambda:apigw-test-admin'))).toMatchObject({ code: 'config-invalid' })
  })
  test('the address is shown unchanged', async () => {
    const { open } = await remoteWorld()
    const registry = await open(`lambda:${functionName}@ap-northeast-2`)
    expect(registry.address).toBe(`lambda:${functionName}@ap-northeast-2`)
    expect((await registry.health()).engine).toBe('sqlite')
  })
  test('a function that does not exist is named, with its region', async () => {
    const { open } = await remoteWorld()
    const problem = await problemOf(open('lambda:apigw-test-admni@ap-northeast-2'))
    expect(problem).toMatchObject({ code: 'function-unknown', exit: 2, next: expect.stringContaining('apigw deploy admin') })
    expect(problem.message).toContain('"apigw-test-admni"')
    expect(problem.message).toContain('ap-northeast-2')
  })
  test('without permission to look it up: the error names the missing permission', async () => {
    const { open, server } = await remoteWorld()
    Object.assign(process.env, server.env(stranger))
    const problem = await problemOf(open())
    expect(problem.code).toBe('aws-denied')
    expect(`${problem.message} ${problem.next}`).toContain('lambda:GetFunctionUrlConfig')
  })
  test('with keys that AWS does not know', async () => {
    const { open } = await remoteWorld()
    process.env.AWS_ACCESS_KEY_ID = 'AKIANOBODY'
    expect(await problemOf(open())).toMatchObject({ code: 'aws-credentials' })
  })
  test('without credentials', async () => {
    const { open } = await remoteWorld()
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) delete process.env[name]
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    })
    expect(await problemOf(open())).toMatchObject({ code: 'aws-credentials', next: expect.stringContaining('aws sso login') })
  })
  test('a URL that is open to everyone is not used', async () => {
    const { open, server } = await remoteWorld({ authType: 'NONE' })
    expect(await problemOf(open())).toMatchObject({ code: 'caller-unknown', message: expect.stringContaining('NONE') })
    expect(server.requests).toBe(0)
  })
})

describe('a query', () => {
  test('without permission to call it: the error names the missing permissions', async () => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    server.faults.push({
      kind: 'says',
      status: 403,
      body: '{"Message":"Forbidden"}',
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
    })
    const problem = await problemOf(registry.customers())
    expect(problem).toMatchObject({ code: 'aws-denied' })
    expect(problem.next).toContain('lambda:InvokeFunctionUrl')
    expect(problem.next).toContain('lambda:InvokedViaFunctionUrl')
  })
  test.each([
    ['The security token included in the request is expired', /sign-in has expired/],
    ['The security token included in the request is invalid.', /does not accept these credentials/],
    ['Signature expired: 20260907T000000Z is now earlier than 20260907T120000Z', /does not accept these credentials/],
  ])('"%s" is reported as a credentials problem', async (message, said) => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    server.faults.push({ kind: 'says', status: 403, body: JSON.stringify({ message }) })
    expect(await problemOf(registry.customers())).toMatchObject({ code: 'aws-credentials', message: expect.stringMatching(said) })
  })
  test('a wrong secret is refused', async () => {
    const { open, server } = await remoteWorld()
    process.env.AWS_SECRET_ACCESS_KEY = 'guessed'
    const registry = await open()
    expect(await problemOf(registry.customers())).toMatchObject({ code: 'aws-credentials' })
    expect(server.runs).toBe(0)
  })

  test.each([
    ['throttled', [throttled, throttled]],
    ['failed', [fails, fails]],
    ['cut off', [reset, reset]],
  ])('a query that was %s twice succeeds at the third try', async (_, faults) => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    server.faults.push(...faults)
    expect(await registry.customers()).toEqual([])
    expect(server.requests).toBe(3)
  })
  test.each([
    ['throttled', throttled, { code: 'aws-throttled', retryable: true }],
    ['failed', fails, { code: 'function-failed', next: expect.stringContaining('log') }],
    ['cut off', reset, { code: 'registry-unavailable' }],
  ] as const)('a query that is always %s ends after three tries', async (_, fault, problem) => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    server.faults.push(fault, fault, fault, fault)
    expect(await problemOf(registry.customers())).toMatchObject(problem)
    expect(server.requests).toBe(3)
  })
  test('a function that hangs is not awaited again', async () => {
    const { open, server } = await remoteWorld({ tryMs: 150 })
    const registry = await open()
    server.faults.push({ kind: 'hang' })
    expect(await problemOf(registry.customers())).toMatchObject({
      code: 'registry-unavailable',
      message: expect.stringContaining('no answer within 0.15 seconds'),
    })
    expect(server.requests).toBe(1)
  })
  test('without a network: the error says so', async () => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    await server.close()
    expect(await problemOf(registry.customers())).toMatchObject({
      code: 'registry-unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
      next: expect.stringContaining('network'),
    })
  })

  test.each([
    ['a different version', '{"apigw":1,"result":[]}', /uses protocol version 1\. This command uses version 2/],
    ['no version', '[]', /does not speak the protocol of apigw/],
    ['no JSON', 'Hello from Lambda!', /does not speak the protocol of apigw/],
  ])('a function that answers with %s', async (_, body, said) => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    server.faults.push({ kind: 'says', status: 200, body })
    const problem = await problemOf(registry.customers())
    expect(problem).toMatchObject({ code: 'version-mismatch', next: expect.stringContaining('apigw deploy admin') })
    expect(problem.message).toMatch(said)
  })
  test('an unknown error code from a newer function is shown with its own message', async () => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    const problem = { code: 'brand-new', message: 'The moon is full.', next: 'wait' }
    server.faults.push({ kind: 'says', status: 200, body: JSON.stringify({ apigw: 2, problem }) })
    expect(await problemOf(registry.customers())).toMatchObject({
      code: 'function-failed',
      message: problem.message,
      next: 'wait',
    })
  })
  test('a problem from the function arrives complete, without its cause', async () => {
    const { open, server } = await remoteWorld({ open: () => openRegistry('redis://127.0.0.1:1') })
    const registry = await open()
    const problem = await problemOf(registry.customers())
    expect(problem).toMatchObject({ code: 'registry-unavailable', next: 'apigw doctor', retryAfterMs: 1000 })
    expect(problem.cause).toBeUndefined()
    expect(problem.message).toContain('redis://127.0.0.1:1')
    expect(server.requests).toBe(1)
  })
  test('at most ten at once', async () => {
    let running = 0
    let most = 0
    const { promise: enough, resolve } = Promise.withResolvers<void>()
    const profile = async () => {
      most = Math.max(most, ++running)
      // The ten are held for as long as an eleventh would take to arrive. If one arrives, the wait ends.
      if (running === 10) setTimeout(resolve, 300)
      if (running > 10) resolve()
      await enough
      running--
      return undefined
    }
    const { open, behind } = await remoteWorld({
      open: async () => ({ ...behind, address: '', profile, close: async () => undefined }),
    })
    const registry = await open()
    await Promise.all(Array.from({ length: 40 }, () => registry.profile('acme')))
    expect(most).toBe(10)
  })
})

describe('a change is never made twice', () => {
  const actor = { who: 'tester', from: 'here' }
  const add = (registry: OperatorRegistry, customer: string) =>
    registry.change({ kind: 'addCustomer', customer, keys: [] }, actor)

  test('one that was throttled is sent again: the function did not run', async () => {
    const { open, server, behind } = await remoteWorld()
    const registry = await open()
    const id = freshId()
    server.faults.push(throttled, throttled)
    expect(await add(registry, id)).toMatchObject({ done: true })
    expect(server.runs).toBe(1)
    expect(await behind.history(id, 10)).toHaveLength(1)
  })
  test.each([
    ['failed', fails],
    ['was cut off before it ran', reset],
    ['was cut off after it ran', { kind: 'reset-after' }],
  ] as const)('one whose function %s is not sent again, and its outcome is reported as unknown', async (_, fault) => {
    const { open, server, behind } = await remoteWorld()
    const registry = await open()
    const id = freshId()
    server.faults.push(fault)
    const problem = await problemOf(add(registry, id))
    expect(problem).toMatchObject({
      code: 'outcome-unknown',
      retryable: false,
      next: expect.stringContaining(`customer show ${id}`),
    })
    expect(server.requests).toBe(1)
    expect(await behind.history(id, 10)).toHaveLength(fault.kind === 'reset-after' ? 1 : 0)
  })
  test('nor is one of a shared document', async () => {
    const { open, server, behind } = await remoteWorld()
    const registry = await open()
    server.faults.push({ kind: 'reset-after' })
    const route = { api: 'messages', environment: 'live', targets: ['sms'] } as const
    const problem = await problemOf(registry.change({ kind: 'addDefaultRoute', route }, actor))
    expect(problem).toMatchObject({ code: 'outcome-unknown' })
    expect(server.runs).toBe(1)
    expect(await behind.history('*', 10)).toHaveLength(1)
  })
})

describe('a request or an answer that is too large', () => {
  test('is refused before it is sent', async () => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    const text = 'x'.repeat(5_000_000)
    const change = { kind: 'writeNotes', name: 'waf:123456789012:ap-northeast-2:x', text } as const
    expect(await problemOf(registry.change(change, { who: 'tester', from: 'here' }))).toMatchObject({
      code: 'body-too-large',
      message: expect.stringContaining('4194304'),
    })
    expect(server.requests).toBe(0)
  })
  test('is reported as such when Lambda refuses it', async () => {
    const { open, server } = await remoteWorld()
    const registry = await open()
    server.faults.push({ kind: 'says', status: 413, body: '{"Message":"Request must be smaller than 6291456 bytes"}' })
    expect(await problemOf(registry.customers())).toMatchObject({ code: 'body-too-large' })
  })
  test('a list of 100,000 customers fits in one answer, compressed', async () => {
    const customers = Array.from({ length: 100_000 }, (_, index) => ({
      id: `customer-${index}`,
      name: `고객 ${index * 7919}`,
      state: 'active' as const,
      timeZone: 'Asia/Seoul',
      createdAt: 1_700_000_000_000 + index * 7919,
    }))
    const { open, behind } = await remoteWorld({
      open: async () => ({ ...behind, address: '', customers: async () => customers, close: async () => undefined }),
    })
    const registry = await open()
    expect(await registry.customers()).toEqual(customers)
  })
})
