import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { openRegistry } from '../../../../../src/registry/index.ts'
import { frozenSince } from '../../../../../src/runtime/frozen.ts'
import { type ClusterNode, startRedisCluster } from '../../../../support/redis-cluster.ts'
import { liveQueue, type Sqs, startSqs } from '../../../../support/sqs.ts'
import { startTcpProxy } from '../../../../support/tcp-proxy.ts'
import { authorization, message, newCustomer } from '../../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

/** A load balancer's event that sends a message. */
const eventOf = (basic: string) => ({
  requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/x/1' } },
  httpMethod: 'POST',
  path: '/v1.0/messages',
  queryStringParameters: {},
  headers: {
    host: 'api.example.com',
    'x-forwarded-for': '203.0.113.7',
    authorization: authorization(basic),
    'content-type': 'application/json',
  },
  body: JSON.stringify(message),
  isBase64Encoded: false,
})

/** The function as Lambda starts it, before its first event has opened anything. */
async function startFunction(registry: string) {
  vi.resetModules()
  for (const [name, value] of Object.entries({
    APIGW_REGISTRY: registry,
    APIGW_SQS_ENDPOINT: sqs.endpoint,
    AWS_REGION: 'ap-northeast-2',
  }))
    vi.stubEnv(name, value)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  onTestFinished(() => {
    vi.unstubAllEnvs()
    vi.useRealTimers()
  })
  return (await import('../../../../../src/runtime/gateway/lambda.ts')).handler
}

describe('a function that was frozen between two events', () => {
  it('uses a new connection to Redis for the first event afterwards, once', async () => {
    const proxy = await startTcpProxy(Number(new URL(inject('redis')).port))
    onTestFinished(() => proxy.close())
    const registry = await openRegistry(inject('redis'))
    onTestFinished(() => registry.close())
    const { live, customer } = await newCustomer(registry)
    const handler = await startFunction(`redis://127.0.0.1:${proxy.port}`)
    expect((await handler(eventOf(live.basic))).statusCode).toBe(202)
    proxy.forget()
    vi.setSystemTime(Date.now() + 600_000)
    expect((await handler(eventOf(live.basic))).statusCode).toBe(202)
    expect((await registry.usage(customer, 'live')).usage.dayUsed).toBe(2)
    expect(sqs.messages(liveQueue, customer)).toHaveLength(2)
  })

  describe('in a cluster', () => {
    /** Enough customers for each of three primaries to have some; `sendAll` sends one message for each in turn. */
    async function startWorld() {
      const cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 0 })
      onTestFinished(() => cluster.stop())
      const registry = await openRegistry(cluster.address)
      onTestFinished(() => registry.close())
      const customers = await Promise.all(Array.from({ length: 8 }, () => newCustomer(registry)))
      const handler = await startFunction(cluster.address)
      const sendAll = async (): Promise<number[]> => {
        const statuses: number[] = []
        for (const { live } of customers) statuses.push((await handler(eventOf(live.basic))).statusCode)
        return statuses
      }
      const used = async (): Promise<number[]> => {
        // The servers have closed its connections too.
        await registry.revive()
        const usages = await Promise.all(customers.map(({ customer }) => registry.usage(customer, 'live')))
        return usages.map(({ usage }) => usage.dayUsed)
      }
      return { cluster, sendAll, used, each: <T>(value: T): T[] => customers.map(() => value) }
    }

    const endConnections = (node: ClusterNode): Promise<unknown> => node.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')

    it('does the same for every primary', async () => {
      const { cluster, sendAll, used, each } = await startWorld()
      expect(await sendAll()).toEqual(each(202))
      // Some closed connections are noticed only during the next event.
      for (const node of cluster.nodes) await endConnections(node)
      vi.setSystemTime(Date.now() + 600_000)
      expect(await sendAll()).toEqual(each(202))
      expect(await used()).toEqual(each(2))
    })

    it('reconnects to the one primary whose connection had ended', async () => {
      const { cluster, sendAll, used, each } = await startWorld()
      expect(await sendAll()).toEqual(each(202))
      for (const node of cluster.nodes.slice(1)) {
        await endConnections(node)
        // This answer arrives after the other connections have ended.
        for (let turn = 0; turn < 10; turn++) await node.ask('PING')
        vi.setSystemTime(Date.now() + 600_000)
        expect(await sendAll()).toEqual(each(202))
      }
      expect(await used()).toEqual(each(3))
    })
  })

  it('is detected by either clock', () => {
    const clocks = { wall: 0, monotonic: 0 }
    const frozen = frozenSince(
      () => clocks.wall,
      () => clocks.monotonic,
    )
    const begin = (wall: number, monotonic: number): boolean => {
      clocks.wall += wall
      clocks.monotonic += monotonic
      const answer = frozen.begin()
      frozen.end()
      return answer
    }
    expect(begin(0, 0)).toBe(false)
    expect(begin(4_000, 4_000)).toBe(false)
    expect(begin(60_000, 10)).toBe(true)
    expect(begin(10, 60_000)).toBe(true)
    expect(begin(-60_000, 10)).toBe(true)
    expect(begin(10, 10)).toBe(false)
  })
})
