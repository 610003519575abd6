import { describe, expect, it } from 'vitest'
import type { Scheme } from '../../src/domain/credential.ts'
import { signedHeaders } from '../../src/domain/signature.ts'
import { authenticator } from '../../src/runtime/gateway/authentication/authenticate.ts'
import { createAuthorizer, type PolicyResult } from '../../src/runtime/gateway/authentication/authorizer.ts'
import { createTokens } from '../../src/runtime/gateway/authentication/tokens.ts'
import type { HttpRequest, HttpResponse } from '../../src/runtime/gateway/http/http.ts'
import { type AuthorizerContext, callerFrom } from '../../src/runtime/gateway/http/lambda/authorizer-context.ts'
import { basicHeader, messageBody, newNonce, type Secured, startSecured } from './world.ts'

const stage = 'arn:aws:execute-api:ap-northeast-2:123456789012:a1b2c3/prod'
const origin = 'https://api.example.com'

async function authorizerOf(world: Secured, simple = false, trustedProxies = 0) {
  const masterKeys = await world.context.masterKeys?.()
  const now = (): number => world.clock.now
  const tokens = createTokens({ registry: world.registry, masterKeys, issuer: origin, now })
  const authenticate = authenticator({ registry: world.registry, masterKeys, tokens, now })
  return { tokens, authorize: createAuthorizer({ authenticate, publicOrigin: origin, simple, trustedProxies }) }
}

function signedFor(world: Secured, path: string, body = messageBody): Record<string, string> {
  const { credential, secret } = world.key('hmac')
  const keyId = `${world.customer}:${credential.keyId}`
  const created = Math.floor(world.clock.now / 1000)
  return signedHeaders({
    method: 'POST',
    targetUri: `${origin}${path}`,
    body: Buffer.from(body),
    keyId,
    secret,
    created,
    nonce: newNonce(),
  })
}

/** The events of API Gateway, reduced to the relevant fields. */
const events = {
  token: (authorizationToken: string): object => ({
    type: 'TOKEN',
    authorizationToken,
    methodArn: `${stage}/POST/v1.0/messages`,
  }),
  rest: (headers: Record<string, string>, path = '/v1.0/messages', query = {}): object => ({
    type: 'REQUEST',
    methodArn: `${stage}/POST${path}`,
    httpMethod: 'POST',
    path,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    multiValueQueryStringParameters: query,
    requestContext: {
      domainName: 'a1b2c3.execute-api.ap-northeast-2.amazonaws.com',
      path: `/prod${path}`,
      identity: { sourceIp: '203.0.113.7' },
    },
  }),
  http1: (headers: Record<string, string>, path = '/v1.0/messages'): object => ({
    version: '1.0',
    type: 'REQUEST',
    methodArn: `${stage}/POST${path}`,
    httpMethod: 'POST',
    path,
    headers,
    requestContext: { domainName: 'api.example.com', identity: { sourceIp: '203.0.113.7' } },
  }),
  http2: (headers: Record<string, string>, path = '/v1.0/messages', query = ''): object => ({
    version: '2.0',
    type: 'REQUEST',
    routeArn: `${stage}/POST${path}`,
    rawPath: path,
    rawQueryString: query,
    headers,
    requestContext: { domainName: 'api.example.com', http: { method: 'POST', path, sourceIp: '203.0.113.7' } },
  }),
}

const allowed = {
  live: [
    { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [`${stage}/*/v*`] },
    { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: [`${stage}/*/test/*`] },
  ],
  test: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [`${stage}/*/test/*`] }],
} as const

function policyOf(result: unknown): PolicyResult {
  expect(result).toHaveProperty('policyDocument')
  return result as PolicyResult
}

async function headersFor(world: Secured, scheme: Scheme, token: () => Promise<string>): Promise<Record<string, string>> {
  if (scheme === 'hmac') return signedFor(world, '/v1.0/messages')
  return { Authorization: scheme === 'basic' ? basicHeader(world.key('basic').basic) : `Bearer ${await token()}` }
}

