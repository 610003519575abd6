import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomId } from '../src/domain/ids.ts'
import { startEmulator } from '../src/local/index.ts'
import { startRowStore } from '../src/prove/stores.ts'
import { openDatabase, openLedger, openQueue } from '../src/runtime/ports/index.ts'
import { consume, pumpReports } from '../src/runtime/worker/index.ts'
import type { Bench } from './lib/bench.ts'
import { cleanUp, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'

const messages = 10_000
const carrier = { queue: 'carrier-a', table: 'carrier_a' }
const region = 'ap-northeast-2'
/** What DynamoDB takes for a write in its own region. */
const ledgerMs = 5

/** Answers as DynamoDB does, and keeps nothing: how fast an emulator writes is another question. */
async function startNullLedger(): Promise<{ endpoint: string; requests(): number }> {
  let requests = 0
  const server = createServer(async (request, response) => {
    requests += 1
    await text(request)
    await sleep(ledgerMs)
    const action = String(request.headers['x-amz-target']).split('.')[1]
    const head = { openDay: { S: new Date().toISOString().slice(0, 10) } }
    const answers: Record<string, object> = { BatchGetItem: { Responses: { 'apigw-ledger': [head] } }, Query: { Items: [] } }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answers[action ?? ''] ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests }
}

function envelope(customer: string, count: number): string {
  const text = 'Your code is 123456. It is good for three minutes.'
  const one = () => ({ id: randomId(), to: '+821012345678', from: '+8215881234', type: 'sms', text, acceptedAt: Date.now() })
  const made = Array.from({ length: count }, one)
  return JSON.stringify({ v: 1, customer, environment: 'live', route: carrier.queue, messages: made })
}

const bench: Bench = {
  question: `messages a second into MariaDB by the worker, and their reports out of it by the pump; ${whole(messages)} at a time`,
  needs: [],
  run: async ({ rounds }) => {
    const rows = await startRowStore(temporaryFolder())
    if (rows.engine !== 'MariaDB') throw new Error('This needs MariaDB: apt-get install -y mariadb-server')
    const server = await startEmulator({ port: 0 })
    server.createQueue(carrier.queue)
    const database = await openDatabase(rows.address)
    await database.migrate([carrier])
    const queue = openQueue({ endpoint: server.address, region })
    const nowhere = await startNullLedger()
    const ledger = openLedger({ endpoint: nowhere.endpoint, region })
    if (ledger === undefined) throw new Error('an endpoint is there, and no ledger')
    const count = async (sql: string): Promise<number> => Number((await rows.sql(sql))[0]?.n)

    const worker = async (customers: number): Promise<number> => {
      for (let sent = 0; sent < 50; sent += 4) {
        const some = Array.from({ length: Math.min(4, 50 - sent) }, (_, at) =>
          envelope(`c${(sent + at) % customers}`, messages / 50),
        )
        await queue.sendBatch(carrier.queue, some)
      }
      const started = performance.now()
      const consumer = consume({ queue, database, carrier, waitSeconds: 1, idleMaxMs: 0 })
      while ((await count('SELECT count(*) AS n FROM carrier_a')) < messages) await sleep(10)
      const seconds = (performance.now() - started) / 1000
      await consumer.stop()
      return messages / seconds
    }
    const pump = async (): Promise<number> => {
      await rows.sql(`UPDATE carrier_a SET status = 2, result = 'delivered', result_at = ${Date.now()}`)
      const started = performance.now()
      const running = pumpReports({ database, ledger, carriers: [carrier], observe: () => undefined })
      while ((await count('SELECT count(*) AS n FROM ingest_seen WHERE reported_at IS NULL')) > 0) await sleep(10)
      const seconds = (performance.now() - started) / 1000
      await running.stop()
      await rows.sql('DELETE FROM carrier_a')
      return messages / seconds
    }
    const results: string[][] = []
    for (const customers of [1, 50]) {
      const [written, reported]: [number[], number[]] = [[], []]
      await worker(customers)
      await pump()
      for (let round = 0; round < rounds; round++) {
        written.push(await worker(customers))
        reported.push(await pump())
      }
      const [one, other] = [median(written), median(reported)]
      results.push([String(customers), whole(one), whole(other), (other / one).toFixed(2)])
    }
    printTable(['customers', 'worker', 'pump', 'pump over worker'], results)
    print(`Requests to the ledger, which takes ${ledgerMs} ms for each: ${whole(nowhere.requests())}.`)
    await database.close()
    await server.stop()
    await rows.victim?.kill()
    cleanUp()
  },
}

export default bench
