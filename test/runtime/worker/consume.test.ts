import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isSandboxQueue } from '../../../src/domain/names.ts'
import { type Database, openDatabase, type Queue } from '../../../src/runtime/ports/index.ts'
import { consume, type WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'
import { uniqueName } from '../../support/names.ts'
import { openTestQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { startSqsProxy } from '../../support/sqs-proxy.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs([])
})
afterAll(() => sqs.stop())

const { table } = carrierA

/** A worker on its own queue; the end of the test may call `stop` again. */
function startWorker(queueName: string, database: Database, queue: Queue) {
  const events: WorkerEvent[] = []
  const observe = (event: WorkerEvent): void => void events.push(event)
  const consumer = consume({ queue, database, carrier: { queue: queueName, table }, waitSeconds: 0, idleMaxMs: 40, observe })
  onTestFinished(() => consumer.stop())
  return { consumer, events, bad: () => events.filter((event) => event.kind === 'bad') }
}

function openedQueue(endpoint = sqs.endpoint): Queue {
  const queue = openTestQueue(endpoint)
  onTestFinished(() => queue.close())
  return queue
}

function newQueue(prefix = 'carrier', attributes: Record<string, string> = {}): string {
  const name = uniqueName(prefix)
  sqs.createQueue(name, attributes)
  return name
}

/** Puts messages into a queue, a few in each envelope. */
function fill(queueName: string, count: number): string[] {
  const ids: string[] = []
  while (ids.length < count) {
    const messages = Array.from({ length: Math.min(3, count - ids.length) }, () => messageWith())
    ids.push(...messages.map(({ id }) => id))
    sqs.server.sendMessage(queueName, envelopeOf(queueName, messages, isSandboxQueue(queueName) ? 'test' : 'live'))
  }
  return ids.sort()
}

