import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { createConnection, createPool } from 'mysql2/promise'
import { Consumer } from 'sqs-consumer'
import { startEmulator } from '../src/dev/local/index.ts'
import { startRowStore } from '../src/dev/prove/database.ts'
import { randomId } from '../src/domain/ids.ts'
import { addCustomer } from '../src/operations/customers/index.ts'
import { openRegistry } from '../src/registry/index.ts'
import { createGateway, discoverEndpoints, serve } from '../src/runtime/gateway/index.ts'
import { openDatabase, openQueue, type Queue } from '../src/runtime/ports/index.ts'
import { consume } from '../src/runtime/worker/index.ts'
import type { Bench } from './lib/bench.ts'
import { cleanUp, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'

const messages = 10_000
const region = 'ap-northeast-2'
const carrier = { queue: 'carrier-a', table: 'carrier_a' }
const body = { to: '010-1234-5678', from: '1588-1234', text: 'Your code is 123456. It is good for three minutes.' }

/** One way from HTTP to a committed row: makes calls until all messages are sent. */
interface Way {
  readonly name: string
  /** @returns messages a second, and requests to SQS */
  readonly run: () => Promise<{ rate: number; requests: number }>
}

async function inParallel(total: number, atOnce: number, one: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < total) await one(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** The same queue, and how often it was asked. */
function counted(queue: Queue): { queue: Queue; requests: () => number } {
  let requests = 0
  const counting = new Proxy(queue, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) => {
        // A delete of n receipts is n/10 requests.
        requests += name === 'delete' && Array.isArray(args[1]) ? Math.ceil(args[1].length / 10) : 1
        return value.apply(target, args)
      }
    },
  })
  return { queue: counting, requests: () => requests }
}

async function post(url: string, authorization: string, content: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(content) })
  await response.arrayBuffer()
  if (response.status !== 202) throw new Error(`${url} answered ${response.status}`)
}

type Rows = Awaited<ReturnType<typeof startRowStore>>

async function untilRows(rows: Rows, table: string, count: number): Promise<void> {
  while (Number((await rows.sql.all(`SELECT count(*) AS n FROM ${table}`))[0]?.n) < count) await sleep(5)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

/** Ours: the gateway and the worker as they are, on a registry in a file. */
async function ours(rows: Rows, sqs: string): Promise<{ single: Way; batch: Way; worker: Way; stop(): Promise<void> }> {
  const registry = await openRegistry(`sqlite:${join(temporaryFolder(), 'registry.db')}`)
  const context = { registry, actor: { who: 'bench', from: 'here' }, now: Date.now }
  const { keys } = await addCustomer(context, {
    id: 'bench',
    quota: { day: 1e9 },
    queue: carrier.queue,
    senders: ['1588-1234'],
    keysFor: ['live'],
  })
  const authorization = `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}`
  const database = await openDatabase(rows.direct)
  await database.migrate([carrier])
  const { queue, requests } = counted(openQueue({ endpoint: sqs, region }))
  const gateway = createGateway({ registry, queue, endpoints: await discoverEndpoints() })
  const { url, stop } = await serve(gateway, { port: 0 })
  const clear = () => rows.sql.all('DELETE FROM carrier_a')

  const through = (name: string, calls: number, atOnce: number, call: () => Promise<void>): Way => ({
    name,
    run: async () => {
      await clear()
      const before = requests()
      const consumer = consume({ queue, database, carrier, waitSeconds: 1, idleMaxMs: 0 })
      const seconds = await timed(async () => {
        await inParallel(calls, atOnce, call)
        await untilRows(rows, carrier.table, messages)
      })
      const asked = requests() - before
      await consumer.stop()
      // The poll that was left waiting would take messages of the next run with it.
      await sleep(1_200)
      return { rate: messages / seconds, requests: asked }
    },
  })
  const hundred = { messages: Array.from({ length: 100 }, () => body) }
  return {
    single: through('apigw, one message per call', messages, 64, () => post(`${url}/v1.0/messages`, authorization, body)),
    batch: through('ours, 100 messages a call', messages / 100, 8, () =>
      post(`${url}/v1.0/messages/batch`, authorization, hundred),
    ),
    worker: {
      name: 'our worker alone, from a full queue',
      run: async () => {
        await clear()
        for (let sent = 0; sent < messages; sent += 2000) {
          const envelopes = Array.from({ length: 10 }, () => envelope(200))
          for (let from = 0; from < 10; from += 4) await queue.sendBatch(carrier.queue, envelopes.slice(from, from + 4))
        }
        const before = requests()
        const started = performance.now()
        const consumer = consume({ queue, database, carrier, waitSeconds: 1, idleMaxMs: 0 })
        await untilRows(rows, carrier.table, messages)
        const seconds = (performance.now() - started) / 1000
        const asked = requests() - before
        await consumer.stop()
        await sleep(1_200)
        return { rate: messages / seconds, requests: asked }
      },
    },
    stop: async () => {
      await stop(0)
      await database.close()
      await registry.close()
    },
  }
}

function envelope(count: number): string {
  const made = Array.from({ length: count }, () => ({
    id: randomId(),
    to: '+821012345678',
    from: '+8215881234',
    type: 'sms',
    text: body.text,
    acceptedAt: 1,
  }))
  return JSON.stringify({ v: 1, customer: 'bench', environment: 'live', route: carrier.queue, messages: made })
}

/** The common design: one SendMessage per call, sqs-consumer, and one INSERT for each receive of ten messages. */
async function usual(rows: Rows, sqs: string): Promise<{ way: Way; stop(): Promise<void> }> {
  await rows.sql.all(
    'CREATE TABLE plain (id CHAR(26) PRIMARY KEY, recipient VARCHAR(16), sender VARCHAR(16), body VARCHAR(4000))',
  )
  const client = new SQSClient({
    endpoint: sqs,
    region,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    useQueueUrlAsEndpoint: false,
  })
  const QueueUrl = `${sqs}/000000000000/plain`
  const pool = createPool(rows.direct.replace('mariadb:', 'mysql:'))
  let requests = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    requests += 1
    const message = { ...JSON.parse(Buffer.concat(chunks).toString()), id: randomId() }
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }))
    response.writeHead(202).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const run = async () => {
    await rows.sql.all('DELETE FROM plain')
    requests = 0
    const consumer = Consumer.create({
      queueUrl: QueueUrl,
      sqs: client,
      batchSize: 10,
      waitTimeSeconds: 1,
      handleMessageBatch: async (received) => {
        const values = received.map(({ Body }) => {
          const { id, to, from, text } = JSON.parse(Body ?? '{}')
          return [id, to, from, text]
        })
        // A receive and a delete for each ten.
        requests += 2
        await pool.query('INSERT INTO plain (id, recipient, sender, body) VALUES ?', [values])
        return received
      },
    })
    consumer.on('error', () => undefined)
    consumer.start()
    const seconds = await timed(async () => {
      await inParallel(messages, 64, () => post(url, '', body))
      await untilRows(rows, 'plain', messages)
    })
    consumer.stop({ abort: true })
    await sleep(1_200)
    return { rate: messages / seconds, requests }
  }
  return {
    way: { name: 'one SendMessage per call, sqs-consumer, one INSERT per ten messages', run },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      client.destroy()
      await pool.end()
    },
  }
}

