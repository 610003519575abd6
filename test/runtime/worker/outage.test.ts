import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../../src/runtime/ports/index.ts'
import { consume, type WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { startChild } from '../../support/child.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith, rowWith, type TestDatabase } from '../../support/databases.ts'
import { uniqueName } from '../../support/names.ts'
import { openTestQueue, region, type Sqs, startSqs } from '../../support/sqs.ts'
import { startSqsProxy } from '../../support/sqs-proxy.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs([])
})
afterAll(() => sqs.stop())

const { table } = carrierA
const servers = engines.filter(({ engine }) => engine !== 'SQLite')

/** A queue that dead-letters after five receives, as before the worker counted receives itself. */
function newQueue(visibilitySeconds: string) {
  const name = uniqueName('carrier')
  const { queueArn: deadLetterTargetArn } = sqs.server.createQueue(`${name}-dlq`)
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 5 })
  sqs.createQueue(name, { RedrivePolicy, VisibilityTimeout: visibilitySeconds })
  return name
}

function fill(queueName: string, count: number): string[] {
  const messages = Array.from({ length: count }, () => messageWith())
  for (let from = 0; from < count; from += 2)
    sqs.server.sendMessage(queueName, envelopeOf(queueName, messages.slice(from, from + 2)))
  return messages.map(({ id }) => id)
}

async function behindProxy(test: TestDatabase) {
  const url = new URL(test.address)
  const proxy = await startTcpProxy(Number(url.port))
  onTestFinished(() => proxy.close())
  url.port = String(proxy.port)
  return { proxy, address: url.href }
}

async function worker(queueName: string, address: string, options: { timeoutMs?: number; releaseAfterMs?: number } = {}) {
  const { timeoutMs, ...rest } = options
  const database = await openDatabase(address, { timeoutMs })
  onTestFinished(() => database.close())
  await database.migrate([carrierA])
  const proxy = await startSqsProxy(sqs.port)
  onTestFinished(() => proxy.close())
  const events: WorkerEvent[] = []
  const queue = openTestQueue(proxy.endpoint)
  onTestFinished(() => queue.close())
  const observe = (event: WorkerEvent): void => void events.push(event)
  const carrier = { queue: queueName, table }
  const consumer = consume({ queue, database, carrier, waitSeconds: 0, idleMaxMs: 40, ...rest, observe })
  onTestFinished(() => consumer.stop(0))
  const count = (kind: WorkerEvent['kind']) => events.filter((event) => event.kind === kind).length
  return { consumer, events, count, database, receives: () => proxy.seen.get('ReceiveMessage') ?? 0 }
}

