import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { revokeKey, setCustomer } from '../../src/operations/customers/index.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { startChild } from '../support/child.ts'
import { type Answer, ask } from '../support/http.ts'
import { temporaryFolder } from '../support/names.ts'
import { liveQueue, region, type Sqs, startSqs } from '../support/sqs.ts'
import { until } from '../support/until.ts'
import { authorization, message, newCustomer } from '../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

const registries = [
  { engine: 'SQLite', address: () => `sqlite:${join(temporaryFolder(), 'registry.db')}` },
  { engine: 'Redis', address: () => inject('redis') },
  { engine: 'Redis Cluster', address: () => inject('redisCluster') },
] as const

async function twoGateways(address: string) {
  const registry = await openRegistry(address)
  onTestFinished(() => registry.close())
  const customer = await newCustomer(registry, { quota: { day: 1_000_000 } })
  const env = {
    APIGW_REGISTRY: address,
    APIGW_SQS_ENDPOINT: sqs.endpoint,
    APIGW_HOST: '127.0.0.1',
    APIGW_PORT: '0',
    AWS_REGION: region,
  }
  const gateways = [startChild('gateway', env), startChild('gateway', env)]
  const urls = await Promise.all(gateways.map(async (gateway) => String((await gateway.logged('listening')).url)))
  return { customer, urls }
}

/** Calls each gateway over several connections, one call after the other on each, until it is stopped. */
function hammer(urls: readonly string[], basic: string) {
  const headers = { authorization: authorization(basic), 'content-type': 'application/json' }
  const state = { revoked: false, ended: false }
  const before = new Map(urls.map((url): [string, number] => [url, 0]))
  const after: { url: string; answer: Answer }[] = []

  async function connection(url: string, quota: boolean): Promise<void> {
    while (!state.ended) {
      const startedAfter = state.revoked
      const answer = quota
        ? await ask(`${url}/v1.0/quota`, { headers })
        : await ask(`${url}/v1.0/messages`, { method: 'POST', headers, body: message })
      if (startedAfter) after.push({ url, answer })
      else if (answer.status < 300) before.set(url, (before.get(url) ?? 0) + 1)
    }
  }

  const running = Promise.all(urls.flatMap((url) => [0, 1, 2, 3].map((i) => connection(url, i === 0))))
  return {
    before,
    after,
    revoked: () => {
      state.revoked = true
    },
    end: async () => {
      state.ended = true
      await running
    },
  }
}

describe.each(registries)('with two gateways on $engine, no later call passes', ({ address }) => {
  it.each(['key revoke', 'customer suspend'])('once %s has returned', async (how) => {
    const { customer, urls } = await twoGateways(address())
    const { context, customer: id, live } = customer
    const calls = hammer(urls, live.basic)
    await until(() => [...calls.before.values()].every((count) => count >= 30))
    if (how === 'key revoke') await revokeKey(context, id, live.credential.keyId)
    else await setCustomer(context, id, { state: 'suspended' })
    calls.revoked()
    const accepted = (): number => sqs.envelopes(liveQueue, id).length
    await until(() => urls.every((url) => calls.after.filter((call) => call.url === url).length >= 30))
    const settled = accepted()
    const enough = calls.after.length + 50
    await until(() => calls.after.length >= enough)
    await calls.end()
    const codes = new Set(calls.after.map(({ answer }) => `${answer.status} ${answer.body.code}`))
    expect(codes).toEqual(new Set([how === 'key revoke' ? '401 key-revoked' : '403 customer-suspended']))
    expect(accepted()).toBe(settled)
  })
})
