import { Cluster, Command, type Redis } from 'ioredis'

/** Together below the second within which a caller is promised an answer. */
export const answerMs = 700

/** Between two looks at who serves which slots. */
const refreshEveryMs = 250

/** Nothing was done, and the same node may do it shortly: while a replica is elected, while a slot is moved. */
const passing = /^(?:CLUSTERDOWN|TRYAGAIN) /
const pauseMs = 100
/** Together shorter than `answerMs`, at which the caller has its answer: what is sent later would take units for nothing. */
const mostTries = 4

/** What ioredis can do with a command that failed, as far as it concerns us. */
interface Handlers {
  /** Sends it to this node, as its slot's owner. */
  moved(slot: number, node: string): void
  /** Ends it with the error. */
  defaults(): void
}

/** The slot of the command that a node refused; ioredis notes it with the error. */
function slotOf(error: object): number | undefined {
  const { name, args }: { name?: unknown; args?: unknown } = Object('command' in error ? error.command : undefined)
  if (typeof name !== 'string' || !Array.isArray(args)) return undefined
  return new Command(name, args).getSlot() ?? undefined
}

/**
 * ioredis asks for the slots again with every `MOVED` and `CLUSTERDOWN`, over a new connection each time. While a primary is
 * away that is a connection for each call of its customers, and the nodes that still serve pay for them. And a command that is
 * to be tried again it sends to a node by chance, which may be the one that is away.
 */
export class CalmCluster extends Cluster {
  #refreshedAt = Number.NEGATIVE_INFINITY
  /** ioredis has one `ttl` for each command. */
  readonly #tries = new WeakMap<object, number>()

  override handleError(error: Error, ttl: { value?: unknown }, handlers: Handlers): void {
    const slot = passing.test(error.message) ? slotOf(error) : undefined
    if (slot === undefined) {
      super.handleError(error, ttl, handlers)
      return
    }
    const tries = (this.#tries.get(ttl) ?? 0) + 1
    this.#tries.set(ttl, tries)
    this.refreshSlotsCache()
    setTimeout(() => {
      const owner = this.slots[slot]?.[0]
      if (owner === undefined || tries > mostTries) handlers.defaults()
      else handlers.moved(slot, owner)
    }, pauseMs)
  }

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