describe('an authorizer', () => {
  it.each(['rest', 'http1', 'http2'] as const)('allows everything for the key, whatever call it saw (%s)', async (shape) => {
    const world = await startSecured()
    const { authorize, tokens } = await authorizerOf(world)
    for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
      const { credential } = world.key(scheme)
      const headers = await headersFor(world, scheme, () => tokens.issue({ ...credential }, world.clock.now))
      const { principalId, policyDocument, context } = policyOf(await authorize(events[shape](headers)))
      expect(principalId).toBe(`${world.customer}:${credential.keyId}`)
      expect(policyDocument).toEqual({ Version: '2012-10-17', Statement: allowed.live })
      expect(context).toMatchObject({ customer: world.customer, keyId: credential.keyId, environment: 'live', scheme })
      expect(Object.values(context).every((value) => typeof value === 'string')).toBe(true)
      expect(JSON.stringify(context)).not.toContain(world.key(scheme).secret)
    }
  })

  it('tells the access log the address that the balancer saw, whatever the caller claims', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world, false, 2)
    const authorization = basicHeader(world.key('basic').basic)
    const addressIn = async (forwarded: string) =>
      policyOf(await authorize(events.rest({ authorization, 'x-forwarded-for': forwarded }))).context.address
    // What the caller wrote, what the balancer saw, and the balancer, which API Gateway sees.
    expect(await addressIn('198.51.100.1, 203.0.113.9, 203.0.113.7')).toBe('203.0.113.9')
    expect(await addressIn('2001:db8::1, 203.0.113.7')).toBe('2001:db8::1')
    // The access log is JSON, and API Gateway does not escape what it inserts.
    expect(await addressIn('","caller":"admin, 203.0.113.7')).toBeUndefined()
  })

  it('allows a test key only the test environment', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world)
    const event = events.rest({ authorization: basicHeader(world.key('basic', 'test').basic) }, '/test/v1.0/messages')
    expect(policyOf(await authorize(event)).policyDocument.Statement).toEqual(allowed.test)
  })

  it('accepts a TOKEN event', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world)
    const { policyDocument } = policyOf(await authorize(events.token(basicHeader(world.key('basic').basic))))
    expect(policyDocument.Statement).toEqual(allowed.live)
  })

  it('answers exactly "Unauthorized" to a caller that proves nothing', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world)
    const wrong = [
      events.token('Basic abc'),
      { type: 'TOKEN', methodArn: `${stage}/GET/` } as const,
      events.rest({}),
      events.http2({ authorization: 'Bearer a.b.c' }),
      events.rest(signedFor(world, '/v1.0/other')),
    ]
    for (const event of wrong) await expect(authorize(event)).rejects.toThrow(/^Unauthorized$/)
  })

  it('uses the simple answer format when configured', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world, true)
    const live = { authorization: basicHeader(world.key('basic').basic) }
    expect(await authorize(events.http2(live))).toMatchObject({ isAuthorized: true, context: { customer: world.customer } })
    expect(await authorize(events.http2(live, '/test/v1.0/messages'))).toMatchObject({ isAuthorized: false })
  })

  it('sees the signed query', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world)
    const headers = signedFor(world, '/v1.0/messages?a=1&b=x%20y')
    policyOf(await authorize(events.rest(headers, '/v1.0/messages', { a: ['1'], b: ['x y'] })))
    policyOf(await authorize(events.http2(signedFor(world, '/v1.0/messages?a=1'), '/v1.0/messages', 'a=1')))
  })
})

