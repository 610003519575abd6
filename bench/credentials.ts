import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { newKeyId, newSecret, type Scheme } from '../src/domain/credential.ts'
import { masterKeysFrom } from '../src/domain/seal.ts'
import { signedHeaders } from '../src/domain/signature.ts'
import { addCustomer, type IssuedKey, issueKey } from '../src/operations/customers/index.ts'
import { openRegistry } from '../src/registry/index.ts'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { cpuOf, startRedis, startServer, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'
import { type Load, prepare, wrk } from './lib/wrk.ts'

const plenty = 1_000_000_000
const settleMs = 300
/** As many calls of wrk's may be under way, with a signature each, when a round ends. */
const connections = 64
/** More calls than any round makes: each needs a signature of its own, made beforehand. */
const signaturesPerSecond = 25_000
const aims = { hmac: 0.7, jwt: 0.6 } as const
const names = ['none', 'basic', 'hmac', 'jwt'] as const
type Name = (typeof names)[number]

const path = '/v1.0/messages'
const body = JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: '[apigw] 인증번호 482913을 입력하세요.' })
const json = { 'content-type': 'application/json' }

interface Server {
  readonly url: string
  readonly pid: number
}

interface Sample {
  readonly perSecond: number
  readonly serverUs: number
  readonly redisUs: number
  readonly failed: number
  /** wrk came to the end of the signatures before the end of the round. */
  readonly ranOut: boolean
}

async function keysOn(address: string, master: string): Promise<Map<Scheme, IssuedKey>> {
  const registry = await openRegistry(address)
  const masterKeys = async () => masterKeysFrom(master)
  const context = { registry, actor: { who: 'bench', from: 'localhost' }, now: Date.now, masterKeys }
  await addCustomer(context, {
    id: 'bench',
    quota: { day: plenty, rate: 1_000_000, burst: 1_000_000 },
    queue: 'bench',
    senders: ['1588-1234'],
  })
  const keys = new Map<Scheme, IssuedKey>()
  for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
    keys.set(scheme, await issueKey(context, 'bench', { scheme, environment: 'live' }))
  }
  await registry.close()
  return keys
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

async function tokenFor(url: string, key: IssuedKey): Promise<string> {
  const headers = { authorization: basic(key.basic), 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(`${url}/v1.0/token`, { method: 'POST', headers, body: 'grant_type=client_credentials' })
  const { access_token: token }: { access_token?: string } = Object(await response.json())
  if (token === undefined) throw new Error(`The token endpoint gave no token: ${response.status}`)
  return token
}

function signatures(url: string, { credential, secret, basic: parts }: IssuedKey, count: number): Record<string, string>[] {
  const keyId = `${parts.split(':')[0]}:${credential.keyId}`
  const input = {
    method: 'POST',
    targetUri: `${url}${path}`,
    body: Buffer.from(body),
    keyId,
    secret,
    created: Math.floor(Date.now() / 1000),
  }
  const nonce = randomBytes(8).toString('hex')
  return Array.from({ length: count }, (_, index) => ({ ...signedHeaders({ ...input, nonce: `${nonce}${index}` }) }))
}

/** What each kind of call sends, made anew for each round: a signature is good for one call, and for five minutes. */
async function loadFor(name: Name, url: string, keys: Map<Scheme, IssuedKey>, seconds: number): Promise<string> {
  const common: Load = { path, headers: json, body }
  const key = name === 'none' ? undefined : keys.get(name)
  if (key === undefined) return prepare(common)
  if (name === 'basic') return prepare({ ...common, headers: { ...json, authorization: basic(key.basic) } })
  if (name === 'jwt') return prepare({ ...common, headers: { ...json, authorization: `Bearer ${await tokenFor(url, key)}` } })
  return prepare({ ...common, each: signatures(url, key, signaturesPerSecond * seconds) })
}

async function sample(name: Name, server: Server, redis: number, keys: Map<Scheme, IssuedKey>, seconds: number): Promise<Sample> {
  const load = await loadFor(name, server.url, keys, seconds)
  const before = { server: cpuOf(server.pid), redis: cpuOf(redis) }
  const { requests, microseconds, refused, broken } = await wrk(server.url, load, seconds)
  return {
    perSecond: (requests * 1_000_000) / microseconds,
    serverUs: (cpuOf(server.pid) - before.server) / requests,
    redisUs: (cpuOf(redis) - before.redis) / requests,
    failed: refused + broken,
    ranOut: name === 'hmac' && requests + connections >= signaturesPerSecond * seconds,
  }
}

async function measured(
  servers: Map<Name, Server>,
  redis: number,
  keys: Map<Scheme, IssuedKey>,
  options: BenchOptions,
): Promise<Map<Name, Sample[]>> {
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]))
  for (let round = -1; round < options.rounds; round++) {
    for (const [name, server] of servers) {
      const one = await sample(name, server, redis, keys, round < 0 ? 2 : options.seconds)
      if (round >= 0) samples.get(name)?.push(one)
      await sleep(settleMs)
    }
  }
  return samples
}

function verdict(value: number, aim: number): string {
  return `${value.toFixed(2)} ${value >= aim ? 'reached' : 'not reached'}`
}

