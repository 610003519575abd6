import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDynamodb } from '../src/dev/local/dynamodb.ts'
import type { AdmitRequest } from '../src/domain/admission.ts'
import { randomId } from '../src/domain/ids.ts'
import { recordOf } from '../src/domain/record.ts'
import { addCustomer } from '../src/operations/customers/index.ts'
import { registryBreakEven, registryBreakEvenText } from '../src/operations/stacks/index.ts'
import { openRegistry, type Registry } from '../src/registry/index.ts'
import { AwsClient, AwsError, Table } from '../src/runtime/ports/index.ts'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { startRedis, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'

/** Whose prices the table shows. */
const region = 'ap-northeast-2'
const plenty = 1_000_000_000
const table = 'apigw-registry'

/** What DynamoDB counts. */
interface Units {
  requests: number
  writes: number
  reads: number
}

interface Load {
  readonly name: string
  /** Calls at the same time. */
  readonly atOnce: number
  /** Gateways that make them. */
  readonly gateways: number
  /** Milliseconds between two calls. */
  readonly pauseMs?: number
  readonly request: () => Partial<AdmitRequest>
}

const loads: readonly Load[] = [
  { name: 'one call every 700 ms', atOnce: 1, gateways: 1, pauseMs: 700, request: () => ({}) },
  { name: 'one call at a time', atOnce: 1, gateways: 1, request: () => ({}) },
  {
    name: 'one at a time, with an Idempotency-Key',
    atOnce: 1,
    gateways: 1,
    request: () => ({ idempotency: claimOf(randomId()) }),
  },
  { name: 'one at a time, 100 messages with keys', atOnce: 1, gateways: 1, request: () => keyedOf(100) },
  { name: '32 at once, one gateway', atOnce: 32, gateways: 1, request: () => ({}) },
  { name: '8 at once, each from its own gateway', atOnce: 8, gateways: 8, request: () => ({}) },
]

function claimOf(key: string) {
  return { key: key.padEnd(43, '0'), fingerprint: key.padEnd(43, '1') }
}

function keyedOf(units: number) {
  return { units, ids: Array.from({ length: units }, () => randomId()) }
}

/** Sends every request to the emulator, and adds up the units that it says were consumed. */
function measured(endpoint: string, units: Units) {
  const client = new AwsClient('dynamodb', { endpoint })
  return {
    call: async (target: string, body: object, options: { readonly tryMs: number; readonly tries: number }) => {
      units.requests += 1
      const isWrite = /Put|Write/.test(target)
      const count = (consumed: unknown): void => {
        for (const one of [consumed].flat()) {
          const used = Number(recordOf(one).CapacityUnits ?? 0)
          if (isWrite) units.writes += used
          else units.reads += used
        }
      }
      try {
        const answer = await client.call(target, { ...body, ReturnConsumedCapacity: 'TOTAL' }, options)
        count(answer.ConsumedCapacity)
        return answer
      } catch (error) {
        // AWS counts a write whose condition fails like one that is made; the emulator does not say how much that is.
        if (error instanceof AwsError && error.name === 'ConditionalCheckFailedException') {
          units.writes += Math.ceil(JSON.stringify(body).length / 1024)
        }
        throw error
      }
    },
  }
}

interface Sample {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly calls: number
  readonly failed: number
  readonly units: Units
}

async function run(gateways: readonly Registry[], load: Load, seconds: number, units: Units): Promise<Sample> {
  const before = { ...units }
  const times: number[] = []
  let failed = 0
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  const one = async (registry: Registry): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now()
      const request = { units: 1, ...load.request() }
      try {
        await call(registry, request)
        times.push(performance.now() - begun)
      } catch {
        failed += 1
      }
      if (load.pauseMs !== undefined) await sleep(load.pauseMs)
    }
  }
  await Promise.all(Array.from({ length: load.atOnce }, (_, at) => one(gateways[at % gateways.length] as Registry)))
  const elapsed = (performance.now() - startedAt) / 1000
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return {
    perSecond: times.length / elapsed,
    p50: at(0.5),
    p99: at(0.99),
    calls: times.length,
    failed,
    units: {
      requests: units.requests - before.requests,
      writes: units.writes - before.writes,
      reads: units.reads - before.reads,
    },
  }
}

