import { Problem } from '../domain/problem.ts'
import type { CopyableStore } from './copy/store.ts'
import { tableAddress } from './dynamodb/address.ts'
import type { DynamoCaller } from './dynamodb/table.ts'
import { redisAddress } from './redis/address.ts'
import type { OperatorRegistry, Registry } from './registry.ts'

export { unknownRoute } from './changes/apply.ts'
export { carryOut, storedProfile } from './changes/carry-out.ts'
export type { Actor, Change, NewKey, SecretSide, SenderChange, SendingChange } from './changes/change.ts'
export { keyOf } from './changes/keys.ts'
export { senderNumber } from './changes/sending.ts'
export { type Difference, differencesOf } from './configuration/compare.ts'
export { configured } from './configuration/configured.ts'
export type { Locate } from './configuration/locate.ts'
export { configurationOf, revisionOf, withoutSealed } from './configuration/of-profile.ts'
export { type Configuration, configurationSchema } from './configuration/schema.ts'
export { Digest, differing, keptUntil, type Tallies } from './copy/digest.ts'
export { type Entry, type EntryKind, entryKinds } from './copy/entries.ts'
export type { CopyableStore } from './copy/store.ts'
export { type Freeze, freezeFrom, frozenDocument } from './frozen.ts'
export { loadMasterKeys, type MasterKeySources, masterKeySources } from './master-keys.ts'
export { isMethod, type Method, operatorMethods } from './operator-methods.ts'
export { protocolVersion, type RemoteAnswer, sentProblem } from './protocol.ts'
export { fixOf } from './redis/fault.ts'
export type {
  CountedReports,
  HistoryEntry,
  OperatorRegistry,
  Outcome,
  Profile,
  Readiness,
  Registry,
  StoredProfile,
} from './registry.ts'
export { maxCountsMs, maxProfilesPage } from './registry.ts'
export { registryThrough } from './through.ts'

interface OpenOptions {
  /** The password, if it is not in the URL. */
  readonly password?: string | undefined
  /** For gateways: starts before the registry answers, retries, and refuses a server that may evict quotas. */
  readonly keepTrying?: boolean
  /** The region of a function whose address names none. */
  readonly region?: string | undefined
  /** Makes the client of a registry in DynamoDB. Absent: such a registry cannot be opened here. */
  readonly dynamodb?: (options: { readonly endpoint?: string }) => DynamoCaller
  /** A clock for tests, in milliseconds since 1970. */
  readonly now?: () => number
}

/** A registry's address without user and password, for people and logs. */
export function safeAddress(address: string): string {
  // An endpoint is for tests, and whatever else is there could be a secret.
  if (address.startsWith('dynamodb:')) return address.replace(/\?.*$/s, '')
  return address.replace(/^(?!sqlite:|lambda:)([a-z]+:\/+)?.*@/is, '$1')
}

/**
 * Opens the registry at `sqlite:PATH`, `dynamodb:TABLE`, `redis://…` or `rediss://…` (`HOST:PORT,HOST:PORT,…?cluster=true` for Redis Cluster:
 * any node of the list serves). Each engine's code is loaded only when it is used.
 *
 * @throws Problem `registry-unavailable`, `registry-corrupt`, `config-invalid`
 */
export async function openRegistry(address: string, options: OpenOptions = {}): Promise<Registry> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteRegistry } = await import('./sqlite/store.ts')
    return new SqliteRegistry(address.slice('sqlite:'.length), options.now)
  }
  const registry = (await connectRedis(address, options)) ?? (await openTable(address, options))
  if (registry !== undefined) return registry
  throw new Problem('config-invalid', `"${safeAddress(address)}" is not a valid registry address.`, {
    next: 'use sqlite:PATH, redis://HOST:PORT, rediss://HOST:PORT, redis://HOST:PORT,HOST:PORT?cluster=true, dynamodb:TABLE or lambda:FUNCTION@REGION',
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
    `This function's registry must be in Redis, and "${safeAddress(address)}" is not a Redis address.`,
    {
      next: 'use redis://HOST:PORT, rediss://HOST:PORT or redis://HOST:PORT,HOST:PORT?cluster=true',
    },
  )
}

