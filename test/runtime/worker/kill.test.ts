import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Child, startChild } from '../../support/child.ts'
import { engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'
import { uniqueName } from '../../support/names.ts'
import { region, type Sqs, startSqs } from '../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../support/sqs-proxy.ts'
import { until } from '../../support/until.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs([])
})
afterAll(() => sqs.stop())

const table = 'carrier_a'

async function prepared(create: (typeof engines)[number]['create'], count: number) {
  const test = await create()
  const queueName = uniqueName('carrier')
  sqs.createQueue(queueName, { VisibilityTimeout: '2' })
  const proxy = await startSqsProxy(sqs.port)
  onTestFinished(() => proxy.close())
  const messages = Array.from({ length: count }, () => messageWith())
  for (let from = 0; from < count; from += 2)
    sqs.server.sendMessage(queueName, envelopeOf(queueName, messages.slice(from, from + 2)))
  const start = (): Child =>
    startChild('worker', {
      APIGW_CARRIERS: JSON.stringify({ carriers: [{ queue: queueName, table }] }),
      APIGW_SCHEMA: 'apply',
      APIGW_DATABASE: test.address,
      APIGW_SQS_ENDPOINT: proxy.endpoint,
      APIGW_WAIT_SECONDS: '1',
      APIGW_IDLE_MAX_MS: '50',
      AWS_REGION: region,
    })
  const rows = async () => (await tableExists(test)) && (await idsIn(test, table)).length
  return { test, queueName, proxy, start, rows, ids: messages.map(({ id }) => id).sort() }
}

type TestDatabase = Awaited<ReturnType<(typeof engines)[number]['create']>>

/** The first worker creates the tables. */
async function tableExists(test: TestDatabase): Promise<boolean> {
  return test.sql(`SELECT id FROM ${table} LIMIT 1`).then(
    () => true,
    () => false,
  )
}

async function killed(worker: Child): Promise<void> {
  worker.process.kill('SIGKILL')
  expect(await worker.ended).toBe('SIGKILL')
}

/** Kills the worker after its insert is committed and before its delete. */
async function killBeforeDelete(proxy: SqsProxy, start: () => Child): Promise<void> {
  const held = proxy.hold('DeleteMessageBatch', 'hold')
  const worker = start()
  await held.arrived
  await killed(worker)
  proxy.fail('DeleteMessageBatch', { kind: 'cut' })
  // The held delete of the dead process is never passed on: its gate stays closed until the proxy is closed.
}

/** Lets a worker finish what the dead ones left behind. */
async function finish(start: () => Child, queueName: string): Promise<void> {
  const worker = start()
  // It handles no signal before it consumes, and the dead ones may have left nothing.
  await worker.logged('consuming')
  await until(() => sqs.bodies(queueName).length === 0)
  worker.process.kill('SIGTERM')
  expect(await worker.ended).toBe(0)
}

describe.each(engines)('kill -9 of a worker that writes into $engine', ({ create }) => {
  it('between commit and delete, repeatedly: one row per message, none lost', { timeout: 180_000 }, async () => {
    const { test, queueName, proxy, start, rows, ids } = await prepared(create, 200)
    for (let round = 0; round < 5; round++) {
      await killBeforeDelete(proxy, start)
      expect(await rows()).toBeGreaterThan(0)
      expect(sqs.bodies(queueName)).toHaveLength(100)
    }
    proxy.fail('DeleteMessageBatch', undefined)
    await finish(start, queueName)
    expect(await idsIn(test, table)).toEqual(ids)
  })

  it('while the carrier moves its rows away: nothing is sent twice', { timeout: 180_000 }, async () => {
    const { test, queueName, proxy, start, ids } = await prepared(create, 40)
    const moved: string[] = []
    const carrierMoves = async (): Promise<void> => {
      const some = await idsIn(test, table)
      for (const id of some) await test.sql(`DELETE FROM ${table} WHERE id = ?`, [id])
      moved.push(...some)
    }
    for (let round = 0; round < 3; round++) {
      await killBeforeDelete(proxy, start)
      await carrierMoves()
    }
    proxy.fail('DeleteMessageBatch', undefined)
    await finish(start, queueName)
    await carrierMoves()
    expect(moved.sort()).toEqual(ids)
  })

  it('after the delete and before its answer, and at random moments: none lost', { timeout: 180_000 }, async () => {
    const { test, queueName, proxy, start, ids } = await prepared(create, 200)
    for (let round = 0; round < 3; round++) {
      const held = proxy.hold('DeleteMessageBatch', 'hold-answer')
      const worker = start()
      await held.arrived
      await killed(worker)
      held.release()
    }
    for (let round = 0; round < 3 && sqs.bodies(queueName).length > 0; round++) {
      const before = sqs.bodies(queueName).length
      const worker = start()
      await until(() => sqs.bodies(queueName).length < before)
      await killed(worker)
    }
    await finish(start, queueName)
    expect(await idsIn(test, table)).toEqual(ids)
  })
})
