import { setTimeout as sleep } from 'node:timers/promises'
import { startEmulator } from '../src/dev/local/index.ts'
import { startRowStore } from '../src/dev/prove/database.ts'
import { randomId } from '../src/domain/ids.ts'
import { openDatabase, openLedger, openQueue } from '../src/runtime/ports/index.ts'
import { consume, pumpReports } from '../src/runtime/worker/index.ts'
import type { Bench } from './lib/bench.ts'
import { cleanUp, startServer, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'

const messages = 10_000
/** Messages in an envelope: a batch of 200, and one by one, as most calls send them. */
const sizes = [200, 1]
const carrier = { queue: 'carrier-a', table: 'carrier_a' }
const region = 'ap-northeast-2'
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
    const rows = await startRowStore('mariadb', temporaryFolder(), new AbortController().signal)
    const server = await startEmulator({ port: 0 })
    server.createQueue(carrier.queue)
    const database = await openDatabase(rows.direct)
    await database.migrate([carrier])
    const queue = openQueue({ endpoint: server.address, region })
    // How fast an emulator of DynamoDB writes is another question.
    const { url: endpoint } = await startServer('ledger.ts', {})
    const ledger = openLedger({ endpoint, region })
    if (ledger === undefined) throw new Error('an endpoint is there, and no ledger')
    const count = async (sql: string): Promise<number> => Number((await rows.sql.all(sql))[0]?.n)

    const worker = async (customers: number, size: number): Promise<number> => {
      const envelopes = messages / size
      // SQS takes up to 10 in a request, and up to 256 KB.
      const together = size === 1 ? 10 : 4
      for (let sent = 0; sent < envelopes; sent += together) {
        const some = Array.from({ length: Math.min(together, envelopes - sent) }, (_, at) =>
          envelope(`c${(sent + at) % customers}`, size),
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
      await rows.sql.all(`UPDATE carrier_a SET status = 2, result = 'delivered', result_at = ${Date.now()}`)
      const started = performance.now()
      const running = pumpReports({ database, ledger, carriers: [carrier], observe: () => undefined })
      while ((await count('SELECT count(*) AS n FROM ingest_seen WHERE reported_at IS NULL')) > 0) await sleep(10)
      const seconds = (performance.now() - started) / 1000
      await running.stop()
      await rows.sql.all('DELETE FROM carrier_a')
      return messages / seconds
    }
    const results: string[][] = []
    for (const size of sizes) {
      for (const customers of [1, 50]) {
        const [written, reported]: [number[], number[]] = [[], []]
        await worker(customers, size)
        await pump()
        for (let round = 0; round < rounds; round++) {
          written.push(await worker(customers, size))
          reported.push(await pump())
        }
        const [one, other] = [median(written), median(reported)]
        results.push([String(size), String(customers), whole(one), whole(other), (other / one).toFixed(2)])
      }
    }
    printTable(['messages an envelope', 'customers', 'worker', 'pump', 'pump over worker'], results)
    print('The ledger answers each request after 5 ms, as DynamoDB does in its own region, and keeps nothing.')
    await database.close()
    await server.stop()
    await rows.close()
    cleanUp()
  },
}

export default bench
