import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose'
import { describe, expect, inject, it } from 'vitest'
import { openTokenKey, tokenKeysDocument, tokenKeysFrom } from '../../src/domain/token-keys.ts'
import { revokeKey, setCustomer } from '../../src/operations/customers/index.ts'
import { type Answer, ask } from '../support/http.ts'
import { basicHeader, messageBody, newMasterKeys, type Secured, startSecured } from './world.ts'

const form = 'application/x-www-form-urlencoded'
const day = 86_400_000

function tokenCall(
  world: Secured,
  more: { basic?: string | null; type?: string; body?: string; test?: boolean } = {},
): Promise<Answer> {
  const {
    basic = world.key('jwt', more.test ? 'test' : 'live').basic,
    type = form,
    body = 'grant_type=client_credentials',
  } = more
  const headers = { 'content-type': type, ...(basic !== null && { authorization: basicHeader(basic) }) }
  return ask(`${world.listening.url}${more.test ? '/test' : ''}/v1.0/token`, { method: 'POST', headers, body })
}

async function tokenOf(world: Secured, test = false): Promise<string> {
  const { status, body } = await tokenCall(world, { test })
  expect([status, body.token_type, body.expires_in]).toEqual([200, 'Bearer', 900])
  return String(body.access_token)
}

function send(world: Secured, token: string, path = '/v1.0/messages'): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return ask(`${world.listening.url}${path}`, { method: 'POST', headers, body: messageBody })
}

const codeOf = (answer: Answer): unknown => answer.body.code ?? answer.status

