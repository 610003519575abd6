import type { HealthAspect, RegistryHealth } from '../registry.ts'
import type { Connection } from './connect.ts'

/** `INFO` as a map of its lines. */
function infoOf(text: string): Map<string, string> {
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

function evictionAspect(policy: string | undefined, managed: boolean): HealthAspect[] {
  if (policy === undefined) return []
  if (policy === 'noeviction') return [{ about: 'eviction', what: 'noeviction' }]
  const fix = managed
    ? 'set maxmemory-policy noeviction in its parameter group: apigw deploy data'
    : 'redis-cli CONFIG SET maxmemory-policy noeviction'
  return [{ about: 'eviction', what: `maxmemory-policy is ${policy}: under memory pressure quotas would be forgotten`, fix }]
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
      ...persistenceAspect(info, managed),
    ],
  }
}

/** What would lose or forget units although Redis answers. */
export async function healthOf(redis: Connection): Promise<RegistryHealth> {
  return healthFrom(await redis.info())
}
