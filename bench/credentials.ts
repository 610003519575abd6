import { randomBytes } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { addCustomer, type IssuedKey, issueKey } from '../src/customers/index.ts'
import type { Scheme } from '../src/domain/credential.ts'
import { masterKeysFrom } from '../src/domain/seal.ts'
import { signedHeaders } from '../src/domain/signature.ts'
import { openRegistry } from '../src/registry/index.ts'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { cpuOf, startRedis, startServer } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'
import { type Load, prepare, wrk } from './lib/wrk.ts'

const plenty = 1_000_000_000
const settleMs = 300
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
  readonly failed: number
}

async function keysOn(address: string, master: string): Promise<Map<Scheme, IssuedKey>> {
  const registry = await openRegistry(address)
  const masterKeys = async () => masterKeysFrom(master)
  const context = { registry, actor: { who: 'bench', from: 'localhost' }, now: Date.now, masterKeys }
  await addCustomer(context, { id: 'bench', quota: { day: plenty, rate: 1_000_000, burst: 1_000_000 }, queue: 'bench' })
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
  return token ?? ''
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

async function sample(name: Name, server: Server, keys: Map<Scheme, IssuedKey>, seconds: number): Promise<Sample> {
  const load = await loadFor(name, server.url, keys, seconds)
  const before = cpuOf(server.pid)
  const { requests, microseconds, refused, broken } = await wrk(server.url, load, seconds)
  return {
    perSecond: (requests * 1_000_000) / microseconds,
    serverUs: (cpuOf(server.pid) - before) / requests,
    failed: refused + broken,
  }
}

async function measured(
  servers: Map<Name, Server>,
  keys: Map<Scheme, IssuedKey>,
  options: BenchOptions,
): Promise<Map<Name, Sample[]>> {
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]))
  for (let round = -1; round < options.rounds; round++) {
    for (const [name, server] of servers) {
      const one = await sample(name, server, keys, round < 0 ? 2 : options.seconds)
      if (round >= 0) samples.get(name)?.push(one)
      await sleep(settleMs)
    }
  }
  return samples
}

function report(samples: Map<Name, Sample[]>): void {
  const of = (name: Name): Sample[] => samples.get(name) ?? []
  const cpu = (name: Name): number => median(of(name).map(({ serverUs }) => serverUs))
  const ratio = (name: Name): number =>
    median(of(name).map(({ perSecond }, round) => perSecond / (of('basic')[round]?.perSecond ?? Number.NaN)))
  printTable(
    ['', 'req/s median', '/basic', 'CPU µs/req', 'over none', '/basic by CPU', 'failed'],
    names.map((name) => [
      name,
      whole(median(of(name).map(({ perSecond }) => perSecond))),
      ratio(name).toFixed(2),
      cpu(name).toFixed(1),
      (cpu(name) / cpu('none')).toFixed(2),
      (cpu('basic') / cpu(name)).toFixed(2),
      whole(of(name).reduce((sum, { failed }) => sum + failed, 0)),
    ]),
  )
  print()
  for (const [name, aim] of Object.entries(aims) as ['hmac' | 'jwt', number][]) {
    print(
      `${ratio(name) >= aim ? 'reached    ' : 'not reached'}  ${name} ≥ ${aim} × basic: ${ratio(name).toFixed(2)} (by CPU ${(cpu('basic') / cpu(name)).toFixed(2)})`,
    )
  }
}

const timingRounds = 3_000
const tolerance = 0.05

/** Does it take longer to refuse a wrong secret than an unknown key? Each call claims another address: no slowing down. */
async function printTiming(url: string, key: IssuedKey): Promise<void> {
  const [customer = '', secret = '', keyId = ''] = key.basic.split(':')
  const wrong = `${customer}:${secret.slice(0, -1)}!:${keyId}`
  const unknown = `${customer}:${secret}:${keyId.slice(0, -1)}!`
  const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] }
  for (let round = 0; round < timingRounds; round++) {
    for (const [kind, parts] of [
      ['wrong', wrong],
      ['unknown', unknown],
    ] as const) {
      const address = `10.${round >> 8}.${round & 255}.${kind === 'wrong' ? 1 : 2}`
      const started = performance.now()
      const response = await fetch(`${url}/v1.0/quota`, { headers: { authorization: basic(parts), 'x-forwarded-for': address } })
      await response.arrayBuffer()
      if (round >= timingRounds / 10) times[kind].push(performance.now() - started)
    }
  }
  const ratio = median(times.unknown) / median(times.wrong)
  const within = Math.abs(ratio - 1) <= tolerance ? 'within' : 'outside'
  print(
    `\nAn unknown key takes ${ratio.toFixed(3)} of the time of a wrong secret: ${within} the tolerance of ${1 - tolerance} to ${1 + tolerance}.`,
  )
}

const bench: Bench = {
  question: 'what does each way of signing in cost, over no authentication at all?',
  run: async (options) => {
    const redis = await startRedis()
    const master = randomBytes(32).toString('base64')
    const keys = await keysOn(redis.url, master)
    const env = { BENCH_REGISTRY: redis.url, BENCH_MASTER_KEY: master, BENCH_PROXIES: '1' }
    const { customer = '', keyId = '' } = keys.get('basic')?.credential ?? {}
    const proven = JSON.stringify({ customer, keyId, environment: 'live', scheme: 'basic' })
    const servers = new Map<Name, Server>()
    for (const name of names)
      servers.set(name, await startServer('gateway.ts', name === 'none' ? { ...env, BENCH_PROVEN: proven } : env))
    print(`${options.rounds} rounds of ${options.seconds} s, in turn; wrk -t1 -c64; Node ${process.version}`)
    print(`${availableParallelism()} cores; load average before: ${(loadavg()[0] ?? 0).toFixed(1)}\n`)
    report(await measured(servers, keys, options))
    const [server, key] = [servers.get('basic'), keys.get('basic')]
    if (server !== undefined && key !== undefined) await printTiming(server.url, key)
  },
}

export default bench
