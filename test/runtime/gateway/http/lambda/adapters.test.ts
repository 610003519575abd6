import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestFrom } from '../../../../../src/runtime/gateway/http/lambda/adapt.ts'
import { gatewayEvent } from '../../../../../src/runtime/gateway/http/lambda/events.ts'
import { handlerOf } from '../../../../../src/runtime/gateway/on-lambda.ts'
import { liveQueue, type Sqs, startSqs } from '../../../../support/sqs.ts'
import { authorization, message, startWorld, type World } from '../../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

interface Call {
  readonly method: string
  readonly path: string
  /** Names and values, decoded. */
  readonly query?: readonly (readonly [string, string])[]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const grouped = (pairs: readonly (readonly [string, string])[]): Record<string, string[]> => {
  const found: Record<string, string[]> = {}
  for (const [name, value] of pairs) found[name] = [...(found[name] ?? []), value]
  return found
}
const last = (pairs: readonly (readonly [string, string])[]) => Object.fromEntries(pairs)
const raw = (query: Call['query'] = []) =>
  query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
const content = (body: Call['body']) =>
  typeof body === 'string' || body === undefined
    ? { body: body ?? null, isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true }

/**
 * Events as AWS documents them on the pages that events.ts lists: the same call from each front.
 */
const fronts: Readonly<Record<string, (call: Call) => object>> = {
  'a REST API': ({ method, path, query = [], headers = {}, body }) => ({
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: grouped(Object.entries(headers)),
    queryStringParameters: query.length === 0 ? null : last(query),
    multiValueQueryStringParameters: query.length === 0 ? null : grouped(query),
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      resourcePath: '/{proxy+}',
      httpMethod: method,
      path: `/prod${path}`,
      stage: 'prod',
      domainName: 'api.example.com',
      identity: { sourceIp: '203.0.113.7' },
    },
    ...content(body),
  }),
  'an HTTP API, payload 2.0': ({ method, path, query, headers = {}, body }) => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: `/prod${path}`,
    rawQueryString: raw(query).join('&'),
    headers,
    requestContext: {
      domainName: 'api.example.com',
      stage: 'prod',
      http: { method, path: `/prod${path}`, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'curl' },
    },
    ...content(body),
  }),
  'a load balancer': ({ method, path, query = [], headers = {}, body }) => ({
    requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/x/1' } },
    httpMethod: method,
    path,
    queryStringParameters: last(raw(query).map((pair) => pair.split('=') as [string, string])),
    headers: { ...headers, 'x-forwarded-for': '198.51.100.9, 203.0.113.7', 'x-forwarded-proto': 'https' },
    ...content(body),
  }),
  'a load balancer with multi-value headers': ({ method, path, query = [], headers = {}, body }) => ({
    requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/x/1' } },
    httpMethod: method,
    path,
    multiValueQueryStringParameters: grouped(raw(query).map((pair) => pair.split('=') as [string, string])),
    multiValueHeaders: grouped([...Object.entries(headers), ['x-forwarded-for', '203.0.113.7'], ['x-forwarded-proto', 'https']]),
    ...content(body),
  }),
}

describe.each(Object.entries(fronts))('an event of %s', (front, eventOf) => {
  const host = { host: 'api.example.com' }

  it('is the request that the client sent', () => {
    const call = {
      method: 'POST',
      path: '/v1.0/messages',
      query: [
        ['a b', 'c&d'],
        ['한', '글'],
      ],
      headers: { ...host, 'X-A': '1' },
      body: 'é',
    } as const
    const request = requestFrom(gatewayEvent(eventOf(call)), { trustedProxies: 0 })
    expect(request).toMatchObject({
      method: 'POST',
      target: '/v1.0/messages?a%20b=c%26d&%ED%95%9C=%EA%B8%80',
      origin: 'https://api.example.com',
      address: '203.0.113.7',
    })
    expect(request.headers.get('x-a')).toEqual(['1'])
    expect(Buffer.from(request.body).toString()).toBe('é')
  })

  it('carries binary bodies', () => {
    const bytes = Buffer.from([0xff, 0xd8, 0x00, 0x80])
    const event = gatewayEvent(eventOf({ method: 'POST', path: '/v1.0/media', headers: host, body: bytes }))
    expect(Buffer.from(requestFrom(event, { trustedProxies: 0 }).body)).toEqual(bytes)
  })

  describe('in front of a gateway', () => {
    async function calling(): Promise<{
      world: World
      call: (asked: Call) => Promise<{ status: number; headers: Record<string, unknown>; body: Record<string, unknown> }>
    }> {
      const world = await startWorld({ endpoint: sqs.endpoint })
      const handle = handlerOf(world.gateway, { trustedProxies: 0 })
      return {
        world,
        call: async (asked) => {
          const { statusCode, headers, multiValueHeaders, body } = await handle(eventOf(asked))
          expect(multiValueHeaders !== undefined).toBe(front.includes('multi-value'))
          const single =
            headers ?? Object.fromEntries(Object.entries(multiValueHeaders ?? {}).map(([name, [value]]) => [name, value]))
          return { status: statusCode, headers: single, body: JSON.parse(body) }
        },
      }
    }

    it('gets the same answer as over node:http', async () => {
      const { world, call } = await calling()
      const headers = {
        ...host,
        authorization: authorization(world.live.basic),
        'content-type': 'application/json',
        'x-request-id': 'my-request-1',
      }
      const sent = await call({ method: 'POST', path: '/v1.0/messages', headers, body: JSON.stringify(message) })
      expect(sent.status).toBe(202)
      expect(sent.headers['x-request-id']).toBe('my-request-1')
      expect(sqs.messages(liveQueue, world.customer).map(({ id }) => id)).toEqual([sent.body.id])
      const wrong = await call({ method: 'POST', path: '/v1.0/messages', headers, body: '{}' })
      expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid-request'])
      const anonymous = await call({ method: 'GET', path: '/v1.0/quota', headers: host })
      expect([anonymous.status, anonymous.body.code]).toEqual([401, 'credentials-missing'])
      const large = await call({ method: 'POST', path: '/v1.0/messages', headers, body: 'x'.repeat(70_000) })
      expect([large.status, large.body.code]).toEqual([413, 'body-too-large'])
      expect((await call({ method: 'GET', path: '/healthz', headers: host })).status).toBe(200)
    })

    it('fails the invocation when the test environment is asked to cut the connection', async () => {
      const { world, call } = await calling()
      const headers = { ...host, authorization: authorization(world.test.basic), 'content-type': 'application/json' }
      const body = JSON.stringify({ ...message, to: '010-1234-0005' })
      await expect(call({ method: 'POST', path: '/test/v1.0/messages', headers, body })).rejects.toThrow('cut')
      expect(sqs.messages('sandbox', world.customer)).toHaveLength(1)
    })
  })
})

