import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addCustomer } from '../src/operations/customers/index.ts'
import { openRegistry } from '../src/registry/index.ts'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { cpuOf, startRedis, startServer, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'
import { type Load, prepare, type WrkResult, wrk } from './lib/wrk.ts'

const exactLimit = 1000
/** More than any run can spend. */
const plenty = 1_000_000_000
const settleMs = 300

/** Ours are to be near the ceiling, and ahead of what one would write otherwise. */
const aims = { bare: 0.65, fastify: 1.3 } as const
const gateways = ['gateway, Redis', 'gateway, SQLite'] as const

interface Server {
  readonly name: string
  readonly url: string
  readonly pid: number
  /** The prepared load: each registry has its own customer and so its own secret. */
  readonly load: string
}

interface Sample extends WrkResult {
  readonly perSecond: number
  readonly serverUs: number
  readonly redisUs: number
}

function loadFor(basic: string): Load {
  return {
    path: '/v1.0/messages',
    headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      to: '010-1234-5678',
      from: '1588-1234',
      text: '[apigw] 인증번호 482913을 입력하세요.',
      ref: 'order-20261123-0001',
    }),
  }
}

/** Creates a customer with a key. @returns its credentials, `ID:PW:API_KEY` */
async function newCustomer(address: string, id: string, day: number): Promise<string> {
  const registry = await openRegistry(address)
  const context = { registry, actor: { who: 'bench', from: 'localhost' }, now: Date.now }
  const limits = { day, month: plenty, rate: 1_000_000, burst: 1_000_000 }
  const { keys } = await addCustomer(context, { id, quota: limits, queue: 'bench', senders: ['1588-1234'], keysFor: ['live'] })
  await registry.close()
  return keys[0]?.basic ?? ''
}

async function startAll(redis: { url: string }, customer: string, limit: number, counting: boolean): Promise<Server[]> {
  const sqlite = `sqlite:${join(temporaryFolder(), 'registry.db')}`
  const onRedis = await newCustomer(redis.url, customer, limit)
  const onSqlite = await newCustomer(sqlite, customer, limit)
  const redisLoad = prepare(loadFor(onRedis), counting)
  const sqliteLoad = prepare(loadFor(onSqlite), counting)
  const fastify = { BENCH_REDIS: redis.url, BENCH_BASIC: onRedis, BENCH_LIMIT: String(limit) }
  return [
    { name: 'bare node:http', load: redisLoad, ...(await startServer('bare.ts', {})) },
    { name: gateways[0], load: redisLoad, ...(await startServer('gateway.ts', { BENCH_REGISTRY: redis.url })) },
    { name: gateways[1], load: sqliteLoad, ...(await startServer('gateway.ts', { BENCH_REGISTRY: sqlite })) },
    { name: 'fastify + plugins', load: redisLoad, ...(await startServer('fastify.ts', fastify)) },
  ]
}

async function sample(server: Server, redis: number, seconds: number): Promise<Sample> {
  const before = { server: cpuOf(server.pid), redis: cpuOf(redis) }
  const measured = await wrk(server.url, server.load, seconds)
  const perRequest = (microseconds: number) => microseconds / measured.requests
  return {
    ...measured,
    perSecond: (measured.requests * 1_000_000) / measured.microseconds,
    serverUs: perRequest(cpuOf(server.pid) - before.server),
    redisUs: perRequest(cpuOf(redis) - before.redis),
  }
}

/** Each round takes every server in turn, so that what a neighbour on this machine does meets all of them alike. */
async function measured(servers: readonly Server[], redis: number, options: BenchOptions): Promise<Map<string, Sample[]>> {
  for (const server of servers) await wrk(server.url, server.load, 2)
  const samples = new Map<string, Sample[]>(servers.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round++) {
    for (const server of servers) {
      samples.get(server.name)?.push(await sample(server, redis, options.seconds))
      await sleep(settleMs)
    }
  }
  return samples
}

