import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressRange } from '../../../../src/domain/address.ts'
import { digestOf } from '../../../../src/domain/credential.ts'
import { issueKey, revokeKey, setCustomer } from '../../../../src/operations/customers/index.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { exchange, parsedAnswer } from '../../../support/http.ts'
import { liveQueue, type Sqs, startSqs, testQueue } from '../../../support/sqs.ts'
import { authorization, message, noon, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

function postTo(world: World, path: string, basic: string, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', authorization: authorization(basic), ...headers }
  return world.call(path, { method: 'POST', headers: all, body: message })
}

function expectNothingSent(world: World): void {
  for (const queue of [liveQueue, testQueue]) expect(sqs.envelopes(queue, world.customer)).toEqual([])
}

describe('401', () => {
  it('asks for credentials when there are none', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = parsedAnswer(
      await exchange(world.listening.port, 'GET /v1.0/quota HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    )
    expectProblem(answer, 'credentials-missing', world)
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="apigw", charset="UTF-8", Bearer realm="apigw"')
  })

  it('refuses two Authorization headers, even if both are valid', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const line = `Authorization: ${authorization(world.live.basic)}\r\n`
    const bytes = `GET /v1.0/quota HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${line}${line}\r\n`
    expectProblem(parsedAnswer(await exchange(world.listening.port, bytes)), 'credentials-invalid', world)
  })

  it('refuses credentials that match no key, always in the same words', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const { keyId } = world.live.credential
    const details = new Set<unknown>()
    for (const basic of [
      `${world.customer}:wrong:${keyId}`,
      `${world.customer}:${world.live.secret}:ak_live_UNKNOWN`,
      `stranger:${world.live.secret}:${keyId}`,
      `${world.customer}:${world.test.secret}:${keyId}`,
      `${world.customer}:${digestOf(world.live.secret)}:${keyId}`,
    ]) {
      const answer = await postTo(world, '/v1.0/messages', basic)
      expectProblem(answer, 'credentials-invalid', world)
      details.add(answer.body.detail)
    }
    expect(details.size).toBe(1)
    expectNothingSent(world)
  })

  it.each(['', 'Basic', 'Digest abc', 'Basic ???', `Basic ${Buffer.from('a:b').toString('base64')}`])(
    'refuses the header "%s"',
    async (header) => {
      const world = await startWorld({ endpoint: sqs.endpoint })
      expectProblem(await world.call('/v1.0/quota', { headers: { authorization: header } }), 'credentials-invalid', world)
    },
  )

  it('refuses a key from the moment it is revoked, even if it was cached', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expect((await world.post()).status).toBe(202)
    await revokeKey(world.context, world.customer, world.live.credential.keyId)
    expectProblem(await world.post(), 'key-revoked', world)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(1)
  })

  it('refuses a key from the millisecond at which it expires', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const wishes = { scheme: 'basic', environment: 'live', expiresAt: noon + 5000 } as const
    const key = await issueKey(world.context, world.customer, wishes)
    world.clock.now = noon + 4999
    expect((await postTo(world, '/v1.0/messages', key.basic)).status).toBe(202)
    world.clock.now = noon + 5000
    expectProblem(await postTo(world, '/v1.0/messages', key.basic), 'key-expired', world)
  })

  it('refuses a key before it becomes valid', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    world.clock.now = noon - 1
    expectProblem(await world.post(), 'key-not-yet-valid', world)
    expectNothingSent(world)
  })
})

describe('403', () => {
  it('refuses a suspended customer, and admits it again when it is resumed', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    await setCustomer(world.context, world.customer, { state: 'suspended' })
    expectProblem(await world.post(), 'customer-suspended', world)
    expectProblem(await world.call('/v1.0/quota'), 'customer-suspended', world)
    expectNothingSent(world)
    await setCustomer(world.context, world.customer, { state: 'active' })
    expect((await world.post()).status).toBe(202)
  })

  it('refuses a test key in the live environment, and a live key in the test environment', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const wrongLive = await postTo(world, '/v1.0/messages', world.test.basic)
    expectProblem(wrongLive, 'environment-mismatch', world)
    expect(wrongLive.body.detail).toContain('/test/')
    const wrongTest = await postTo(world, '/test/v1.0/messages', world.live.basic)
    expectProblem(wrongTest, 'environment-mismatch', world)
    expect(wrongTest.body.detail).toContain('without /test')
    expectNothingSent(world)
  })

  it('refuses an address outside the range of the key, whatever the caller claims', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const wishes = { scheme: 'basic', environment: 'live', allowIps: [addressRange('203.0.113.0/24')] } as const
    const key = await issueKey(world.context, world.customer, wishes)
    const answer = await postTo(world, '/v1.0/messages', key.basic, { 'x-forwarded-for': '203.0.113.7' })
    expectProblem(answer, 'ip-not-allowed', world)
    expectNothingSent(world)
  })

  it('refuses a call without a route', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, route: null })
    expectProblem(await world.post(), 'route-missing', world)
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it('refuses a call without a quota', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, quota: null })
    expectProblem(await world.post(), 'quota-missing', world)
    expectNothingSent(world)
  })
})
