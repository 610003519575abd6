import { describe, expect, inject, it } from 'vitest'
import { skewSeconds } from '../../src/domain/signature.ts'
import { revokeKey, setCustomer } from '../../src/operations/customers/index.ts'
import { exchange } from '../support/http.ts'
import { basicHeader, newNonce, type Secured, type SignedCall, signedCall, startSecured } from './world.ts'

const engines = [
  ['SQLite', () => undefined],
  ['Redis', () => inject('redis')],
] as const

const secondsOf = (world: Secured): number => Math.floor(world.clock.now / 1000)

describe.each(engines)('a signed call on %s', (_name, address) => {
  const start = (): Promise<Secured> => {
    const registry = address()
    return startSecured(registry === undefined ? {} : { registry })
  }

  it('is accepted once, and a replay is refused', async () => {
    const world = await start()
    const sign = { nonce: newNonce() }
    expect((await signedCall(world, { sign })).status).toBe(202)
    const copy = await signedCall(world, { sign })
    expect([copy.status, copy.body.code]).toEqual([401, 'nonce-reused'])
    expect(world.sent).toHaveLength(1)
  })

  it('is accepted once when copies arrive at the same time', async () => {
    const world = await start()
    const sign = { nonce: newNonce() }
    const answers = await Promise.all(Array.from({ length: 12 }, () => signedCall(world, { sign })))
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1)
  })

  it('reads the quota without a body, in both environments', async () => {
    const world = await start()
    expect((await signedCall(world, { method: 'GET', path: '/v1.0/quota' })).status).toBe(200)
    const key = world.key('hmac', 'test')
    expect((await signedCall(world, { method: 'GET', path: '/test/v1.0/quota', key })).status).toBe(200)
  })
})

interface Failure {
  readonly what: string
  readonly code: string
  readonly status?: number
  readonly call: (world: Secured) => SignedCall | Promise<SignedCall>
  /** What the test environment returns in addition to the code. */
  readonly help?: readonly string[]
}

const input = (world: Secured, covered: string, rest = ''): string =>
  `sig=(${covered});created=${secondsOf(world)};nonce="${newNonce()}";keyid="${world.customer}:x"${rest}`
const all = '"@method" "@target-uri" "content-digest"'

