import { setTimeout as sleep } from 'node:timers/promises'
import { startEmulator } from '../src/dev/local/index.ts'
import { startRowStore } from '../src/dev/prove/database.ts'
import { runtimeCommand } from '../src/dev/servers/runtime.ts'
import { freePort } from '../src/dev/servers/victim.ts'
import { addCustomer } from '../src/operations/customers/index.ts'
import { openRegistry } from '../src/registry/index.ts'
import { openDatabase, openLedger } from '../src/runtime/ports/index.ts'
import { drive, Sandbox } from '../src/runtime/worker/index.ts'
import { startTcpProxy, type TcpProxy } from '../test/support/tcp-proxy.ts'
import type { Bench } from './lib/bench.ts'
import { cleanUp, startRedis, temporaryFolder } from './lib/children.ts'
import { print, printTable, whole } from './lib/report.ts'
import { type Sample, slope, startWatched, type Watched } from './lib/watched.ts'

const carrier = { queue: 'carrier-a', table: 'carrier_a' }
const callsASecond = 50
const sampleMs = 5_000
const outageMs = 10_000
const region = 'ap-northeast-2'
const text = 'Your code is 123456. It is good for three minutes.'

/** What is cut off, in turn, once a minute. */
const outages = [
  ['database refuses', 'database', 'refuse'],
  ['Redis refuses', 'redis', 'refuse'],
  ['database is silent', 'database', 'silent'],
  ['Redis is silent', 'redis', 'silent'],
] as const

/** How long the reader may take for the last reports after the load has ended. */
const drainMs = 120_000

interface Tally {
  readonly statuses: Map<number, number>
  /** Answers to calls that read reports. */
  readonly reads: Map<number, number>
  /** Messages that were accepted, and those whose report was read. */
  readonly accepted: Set<string>
  readonly reported: Set<string>
  /** Reports that were read, repeated ones included. */
  reports: number
}

function count(statuses: Map<number, number>, status: number): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
}

function shown(statuses: ReadonlyMap<number, number>): string {
  return [...statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, times]) => `${whole(times)} × ${status || 'no answer'}`)
    .join(', ')
}

function strings(list: unknown, field: string): string[] {
  return Array.isArray(list) ? list.map((one) => String(Object(one)[field])) : []
}

async function startLedger(): Promise<string> {
  const { default: dynalite } = await import('dynalite')
  const server = dynalite({ createTableMs: 0 })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${port}`
  await openLedger({ endpoint, region })?.prepare()
  return endpoint
}

/** Calls at a steady rate, whether earlier ones were answered or not. */
async function send(gateway: string, authorization: string, tally: Tally, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text })
  const call = async (): Promise<void> => {
    const response = await fetch(`${gateway}/v1.0/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body,
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined)
    const answer: unknown = await response?.json().catch(() => undefined)
    count(tally.statuses, response?.status ?? 0)
    if (response?.status === 202) tally.accepted.add(String(Object(answer).id))
  }
  while (!signal.aborted) {
    void call()
    await sleep(1000 / callsASecond)
  }
}

/** Reads reports page by page, as a customer does. */
async function readReports(gateway: string, authorization: string, tally: Tally, signal: AbortSignal): Promise<void> {
  let cursor = ''
  while (!signal.aborted) {
    const url = `${gateway}/v1.0/reports?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`
    const response = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
    count(tally.reads, response?.status ?? 0)
    const page = Object(await response?.json().catch(() => undefined))
    for (const id of strings(page.reports, 'id')) {
      tally.reports++
      tally.reported.add(id)
    }
    if (typeof page.cursor === 'string') cursor = page.cursor
    await sleep(page.more === true ? 20 : 1_000)
  }
}

async function breakThings(proxies: Readonly<Record<'database' | 'redis', TcpProxy>>, endsAt: number): Promise<void> {
  for (let round = 0; ; round++) {
    if (Date.now() + 60_000 > endsAt) return
    await sleep(30_000)
    const [name, target, state] = outages[round % outages.length] ?? outages[0]
    print(`  ${name} for ${outageMs / 1000} s`)
    proxies[target].set(state)
    await sleep(outageMs)
    // What is connected to a silent server stays so; a new one answers.
    proxies[target].set('pass')
    await sleep(20_000)
  }
}

function line({ samples }: Watched, minute: number): string[] {
  const some = samples.filter(({ at }) => at >= minute && at < minute + 1)
  const largest = (read: (sample: Sample) => number): string => whole(Math.max(...some.map(read)))
  return [largest(({ rssMb }) => rssMb), largest(({ heapMb }) => heapMb), largest(({ files }) => files)]
}