/** What the registry does for one call: it admits it, and settles it when the queue has confirmed. */
async function call(registry: Registry, request: Partial<AdmitRequest> & { units: number }): Promise<void> {
  const admission = await registry.admit({
    reservation: randomId(),
    customer: 'bench',
    keyId: 'bench-key',
    environment: 'live',
    api: 'messages',
    address: '7f000001',
    ...request,
  })
  if (admission.kind !== 'admitted') throw new Error(`${admission.kind}`)
  const response = request.idempotency === undefined ? {} : { response: '[]' }
  await registry.settle(admission.reservation, { kind: 'accepted', ...response })
}

async function prepare(registry: Registry): Promise<void> {
  const context = { registry, actor: { who: 'bench', from: 'localhost' }, now: Date.now }
  await addCustomer(context, {
    id: 'bench',
    quota: { day: plenty, rate: 1_000_000, burst: 1_000_000 },
    queue: 'bench',
    senders: ['1588-1234'],
  })
  const stored = await registry.profile('bench')
  if (stored === undefined) throw new Error('The customer was not stored.')
  const key = {
    customer: 'bench',
    keyId: 'bench-key',
    scheme: 'basic',
    environment: 'live',
    digest: '00',
    notBefore: 0,
    createdAt: 0,
  } as const
  const entry = { at: Date.now(), who: 'bench', from: 'localhost', customer: 'bench', what: 'key' }
  await registry.save({ ...stored.profile, credentials: [key] }, stored.version, entry)
}

function report(samples: ReadonlyMap<string, { redis: Sample[]; dynamo: Sample[] }>): void {
  const of = (all: readonly Sample[], read: (sample: Sample) => number): number => median(all.map(read))
  const times = (ratio: number): string => `${ratio.toFixed(2)} ×`
  printTable(
    ['DynamoDB (emulator) over Redis', 'calls/s', 'p50', 'p99', 'refused by DynamoDB'],
    [...samples].map(([name, { redis, dynamo }]) => {
      const ratio = (read: (sample: Sample) => number): string => times(of(dynamo, read) / of(redis, read))
      const refused = whole(of(dynamo, (one) => one.failed))
      return [name, ratio((one) => one.perSecond), ratio((one) => one.p50), ratio((one) => one.p99), refused]
    }),
  )
  print()
  printTable(
    ['a call in DynamoDB', 'requests', 'write units', 'read units', '$ a million', 'calls a month for one Redis node'],
    [...samples].map(([name, { dynamo }]) => {
      const each = (read: (units: Units) => number): number => of(dynamo, (one) => read(one.units) / one.calls)
      const units = { writes: each((u) => u.writes), reads: each((u) => u.reads) }
      const { perMillionCalls = Number.NaN, callsAMonth = Number.NaN } = registryBreakEven(region, units) ?? {}
      const figures = [each((u) => u.requests), units.writes, units.reads, perMillionCalls].map((value) => value.toFixed(2))
      return [name, ...figures, whole(callsAMonth)]
    }),
  )
  print(`\n${registryBreakEvenText(region)}. The emulator's times are not those of AWS.`)
}

async function bench({ rounds, seconds }: BenchOptions): Promise<void> {
  const emulator = await startDynamodb(temporaryFolder())
  await new Table({ endpoint: emulator.address, table }).create()
  const units: Units = { requests: 0, writes: 0, reads: 0 }
  const address = `dynamodb:${table}?endpoint=${emulator.address}`
  const most = Math.max(...loads.map(({ gateways }) => gateways))
  const open = (where: string) => openRegistry(where, { dynamodb: ({ endpoint = '' }) => measured(endpoint, units) })
  const redis = await startRedis()
  const ofRedis = await Promise.all(Array.from({ length: most }, () => open(redis.url)))
  const ofDynamo = await Promise.all(Array.from({ length: most }, () => open(address)))
  for (const registry of [ofRedis[0], ofDynamo[0]]) if (registry !== undefined) await prepare(registry)
  const samples = new Map(loads.map(({ name }) => [name, { redis: [] as Sample[], dynamo: [] as Sample[] }]))
  for (let round = 0; round < rounds; round++) {
    for (const load of loads) {
      samples.get(load.name)?.redis.push(await run(ofRedis.slice(0, load.gateways), load, seconds, units))
      samples.get(load.name)?.dynamo.push(await run(ofDynamo.slice(0, load.gateways), load, seconds, units))
    }
  }
  report(samples)
  for (const registry of [...ofRedis, ...ofDynamo]) await registry.close()
  await emulator.stop()
}

export default {
  question: 'what does a call cost with the registry in DynamoDB, and how does it compare with Redis?',
  needs: ['redis-server'],
  run: bench,
} satisfies Bench
