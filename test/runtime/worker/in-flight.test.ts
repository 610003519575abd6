import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Database } from '../../../src/runtime/ports/index.ts'
import { consume, type WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'
import { uniqueName } from '../../support/names.ts'
import { openTestQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { startSqsProxy } from '../../support/sqs-proxy.ts'
import { gate, until } from '../../support/until.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs([])
})
afterAll(() => sqs.stop())

it('extends the messages that a slow database delays, and no other consumer receives them meanwhile', async () => {
  const test = await engines[0].create()
  const database = await test.open()
  await database.migrate([carrierA])
  const name = uniqueName('carrier')
  sqs.createQueue(name, { VisibilityTimeout: '1' })
  const message = messageWith()
  sqs.server.sendMessage(name, envelopeOf(name, [message]))
  const proxy = await startSqsProxy(sqs.port)
  onTestFinished(() => proxy.close())
  const held = gate()
  const slow: Database = new Proxy(database, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      if (property !== 'flush') return value.bind(target)
      return async (...args: Parameters<Database['flush']>) => {
        await held.opened
        return target.flush(...args)
      }
    },
  })
  const events: WorkerEvent[] = []
  const consumer = consume({
    queue: openTestQueue(proxy.endpoint),
    database: slow,
    carrier: { ...carrierA, queue: name },
    waitSeconds: 0,
    idleMaxMs: 50,
    observe: (event) => void events.push(event),
  })
  onTestFinished(() => consumer.stop(0))
  await until(() => (proxy.seen.get('ChangeMessageVisibilityBatch') ?? 0) >= 4)
  const other = openTestQueue(sqs.endpoint)
  for (let look = 0; look < 10; look++) {
    expect(await other.receive(name, { most: 10, waitSeconds: 0 })).toEqual([])
    await sleep(20)
  }
  held.open()
  await until(() => sqs.bodies(name).length === 0)
  expect(await idsIn(test, 'carrier_a')).toEqual([message.id])
  expect(events.filter(({ kind }) => kind === 'flushed')).toHaveLength(1)
})

it('returns at once what cannot be written when it has to stop', async () => {
  const test = await engines[0].create()
  const database = await test.open()
  await database.migrate([carrierA])
  const name = uniqueName('carrier')
  sqs.createQueue(name, { VisibilityTimeout: '600' })
  sqs.server.sendMessage(name, envelopeOf(name, [messageWith()]))
  const events: WorkerEvent[] = []
  const consumer = consume({
    queue: openTestQueue(sqs.endpoint),
    database,
    carrier: { ...carrierA, queue: name },
    waitSeconds: 0,
    idleMaxMs: 50,
    observe: (event) => void events.push(event),
  })
  await until(() => events.some(({ kind }) => kind === 'flushed'))
  await test.sql('DROP TABLE carrier_a')
  sqs.server.sendMessage(name, envelopeOf(name, [messageWith()]))
  await until(() => events.some(({ kind }) => kind === 'refusing'))
  await consumer.stop(0)
  expect(events.at(-1)).toMatchObject({ kind: 'released', messages: 1 })
  expect(await openTestQueue(sqs.endpoint).receive(name, { most: 1, waitSeconds: 0 })).toHaveLength(1)
})
