import { Cluster, type Redis } from 'ioredis'

/** Together below the second within which a caller is promised an answer. */
export const answerMs = 700

/** Between two looks at who serves which slots. */
const refreshEveryMs = 250

/**
 * ioredis asks for the slots again with every `MOVED` and `CLUSTERDOWN`, over a new connection each time. While a primary is
 * away that is a connection for each call of its customers, and the nodes that still serve pay for them.
 */
export class CalmCluster extends Cluster {
  #refreshedAt = Number.NEGATIVE_INFINITY

  override refreshSlotsCache(callback?: (error?: Error | null) => void): void {
    const now = performance.now()
    if (callback === undefined && now - this.#refreshedAt < refreshEveryMs) return
    this.#refreshedAt = now
    super.refreshSlotsCache(callback)
  }
}

/**
 * Connects to every primary that the cluster names. ioredis connects to a node with the first command for it, and refuses
 * those that come before the connection is there.
 */
export async function connectPrimaries(cluster: Cluster): Promise<void> {
  const connecting = async (node: Redis): Promise<void> => {
    if (node.status === 'wait') await node.connect()
  }
  await Promise.allSettled(cluster.nodes('master').map(connecting))
}