/** Signs arbitrary claims with the key that the gateways share. */
async function forged(world: Secured, payload: JWTPayload, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
  const [key] = tokenKeysFrom((await world.registry.document(tokenKeysDocument))?.text)
  const masterKeys = await world.context.masterKeys?.()
  if (key === undefined || masterKeys === undefined) throw new Error('there is no key to forge with')
  const secret = JSON.parse(openTokenKey(key, masterKeys))
  return new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...header }).sign(secret)
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('a token', () => {
  it('is issued for a key of the scheme jwt, and can send', async () => {
    const world = await startSecured()
    const token = await tokenOf(world)
    expect((await send(world, token)).status).toBe(202)
    expect((await send(world, token)).status).toBe(202)
    expect(codeOf(await send(world, token, '/test/v1.0/messages'))).toBe('environment-mismatch')
    const test = await tokenOf(world, true)
    expect((await send(world, test, '/test/v1.0/messages')).status).toBe(202)
    expect(codeOf(await send(world, test))).toBe('environment-mismatch')
  })

  it('names its owner, and verifies against the published keys', async () => {
    const world = await startSecured({ publicOrigin: 'https://api.example.com' })
    const token = await tokenOf(world)
    const jwks = await ask(`${world.listening.url}/.well-known/jwks.json`)
    expect(JSON.stringify(jwks.body)).not.toContain('"d"')
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks.body as { keys: [] }), {
      issuer: 'https://api.example.com',
      audience: 'apigw',
      typ: 'at+jwt',
      algorithms: ['EdDSA'],
      currentDate: new Date(world.clock.now),
    })
    expect(protectedHeader.kid).toEqual(expect.any(String))
    const { keyId } = world.key('jwt').credential
    expect(payload).toMatchObject({ sub: world.customer, client_id: keyId, env: 'live', jti: expect.any(String) })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(900)
  })

  // A separate Redis database: the keys that sign tokens belong to one master key.
  it.each([
    ['key revoke', 1],
    ['customer suspend', 2],
  ])('stops working at once with %s, even if it was cached', async (how, database) => {
    const world = await startSecured({ registry: `${inject('redis')}/${database}` })
    const token = await tokenOf(world)
    expect((await send(world, token)).status).toBe(202)
    const { keyId } = world.key('jwt').credential
    if (how === 'key revoke') await revokeKey(world.context, world.customer, keyId)
    else await setCustomer(world.context, world.customer, { state: 'suspended' })
    expect(codeOf(await send(world, token))).toBe(how === 'key revoke' ? 'key-revoked' : 'customer-suspended')
    const again = await tokenCall(world)
    expect([again.status, again.body.error]).toEqual([401, 'invalid_client'])
  })

  it('ends at its expiry, even if it was cached', async () => {
    const world = await startSecured()
    const token = await tokenOf(world)
    world.clock.now += 899_000
    expect((await send(world, token)).status).toBe(202)
    world.clock.now += 7_000
    const answer = await send(world, token)
    expect([answer.status, answer.body.code]).toEqual([401, 'token-expired'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="apigw", error="invalid_token"')
  })

  it('is refused when anything about it is wrong', async () => {
    const world = await startSecured()
    const token = await tokenOf(world)
    const claims = decodeJwt(token)
    const [head = '', body = '', signature = ''] = token.split('.')
    const header = decodeProtectedHeader(token)
    const jwks = await ask(`${world.listening.url}/.well-known/jwks.json`)
    const publicKey = JSON.stringify((jwks.body.keys as object[])[0])
    const other = await generateKeyPair('EdDSA')
    const ecdsa = await generateKeyPair('ES256')
    const without = (name: string): JWTPayload => Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
    const wrong: Record<string, string> = {
      'alg none': `${encoded({ ...header, alg: 'none' })}.${body}.`,
      'alg none with a signature': `${encoded({ ...header, alg: 'none' })}.${body}.${signature}`,
      'alg HS256 with the public key': await new SignJWT(claims)
        .setProtectedHeader({ ...header, alg: 'HS256' })
        .sign(Buffer.from(publicKey)),
      'alg ES256': await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'ES256' }).sign(ecdsa.privateKey),
      'a different key with the same kid': await new SignJWT(claims)
        .setProtectedHeader({ ...header, alg: 'EdDSA' })
        .sign(other.privateKey),
      'a key in its own header': await new SignJWT(claims)
        .setProtectedHeader({ ...header, alg: 'EdDSA', jwk: await exportJWK(other.publicKey) })
        .sign(other.privateKey),
      'an unknown kid': await forged(world, claims, { kid: 'unknown' }),
      'no kid': await forged(world, claims, { kid: '' }),
      'a different type': await forged(world, claims, { typ: 'JWT' }),
      'a different audience': await forged(world, { ...claims, aud: 'other' }),
      'a different issuer': await forged(world, { ...claims, iss: 'other' }),
      'no end': await forged(world, without('exp')),
      'no subject': await forged(world, without('sub')),
      'no key': await forged(world, without('client_id')),
      'an unknown environment': await forged(world, { ...claims, env: 'prod' }),
      'not yet': await forged(world, { ...claims, nbf: Number(claims.exp) }),
      'a changed claim': `${head}.${encoded({ ...claims, sub: 'other' })}.${signature}`,
      'a truncated signature': `${head}.${body}.${signature.slice(0, -4)}`,
      'no token': 'abc',
      'too long': `${'a'.repeat(5000)}.b.c`,
    }
    for (const [what, bad] of Object.entries(wrong)) {
      const answer = await send(world, bad)
      expect([what, answer.status, answer.body.code]).toEqual([what, 401, 'token-invalid'])
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    expect(world.sent).toEqual([])
  })
})

describe('the token endpoint', () => {
  it('answers invalid requests as RFC 6749 requires', async () => {
    const world = await startSecured()
    const shown = async (more: Parameters<typeof tokenCall>[1]) => {
      const { status, body, headers } = await tokenCall(world, more)
      return [status, body.error, headers.get('cache-control'), headers.get('www-authenticate')?.split(' ')[0] ?? null]
    }
    const { secret, credential } = world.key('jwt')
    expect(await shown({ body: '' })).toEqual([400, 'invalid_request', 'no-store', null])
    expect(await shown({ body: 'grant_type=a&grant_type=b' })).toEqual([400, 'invalid_request', 'no-store', null])
    expect(await shown({ body: 'grant_type=password' })).toEqual([400, 'unsupported_grant_type', 'no-store', null])
    expect(await shown({ type: 'application/json' })).toEqual([400, 'invalid_request', 'no-store', null])
    expect(await shown({ basic: null })).toEqual([401, 'invalid_client', 'no-store', 'Basic'])
    expect(await shown({ basic: `${world.customer}:${secret}x:${credential.keyId}` })).toEqual([
      401,
      'invalid_client',
      'no-store',
      'Basic',
    ])
    expect(await shown({ basic: world.key('basic').basic })).toEqual([401, 'invalid_client', 'no-store', 'Basic'])
    expect(await shown({ basic: world.key('jwt', 'test').basic })).toEqual([401, 'invalid_client', 'no-store', 'Basic'])
  })

  it('is the only place that accepts a key of the scheme jwt', async () => {
    const world = await startSecured()
    const headers = { authorization: basicHeader(world.key('jwt').basic) }
    expect(codeOf(await ask(`${world.listening.url}/v1.0/quota`, { headers }))).toBe('credentials-invalid')
  })

  it('answers 503, not 500, without a master key', async () => {
    const world = await startSecured({ masterKeys: undefined })
    const answer = await tokenCall(world)
    expect([answer.status, answer.body.error]).toEqual([503, 'temporarily_unavailable'])
  })
})

