import { isRecord } from '../../../domain/record.ts'
import { type Json, member } from './json.ts'
import { below } from './policy.ts'

/**
 * Ports for administration (SSH, Telnet, RDP, WinRM) and for data (SQL Server, Oracle, MySQL, PostgreSQL, Redis, Elasticsearch,
 * Memcached, MongoDB) that no address of the internet needs.
 */
const sensitivePorts = [22, 23, 1433, 1521, 3306, 3389, 5432, 5985, 5986, 6379, 9200, 11211, 27017]

/** EC2 takes any address with a prefix of 0 and applies the prefix: 208.236.235.254/0 is everyone, too. */
function isEveryone(value: unknown): boolean {
  return typeof value === 'string' && /\/0$/.test(value)
}

function opensToEveryone(permission: Json): boolean {
  for (const [key, value] of below(permission)) if (/^cidrIp(?:v[46])?$/i.test(key) && isEveryone(value)) return true
  return false
}

/** CloudTrail writes `fromPort` in the requests of the older calls, and `FromPort` in ModifySecurityGroupRules. */
function field(permission: Json, name: string): unknown {
  return member(permission, name) ?? member(permission, `${name.charAt(0).toUpperCase()}${name.slice(1)}`)
}

function coversSensitivePort(permission: Json): boolean {
  const protocol = String(field(permission, 'ipProtocol') ?? '')
  // All protocols have no ports: everything is open.
  if (protocol === '-1' || protocol === 'all') return true
  const [from, to] = [field(permission, 'fromPort'), field(permission, 'toPort')].map(Number)
  if (from === undefined || to === undefined) return false
  return /^(?:tcp|6)$/.test(protocol) && sensitivePorts.some((port) => from <= port && port <= to)
}

/** Whether the request of a CloudTrail record opens a port for administration or data to every address. */
export function opensSensitivePort(parameters: unknown): boolean {
  for (const [, value] of below(parameters)) {
    if (!isRecord(value) || field(value, 'ipProtocol') === undefined) continue
    if (coversSensitivePort(value) && opensToEveryone(value)) return true
  }
  return false
}