/**
 * Opens a registry in DynamoDB and accepts no other address. Lambda functions use it, so their bundles hold no other store.
 *
 * @throws Problem `config-invalid`
 */
export async function openDynamoRegistry(address: string, options: OpenOptions = {}): Promise<Registry> {
  const registry = await openTable(address, options)
  if (registry !== undefined) return registry
  throw new Problem(
    'config-invalid',
    `The registry must be in DynamoDB, and "${safeAddress(address)}" is not a table's address.`,
    {
      next: 'use dynamodb:TABLE',
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

/** @returns `undefined` if the address is not one of DynamoDB */
async function openTable(address: string, { dynamodb, now }: OpenOptions): Promise<Registry | undefined> {
  const place = tableAddress(address)
  if (place === undefined) return undefined
  if (dynamodb === undefined)
    throw new Problem('config-invalid', 'A registry in DynamoDB cannot be used here.', { next: 'use redis://HOST:PORT' })
  const { DynamoRegistry } = await import('./dynamodb/store.ts')
  return new DynamoRegistry(dynamodb(place.endpoint === undefined ? {} : { endpoint: place.endpoint }), place, now)
}

/** `openRegistry`, `openRedisRegistry` or `openDynamoRegistry`: an entry point passes the one whose engines it should carry. */
export type OpenRegistry = typeof openRegistry

/**
 * Opens a registry for an operator: as `openRegistry`, or `lambda:FUNCTION[@REGION]`, a function that makes changes for callers
 * authenticated by AWS. Gateways cannot use a function.
 *
 * @throws Problem as `openRegistry`; of a function also what `openRemote` throws
 */
export async function openOperatorRegistry(address: string, options: OpenOptions = {}): Promise<OperatorRegistry> {
  const place = tableAddress(address)
  if (place !== undefined) {
    const { operatorCaller } = await import('./dynamodb/operator.ts')
    const caller = await operatorCaller({ ...place, region: options.region })
    return openRegistry(address, { ...options, dynamodb: () => caller })
  }
  if (!address.startsWith('lambda:')) return openRegistry(address, options)
  const { openRemote } = await import('./remote/store.ts')
  return openRemote(address, { region: options.region })
}

/**
 * Opens a registry for an operator who copies it: everything in it can be read and written. A function cannot be used.
 *
 * @throws Problem as `openRegistry`
 */
export async function openCopyable(address: string, options: OpenOptions = {}): Promise<CopyableStore> {
  const { now } = options
  const place = tableAddress(address)
  if (place !== undefined) {
    const { operatorCaller } = await import('./dynamodb/operator.ts')
    const { DynamoCopy } = await import('./dynamodb/copy.ts')
    return new DynamoCopy(await operatorCaller({ ...place, region: options.region }), place, now)
  }
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteCopy } = await import('./sqlite/copy.ts')
    return new SqliteCopy(address.slice('sqlite:'.length), now)
  }
  const redisPlace = redisAddress(address)
  if (redisPlace !== undefined) {
    const { connect } = await import('./redis/connect.ts')
    const { RedisCopy } = await import('./redis/copy.ts')
    const safe = safeAddress(address)
    return new RedisCopy(await connect(redisPlace, safe, { password: options.password, keepTrying: false }), safe, now)
  }
  throw new Problem('config-invalid', `"${safeAddress(address)}" is not the address of a registry that can be copied.`, {
    next: 'use sqlite:PATH, redis://HOST:PORT, rediss://HOST:PORT, redis://HOST:PORT,HOST:PORT?cluster=true or dynamodb:TABLE',
  })
}