/** How the last half of the run went: growth a minute, and whether that comes to more than a tenth in the half. */
function verdict({ name, samples }: Watched): string[][] {
  const half = samples.slice(Math.floor(samples.length / 2))
  const minutes = (half.at(-1)?.at ?? 0) - (half[0]?.at ?? 0)
  const kinds = [
    ['RSS, MB', ({ rssMb }: Sample) => rssMb],
    ['heap after a collection, MB', ({ heapMb }: Sample) => heapMb],
    ['open files', ({ files }: Sample) => files],
  ] as const
  return kinds.map(([kind, read]) => {
    const each = slope(half.map((sample) => [sample.at, read(sample)]))
    const mean = half.reduce((sum, sample) => sum + read(sample), 0) / half.length
    const grows = each * minutes > mean / 10
    return [`${name}: ${kind}`, mean.toFixed(1), each.toFixed(2), grows ? 'grows' : 'plateau']
  })
}

const bench: Bench = {
  question: `do gateway, worker and report pump keep their memory and files through outages, at ${callsASecond} calls a second?`,
  byNameOnly: true,
  needs: ['redis-server'],
  run: async ({ minutes }) => {
    const folder = temporaryFolder()
    const rows = await startRowStore('mariadb', folder, new AbortController().signal)
    const redis = await startRedis()
    const server = await startEmulator({ port: 0 })
    server.createQueue(carrier.queue, { attributes: { VisibilityTimeout: '30' } })
    const database = await openDatabase(rows.direct)
    await database.migrate([carrier])
    const proxies = {
      database: await startTcpProxy(Number(new URL(rows.direct).port)),
      redis: await startTcpProxy(Number(new URL(redis.url).port)),
    }
    const through = (address: string, { port }: TcpProxy): string => Object.assign(new URL(address), { port: String(port) }).href
    const registry = await openRegistry(redis.url)
    const context = { registry, actor: { who: 'soak', from: 'here' }, now: Date.now }
    const { keys } = await addCustomer(context, {
      id: 'soak',
      quota: { day: 1e9 },
      queue: carrier.queue,
      senders: ['1588-1234'],
      keysFor: ['live'],
    })
    const authorization = `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}`
    const port = await freePort()
    const common = { APIGW_SQS_ENDPOINT: server.address, APIGW_LEDGER_ENDPOINT: await startLedger(), AWS_REGION: region }
    const watched = [
      startWatched('gateway', runtimeCommand('gateway')[1], {
        ...common,
        APIGW_REGISTRY: through(redis.url, proxies.redis),
        APIGW_HOST: '127.0.0.1',
        APIGW_PORT: String(port),
      }),
      startWatched('worker', runtimeCommand('worker')[1], {
        ...common,
        APIGW_DATABASE: through(rows.direct, proxies.database),
        APIGW_CARRIERS: JSON.stringify({ carriers: [carrier] }),
        APIGW_WAIT_SECONDS: '5',
      }),
    ]
    const player = drive({ database, carrier, driver: new Sandbox() })
    const gateway = `http://127.0.0.1:${port}`
    while (!(await fetch(`${gateway}/healthz`).catch(() => undefined))?.ok) await sleep(50)

    const [sending, stopping] = [new AbortController(), new AbortController()]
    const tally: Tally = { statuses: new Map(), reads: new Map(), accepted: new Set(), reported: new Set(), reports: 0 }
    const startedAt = Date.now()
    const endsAt = startedAt + minutes * 60_000
    const load = [
      send(gateway, authorization, tally, sending.signal),
      readReports(gateway, authorization, tally, stopping.signal),
      breakThings(proxies, endsAt),
    ]
    while (Date.now() < endsAt) {
      await sleep(sampleMs)
      for (const one of watched) one.sample((Date.now() - startedAt) / 60_000)
    }
    sending.abort()
    const missing = (): number => [...tally.accepted].filter((id) => !tally.reported.has(id)).length
    const drainedBy = Date.now() + drainMs
    while (missing() > 0 && Date.now() < drainedBy) await sleep(100)
    const drainedMs = Date.now() - drainedBy + drainMs
    stopping.abort()
    await Promise.all(load)
    await player.stop()

    const head = watched.flatMap(({ name }) => [`${name} RSS MB`, 'heap MB', 'files'])
    const each = Array.from({ length: minutes }, (_, minute) => [
      String(minute + 1),
      ...watched.flatMap((one) => line(one, minute)),
    ])
    printTable(['minute', ...head], each)
    print()
    printTable(['the last half', 'mean', 'a minute', ''], watched.flatMap(verdict))
    print(`\nAnswers to messages: ${shown(tally.statuses)}; to reads: ${shown(tally.reads)}.`)
    print(
      `Accepted: ${whole(tally.accepted.size)}. Reports read: ${whole(tally.reported.size)} and ${whole(tally.reports - tally.reported.size)} repeated. ` +
        `Accepted without a report ${(drainedMs / 1000).toFixed(1)} s after the load ended: ${whole(missing())}.`,
    )
    const open = await database.unreported()
    print(`Messages without a report at the end: ${whole(open.count)}.`)
    await Promise.all(Object.values(proxies).map((proxy) => proxy.close()))
    await database.close()
    await registry.close()
    await server.stop()
    await rows.close()
    cleanUp()
  },
}

export default bench