describe.each(servers)('$engine', ({ create }) => {
  it('an outage that is longer than the receives of a queue moves nothing to the dead letters', {
    timeout: 120_000,
  }, async () => {
    const test = await create()
    const { proxy, address } = await behindProxy(test)
    const queueName = newQueue('1')
    const { count, receives, events } = await worker(queueName, address, { releaseAfterMs: 2_000 })
    const first = fill(queueName, 2)
    await until(() => count('flushed') > 0)
    proxy.set('refuse')
    const later = fill(queueName, 20)
    await until(() => count('released') > 0)
    const before = receives()
    // More than five receives would take, with a visibility of one second.
    await sleep(8_000)
    expect(receives()).toBe(before)
    expect(sqs.bodies(`${queueName}-dlq`)).toEqual([])
    proxy.set('pass')
    await until(() => sqs.bodies(queueName).length === 0)
    expect(await idsIn(test, table)).toEqual([...first, ...later].sort())
    expect(sqs.bodies(`${queueName}-dlq`)).toEqual([])
    expect(events.findLast(({ kind }) => kind === 'resumed')).toBeDefined()
  })

  it('a connection whose peer vanished is replaced by a new one', { timeout: 120_000 }, async () => {
    const test = await create()
    const { proxy, address } = await behindProxy(test)
    const queueName = newQueue('60')
    const { count, events } = await worker(queueName, address, { timeoutMs: 700 })
    const first = fill(queueName, 2)
    await until(() => count('flushed') > 0)
    proxy.stall()
    const later = fill(queueName, 40)
    await until(() => sqs.bodies(queueName).length === 0)
    expect(await idsIn(test, table)).toEqual([...first, ...later].sort())
    const failed = events.flatMap((event) => (event.kind === 'failed' ? [String(event.error)] : []))
    expect(failed.filter((text) => !/no answer within|connection timeout/.test(text))).toEqual([])
  })

  it('a statement without an answer ends its connection, and is logged', { timeout: 120_000 }, async () => {
    const test = await create()
    const { proxy, address } = await behindProxy(test)
    const database = await openDatabase(address, { timeoutMs: 2_000, connections: 2 })
    onTestFinished(() => database.close())
    await database.migrate([carrierA])
    proxy.set('silent')
    await expect(database.flush(carrierA, [rowWith()])).rejects.toMatchObject({
      code: 'database-unavailable',
      message: expect.stringContaining('no answer within 2 s'),
    })
    proxy.set('pass')
    expect(await database.flush(carrierA, [rowWith()])).toBe(1)
  })

  it('a worker survives 30 cut connections while it writes: nothing lost, nothing twice', {
    timeout: 180_000,
  }, async () => {
    const test = await create()
    const queueName = newQueue('30')
    const child = startWorker(queueName, test.address)
    await child.logged('consuming')
    const ids: string[] = []
    const flushes = () => child.lines.filter(({ event }) => event === 'flushed').length
    const kill = test.address.startsWith('postgres')
      ? 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
      : undefined
    for (let ended = 0; ended < 30; ) {
      if (sqs.bodies(queueName).length < 40) ids.push(...fill(queueName, 40))
      if (kill !== undefined) ended += (await test.sql(kill)).length
      else ended += await killConnections(test)
      // The next ones end while it is writing again.
      const before = flushes()
      await until(() => flushes() > before || sqs.bodies(queueName).length === 0 || child.process.exitCode !== null)
      expect(child.process.exitCode, child.stderr()).toBeNull()
    }
    await until(() => sqs.bodies(queueName).length === 0 || child.process.exitCode !== null)
    expect(child.process.exitCode).toBeNull()
    expect(await idsIn(test, table)).toEqual(ids.sort())
    expect(sqs.bodies(`${queueName}-dlq`)).toEqual([])
  })

  it.each(['refuse', 'silent'] as const)('an outage (%s) leaks no open files', { timeout: 180_000 }, async (how) => {
    const test = await create()
    const { proxy, address } = await behindProxy(test)
    const queueName = newQueue('60')
    const child = startWorker(queueName, address)
    fill(queueName, 2)
    await child.logged('flushed')
    const open = () => readdirSync(`/proc/${child.process.pid}/fd`).length
    const before = open()
    proxy.set(how)
    fill(queueName, 60)
    const failures = () => child.lines.filter(({ event }) => event === 'failed').length
    await until(() => failures() >= 4 || child.process.exitCode !== null)
    expect(child.stderr()).toBe('')
    expect(open()).toBeLessThan(before + 20)
    proxy.set('pass')
    await until(() => sqs.bodies(queueName).length === 0)
  })
})

function startWorker(queueName: string, address: string) {
  return startChild('worker', {
    APIGW_CARRIERS: JSON.stringify({ carriers: [{ queue: queueName, table }] }),
    APIGW_SCHEMA: 'apply',
    APIGW_DATABASE: address,
    APIGW_DATABASE_TIMEOUT_MS: '2000',
    APIGW_SQS_ENDPOINT: sqs.endpoint,
    APIGW_WAIT_SECONDS: '1',
    APIGW_IDLE_MAX_MS: '50',
    AWS_REGION: region,
  })
}

