import { Problem } from '../domain/problem.ts'
import type { OperatorRegistry, Registry } from './registry.ts'

export { defaultTimeZone, unknownRoute } from './changes/apply.ts'
export { carryOut, storedProfile } from './changes/carry-out.ts'
export type { Actor, Change, NewKey, SecretSide } from './changes/change.ts'
export { keyOf } from './changes/keys.ts'
export { loadMasterKeys, type MasterKeySources, masterKeySources } from './master-keys.ts'
export {
  type Calls,
  type Method,
  protocolVersion,
  type RemoteAnswer,
  sentProblem,
} from './protocol.ts'
export { everyone, type HistoryEntry, type OperatorRegistry, type Profile, type Registry } from './registry.ts'

interface OpenOptions {
  /** A password that does not have to stand in the URL. */
  readonly password?: string | undefined
  /** Start although the registry does not answer yet, and go on trying: for servers. */
  readonly keepTrying?: boolean
  /** Where a function is whose address names no region. */
  readonly region?: string | undefined
  /** A clock for tests, in milliseconds since 1970. */
  readonly now?: () => number
}

/** A registry's address without user and password, for people and logs. */
export function safeAddress(address: string): string {
  return address.replace(/^(?!sqlite:|lambda:)([a-z]+:\/+)?.*@/is, '$1')
}

/** `undefined` where it is no address of a Redis, or its user, password or database cannot be read. */
function redisUrl(address: string): URL | undefined {
  if (!/^rediss?:\/\/[^/]/.test(address)) return undefined
  try {
    const url = new URL(address)
    decodeURIComponent(`${url.username}:${url.password}`)
    return /^\/?\d*$/.test(url.pathname) ? url : undefined
  } catch {
    return undefined
  }
}

/**
 * Opens the registry at `sqlite:PATH`, `redis://…` or `rediss://…` (`?cluster=true` for Redis Cluster). Each engine's code is
 * loaded only when it is used, so that a Lambda carries no SQLite and a laptop no Redis client.
 *
 * @throws Problem `registry-unavailable`, `registry-corrupt`, `config-invalid`
 */
export async function openRegistry(address: string, options: OpenOptions = {}): Promise<Registry> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteRegistry } = await import('./sqlite/store.ts')
    return new SqliteRegistry(address.slice('sqlite:'.length), options.now)
  }
  const url = redisUrl(address)
  if (url !== undefined) {
    const { connect } = await import('./redis/connect.ts')
    const { RedisRegistry } = await import('./redis/store.ts')
    const safe = safeAddress(address)
    const redis = await connect(url, options.password, safe, options.keepTrying ?? false)
    return new RedisRegistry(redis, safe, options.now)
  }
  throw new Problem('config-invalid', `"${safeAddress(address)}" is not the address of a registry.`, {
    next: 'use sqlite:PATH, redis://HOST:PORT, rediss://HOST:PORT or lambda:FUNCTION@REGION',
  })
}

/**
 * Opens a registry for an operator: one of those of `openRegistry`, or `lambda:FUNCTION[@REGION]`, a function that carries
 * out changes for whoever AWS proves. It serves no gateway.
 *
 * @throws Problem as `openRegistry`; of a function also what `openRemote` throws
 */
export async function openOperatorRegistry(address: string, options: OpenOptions = {}): Promise<OperatorRegistry> {
  if (!address.startsWith('lambda:')) return openRegistry(address, options)
  const { openRemote } = await import('./remote/store.ts')
  return openRemote(address, { region: options.region })
}
