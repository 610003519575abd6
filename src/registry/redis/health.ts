import type { RegistryHealth } from '../registry.ts'
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

/** What would lose or forget units although Redis answers. */
export async function healthOf(redis: Connection): Promise<RegistryHealth> {
  const info = infoOf(await redis.info())
  const valkey = info.get('valkey_version')
  const version = valkey ?? info.get('redis_version') ?? 'unknown'
  const warnings: { what: string; fix: string }[] = []
  if (valkey === undefined && olderThan(version, 6, 2)) {
    warnings.push({ what: `Redis ${version} is older than 6.2`, fix: 'upgrade Redis' })
  }
  const policy = info.get('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push({
      what: `maxmemory-policy is ${policy}: under memory pressure quotas would be forgotten`,
      fix: 'redis-cli CONFIG SET maxmemory-policy noeviction',
    })
  }
  if (info.get('aof_enabled') === '0') {
    warnings.push({
      what: 'append-only persistence is off: a restart forgets customers and what they spent',
      fix: 'redis-cli CONFIG SET appendonly yes',
    })
  }
  return { engine: valkey === undefined ? 'redis' : 'valkey', version, warnings }
}