const failures: readonly Failure[] = [
  { what: 'a malformed input', code: 'signature-invalid', call: () => ({ headers: { 'signature-input': 'sig=(((' } }) },
  { what: 'a malformed signature', code: 'signature-invalid', call: () => ({ headers: { signature: 'sig=:***:' } }) },
  { what: 'no signature', code: 'signature-invalid', call: () => ({ headers: { signature: null } }) },
  { what: 'no input', code: 'signature-invalid', call: () => ({ headers: { 'signature-input': null } }) },
  {
    what: 'a header that is too long',
    code: 'signature-invalid',
    call: () => ({ headers: { signature: `sig=:${'A'.repeat(5000)}:` } }),
  },
  {
    what: 'a different algorithm',
    code: 'signature-invalid',
    call: (world) => ({ headers: { 'signature-input': input(world, all, ';alg="none"') } }),
  },
  {
    what: 'no method',
    code: 'signature-incomplete',
    help: ['lacking'],
    call: (world) => ({ headers: { 'signature-input': input(world, '"@target-uri" "content-digest"') } }),
  },
  {
    what: 'no address',
    code: 'signature-incomplete',
    help: ['lacking'],
    call: (world) => ({ headers: { 'signature-input': input(world, '"@method" "content-digest"') } }),
  },
  {
    what: 'no digest covered',
    code: 'signature-incomplete',
    help: ['lacking'],
    call: (world) => ({ headers: { 'signature-input': input(world, '"@method" "@target-uri"') } }),
  },
  {
    what: 'no time',
    code: 'signature-incomplete',
    help: ['lacking'],
    call: (world) => ({ headers: { 'signature-input': `sig=(${all});nonce="${newNonce()}";keyid="${world.customer}:x"` } }),
  },
  {
    what: 'no nonce',
    code: 'signature-incomplete',
    help: ['lacking'],
    call: (world) => ({ headers: { 'signature-input': `sig=(${all});created=${secondsOf(world)};keyid="a:x"` } }),
  },
  { what: 'a short nonce', code: 'signature-incomplete', help: ['lacking'], call: () => ({ sign: { nonce: 'short' } }) },
  {
    what: 'no key',
    code: 'signature-incomplete',
    help: ['lacking'],
    call: (world) => ({ headers: { 'signature-input': `sig=(${all});created=${secondsOf(world)};nonce="${newNonce()}"` } }),
  },
  {
    what: 'a covered header that is missing',
    code: 'signature-incomplete',
    call: (world) => ({ headers: { 'signature-input': input(world, `${all} "x-missing"`) } }),
  },
  {
    what: 'a slow clock',
    code: 'signature-expired',
    help: ['clock', 'clockDifferenceSeconds', 'serverTime'],
    call: (world) => ({ sign: { created: secondsOf(world) - skewSeconds - 1 } }),
  },
  {
    what: 'a fast clock',
    code: 'signature-expired',
    help: ['clock', 'clockDifferenceSeconds', 'serverTime'],
    call: (world) => ({ sign: { created: secondsOf(world) + skewSeconds + 1 } }),
  },
  {
    what: 'an expiry in the past',
    code: 'signature-expired',
    help: ['clock', 'clockDifferenceSeconds', 'serverTime'],
    call: (world) => ({ headers: { 'signature-input': input(world, all, `;expires=${secondsOf(world) - 1}`) } }),
  },
  { what: 'another body', code: 'digest-mismatch', call: () => ({ sign: { body: Buffer.from('{}') } }) },
  { what: 'no digest', code: 'digest-mismatch', call: () => ({ headers: { 'content-digest': null } }) },
  {
    what: 'a wrong secret',
    code: 'credentials-invalid',
    help: ['signatureBase'],
    call: (world) => ({ sign: { secret: world.key('basic').secret } }),
  },
  {
    what: 'an unknown key',
    code: 'credentials-invalid',
    help: ['signatureBase'],
    call: (world) => ({ sign: { keyId: `${world.customer}:ak_live_STRANGER` } }),
  },
  {
    what: 'an unknown customer',
    code: 'credentials-invalid',
    help: ['signatureBase'],
    call: (world) => ({ sign: { keyId: `stranger:${world.key('hmac').credential.keyId}` } }),
  },
  {
    what: 'a key of a different scheme',
    code: 'credentials-invalid',
    help: ['signatureBase'],
    call: (world) => ({ key: world.key('basic') }),
  },
  {
    what: 'a signature for a different method',
    code: 'credentials-invalid',
    help: ['signatureBase'],
    call: () => ({ sign: { method: 'PUT' } }),
  },
  {
    what: 'a signature for a different address',
    code: 'credentials-invalid',
    help: ['signatureBase'],
    call: () => ({ sign: { targetUri: 'http://api.example.com/v1.0/messages' } }),
  },
  {
    what: 'both a signature and Authorization',
    code: 'credentials-invalid',
    call: (world) => ({ headers: { authorization: basicHeader(world.key('basic').basic) } }),
  },
]

