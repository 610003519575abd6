import { setTimeout as pause } from 'node:timers/promises'
import { type Cluster, Redis } from 'ioredis'
import { answerMs, connectPrimaries, primariesConnected } from './cluster.ts'
import type { Connection } from './connect.ts'
import { within } from './within.ts'

/** A server in the same network answers in one or two; a connection that is gone never does. */
const pingMs = 250
/** An event that waits for a connection is better than one that is refused, and its front waits for 29 seconds. */
const reviveMs = 3 * answerMs
/** Between two tries to reach all of a cluster. */
const retryMs = 50

/** Breaks a connection that is not good. */
async function prove(node: Redis): Promise<void> {
  if (node.status !== 'ready') return
  try {
    await within(pingMs, node.ping())
  } catch {
    if (node.status !== 'ready') return
    const closed = new Promise<void>((resolve) => node.once('close', resolve))
    node.stream?.destroy()
    await within(pingMs, closed).catch(() => undefined)
  }
}

async function untilReady(redis: Connection, over: AbortSignal): Promise<void> {
  if (redis.status === 'ready' || over.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      redis.off('ready', done)
      over.removeEventListener('abort', done)
      resolve()
    }
    redis.on('ready', done)
    over.addEventListener('abort', done)
  })
}

/**
 * The nodes of a cluster break one by one, each when its end is heard of, and with the last one the whole client connects
 * again. Meanwhile it calls itself ready, with some of its primaries or none. So it is looked at until it has them all.
 */
async function untilWhole(cluster: Cluster & Connection, over: AbortSignal): Promise<void> {
  while (!over.aborted && !(cluster.status === 'ready' && primariesConnected(cluster))) {
    await untilReady(cluster, over)
    await new Promise((resolve) => cluster.refreshSlotsCache(resolve))
    await connectPrimaries(cluster)
    if (!primariesConnected(cluster)) await pause(retryMs)
  }
}

/**
 * Replaces connections that the other side no longer has. While a process is frozen, as a Lambda function is between two
 * events, a server or a firewall may forget its connections, and it hears nothing of that: the first command would be lost,
 * and it would stay unknown whether it had taken units. A `PING` takes none.
 *
 * It never fails: what is not ready afterwards says so when it is used.
 */
export async function revive(redis: Connection): Promise<void> {
  const nodes = redis instanceof Redis ? [redis] : redis.nodes('master')
  await Promise.all(nodes.map(prove))
  const over = new AbortController()
  const again = redis instanceof Redis ? untilReady(redis, over.signal) : untilWhole(redis, over.signal)
  await within(reviveMs, again).catch(() => undefined)
  over.abort()
}
