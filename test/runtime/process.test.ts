import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { openRegistry } from '../../src/registry/index.ts'
import { type Child, startChild, startNode } from '../support/child.ts'
import { engines, envelopeOf, idsIn, messageWith } from '../support/databases.ts'
import { ask } from '../support/http.ts'
import { temporaryFolder, uniqueName } from '../support/names.ts'
import { liveQueue, region, type Sqs, startSqs } from '../support/sqs.ts'
import { startSqsProxy } from '../support/sqs-proxy.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { authorization, message, newCustomer } from '../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

function gatewayEnv(more: Record<string, string> = {}): Record<string, string> {
  const registry = `sqlite:${join(temporaryFolder(), 'registry.db')}`
  const own = { APIGW_REGISTRY: registry, APIGW_HOST: '127.0.0.1', APIGW_PORT: '0', AWS_REGION: region }
  return { ...own, APIGW_SQS_ENDPOINT: sqs.endpoint, ...more }
}

function workerEnv(more: Record<string, string> = {}): Record<string, string> {
  const database = `sqlite:${join(temporaryFolder(), 'carrier.db')}`
  const own = {
    APIGW_CARRIERS: carriersOf({ queue: liveQueue, table: 'carrier_a' }),
    APIGW_SCHEMA: 'apply',
    APIGW_DATABASE: database,
    APIGW_WAIT_SECONDS: '1',
    AWS_REGION: region,
  }
  return { ...own, APIGW_SQS_ENDPOINT: sqs.endpoint, ...more }
}

/** It printed the reason in one line, and nothing else happened. */
async function expectFailedStart(child: Child, detail: string | RegExp): Promise<void> {
  expect(await child.ended).toBe(1)
  expect(child.lines).toHaveLength(1)
  expect(child.lines[0]).toMatchObject({ event: 'failed', detail: expect.stringMatching(detail) })
  expect(child.stderr()).toBe('')
}

const carriersOf = (...carriers: { queue: string; table: string }[]) => JSON.stringify({ carriers })

describe('a gateway', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves until %s and exits with 0', async (signal) => {
    const gateway = startChild('gateway', gatewayEnv())
    const { url } = await gateway.logged('listening')
    expect((await ask(`${url}/readyz`)).status).toBe(200)
    gateway.process.kill(signal)
    expect(await gateway.ended).toBe(0)
    expect(gateway.lines.map((line) => line.event)).toEqual(['listening', 'stopping'])
    expect(gateway.stderr()).toBe('')
  })

  it('reads its charset from the environment, and does not start with an unknown one', async () => {
    const env = gatewayEnv({ APIGW_CHARSET: 'cp949' })
    const { url } = await startChild('gateway', env).logged('listening')
    expect((await ask(`${url}/openapi.json`)).text).toContain('up to 90 bytes in CP949')
    const wrong = startChild('gateway', gatewayEnv({ APIGW_CHARSET: 'utf8' }))
    await expectFailedStart(wrong, 'The environment variable APIGW_CHARSET is "utf8": use euc-kr or cp949.')
  })

  it('finishes a call in progress at SIGTERM', async () => {
    const proxy = await startSqsProxy(sqs.port)
    onTestFinished(() => proxy.close())
    const env = gatewayEnv({ APIGW_SQS_ENDPOINT: proxy.endpoint, APIGW_REGISTRY: inject('redis') })
    const registry = await openRegistry(inject('redis'))
    onTestFinished(() => registry.close())
    const { live, customer } = await newCustomer(registry)
    const gateway = startChild('gateway', env)
    const { url } = await gateway.logged('listening')
    const held = proxy.hold('SendMessageBatch', 'hold')
    const headers = { authorization: authorization(live.basic), 'content-type': 'application/json' }
    const answer = ask(`${url}/v1.0/messages`, { method: 'POST', headers, body: message })
    await held.arrived
    gateway.process.kill('SIGTERM')
    await gateway.logged('stopping')
    held.release()
    expect((await answer).status).toBe(202)
    expect(await gateway.ended).toBe(0)
    expect(sqs.envelopes(liveQueue, customer)).toHaveLength(1)
  })

  it('starts before its Redis answers, says so at /readyz, and logs no secret', async () => {
    const proxy = await startTcpProxy(Number(new URL(inject('redis')).port))
    onTestFinished(() => proxy.close())
    proxy.set('refuse')
    const registry = await openRegistry(inject('redis'))
    onTestFinished(() => registry.close())
    const { live } = await newCustomer(registry)
    const gateway = startChild('gateway', gatewayEnv({ APIGW_REGISTRY: `redis://127.0.0.1:${proxy.port}` }))
    const { url } = await gateway.logged('listening')
    const headers = { authorization: authorization(live.basic), 'content-type': 'application/json' }
    const post = () => ask(`${url}/v1.0/messages`, { method: 'POST', headers, body: message })
    expect((await ask(`${url}/readyz`)).status).toBe(503)
    expect((await post()).status).toBe(503)
    proxy.set('pass')
    await until(async () => (await ask(`${url}/readyz`)).status === 200)
    expect((await post()).status).toBe(202)
    gateway.process.kill('SIGTERM')
    expect(await gateway.ended).toBe(0)
    const logged = JSON.stringify(gateway.lines)
    expect(logged).toContain('registry-unavailable')
    expect(logged).not.toContain(live.secret)
    expect(logged).not.toContain(message.text)
    expect(logged).not.toContain(headers.authorization)
  })

  it.each([
    ['no registry', { APIGW_REGISTRY: '' }, 'APIGW_REGISTRY is missing'],
    ['an invalid registry', { APIGW_REGISTRY: 'postgres://me:hunter2@host/' }, 'is not a valid registry address'],
    ['an invalid port', { APIGW_PORT: 'http' }, 'APIGW_PORT is "http"'],
    ['a negative number of proxies', { APIGW_TRUSTED_PROXIES: '-1' }, 'APIGW_TRUSTED_PROXIES is "-1"'],
  ])('does not start with %s', async (_, env, detail) => {
    const gateway = startChild('gateway', gatewayEnv(env))
    await expectFailedStart(gateway, detail)
    expect(JSON.stringify(gateway.lines)).not.toContain('hunter2')
  })

  it.each(['SQLite', 'Redis'])('does not start on a port that is in use, and leaves nothing running on %s', async (engine) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const port = String((server.address() as { port: number }).port)
    const registry = engine === 'Redis' ? { APIGW_REGISTRY: inject('redis') } : {}
    await expectFailedStart(startChild('gateway', gatewayEnv({ APIGW_PORT: port, ...registry })), `port ${port}`)
  })
})

