/** What is wrong with a Redis that answers, or no longer does. Part of what `/readyz` says, so a word never changes its meaning. */
export type FaultReason =
  | 'unreachable'
  | 'read-only'
  | 'loading'
  | 'cluster-down'
  | 'too-few-replicas'
  | 'full'
  | 'cannot-save'
  | 'evicts-quotas'
  | 'not-a-cluster-client'
  | 'access-denied'
  | 'busy'
  | 'refused'

export interface Fault {
  readonly reason: FaultReason
  /** For people, without addresses. */
  readonly what: string
  /** What an operator does about it. */
  readonly fix: string
  /** Another connection, by name, may lead to a server that works: after a fail-over the name means the new primary. */
  readonly reconnect: boolean
}

const failover = 'wait for the fail-over to end; if it has, set the address to that of the primary (redis-cli ROLE)'

/** By the first word of the error (https://github.com/redis/redis/blob/7.0/src/server.c, createSharedObjects). */
const faults: Readonly<Record<string, Fault>> = {
  READONLY: { reason: 'read-only', what: 'it is a read-only replica', fix: failover, reconnect: true },
  MASTERDOWN: { reason: 'read-only', what: 'it is a replica that has lost its primary', fix: failover, reconnect: true },
  LOADING: {
    reason: 'loading',
    what: 'it is loading its data',
    fix: 'wait until it has loaded its data: redis-cli INFO persistence',
    reconnect: true,
  },
  CLUSTERDOWN: {
    reason: 'cluster-down',
    what: 'a part of the cluster has no primary',
    fix: 'redis-cli CLUSTER NODES shows which; wait for its replica to take over, or start the node',
    reconnect: false,
  },
  NOREPLICAS: {
    reason: 'too-few-replicas',
    what: 'fewer replicas keep up than min-replicas-to-write demands',
    fix: 'start the replicas: redis-cli INFO replication',
    reconnect: true,
  },
  OOM: {
    reason: 'full',
    what: 'its memory is full',
    fix: 'give it more memory: a larger node type, or redis-cli CONFIG SET maxmemory; redis-cli INFO memory shows its use',
    reconnect: false,
  },
  MISCONF: {
    reason: 'cannot-save',
    what: 'it cannot save its data to disk and refuses writes',
    fix: "look at Redis's log and at its disk: df -h, redis-cli INFO persistence",
    reconnect: false,
  },
  MOVED: {
    reason: 'not-a-cluster-client',
    what: 'it is a node of a Redis Cluster',
    fix: 'add ?cluster=true to the address of the registry',
    reconnect: false,
  },
  NOAUTH: { reason: 'access-denied', what: 'it asks for a password', fix: 'set APIGW_REGISTRY_PASSWORD', reconnect: false },
  WRONGPASS: {
    reason: 'access-denied',
    what: 'it refuses the user or the password',
    fix: 'correct APIGW_REGISTRY_PASSWORD',
    reconnect: false,
  },
  NOPERM: {
    reason: 'access-denied',
    what: 'its user may not run this command',
    fix: 'allow the user the commands and keys of apigw: redis-cli ACL SETUSER',
    reconnect: false,
  },
  BUSY: {
    reason: 'busy',
    what: 'a script blocks it',
    fix: 'redis-cli SCRIPT KILL, and find who runs the script',
    reconnect: false,
  },
}

/** Found before any command is sent, in what the server says of itself. */
export const evicts = (policy: string): Fault => ({
  reason: 'evicts-quotas',
  what: `its maxmemory-policy is ${policy}, which may remove quotas, and more would be sold than was bought`,
  fix: 'redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf; on ElastiCache in its parameter group',
  reconnect: true,
})

/**
 * The fault that an error of Redis reports. A command's own error begins with its code. One of a command inside a script
 * does so from Redis 7 on; before, it comes as `ERR Error running script …: -CODE …`.
 * @returns `undefined` for an error that says nothing about the server
 */
export function faultOf(message: string): Fault | undefined {
  const first = /^[A-Z]+/.exec(message)?.[0] ?? ''
  const inner = first === 'ERR' ? / -([A-Z]+) /.exec(message)?.[1] : undefined
  const code = inner ?? first
  return Object.hasOwn(faults, code) ? faults[code] : undefined
}

export const readOnly = faultOf('READONLY')

/** What to do about a fault, by the reason that a Problem `registry-unavailable` carries. */
export function fixOf(reason: unknown): string | undefined {
  if (reason === 'evicts-quotas') return evicts('').fix
  return Object.values(faults).find((fault) => fault.reason === reason)?.fix
}