function report(samples: Map<Name, Sample[]>): void {
  const of = (name: Name): Sample[] => samples.get(name) ?? []
  const middle = (name: Name, pick: (sample: Sample) => number): number => median(of(name).map(pick))
  const cpu = (name: Name): number => middle(name, ({ serverUs }) => serverUs)
  const ratio = (name: Name): number =>
    median(of(name).map(({ perSecond }, round) => perSecond / (of('basic')[round]?.perSecond ?? Number.NaN)))
  const failed = (name: Name): number => of(name).reduce((sum, one) => sum + one.failed, 0)
  printTable(
    ['', 'req/s median', '/basic', 'CPU µs/req', 'over none', '/basic by CPU', 'Redis µs/req', 'failed'],
    names.map((name) => [
      name,
      whole(middle(name, ({ perSecond }) => perSecond)),
      ratio(name).toFixed(2),
      cpu(name).toFixed(1),
      (cpu(name) / cpu('none')).toFixed(2),
      (cpu('basic') / cpu(name)).toFixed(2),
      middle(name, ({ redisUs }) => redisUs).toFixed(1),
      whole(failed(name)),
    ]),
  )
  for (const name of names) {
    if (failed(name) > 0) print(`${name}: calls were not answered with success, so its figures mean nothing.`)
    if (of(name).some(({ ranOut }) => ranOut)) print(`${name}: the signatures did not last, so its throughput means nothing.`)
  }
  print()
  for (const name of ['hmac', 'jwt'] as const) {
    const [aim, byCpu] = [aims[name], cpu('basic') / cpu(name)]
    print(`${name} ≥ ${aim} × basic: by throughput ${verdict(ratio(name), aim)}, by CPU ${verdict(byCpu, aim)}`)
  }
}

const warmUpRounds = 500
const timingRounds = 3_000
const tolerance = 0.05
const kinds = ['unknown', 'wrong'] as const

/** A call without a body, with a secret that is wrong, under a key that exists or not. */
function guess(url: string, scheme: 'basic' | 'hmac', key: IssuedKey, kind: (typeof kinds)[number]): Record<string, string> {
  const { customer } = key.credential
  const secret = newSecret('live')
  const keyId = kind === 'wrong' ? key.credential.keyId : newKeyId('live')
  if (scheme === 'basic') return { authorization: basic(`${customer}:${secret}:${keyId}`) }
  return signedHeaders({
    method: 'GET',
    targetUri: url,
    body: new Uint8Array(0),
    keyId: `${customer}:${keyId}`,
    secret,
    created: Math.floor(Date.now() / 1000),
    nonce: randomBytes(16).toString('hex'),
  })
}

/**
 * Does it take longer to refuse a wrong secret than an unknown key? One call after the other, the two in changing order.
 * More than 20 failures a minute for a customer from an address are delayed on purpose: each call claims an address of
 * its own, which the server believes as it trusts one proxy.
 */
async function printTiming(origin: string, scheme: 'basic' | 'hmac', key: IssuedKey): Promise<void> {
  const url = `${origin}/v1.0/quota`
  const times: Record<(typeof kinds)[number], number[]> = { wrong: [], unknown: [] }
  for (let round = 0; round < warmUpRounds + timingRounds; round++) {
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
      const address = `10.${round >> 8}.${round & 255}.${kinds.indexOf(kind) + 1}`
      const headers = { ...guess(url, scheme, key, kind), 'x-forwarded-for': address }
      const started = performance.now()
      const response = await fetch(url, { headers })
      await response.arrayBuffer()
      const took = performance.now() - started
      if (response.status !== 401) throw new Error(`A guess was answered with ${response.status}, not 401.`)
      if (round >= warmUpRounds) times[kind].push(took * 1000)
    }
  }
  const [unknown, wrong] = [median(times.unknown), median(times.wrong)]
  const within = Math.abs(unknown / wrong - 1) <= tolerance ? 'within' : 'OUTSIDE'
  print(
    `${scheme}: unknown key ${whole(unknown)} µs, wrong secret ${whole(wrong)} µs (medians of ${whole(timingRounds)}): ratio ${(unknown / wrong).toFixed(3)}, ${within} ${1 - tolerance} to ${1 + tolerance}`,
  )
}

const bench: Bench = {
  question: 'what does each way of signing in cost, over no authentication at all?',
  run: async (options) => {
    const redis = await startRedis()
    const master = randomBytes(32).toString('base64')
    const keys = await keysOn(redis.url, master)
    const masterFile = join(temporaryFolder(), 'master.key')
    writeFileSync(masterFile, master, { mode: 0o600 })
    const env = { BENCH_REGISTRY: redis.url, BENCH_MASTER_KEY_FILE: masterFile, BENCH_PROXIES: '1' }
    const { customer = '', keyId = '' } = keys.get('basic')?.credential ?? {}
    const proven = JSON.stringify({ customer, keyId, environment: 'live', scheme: 'basic' })
    const servers = new Map<Name, Server>()
    for (const name of names)
      servers.set(name, await startServer('gateway.ts', name === 'none' ? { ...env, BENCH_PROVEN: proven } : env))
    print(`${options.rounds} rounds of ${options.seconds} s, in turn; wrk -t1 -c64; Node ${process.version}`)
    print(`${availableParallelism()} cores; load average before: ${(loadavg()[0] ?? 0).toFixed(1)}\n`)
    report(await measured(servers, redis.pid, keys, options))
    print('\nTime to refuse (node client, sequential, alternating):')
    for (const scheme of ['basic', 'hmac'] as const) {
      const [server, key] = [servers.get(scheme), keys.get(scheme)]
      if (server !== undefined && key !== undefined) await printTiming(server.url, scheme, key)
    }
  },
}

export default bench