describe.each(engines)('a worker that writes into $engine', ({ engine, create }) => {
  async function prepared() {
    const test = await create()
    const database = await test.open()
    await database.migrate([carrierA])
    return { test, database }
  }

  it('stores every message once, and empties the queue', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue()
    const ids = fill(queueName, 100)
    const { consumer, bad } = startWorker(queueName, database, openedQueue())
    await until(() => sqs.bodies(queueName).length === 0)
    await consumer.stop()
    expect(await idsIn(test, table)).toEqual(ids)
    expect(bad()).toEqual([])
  })

  it('stores a message once that many workers receive many times', async () => {
    const { test } = await prepared()
    const queueName = newQueue()
    const ids = fill(queueName, 60)
    for (const body of [...sqs.bodies(queueName), ...sqs.bodies(queueName)]) sqs.server.sendMessage(queueName, body)
    const workers = await Promise.all(
      Array.from({ length: 3 }, async () => startWorker(queueName, await test.open(), openedQueue())),
    )
    await until(() => sqs.bodies(queueName).length === 0)
    await Promise.all(workers.map(({ consumer }) => consumer.stop()))
    expect(await idsIn(test, table)).toEqual(ids)
    const flushed = workers.flatMap(({ events }) => events.filter((event) => event.kind === 'flushed'))
    expect(flushed.reduce((sum, { written }) => sum + written, 0)).toBe(60)
    expect(flushed.reduce((sum, { repeated }) => sum + repeated, 0)).toBe(120)
  })

  it('deletes from the queue only after the commit', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue()
    const ids = fill(queueName, 9)
    const queue = openedQueue()
    const seen: string[][] = []
    const watching: Queue = {
      ...passing(queue),
      delete: async (name, receipts) => {
        seen.push(await idsIn(test, table))
        expect(sqs.bodies(queueName)).toHaveLength(3)
        return queue.delete(name, receipts)
      },
    }
    const { consumer } = startWorker(queueName, database, watching)
    await until(() => sqs.bodies(queueName).length === 0)
    await consumer.stop()
    expect(seen).toEqual([ids])
  })

  it('leaves malformed messages in the queue, and stores the valid ones around them', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue('carrier', { VisibilityTimeout: '600' })
    const malformed = [
      'hello',
      '{}',
      'null',
      '[]',
      envelopeOf(queueName, []),
      envelopeOf('another-queue', [messageWith()]),
      envelopeOf(queueName, [messageWith()], 'test'),
      envelopeOf(queueName, [messageWith({ id: 'not-an-id' })]),
      envelopeOf(queueName, [messageWith()]).replace('"v":1', '"v":2'),
    ]
    const ids: string[] = []
    for (const body of malformed) {
      ids.push(...fill(queueName, 2))
      sqs.server.sendMessage(queueName, body)
    }
    const { consumer, bad } = startWorker(queueName, database, openedQueue())
    await until(async () => bad().length === malformed.length && (await idsIn(test, table)).length === ids.length)
    await until(() => sqs.bodies(queueName).length === malformed.length)
    await consumer.stop()
    expect(await idsIn(test, table)).toEqual(ids.sort())
    expect(sqs.bodies(queueName).sort()).toEqual([...malformed].sort())
    const whys = bad().map((event) => (event.kind === 'bad' ? event.why : ''))
    expect(whys).toEqual(
      expect.arrayContaining(['it is not JSON', 'it was sent to the queue "another-queue"', 'it is of the test environment']),
    )
  })

  it('rejects only the message that cannot be read, with a report, and writes its neighbours', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue()
    const good = Array.from({ length: 3 }, () => messageWith())
    const spoiled = [
      messageWith({ sendAt: -1, ref: 'r-1' }),
      messageWith({ to: '010-1234-5678' }),
      messageWith({ text: 'x'.repeat(4001) }),
    ]
    const mixed = [good[0], spoiled[0], good[1], spoiled[1], spoiled[2], good[2]].flatMap((one) => one ?? [])
    // A field from a newer gateway does no harm.
    const body = envelopeOf(queueName, mixed).replace('"v":1', '"v":1,"more":1').replace('"type":"sms"', '"type":"sms","more":1')
    for (const copy of [body, body]) sqs.server.sendMessage(queueName, copy)
    const { consumer, events, bad } = startWorker(queueName, database, openedQueue())
    await until(() => sqs.bodies(queueName).length === 0)
    await consumer.stop()
    expect(await idsIn(test, table)).toEqual(good.map(({ id }) => id).sort())
    expect(bad()).toEqual([])
    expect(events).toContainEqual({
      kind: 'rejected',
      queue: queueName,
      id: spoiled[0]?.id,
      why: expect.stringContaining('sendAt'),
    })
    const finals = await database.outcomes({ ...carrierA, queue: queueName }, 10)
    expect(finals.map(({ id, outcome }) => `${id} ${outcome}`).sort()).toEqual(spoiled.map(({ id }) => `${id} rejected`).sort())
    expect(finals.find(({ id }) => id === spoiled[0]?.id)).toMatchObject({ customer: 'acme', environment: 'live', ref: 'r-1' })
  })

  it('moves an envelope with a message without a readable id to the dead letters, after writing the neighbours', async () => {
    const { test, database } = await prepared()
    const dead = newQueue('dead')
    const deadLetterTargetArn = `arn:aws:sqs:ap-northeast-2:000000000000:${dead}`
    const queueName = newQueue('carrier', {
      VisibilityTimeout: '1',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 100 }),
    })
    const good = [messageWith(), messageWith()]
    const body = envelopeOf(queueName, [...good, messageWith({ id: 'not-an-id' })])
    sqs.server.sendMessage(queueName, body)
    const { consumer, bad } = startWorker(queueName, database, openedQueue())
    await until(() => sqs.bodies(queueName).length === 0)
    await consumer.stop()
    expect(sqs.bodies(dead)).toEqual([body])
    expect(await idsIn(test, table)).toEqual(good.map(({ id }) => id).sort())
    expect(bad()[0]).toMatchObject({ why: expect.stringContaining('message 3 of 3: id') })
  })

  it('accepts no live message from a sandbox queue', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue('sandbox', { VisibilityTimeout: '600' })
    const ids = fill(queueName, 2)
    sqs.server.sendMessage(queueName, envelopeOf(queueName, [messageWith()], 'live'))
    const { consumer, bad } = startWorker(queueName, database, openedQueue())
    await until(() => bad().length === 1 && sqs.bodies(queueName).length === 1)
    await consumer.stop()
    expect(await idsIn(test, table)).toEqual(ids)
  })

  it('writes a mix of 10,000 with bad rows: those are rejected one by one, and all others stored', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue()
    // Rows that exist already but are not in ingest_seen: each breaks the insert of its whole batch.
    const bad = Array.from({ length: 100 }, () => messageWith())
    await database.flush(
      carrierA,
      bad.map((message) => ({ customer: 'acme', environment: 'live', message })),
    )
    await test.sql('DELETE FROM ingest_seen')
    const good = Array.from({ length: 9_900 }, () => messageWith())
    const mixed = good.flatMap((message, at) => [message, ...(at % 99 === 0 ? bad.slice(at / 99, at / 99 + 1) : [])])
    for (let from = 0; from < mixed.length; from += 200) {
      sqs.server.sendMessage(queueName, envelopeOf(queueName, mixed.slice(from, from + 200)))
    }
    const { consumer, events } = startWorker(queueName, database, openedQueue())
    await until(() => sqs.bodies(queueName).length === 0)
    await consumer.stop()
    expect(await idsIn(test, table)).toEqual([...good, ...bad].map(({ id }) => id).sort())
    const rejected = events.flatMap((event) => (event.kind === 'rejected' ? [event.id] : []))
    expect(rejected.sort()).toEqual(bad.map(({ id }) => id).sort())
    const finals = await database.outcomes({ ...carrierA, queue: queueName }, 1000)
    expect(finals.map(({ id }) => id).sort()).toEqual(rejected)
    expect(finals[0]).toMatchObject({ customer: 'acme', environment: 'live', outcome: 'rejected' })
  })

  it('loses nothing while the database is down', async () => {
    const { test } = await prepared()
    const queueName = newQueue('carrier', { VisibilityTimeout: '1' })
    const ids = fill(queueName, 60)
    const outage = engine === 'SQLite' ? await lockedSqlite(test) : await unreachableServer(test)
    const { consumer, events, bad } = startWorker(queueName, outage.database, openedQueue())
    await until(() => events.some((event) => event.kind === 'failed'))
    expect(sqs.bodies(queueName)).toHaveLength(20)
    await outage.end()
    await until(() => sqs.bodies(queueName).length === 0)
    await consumer.stop()
    expect(await idsIn(test, table)).toEqual(ids)
    expect(bad()).toEqual([])
  })

  it('finishes what it has received when it is stopped', async () => {
    const { test, database } = await prepared()
    const queueName = newQueue('carrier', { VisibilityTimeout: '600' })
    const ids = fill(queueName, 6)
    const proxy = await startSqsProxy(sqs.port)
    onTestFinished(() => proxy.close())
    const held = proxy.hold('DeleteMessageBatch', 'hold')
    const { consumer } = startWorker(queueName, database, openedQueue(proxy.endpoint))
    await held.arrived
    const stopped = consumer.stop()
    held.release()
    await stopped
    expect(await idsIn(test, table)).toEqual(ids)
    expect(sqs.bodies(queueName)).toEqual([])
  })
})

/** The methods of a queue one by one: a class instance cannot be spread. */
function passing(queue: Queue): Queue {
  return {
    sendBatch: (name, bodies) => queue.sendBatch(name, bodies),
    extend: (name, receipts, seconds) => queue.extend(name, receipts, seconds),
    state: (name) => queue.state(name),
    names: (prefix) => queue.names(prefix),
    purge: (name) => queue.purge(name),
    receive: (name, options) => queue.receive(name, options),
    delete: (name, receipts) => queue.delete(name, receipts),
    close: () => queue.close(),
  }
}

type TestDatabase = Awaited<ReturnType<(typeof engines)[number]['create']>>

async function lockedSqlite(test: TestDatabase) {
  const database = await test.open()
  await test.sql('BEGIN IMMEDIATE')
  return { database, end: async () => void (await test.sql('ROLLBACK')) }
}

async function unreachableServer(test: TestDatabase) {
  const url = new URL(test.address)
  const proxy = await startTcpProxy(Number(url.port))
  onTestFinished(() => proxy.close())
  url.port = String(proxy.port)
  proxy.set('refuse')
  const database = await openDatabase(url.href)
  onTestFinished(() => database.close())
  return { database, end: async () => proxy.set('pass') }
}