/** The same by the CPU that a call takes of the server alone: a busy machine disturbs it less than it does the speed. */
function cpuRatio(samples: Map<string, Sample[]>, of: string, over: string): number {
  const cpu = (name: string) => median((samples.get(name) ?? []).map(({ serverUs }) => serverUs))
  return cpu(over) / cpu(of)
}

/** Round by round, apigw over the others: neighbours change between rounds, and much less within one. */
function ratios(samples: Map<string, Sample[]>, of: string, over: string): number[] {
  const theirs = samples.get(over) ?? []
  return (samples.get(of) ?? []).map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN))
}

function printSpeed(samples: Map<string, Sample[]>): void {
  const rows = [...samples].map(([name, rounds]) => {
    const middle = (pick: (sample: Sample) => number) => median(rounds.map(pick))
    const speeds = rounds.map(({ perSecond }) => perSecond)
    return [
      name,
      whole(Math.min(...speeds)),
      whole(median(speeds)),
      whole(Math.max(...speeds)),
      median(ratios(samples, name, 'bare node:http')).toFixed(2),
      median(ratios(samples, name, 'fastify + plugins')).toFixed(2),
      middle(({ p50 }) => p50 / 1000).toFixed(2),
      middle(({ p99 }) => p99 / 1000).toFixed(1),
      middle(({ serverUs }) => serverUs).toFixed(1),
      middle(({ redisUs }) => redisUs).toFixed(1),
    ]
  })
  printTable(['', 'req/s min', 'median', 'max', '/bare', '/fastify', 'p50 ms', 'p99 ms', 'CPU µs/req', 'Redis µs/req'], rows)
  for (const [name, rounds] of samples) {
    const refused = rounds.reduce((sum, { refused, broken }) => sum + refused + broken, 0)
    if (refused > 0) print(`${name}: ${whole(refused)} calls were not answered with success, so its figures mean nothing.`)
  }
}

function printAims(samples: Map<string, Sample[]>): void {
  print()
  for (const name of gateways) {
    for (const [over, aim] of [
      ['bare node:http', aims.bare],
      ['fastify + plugins', aims.fastify],
    ] as const) {
      const rounds = ratios(samples, name, over)
      const middle = median(rounds)
      const range = `${Math.min(...rounds).toFixed(2)} to ${Math.max(...rounds).toFixed(2)}, by CPU ${cpuRatio(samples, name, over).toFixed(2)}`
      print(`${middle >= aim ? 'reached    ' : 'not reached'}  ${name} ≥ ${aim} × ${over}: ${middle.toFixed(2)} (${range})`)
    }
  }
}

/** The same load against a limit that it goes beyond: how many calls come through? */
async function printExactness(redis: { url: string; pid: number }): Promise<void> {
  const servers = await startAll(redis, 'exact', exactLimit, true)
  const rows: string[][] = []
  for (const { name, url, load } of servers) {
    const { accepted, requests } = await wrk(url, load, 1)
    const limited = name !== 'bare node:http'
    rows.push([name, whole(requests), whole(accepted), limited ? (accepted === exactLimit ? 'exact' : 'NOT exact') : 'no limit'])
  }
  print(`\nA limit of ${whole(exactLimit)}, 64 connections:`)
  printTable(['', 'calls', 'accepted', ''], rows)
}

const bench: Bench = {
  question: 'what does one admitted call cost, next to a bare server and to what one would write with fastify?',
  run: async (options) => {
    const redis = await startRedis()
    const servers = await startAll(redis, 'bench', plenty, false)
    print(`${options.rounds} rounds of ${options.seconds} s, in turn; wrk -t1 -c64; Node ${process.version}`)
    print(`${availableParallelism()} cores; load average before: ${(loadavg()[0] ?? 0).toFixed(1)}\n`)
    const samples = await measured(servers, redis.pid, options)
    printSpeed(samples)
    printAims(samples)
    await printExactness(redis)
  },
}

export default bench
