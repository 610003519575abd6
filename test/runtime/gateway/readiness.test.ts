import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import { openRegistry } from '../../../src/registry/index.ts'
import { readinessLog, readinessOf } from '../../../src/runtime/gateway/readiness.ts'
import { OwnRedis } from '../../registry/own-redis.ts'
import { startChild } from '../../support/child.ts'
import { ask } from '../../support/http.ts'
import { region, type Sqs, startSqs } from '../../support/sqs.ts'
import { until } from '../../support/until.ts'
import { authorization, message, newCustomer } from '../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

async function ownRedis(...more: string[]): Promise<OwnRedis> {
  const redis = await OwnRedis.onFreePort(...more)
  await redis.start()
  onTestFinished(() => redis.remove())
  return redis
}

function gatewayEnv(redis: OwnRedis): Record<string, string> {
  return {
    APIGW_REGISTRY: redis.address,
    APIGW_HOST: '127.0.0.1',
    APIGW_PORT: '0',
    AWS_REGION: region,
    APIGW_SQS_ENDPOINT: sqs.endpoint,
  }
}

describe('a gateway', () => {
  it('with a full Redis reports it at /readyz and in its log, with the cause, and is ready when it is fixed', async () => {
    const redis = await ownRedis()
    const registry = await openRegistry(redis.address)
    const { live } = await newCustomer(registry)
    await registry.close()
    redis.cli('config', 'set', 'maxmemory', '1')
    const gateway = startChild('gateway', gatewayEnv(redis))
    const { url } = await gateway.logged('listening')
    expect(await gateway.logged('registry-unavailable')).toMatchObject({ reason: 'full', cause: expect.stringContaining('OOM') })
    const ready = () => ask(`${url}/readyz`)
    const refused = await ready()
    expect(refused.status).toBe(503)
    expect(refused.body).toMatchObject({ code: 'registry-unavailable', reason: 'full' })
    const headers = { authorization: authorization(live.basic), 'content-type': 'application/json' }
    const answer = await ask(`${url}/v1.0/messages`, { method: 'POST', headers, body: message })
    expect(answer.status).toBe(503)
    // Nothing about the systems behind the gateway is disclosed to callers.
    expect(answer.text).not.toMatch(/OOM|full|redis/)
    expect(await gateway.logged('call')).toMatchObject({ code: 'registry-unavailable', cause: expect.stringContaining('OOM') })
    redis.cli('config', 'set', 'maxmemory', '0')
    await until(async () => (await ready()).status === 200)
  })

  it('does not start on a Redis that may evict quotas', async () => {
    const redis = await ownRedis('--maxmemory-policy', 'allkeys-lru')
    const gateway = startChild('gateway', gatewayEnv(redis))
    expect(await gateway.ended).toBe(1)
    expect(gateway.lines).toMatchObject([
      { event: 'failed', code: 'registry-unavailable', detail: expect.stringContaining('allkeys-lru') },
    ])
  })

  it('writes to its registry once a second, however often readiness is requested', async () => {
    let now = 0
    let probes = 0
    const ready = readinessOf(
      { ready: async () => ({ ...(probes++ > 0 && { degraded: { reason: 'full', what: 'x' } }) }) },
      () => now,
    )
    for (let asked = 0; asked < 100; asked++) await ready()
    expect(probes).toBe(1)
    now = 999
    expect(await ready()).toEqual({})
    now = 1_000
    expect((await Promise.all([ready(), ready(), ready()])).map(({ degraded }) => degraded?.reason)).toEqual(
      Array(3).fill('full'),
    )
    expect(probes).toBe(2)
  })

  it('logs a state of its registry when it begins, once per minute, and when it ends', async () => {
    const lines: string[] = []
    const note = readinessLog((event, { reason = '' }) => void lines.push(`${event} ${reason}`))
    const full = async (): Promise<never> => {
      throw new Problem('registry-unavailable', 'full', { extensions: { reason: 'full' } })
    }
    const partly = async () => ({ degraded: { reason: 'cluster-down', what: '1 of 3' } })
    const well = async () => ({})
    for (let look = 0; look < 3; look++) await note(well)
    expect(lines).toEqual([])
    for (let look = 0; look < 12; look++) await note(full)
    expect(lines.splice(0)).toEqual(['registry-unavailable full', 'registry-unavailable full'])
    for (let look = 0; look < 3; look++) await note(partly)
    expect(lines.splice(0)).toEqual(['registry-degraded cluster-down'])
    for (let look = 0; look < 3; look++) await note(well)
    expect(lines).toEqual(['registry-ready '])
  })
})