describe('a signed call is refused', () => {
  it.each(failures)('with $what: 401 $code', async ({ code, call, help = [] }) => {
    const world = await startSecured()
    const live = await signedCall(world, await call(world))
    expect([live.status, live.body.code]).toEqual([401, code])
    expect(live.headers.get('www-authenticate')).toBe('Basic realm="apigw", charset="UTF-8", Bearer realm="apigw"')
    expect(live.headers.has('accept-signature')).toBe(code !== 'credentials-invalid')
    const helpFields = ['signatureBase', 'clock', 'clockDifferenceSeconds', 'serverTime', 'lacking']
    expect(helpFields.filter((name) => name in live.body)).toEqual([])

    const test = await signedCall(world, { key: world.key('hmac', 'test'), ...(await call(world)), path: '/test/v1.0/messages' })
    expect([test.status, test.body.code]).toEqual([401, code])
    expect(helpFields.filter((name) => name in test.body).sort()).toEqual([...help].sort())
    expect(world.sent).toEqual([])
  })

  it('in the same way whether customer, key or signature is wrong', async () => {
    const world = await startSecured()
    const wrong = failures.filter((failure) => failure.help?.includes('signatureBase') && !failure.what.includes('signed'))
    const answers = await Promise.all(wrong.map(async ({ call }) => signedCall(world, await call(world))))
    const shown = answers.map(({ status, headers, body: { requestId: _id, ...body } }) => ({
      status,
      body,
      headers: [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name)),
    }))
    for (const one of shown) expect(one).toEqual(shown[0])
  })

  it('when its key or customer is not allowed to call, with the same code as in every scheme', async () => {
    const world = await startSecured()
    const hour = 3_600_000
    const expiring = await world.issue('hmac', 'live', { expiresAt: world.clock.now + hour })
    const later = await world.issue('hmac', 'live', { notBefore: world.clock.now + 2 * hour })
    const codeOf = async (call: SignedCall) => (await signedCall(world, call)).body.code ?? 'accepted'
    expect(await codeOf({ key: later })).toBe('key-not-yet-valid')
    expect(await codeOf({ key: world.key('hmac', 'test') })).toBe('environment-mismatch')
    expect(await codeOf({ path: '/test/v1.0/messages' })).toBe('environment-mismatch')
    expect(await codeOf({ key: expiring })).toBe('accepted')
    world.clock.now += hour
    expect(await codeOf({ key: expiring })).toBe('key-expired')
    expect(await codeOf({})).toBe('accepted')
    await setCustomer(world.context, world.customer, { state: 'suspended' })
    expect(await codeOf({})).toBe('customer-suspended')
    await setCustomer(world.context, world.customer, { state: 'active' })
    await revokeKey(world.context, world.customer, world.key('hmac').credential.keyId)
    expect(await codeOf({})).toBe('key-revoked')
  })

  it('never with a 5xx: 64 KB of headers, bytes that are not text', async () => {
    const world = await startSecured()
    for (const header of [`Signature: sig=:${'A'.repeat(65_536)}:`, 'Signature-Input: \xff\xfe', 'Signature: \x80']) {
      const raw = `GET /v1.0/quota HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}\r\n\r\n`
      expect(await exchange(world.listening.port, Buffer.from(raw, 'latin1'))).toMatch(/^HTTP\/1.1 4\d\d /)
    }
  })

  it('with 503 when the gateway has no master key, whether the key exists or not', async () => {
    const world = await startSecured({ masterKeys: undefined })
    for (const call of [{}, { sign: { keyId: 'stranger:ak_live_STRANGER' } }]) {
      const answer = await signedCall(world, call)
      expect([answer.status, answer.body.code]).toEqual([503, 'registry-unavailable'])
    }
  })
})

describe('the address that is signed', () => {
  it('is https behind a trusted proxy that says so', async () => {
    const world = await startSecured({ trustedProxies: 1 })
    const targetUri = `https://127.0.0.1:${world.listening.port}/v1.0/messages`
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' }
    expect((await signedCall(world, { sign: { targetUri }, headers })).status).toBe(202)
    expect((await signedCall(world, { headers })).status).toBe(401)
  })

  it('is http when a caller claims https and no proxy is trusted', async () => {
    const world = await startSecured()
    expect((await signedCall(world, { headers: { 'x-forwarded-proto': 'https' } })).status).toBe(202)
  })

  it('is the public one when it is configured', async () => {
    const world = await startSecured({ publicOrigin: 'https://api.example.com' })
    const sign = { targetUri: 'https://api.example.com/v1.0/messages' }
    expect((await signedCall(world, { sign })).status).toBe(202)
    expect((await signedCall(world)).status).toBe(401)
  })
})
