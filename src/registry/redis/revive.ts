import { Redis } from 'ioredis'
import { answerMs, connectPrimaries } from './cluster.ts'
import type { Connection } from './connect.ts'
import { within } from './within.ts'

/** A server in the same network answers in one or two; a connection that is gone never does. */
const pingMs = 250

/** @returns whether the connection was good; one that was not is broken off */
async function checked(node: Redis): Promise<boolean> {
  if (node.status !== 'ready') return false
  try {
    await within(pingMs, node.ping())
    return true
  } catch {
    if (node.status !== 'ready') return false
    const closed = new Promise<void>((resolve) => node.once('close', resolve))
    node.stream?.destroy()
    await within(pingMs, closed).catch(() => undefined)
    return false
  }
}

async function untilReady(redis: Connection): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve) => redis.once('ready', resolve))
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
  const good = await Promise.all(nodes.map(checked))
  if (!good.includes(false) && good.length > 0) return
  const again = async (): Promise<void> => {
    await untilReady(redis)
    if (redis instanceof Redis) return
    await new Promise((resolve) => redis.refreshSlotsCache(resolve))
    await connectPrimaries(redis)
  }
  await within(answerMs, again()).catch(() => undefined)
}