/** The same rows by LOAD DATA, into tables of the same shape: the fastest way in that MariaDB has. */
async function loadData(rows: Rows, both: boolean): Promise<Way> {
  const url = new URL(rows.direct)
  const connection = await createConnection({ host: url.hostname, port: Number(url.port), user: 'root', database: 'prove' })
  await connection.query('CREATE TABLE IF NOT EXISTS bulk LIKE carrier_a')
  await connection.query('CREATE TABLE IF NOT EXISTS bulk_seen LIKE ingest_seen')
  const load = (table: string, columns: string, lines: readonly string[]) =>
    connection.query({
      sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table} (${columns})`,
      infileStreamFactory: () => Readable.from([Buffer.from(lines.join('\n'))], { objectMode: false }),
    })
  return {
    name: `LOAD DATA, ${both ? 'the rows and their ids, as the worker writes them' : 'the rows alone'}`,
    run: async () => {
      for (const table of ['bulk', 'bulk_seen']) await connection.query(`DELETE FROM ${table}`)
      const ids = Array.from({ length: messages }, () => randomId())
      const seconds = await timed(async () => {
        const row = (id: string) => [id, 'bench', 'live', '+821012345678', '+8215881234', 'sms', body.text, 1, 1].join('\t')
        if (both)
          await load(
            'bulk_seen',
            'msg_id, seen_at, customer, environment, batch',
            ids.map((id) => [id, 1, 'bench', 'live', '12345678'].join('\t')),
          )
        await load('bulk', 'id, customer, environment, recipient, sender, type, body, send_at, accepted_at', ids.map(row))
      })
      return { rate: messages / seconds, requests: 0 }
    },
  }
}

const bench: Bench = {
  question: `messages a second from HTTP to a committed row in MariaDB, ${whole(messages)} at a time; everything on this machine`,
  run: async ({ rounds }) => {
    const rows = await startRowStore('mariadb', temporaryFolder(), new AbortController().signal)
    const server = await startEmulator({ port: 0 })
    for (const name of [carrier.queue, 'plain']) server.createQueue(name)
    const address = `http://127.0.0.1:${server.port}`
    const we = await ours(rows, address)
    const they = await usual(rows, address)
    const ways = [they.way, we.single, we.batch, await loadData(rows, false), await loadData(rows, true), we.worker]
    const rates = ways.map((): number[] => [])
    const asked = ways.map((): number[] => [])
    for (const way of ways) await way.run()
    for (let round = 0; round < rounds; round++) {
      for (const [at, way] of ways.entries()) {
        const { rate, requests } = await way.run()
        rates[at]?.push(rate)
        asked[at]?.push(requests)
      }
    }
    const rate = (at: number): number => median(rates[at] ?? [])
    printTable(
      ['', 'messages/s', 'min', 'max', 'over the usual', 'SQS requests'],
      ways.map(({ name }, at) => [
        name,
        whole(rate(at)),
        whole(Math.min(...(rates[at] ?? []))),
        whole(Math.max(...(rates[at] ?? []))),
        (rate(at) / rate(0)).toFixed(1),
        whole(median(asked[at] ?? [])),
      ]),
    )
    print(
      `The worker over LOAD DATA: ${(rate(5) / rate(3)).toFixed(2)} of the rows alone, ${(rate(5) / rate(4)).toFixed(2)} of rows and ids.`,
    )
    await we.stop()
    await they.stop()
    await server.stop()
    await rows.close()
    cleanUp()
  },
}

export default bench