it.each(['SIGTERM', 'SIGINT'] as const)('%s during the start takes effect after the start', async (signal) => {
  const source = JSON.stringify(new URL('../../src/runtime/process.ts', import.meta.url).href)
  const start = `log('opening'); await new Promise((done) => setTimeout(done, 500)); log('open'); return async () => log('closed')`
  const script = `const { log, main } = await import(${source}); await main(async () => { ${start} })`
  const child = startNode(['--input-type=module', '-e', script], {})
  await child.logged('opening')
  child.process.kill(signal)
  expect(await child.ended).toBe(0)
  expect(child.lines.map((line) => line.event)).toEqual(['opening', 'stopping', 'open', 'closed'])
})

describe('a worker', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('reads until %s and exits with 0', async (signal) => {
    const worker = startChild('worker', workerEnv({ APIGW_WAIT_SECONDS: '20' }))
    await worker.logged('consuming')
    worker.process.kill(signal)
    expect(await worker.ended).toBe(0)
    expect(worker.lines.map((line) => line.event)).toEqual(['consuming', 'stopping'])
    expect(worker.stderr()).toBe('')
  })

  it.each(engines)('reads several queues into the tables that it created in $engine', async ({ create }) => {
    const test = await create()
    const [one, other] = [uniqueName('carrier'), uniqueName('sandbox')]
    for (const name of [one, other]) sqs.createQueue(name)
    const env = {
      APIGW_CARRIERS: carriersOf({ queue: one, table: 'carrier_a' }, { queue: other, table: 'sandbox' }),
      APIGW_SCHEMA: 'apply',
      APIGW_DATABASE: test.address,
      APIGW_IDLE_MAX_MS: '50',
    }
    const worker = startChild('worker', workerEnv(env))
    const [live, sandbox] = [messageWith(), messageWith()]
    sqs.server.sendMessage(one, envelopeOf(one, [live]))
    sqs.server.sendMessage(other, envelopeOf(other, [sandbox], 'test'))
    await until(() => sqs.bodies(one).length + sqs.bodies(other).length === 0)
    worker.process.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
    expect(await idsIn(test, 'carrier_a')).toEqual([live.id])
    expect(await idsIn(test, 'sandbox')).toEqual([sandbox.id])
    expect(JSON.stringify(worker.lines)).not.toContain(live.text)
  })

  it.each([
    ['a missing carriers file', { APIGW_CARRIERS: '/nowhere.yaml' }, '/nowhere.yaml cannot be read'],
    ['no schema', { APIGW_SCHEMA: '' }, 'lacks step 1 of the schema'],
    ['no database', { APIGW_DATABASE: '' }, 'APIGW_DATABASE is missing'],
    ['a queue without a table', { APIGW_CARRIERS: '{carriers: [{queue: a}]}' }, 'carriers.0.table'],
    ['an unknown field', { APIGW_CARRIERS: '{carriers: [{queue: a, table: b, colour: c}]}' }, 'carriers.0.colour'],
    ['an address of an unknown database', { APIGW_DATABASE: 'oracle://me:hunter2@host/db' }, 'database address is not valid'],
    ['a database that does not answer', { APIGW_DATABASE: 'mariadb://me:hunter2@127.0.0.1:1/db' }, 'ECONNREFUSED'],
    ['an invalid wait', { APIGW_WAIT_SECONDS: '1.5' }, 'APIGW_WAIT_SECONDS is "1.5"'],
  ])('does not start with %s', async (_, env, detail) => {
    const worker = startChild('worker', workerEnv(env))
    await expectFailedStart(worker, detail)
    expect(JSON.stringify(worker.lines)).not.toContain('hunter2')
  })

  it('does not start with an invalid number, and leaves no connection to MariaDB open', async () => {
    const test = await engines[1].create()
    await expectFailedStart(
      startChild('worker', workerEnv({ APIGW_DATABASE: test.address, APIGW_IDLE_MAX_MS: 'x' })),
      'APIGW_IDLE_MAX_MS',
    )
  })

  it('does not start with an invalid table name', async () => {
    const worker = startChild(
      'worker',
      workerEnv({ APIGW_CARRIERS: carriersOf({ queue: 'carrier-a', table: 'x; DROP TABLE y' }) }),
    )
    expect(await worker.ended).toBe(1)
    expect(worker.lines).toMatchObject([
      { event: 'failed', detail: expect.stringContaining('is not a valid table or column name') },
    ])
  })
})
