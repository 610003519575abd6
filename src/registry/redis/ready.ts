import { Cluster, Command, Redis } from 'ioredis'
import { randomId } from '../../domain/ids.ts'
import type { Readiness } from '../registry.ts'
import { type Connection, stateOf } from './connect.ts'
import { infoOf } from './health.ts'
import { keys } from './keys.ts'

/** The key of a probe goes away by itself. */
const keepMs = 60_000
/** Far more than it takes to meet each primary of the largest cluster by chance. */
const maxTags = 100_000

/**
 * A key for each primary that `CLUSTER SLOTS` names: ranges, each with its primary first
 * (https://redis.io/docs/latest/commands/cluster-slots/).
 */
function keysByPrimary(ranges: unknown): Map<string, string> {
  const placeOf: string[] = []
  for (const range of Array.isArray(ranges) ? ranges : []) {
    const [from, to, primary] = Array.isArray(range) ? range : []
    const [host, port] = Array.isArray(primary) ? primary : []
    for (let slot = Number(from); slot <= Number(to); slot++) placeOf[slot] = `${host}:${port}`
  }
  const missing = new Set(Object.values(placeOf))
  const found = new Map<string, string>()
  for (let tag = 0; found.size < missing.size && tag < maxTags; tag++) {
    const key = keys.ready(String(tag))
    const place = placeOf[new Command('set', [key]).getSlot() ?? -1]
    if (place !== undefined && !found.has(place)) found.set(place, key)
  }
  return found
}

/** Refuses a server that may remove quotas, as the connection did when it was made: the policy can be changed at any time. */
async function checkPolicy(redis: Connection): Promise<void> {
  const state = stateOf(redis)
  const nodes = redis instanceof Redis ? [redis] : redis.nodes('master')
  const infos = await Promise.allSettled(nodes.map((node) => node.info('memory')))
  for (const info of infos) {
    if (info.status === 'rejected' || state.accepts(infoOf(info.value))) continue
    // Each new connection asks again, so none is made before the policy is mended.
    redis.disconnect(true)
    throw new Error('Connection is closed.')
  }
}

/**
 * Proves that Redis takes writes, by writing a key of its own: in a cluster one for each primary.
 * @returns what does not work, as long as some of it does
 * @throws what the client threw, where nothing can be written
 */
export async function proveReady(redis: Connection): Promise<Readiness> {
  if (!(redis instanceof Cluster)) {
    await redis.set(keys.ready('0'), randomId(), 'PX', keepMs)
    await checkPolicy(redis)
    return {}
  }
  // Whichever answers first: the client would ask one by chance, which may be the one that is silent.
  const ranges = await Promise.any(redis.nodes().map((node) => node.cluster('SLOTS'))).catch(() => {
    throw new Error('Connection is closed.')
  })
  const probes = [...keysByPrimary(ranges)]
  const written = await Promise.allSettled(probes.map(([, key]) => redis.set(key, randomId(), 'PX', keepMs)))
  const failed = written.flatMap((one, index) =>
    one.status === 'rejected' ? [{ place: probes[index]?.[0], error: one.reason }] : [],
  )
  const [first] = failed
  if (first !== undefined && failed.length === probes.length) throw first.error
  await checkPolicy(redis)
  if (first === undefined) return {}
  const { what, reason } = stateOf(redis).why(first.error)
  const places = failed.map(({ place }) => place).join(', ')
  return { degraded: { reason, what: `${failed.length} of ${probes.length} primaries take no writes (${places}): ${what}` } }
}
