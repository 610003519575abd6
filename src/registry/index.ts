import { Problem } from '../domain/problem.ts'
import { redisAddress } from './redis/address.ts'
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
export { fixOf } from './redis/fault.ts'
export {
  allCustomers,
  type HistoryEntry,
  type OperatorRegistry,
  type Outcome,
  type Profile,
  type Readiness,
  type Registry,
} from './registry.ts'

interface OpenOptions {
  /** A password that does not have to stand in the URL. */
  readonly password?: string | undefined
  /** For gateways: starts although the registry does not answer yet, goes on trying, and refuses one that may remove quotas. */
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

/**
 * Opens the registry at `sqlite:PATH`, `redis://…` or `rediss://…` (`HOST:PORT,HOST:PORT,…?cluster=true` for Redis Cluster:
 * any node of the list serves). Each engine's code is loaded only when it is used.
 *
 * @throws Problem `registry-unavailable`, `registry-corrupt`, `config-invalid`
 */
export async function openRegistry(address: string, options: OpenOptions = {}): Promise<Registry> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteRegistry } = await import('./sqlite/store.ts')
    return new SqliteRegistry(address.slice('sqlite:'.length), options.now)
  }
  const registry = await connectRedis(address, options)
  if (registry !== undefined) return registry
  throw new Problem('config-invalid', `"${safeAddress(address)}" is not the address of a registry.`, {
    next: 'use sqlite:PATH, redis://HOST:PORT, rediss://HOST:PORT, redis://HOST:PORT,HOST:PORT?cluster=true or lambda:FUNCTION@REGION',
  })
}

/**
 * Opens a registry in Redis and accepts no other address. Lambda functions use it, so their bundles hold no SQLite.
 *
 * @throws Problem as `openRegistry`
 */
export async function openRedisRegistry(address: string, options: OpenOptions = {}): Promise<Registry> {
  const registry = await connectRedis(address, options)
  if (registry !== undefined) return registry
  throw new Problem(
    'config-invalid',
    `On Lambda the registry must be in Redis, and "${safeAddress(address)}" is not a Redis address.`,
    {
      next: 'use redis://HOST:PORT, rediss://HOST:PORT or redis://HOST:PORT,HOST:PORT?cluster=true',
    },
  )
}

/** @returns `undefined` if the address is not one of Redis */
async function connectRedis(address: string, options: OpenOptions): Promise<Registry | undefined> {
  const redisPlace = redisAddress(address)
  if (redisPlace === undefined) return undefined
  const { connect } = await import('./redis/connect.ts')
  const { RedisRegistry } = await import('./redis/store.ts')
  const safe = safeAddress(address)
  const redis = await connect(redisPlace, safe, { password: options.password, keepTrying: options.keepTrying ?? false })
  return new RedisRegistry(redis, safe, options.now)
}

/** `openRegistry` or `openRedisRegistry`: an entry point passes the one whose engines it should carry. */
export type OpenRegistry = typeof openRegistry

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