/** Ends the connections of MariaDB to this database, except the test's own. @returns how many */
async function killConnections(test: TestDatabase): Promise<number> {
  const rows = await test.sql('SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()')
  for (const { id } of rows) await test.sql(`KILL ${Number(id)}`).catch(() => undefined)
  return rows.length
}

describe.each(engines)('a table that accepts no rows, in $engine', ({ engine, create }) => {
  it('stops its queue, keeps every message, and resumes when it is fixed', { timeout: 120_000 }, async () => {
    const test = await create()
    const queueName = newQueue('1')
    const { count, events } = await worker(queueName, test.address)
    const first = fill(queueName, 2)
    await until(() => count('flushed') > 0)
    const [breakIt, mendIt] =
      engine === 'SQLite'
        ? [`CREATE TRIGGER t BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'not today'); END`, 'DROP TRIGGER t']
        : [`ALTER TABLE ${table} ADD needed INT NOT NULL DEFAULT 0`, `ALTER TABLE ${table} DROP needed`]
    await test.sql(breakIt)
    if (engine !== 'SQLite') await test.sql(`ALTER TABLE ${table} ALTER needed DROP DEFAULT`)
    const later = fill(queueName, 100)
    await until(() => count('refusing') >= 4)
    expect(count('rejected')).toBe(0)
    expect(sqs.bodies(`${queueName}-dlq`)).toEqual([])
    expect(events.find(({ kind }) => kind === 'refusing')).toMatchObject({ error: { code: 'table-refuses' } })
    await test.sql(mendIt)
    await until(() => sqs.bodies(queueName).length === 0)
    expect(await idsIn(test, table)).toEqual([...first, ...later].sort())
    expect(count('rejected')).toBe(0)
  })

  it('receives nothing while its columns accept no row, and names the column', { timeout: 120_000 }, async () => {
    const test = await create()
    const database = await test.open()
    await database.migrate([carrierA])
    await test.sql(engine === 'SQLite' ? `ALTER TABLE ${table} DROP media` : `ALTER TABLE ${table} DROP body`)
    const queueName = newQueue('1')
    const ids = fill(queueName, 6)
    const { events, receives } = await worker(queueName, test.address)
    await until(() => events.filter(({ kind }) => kind === 'unfit').length >= 2)
    const column = engine === 'SQLite' ? 'media' : 'body'
    expect(events[0]).toMatchObject({ kind: 'unfit', keepsOut: 'all', detail: `carrier_a has no column ${column}` })
    expect(receives()).toBe(0)
    await test.sql(`ALTER TABLE ${table} ADD ${column} ${engine === 'SQLite' ? 'TEXT' : 'VARCHAR(4000)'}`)
    await until(() => sqs.bodies(queueName).length === 0)
    expect(await idsIn(test, table)).toEqual(ids.sort())
  })
})

it('moves what cannot be read to the dead letters itself, after five receives', { timeout: 60_000 }, async () => {
  const test = await engines[0].create()
  const name = uniqueName('carrier')
  const { queueArn: deadLetterTargetArn } = sqs.server.createQueue(`${name}-dlq`)
  sqs.createQueue(name, { VisibilityTimeout: '1', RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1000 }) })
  sqs.server.sendMessage(name, 'junk')
  const { events } = await worker(name, test.address)
  await until(() => sqs.bodies(name).length === 0 && events.some(({ kind }) => kind === 'dead'))
  // If its visibility ends between the two steps, it is moved twice. A second copy is better than none.
  expect(new Set(sqs.bodies(`${name}-dlq`))).toEqual(new Set(['junk']))
  expect(events.filter(({ kind }) => kind === 'bad').length).toBeGreaterThanOrEqual(5)
  expect(events.find(({ kind }) => kind === 'dead')).toEqual({
    kind: 'dead',
    queue: name,
    why: 'it is not JSON',
    deadLetterQueue: `${name}-dlq`,
  })
})