describe('a gateway behind an authorizer', () => {
  const request = (headers: Record<string, string>, context: AuthorizerContext, more: Partial<HttpRequest> = {}): HttpRequest => {
    const proven = callerFrom(context)
    if (proven === undefined) throw new Error('the context was not understood')
    return {
      method: 'POST',
      target: '/v1.0/messages',
      headers: new Map(
        Object.entries({ 'content-type': 'application/json', ...headers }).map(([name, value]) => [name, [value]]),
      ),
      body: Buffer.from(messageBody),
      origin,
      address: '203.0.113.7',
      proven,
      ...more,
    }
  }
  const codeOf = ({ status, body }: HttpResponse): unknown => JSON.parse(body).code ?? status

  it('admits the call once, and refuses every other call under the cached answer', async () => {
    const world = await startSecured()
    const { authorize } = await authorizerOf(world)
    const headers = signedFor(world, '/v1.0/messages')
    const { context } = policyOf(await authorize(events.rest(headers)))
    const other = JSON.stringify({ to: '010-9999-9999', from: '1588-1234', text: 'Stolen' })
    const otherDigest = signedFor(world, '/v1.0/messages', other)['content-digest'] ?? ''
    const { gateway } = world
    expect(codeOf(await gateway.handle(request(headers, context, { body: Buffer.from(other) })))).toBe('digest-mismatch')
    const swapped = { ...headers, 'content-digest': otherDigest }
    expect(codeOf(await gateway.handle(request(swapped, context, { body: Buffer.from(other) })))).toBe('digest-mismatch')
    expect(codeOf(await gateway.handle(request(headers, context, { target: '/v1.0/messages?x=1' })))).toBe('digest-mismatch')
    expect(codeOf(await gateway.handle(request(headers, context, { target: '/v1.0/quota', method: 'GET' })))).toBe(
      'digest-mismatch',
    )
    expect(codeOf(await gateway.handle(request(headers, context)))).toBe(202)
    expect(codeOf(await gateway.handle(request(headers, context)))).toBe('nonce-reused')
    expect(world.sent).toHaveLength(1)
  })

  it('refuses an incomplete context', () => {
    const whole = { customer: 'acme', keyId: 'k', environment: 'live', scheme: 'hmac', nonce: 'n', nonceMs: '1', bound: 'b' }
    expect(callerFrom(whole)).toEqual({
      customer: 'acme',
      keyId: 'k',
      environment: 'live',
      scheme: 'hmac',
      nonce: { value: 'n', rememberMs: 1 },
      bound: 'b',
    })
    for (const lost of ['customer', 'keyId', 'environment', 'scheme', 'nonce', 'nonceMs', 'bound'] as const) {
      expect(callerFrom({ ...whole, [lost]: undefined }), lost).toBeUndefined()
    }
    expect(callerFrom(undefined)).toBeUndefined()
    const bearer = { customer: 'acme', keyId: 'k', environment: 'live', scheme: 'jwt', expiresAt: '1000' }
    expect(callerFrom(bearer)).toMatchObject({ scheme: 'jwt', expiresAt: 1000 })
    for (const expiresAt of [undefined, '', 'soon']) expect(callerFrom({ ...bearer, expiresAt })).toBeUndefined()
    expect(callerFrom({ ...whole, environment: 'prod' })).toBeUndefined()
  })

  it('refuses a token that expired while API Gateway cached its answer, and takes nothing', async () => {
    const world = await startSecured()
    const { authorize, tokens } = await authorizerOf(world)
    const token = await tokens.issue({ ...world.key('jwt').credential }, world.clock.now)
    const { context } = policyOf(await authorize(events.rest({ authorization: `Bearer ${token}` })))
    expect(codeOf(await world.gateway.handle(request({}, context)))).toBe(202)
    world.clock.now += 906_000
    expect(codeOf(await world.gateway.handle(request({}, context)))).toBe('token-expired')
    expect((await world.registry.usage(world.customer, 'live')).usage.dayUsed).toBe(1)
  })

  it('issues no token for an authorizer result, whatever the scheme', async () => {
    const world = await startSecured()
    for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
      const { keyId } = world.key(scheme).credential
      const context = { customer: world.customer, keyId, environment: 'live', scheme, nonce: 'n', nonceMs: '1', bound: 'b' }
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const call = request(form, { ...context, expiresAt: String(world.clock.now + 1_000) }, { target: '/v1.0/token' })
      const answer = await world.gateway.handle({ ...call, body: Buffer.from('grant_type=client_credentials') })
      expect([scheme, answer.status, JSON.parse(answer.body).error]).toEqual([scheme, 401, 'invalid_client'])
    }
  })
})