describe('the keys that sign tokens', () => {
  const kidOf = (token: string): unknown => decodeProtectedHeader(token).kid

  it('rotate by themselves after 30 days, and tokens of the old one still verify', async () => {
    const world = await startSecured()
    const first = await tokenOf(world)
    world.clock.now += 30 * day - 60_000
    const last = await tokenOf(world)
    expect(kidOf(last)).toBe(kidOf(first))
    world.clock.now += 120_000
    const next = await tokenOf(world)
    expect(kidOf(next)).not.toBe(kidOf(first))
    expect((await send(world, last)).status).toBe(202)
    expect((await send(world, next)).status).toBe(202)
    world.clock.now += 61 * day
    await tokenOf(world)
    const { body } = await ask(`${world.listening.url}/.well-known/jwks.json`)
    expect((body.keys as { kid: string }[]).map((key) => key.kid)).not.toContain(kidOf(first))
  })

  it('are the same on two gateways that create the first one at the same time', async () => {
    const { keys } = newMasterKeys()
    const one = await startSecured({ registry: `${inject('redis')}/3`, masterKeys: keys })
    const other = await startSecured({ beside: one, masterKeys: keys })
    const { basic } = one.key('jwt')
    const tokens = await Promise.all(
      [one, other, one, other].map(async (world) => String((await tokenCall(world, { basic })).body.access_token)),
    )
    expect(new Set(tokens.map(kidOf)).size).toBe(1)
    for (const token of tokens) for (const world of [one, other]) expect((await send(world, token)).status).toBe(202)
  })

  /** What an attacker with access to only the registry could write: their own key, in the format of apigw's. */
  async function planted(world: Secured, kid: string, mac: string) {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    const { x = '' } = await exportJWK(publicKey)
    const shown = { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' }
    const key = { kid, createdAt: world.clock.now + 1, publicKey: shown, sealed: 'v1.x.y.z', mac }
    const sign = (payload: JWTPayload) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid }).sign(privateKey)
    return { key, sign }
  }

  it('are trusted only with the MAC of a master key: write access to the registry is not enough to forge a token', async () => {
    const world = await startSecured()
    const claims = decodeJwt(await tokenOf(world))
    const stored = await world.registry.document(tokenKeysDocument)
    const [ours] = tokenKeysFrom(stored?.text)
    if (ours === undefined) throw new Error('there is no key')
    const master = ours.mac.split('.')[0]
    const forgeries = [
      await planted(world, 'theirs', ours.mac),
      await planted(world, 'of-no-master', 'deadbeef.AAAA'),
      await planted(world, 'empty', `${master}.`),
      await planted(world, ours.kid, ours.mac),
    ]
    const [, , , sameName] = forgeries
    const text = JSON.stringify([...forgeries.map(({ key }) => key), { ...ours, publicKey: sameName?.key.publicKey }, { kid: 1 }])
    await world.registry.saveDocument(tokenKeysDocument, text, stored?.version)
    world.clock.now += 61_000
    for (const { key, sign } of forgeries) {
      expect([key.kid, codeOf(await send(world, await sign(claims)))]).toEqual([key.kid, 'token-invalid'])
    }
    expect((await ask(`${world.listening.url}/.well-known/jwks.json`)).body).toEqual({ keys: [] })
    expect((await send(world, await tokenOf(world))).status).toBe(202)
    expect(world.sent).toHaveLength(1)
  })

  it('cannot be made younger, nor be used after they expire', async () => {
    const world = await startSecured()
    const first = await tokenOf(world)
    const stored = await world.registry.document(tokenKeysDocument)
    const [ours] = tokenKeysFrom(stored?.text)
    world.clock.now += 61 * day
    const young = JSON.stringify([{ ...ours, createdAt: world.clock.now }])
    await world.registry.saveDocument(tokenKeysDocument, young, stored?.version)
    expect(decodeProtectedHeader(await tokenOf(world)).kid).not.toBe(decodeProtectedHeader(first).kid)

    const again = await world.registry.document(tokenKeysDocument)
    await world.registry.saveDocument(tokenKeysDocument, JSON.stringify([ours]), again?.version)
    world.clock.now += 61_000
    const seconds = Math.floor(world.clock.now / 1000)
    const late = await forged(world, { ...decodeJwt(first), iat: seconds, exp: seconds + 900 })
    expect(codeOf(await send(world, late))).toBe('token-invalid')
  })

  it('are not trusted without a master key: tokens and key set get 503', async () => {
    const world = await startSecured({ registry: `${inject('redis')}/4` })
    const token = await tokenOf(world)
    const bare = await startSecured({ beside: world, masterKeys: undefined })
    expect((await send(bare, token)).status).toBe(503)
    expect((await ask(`${bare.listening.url}/.well-known/jwks.json`)).status).toBe(503)
  })
})

