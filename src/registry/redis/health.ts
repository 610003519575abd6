import { Redis } from 'ioredis'
import type { HealthAspect, RegistryHealth } from '../registry.ts'
import { type Connection, stateOf } from './connect.ts'
import { evicts, fixOf } from './fault.ts'
import { proveReady } from './ready.ts'

/** Of its memory; a full Redis refuses every call. */
const almostFull = 0.8

/** `INFO` as a map of its lines. */
export function infoOf(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

function olderThan(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number)
  return first < major || (first === major && second < minor)
}

function versionAspect(version: string, isValkey: boolean): HealthAspect[] {
  if (isValkey || !olderThan(version, 6, 2)) return []
  return [{ about: 'version', what: `Redis ${version} is older than 6.2`, fix: 'upgrade Redis' }]
}

/**
 * What an operator spent and allowed has no end date, so only `allkeys-…` removes it. `volatile-…` removes what does have one:
 * the answers of Idempotency-Keys, nonces, and the marks of units that were given back.
 */
function evictionAspect(policy: string | undefined, managed: boolean): HealthAspect[] {
  const about = 'eviction'
  if (policy === undefined) return []
  if (policy === 'noeviction') return [{ about, what: 'noeviction' }]
  const fix = managed
    ? 'set maxmemory-policy noeviction in its parameter group: apigw deploy data'
    : 'redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf'
  if (policy.startsWith('volatile-')) {
    const lost = 'under memory pressure repeated calls, nonces and refunds would be forgotten, and done twice'
    return [{ about, what: `maxmemory-policy is ${policy}: ${lost}`, fix, severe: true }]
  }
  return [{ about, what: `${evicts(policy).what}; gateways do not start on it`, fix, severe: true }]
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`

/** `used_memory` counts what `maxmemory` limits, but for the buffers of replicas (https://redis.io/docs/latest/commands/info/). */
function memoryAspect(info: ReadonlyMap<string, string>): HealthAspect[] {
  const about = 'memory'
  const used = Number(info.get('used_memory') ?? Number.NaN)
  const most = Number(info.get('maxmemory') ?? Number.NaN)
  if (Number.isNaN(used) || Number.isNaN(most)) return []
  if (most === 0) return [{ about, what: `${mebibytes(used)} used, without a maxmemory` }]
  const what = `${mebibytes(used)} of ${mebibytes(most)} used (${Math.floor((100 * used) / most)} %)`
  const fix = fixOf('full') ?? ''
  if (used >= most) return [{ about, what: `full: ${what}; every call is refused`, fix, severe: true }]
  return used < almostFull * most ? [{ about, what }] : [{ about, what: `almost full: ${what}`, fix }]
}

/**
 * ElastiCache has no append-only file with Multi-AZ: what keeps the memory is a replica in another zone
 * (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/FaultTolerance.html).
 */
function persistenceAspect(info: ReadonlyMap<string, string>, managed: boolean): HealthAspect[] {
  const about = 'persistence'
  if (managed) {
    const replicas = Number(info.get('connected_slaves') ?? 0)
    if (info.get('role') === 'slave' || replicas > 0) return [{ about, what: `ElastiCache with ${replicas || 'a'} replica` }]
    const fix = 'set RegistryReplicas to 1 or more: apigw deploy data'
    return [{ about, what: 'ElastiCache without a replica: a node that fails forgets customers and what they spent', fix }]
  }
  if (info.get('aof_enabled') !== '0') return [{ about, what: 'append-only file' }]
  return [
    {
      about,
      what: 'append-only persistence is off: a restart forgets customers and what they spent',
      fix: 'redis-cli CONFIG SET appendonly yes',
    },
  ]
}

/** What `INFO` says of version, eviction and persistence. */
export function healthFrom(text: string): RegistryHealth {
  const info = infoOf(text)
  const valkey = info.get('valkey_version')
  const version = valkey ?? info.get('redis_version') ?? 'unknown'
  const managed = info.get('os')?.includes('ElastiCache') ?? false
  return {
    engine: valkey === undefined ? 'redis' : 'valkey',
    version,
    aspects: [
      ...versionAspect(version, valkey !== undefined),
      ...evictionAspect(info.get('maxmemory_policy'), managed),
      ...memoryAspect(info),
      ...persistenceAspect(info, managed),
    ],
  }
}

/** Of several nodes: what is wrong with each, and what is right once. */
function together(nodes: readonly { readonly place: string; readonly aspects: readonly HealthAspect[] }[]): HealthAspect[] {
  if (nodes.length === 1) return [...(nodes[0]?.aspects ?? [])]
  const all = nodes.flatMap(({ place, aspects }) => aspects.map((aspect) => ({ place, aspect })))
  const wrong = all.filter(({ aspect }) => aspect.fix !== undefined)
  const right = new Map(all.filter(({ aspect }) => aspect.fix === undefined).map(({ aspect }) => [aspect.about, aspect]))
  for (const { aspect } of wrong) right.delete(aspect.about)
  return [...right.values(), ...wrong.map(({ place, aspect }) => ({ ...aspect, what: `${place}: ${aspect.what}` }))]
}

/** Whether writes are taken, in a cluster by each primary. */
async function writesAspect(redis: Connection): Promise<HealthAspect> {
  const about = 'writes'
  const wrong = ({ reason, what }: { reason: string; what: string }): HealthAspect => {
    return { about, what, fix: fixOf(reason) ?? 'redis-cli PING, and look at its log', severe: true }
  }
  try {
    const { degraded } = await proveReady(redis)
    return degraded === undefined ? { about, what: 'takes writes' } : wrong(degraded)
  } catch (error) {
    return wrong(stateOf(redis).why(error))
  }
}

/** With full coverage demanded, the loss of one primary stops all of them until its replica takes over. */
async function coverageAspect(node: Redis): Promise<HealthAspect[]> {
  // ElastiCache and strict access lists allow no CONFIG: then nothing is known.
  const answer = await node.config('GET', 'cluster-require-full-coverage').catch(() => undefined)
  if (!Array.isArray(answer) || answer[1] !== 'yes') return []
  const what = 'cluster-require-full-coverage is yes: while one primary fails over, the calls of all customers fail'
  return [
    { about: 'cluster', what, fix: 'redis-cli CONFIG SET cluster-require-full-coverage no, on each node and in redis.conf' },
  ]
}

/** What would lose or forget units, or refuse calls, although Redis answers. */
export async function healthOf(redis: Connection): Promise<RegistryHealth> {
  const nodes = redis instanceof Redis ? [redis] : redis.nodes('master')
  const asked = await Promise.allSettled(
    nodes.map(async (node) => ({
      place: `${node.options.host}:${node.options.port}`,
      health: healthFrom(await node.info()),
      coverage: redis instanceof Redis ? [] : await coverageAspect(node),
    })),
  )
  const answered = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const [first] = answered
  if (first === undefined) throw asked.find((one) => one.status === 'rejected')?.reason ?? new Error('Connection is closed.')
  const aspects = together(answered.map(({ place, health }) => ({ place, aspects: health.aspects })))
  return { ...first.health, aspects: [...aspects, ...first.coverage, await writesAspect(redis)] }
}