it('both of two Authorization headers are visible where the event contains both', () => {
  const event = {
    ...fronts['a REST API']?.({ method: 'GET', path: '/v1.0/quota' }),
    multiValueHeaders: { Authorization: ['Basic a', 'Basic b'] },
  }
  expect(requestFrom(gatewayEvent(event), { trustedProxies: 0 }).headers.get('authorization')).toEqual(['Basic a', 'Basic b'])
})

it('trusted proxies are counted from the right', () => {
  const event = fronts['a load balancer']?.({ method: 'GET', path: '/' })
  expect(requestFrom(gatewayEvent(event), { trustedProxies: 1 }).address).toBe('198.51.100.9')
})

describe('behind a balancer, a REST API', () => {
  const addressOf = (forwardedFor: string, sourceIp: string) => {
    const event = Object(fronts['a REST API']?.({ method: 'GET', path: '/', headers: { 'x-forwarded-for': forwardedFor } }))
    const requestContext = { ...event.requestContext, identity: { sourceIp } }
    return requestFrom(gatewayEvent({ ...event, requestContext }), { trustedProxies: 2 }).address
  }

  it('gives the caller that the balancer saw, never one that a caller wrote', () => {
    expect(addressOf('1.2.3.4, 203.0.113.7, 10.40.0.9', '10.40.0.9')).toBe('203.0.113.7')
    // If API Gateway does not record the balancer, nothing changes.
    expect(addressOf('1.2.3.4, 203.0.113.7', '10.40.0.9')).toBe('203.0.113.7')
    expect(addressOf('203.0.113.7', '10.40.0.9')).toBe('203.0.113.7')
    // A balancer that appends the client's port.
    expect(addressOf('1.2.3.4, 203.0.113.7:49152, 10.40.0.9:80', '10.40.0.9')).toBe('203.0.113.7')
    expect(addressOf('1.2.3.4, [2001:db8::7]:49152', '10.40.0.9')).toBe('2001:db8::7')
    expect(addressOf('203.0.113.7, unknown', '10.40.0.9')).toBe('')
  })
})

it.each([undefined, null, 'x', {}, { httpMethod: 'GET' }, { requestContext: {} }, { Records: [] }])(
  '%j is not accepted as an event',
  (event) => {
    expect(() => gatewayEvent(event)).toThrow('The event is not from')
  },
)

describe('the address of a caller of an API without a proxy', () => {
  const event = (stageVariables: object | null) => ({
    ...fronts['a REST API']?.({ method: 'GET', path: '/v1.0/quota', headers: { 'X-Forwarded-For': '192.0.2.66, 203.0.113.7' } }),
    stageVariables,
  })
  const addressOf = (stageVariables: object | null) =>
    requestFrom(gatewayEvent(event(stageVariables)), { trustedProxies: 2 }).address

  it('is the one that API Gateway sees, whatever the caller wrote into X-Forwarded-For', () => {
    expect(addressOf({ trustedProxies: '0' })).toBe('203.0.113.7')
  })

  it('is behind as many proxies as the function says, if the stage says nothing', () => {
    expect(addressOf(null)).toBe('192.0.2.66')
    expect(addressOf({ other: '0' })).toBe('192.0.2.66')
  })
})