describe('the owner of a token', () => {
  it.each(['basic', 'hmac'] as const)('never has a key of the scheme %s', async (scheme) => {
    const world = await startSecured()
    const claims = decodeJwt(await tokenOf(world))
    const { keyId } = world.key(scheme).credential
    expect(codeOf(await send(world, await forged(world, { ...claims, client_id: keyId })))).toBe('token-invalid')
  })

  it('never has a key of the other environment', async () => {
    const world = await startSecured()
    const claims = decodeJwt(await tokenOf(world))
    const { keyId } = world.key('jwt', 'test').credential
    expect(codeOf(await send(world, await forged(world, { ...claims, client_id: keyId })))).toBe('token-invalid')
  })
})

describe("a token expires by the registry's clock", () => {
  it.each([
    ['a day ahead', day],
    ['a day behind', -day],
  ])('on a gateway whose own clock is %s', async (_, off) => {
    const world = await startSecured()
    const other = await startSecured({ beside: world, masterKeys: await world.context.masterKeys?.(), clockOff: off })
    const { basic } = world.key('jwt')
    const seconds = Math.floor(world.clock.now / 1000)
    const token = String((await tokenCall(other, { basic })).body.access_token)
    expect(decodeJwt(token)).toMatchObject({ iat: seconds, exp: seconds + 900 })
    for (const gateway of [world, other]) expect((await send(gateway, token)).status).toBe(202)
    world.clock.now += 906_000
    for (const gateway of [world, other]) expect(codeOf(await send(gateway, token))).toBe('token-expired')
  })

  it('also when it was cached, and the clock of the gateway is then set back', async () => {
    const world = await startSecured()
    const token = await tokenOf(world)
    const skewed = { off: 0 }
    const masterKeys = await world.context.masterKeys?.()
    const other = await startSecured({ beside: world, masterKeys, clockOff: () => skewed.off })
    expect((await send(other, token)).status).toBe(202)
    skewed.off = -day
    world.clock.now += 906_000
    expect(codeOf(await send(other, token))).toBe('token-expired')
    expect((await world.registry.usage(world.customer, 'live')).usage.dayUsed).toBe(1)
  })

  it("is refused when it expires later than apigw's own tokens can", async () => {
    const world = await startSecured()
    const claims = decodeJwt(await tokenOf(world))
    const seconds = Math.floor(world.clock.now / 1000)
    const long = await forged(world, { ...claims, exp: seconds + 86_400 })
    const future = await forged(world, { ...claims, iat: seconds + 600 })
    for (const token of [long, future]) expect(codeOf(await send(world, token))).toBe('token-invalid')
  })
})
