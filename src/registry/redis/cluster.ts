import { Cluster, Command, type Redis } from 'ioredis'
import { isRecord, recordOf } from '../../domain/record.ts'

/** Together below the second within which a caller is promised an answer. */
export const answerMs = 700

/** Between two looks at who serves which slots. */
const refreshEveryMs = 250

/** Nothing was done, and the same node may do it shortly: while a replica is elected, while a slot is moved. */
const passing = /^(?:CLUSTERDOWN|TRYAGAIN) /
const pauseMs = 100
/** Together shorter than `answerMs`, at which the caller has its answer: what is sent later would take units for nothing. */
const maxTries = 4

/** The slot is being moved, and what the command names is at the new node already. Nothing was done. */
const redirect = /^ASK \d+ (?<host>.*):(?<port>\d+)$/

/** What ioredis can do with a command that failed, as far as it concerns us. */
interface Handlers {
  /** Sends it to this node, after `ASKING`. */
  ask(slot: number, node: string): void
  /** Sends it to this node, as its slot's owner. */
  moved(slot: number, node: string): void
  /** Ends it with the error. */
  defaults(): void
}

/** The slot of the command that a node refused; ioredis notes it with the error. */
function slotOf(error: object): number | undefined {
  const { name, args } = recordOf('command' in error ? error.command : undefined)
  if (typeof name !== 'string' || !Array.isArray(args)) return undefined
  return new Command(name, args).getSlot() ?? undefined
}

interface Pool {
  findOrCreate(node: { readonly host: string; readonly port: number }): Redis
}

function isPool(value: unknown): value is Pool {
  return isRecord(value) && typeof value.findOrCreate === 'function'
}

/**
 * ioredis sends `ASKING` before a redirected command and forgets its promise. It fails when the connection does, and an
 * unhandled rejection ends the process. The command itself fails in the same way, and its caller hears of it.
 */
function heedAsking(node: Redis): void {
  const asking = node.asking.bind(node)
  const heeded = (): Promise<unknown> => {
    const asked = asking()
    asked.catch(() => undefined)
    return asked
  }
  Object.assign(node, { asking: heeded })
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

  constructor(...args: ConstructorParameters<typeof Cluster>) {
    super(...args)
    // ioredis says so before it sends anything to the node.
    this.on('+node', heedAsking)
  }

  override handleError(error: Error, ttl: { value?: unknown }, handlers: Handlers): void {
    const { host, port } = redirect.exec(error.message)?.groups ?? {}
    if (host !== undefined && port !== undefined) {
      this.#whenConnected({ host, port: Number(port) }, ttl, handlers, () => super.handleError(error, ttl, handlers))
      return
    }
    const slot = passing.test(error.message) ? slotOf(error) : undefined
    if (slot === undefined) {
      super.handleError(error, ttl, handlers)
      return
    }
    const tries = this.#tryOf(ttl)
    this.refreshSlotsCache()
    setTimeout(() => {
      const owner = this.slots[slot]?.[0]
      if (owner === undefined || tries > maxTries) handlers.defaults()
      else handlers.moved(slot, owner)
    }, pauseMs)
  }

  #tryOf(ttl: object): number {
    const tries = (this.#tries.get(ttl) ?? 0) + 1
    this.#tries.set(ttl, tries)
    return tries
  }

  /**
   * A node without slots is not in `CLUSTER SLOTS`, so the first redirect to it finds no connection, and ioredis would refuse
   * the command while it connects.
   */
  #whenConnected(place: { host: string; port: number }, ttl: object, handlers: Handlers, send: () => void): void {
    // Private by its type, and the one way to connect to a node that has no slots.
    const pool = recordOf(this).connectionPool
    if (!isPool(pool)) {
      handlers.defaults()
      return
    }
    const node = pool.findOrCreate({ ...place })
    if (node.status === 'ready') {
      send()
      return
    }
    if (node.status === 'wait') node.connect().catch(() => undefined)
    if (this.#tryOf(ttl) > maxTries || this.status !== 'ready') {
      handlers.defaults()
      return
    }
    setTimeout(() => this.#whenConnected(place, ttl, handlers, send), pauseMs)
  }

  override refreshSlotsCache(callback?: (error?: Error | null) => void): void {
    const now = performance.now()
    if (callback === undefined && now - this.#refreshedAt < refreshEveryMs) return
    this.#refreshedAt = now
    super.refreshSlotsCache(callback)
  }
}

/** Waits until a node can be used, or is given up. */
async function settled(node: Redis): Promise<void> {
  if (node.status === 'wait') return node.connect()
  if (node.status === 'ready' || node.status === 'end') return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      node.off('ready', done)
      node.off('end', done)
      resolve()
    }
    node.on('ready', done)
    node.on('end', done)
  })
}

/**
 * Connects to every primary that the cluster names, and waits for connections that are already being made. ioredis connects
 * to a node with the first command for it, and refuses those that come before the connection is there.
 */
export async function connectPrimaries(cluster: Cluster): Promise<void> {
  await Promise.allSettled(cluster.nodes('master').map(settled))
}

/** Whether the owner of every slot can be asked. ioredis removes a node whose connection broke, and keeps its slots. */
export function primariesConnected(cluster: Cluster): boolean {
  const ready = new Set<string>()
  for (const node of cluster.nodes('master')) {
    if (node.status === 'ready') ready.add(`${node.options.host}:${node.options.port}`)
  }
  return ready.size > 0 && cluster.slots.every((owners) => owners[0] === undefined || ready.has(owners[0]))
}
