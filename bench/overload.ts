import { fork } from 'node:child_process'
import { loadavg } from 'node:os'
import * as z from 'zod'
import { addCustomer } from '../src/operations/customers/index.ts'
import { openRegistry } from '../src/registry/index.ts'
import type { Bench } from './lib/bench.ts'
import { startRedis, startServer, tracked } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'

const plenty = 1_000_000_000
const aims = { p99Ms: 1000, goodput: 0.8 } as const

const result = z.object({
  accepted: z.number(),
  shed: z.number(),
  other: z.number(),
  unsent: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
})
type Result = z.infer<typeof result>

interface Offered {
  readonly url: string
  readonly call: string
  /** Calls a second; 0: as fast as they are answered. */
  readonly rate: number
  readonly connections: number
  readonly seconds: number
}

/** Sends from a process of its own. */
function offer({ url, call, rate, connections, seconds }: Offered): Promise<Result> {
  const env = {
    ...process.env,
    BENCH_PORT: new URL(url).port,
    BENCH_CALL: call,
    BENCH_RATE: String(rate),
    BENCH_CONNECTIONS: String(connections),
    BENCH_SECONDS: String(seconds),
  }
  const child = tracked(
    fork(new URL('./servers/open-loop.ts', import.meta.url), { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the sender ended with ${code}`)))
    child.once('message', (message) => {
      resolve(result.parse(message))
      child.kill()
    })
  })
}

async function callFor(address: string): Promise<string> {
  const registry = await openRegistry(address)
  const context = { registry, actor: { who: 'bench', from: 'localhost' }, now: Date.now }
  const quota = { day: plenty, month: plenty, rate: 1_000_000, burst: 1_000_000 }
  const { keys } = await addCustomer(context, { id: 'bench', quota, queue: 'bench', senders: ['1588-1234'], keysFor: ['live'] })
  await registry.close()
  const authorization = `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}`
  const body = JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: 'Your code is 482913.' })
  const lines = [`Host: a`, 'Content-Type: application/json', `Authorization: ${authorization}`, `Content-Length: ${body.length}`]
  return `POST /v1.0/messages HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}

const perSecond = ({ accepted, seconds }: Result): number => accepted / seconds

const bench: Bench = {
  question: 'what becomes of accepted calls when five times as many come as one gateway can serve?',
  run: async ({ rounds, seconds }) => {
    const redis = await startRedis()
    const call = await callFor(redis.url)
    const { url } = await startServer('gateway.ts', { BENCH_REGISTRY: redis.url })
    print(`${rounds} rounds of ${seconds} s at each load; load average before: ${(loadavg()[0] ?? 0).toFixed(1)}\n`)
    await offer({ url, call, rate: 0, connections: 64, seconds: 2 })
    const rows: string[][] = []
    const ratios: number[] = []
    const slowest: number[] = []
    for (let round = 0; round < rounds; round++) {
      // What it can serve now: neighbours on this machine change it from round to round.
      const capacity = perSecond(await offer({ url, call, rate: 0, connections: 64, seconds }))
      const one = await offer({ url, call, rate: capacity, connections: 4_000, seconds })
      const five = await offer({ url, call, rate: 5 * capacity, connections: 4_000, seconds })
      ratios.push(perSecond(five) / perSecond(one))
      slowest.push(five.p99)
      for (const [name, offered, seen] of [
        ['1 ×', capacity, one],
        ['5 ×', 5 * capacity, five],
      ] as const) {
        const cells = [perSecond(seen), seen.shed / seen.seconds, seen.unsent / seen.seconds, seen.p50, seen.p99, seen.max]
        rows.push([name, whole(offered), ...cells.map(whole), String(seen.other)])
      }
    }
    printTable(['load', 'offered/s', 'accepted/s', '503/s', 'unsent/s', 'p50 ms', 'p99 ms', 'max ms', 'other'], rows)
    const goodput = median(ratios)
    const p99 = median(slowest)
    print()
    print(
      `${p99 < aims.p99Ms ? 'reached    ' : 'not reached'}  p99 of accepted calls at 5 × below ${aims.p99Ms} ms: ${whole(p99)} ms`,
    )
    print(
      `${goodput >= aims.goodput ? 'reached    ' : 'not reached'}  accepted at 5 × ≥ ${aims.goodput} of 1 ×: ${goodput.toFixed(2)}`,
    )
  },
}

export default bench
