import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { durable, redisServer } from './redis.ts'
import { freePorts, type Victim } from './victim.ts'

const slots = 16_384
/** A node that is silent for so long is failing, and its replica takes over. */
const nodeTimeoutMs = 2_000

type Call = (command: string, ...args: (string | number)[]) => Promise<unknown>

/** Sends commands to one Redis over a connection of its own for each use: none has to survive a fault. */
export async function askRedis<T>(port: number, work: (call: Call) => Promise<T>): Promise<T> {
  const limits = { connectTimeout: 2_000, commandTimeout: 10_000, retryStrategy: () => null, maxRetriesPerRequest: 0 }
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, ...limits })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return await work((command, ...args) => redis.call(command, ...args))
  } finally {
    redis.disconnect()
  }
}

/** One process of a cluster. */
export interface ClusterNode {
  readonly port: number
  readonly victim: Victim
  /** How `CLUSTER NODES` names it. */
  id: string
  alive: boolean
}

/** Six nodes on the loopback address: three masters with a replica each. */
export class RedisCluster {
  readonly nodes: readonly ClusterNode[]

  private constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes
  }

  /** Makes and starts it; resolves when every node says that it is whole. */
  static async start(folder: string, nodes = 6): Promise<RedisCluster> {
    const ports = await freePorts(2 * nodes)
    const made: ClusterNode[] = []
    for (let at = 0; at < nodes; at++) {
      const [port = 0, busPort = 0] = [ports[at], ports[nodes + at]]
      const always = [...durable, '--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf']
      const timing = ['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0']
      const args = ['--cluster-port', String(busPort), ...always, ...timing]
      const victim = await redisServer(join(folder, `redis-${at}`), { name: `Redis ${at + 1}`, port, args })
      made.push({ port, victim, id: '', alive: true })
    }
    const cluster = new RedisCluster(made)
    try {
      await Promise.all(made.map(({ victim }) => victim.start()))
      await cluster.#meet(ports.slice(nodes))
      await cluster.whole()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  async #meet(busPorts: readonly number[]): Promise<void> {
    const [masters, replicas] = [this.nodes.slice(0, this.nodes.length / 2), this.nodes.slice(this.nodes.length / 2)]
    const share = Math.ceil(slots / masters.length)
    for (const [at, node] of this.nodes.entries()) {
      await askRedis(node.port, async (call) => {
        node.id = String(await call('CLUSTER', 'MYID'))
        if (at < masters.length) {
          await call('CLUSTER', 'ADDSLOTSRANGE', at * share, Math.min(slots, (at + 1) * share) - 1)
          await call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)
        }
        if (at > 0) await call('CLUSTER', 'MEET', '127.0.0.1', this.nodes[0]?.port ?? 0, busPorts[0] ?? 0)
      })
    }
    for (const [at, replica] of replicas.entries()) {
      const master = masters[at]
      // Refused until the gossip has made the master known.
      await askRedis(replica.port, async (call) => {
        while ((await call('CLUSTER', 'REPLICATE', master?.id ?? '').catch(() => '')) !== 'OK') await sleep(50)
      })
    }
  }

  /** A node that answers. */
  get living(): ClusterNode {
    const node = this.nodes.find(({ alive }) => alive)
    if (node === undefined) throw new Error('every node of the cluster is dead')
    return node
  }

  slotOf(key: string): Promise<number> {
    return askRedis(this.living.port, async (call) => Number(await call('CLUSTER', 'KEYSLOT', key)))
  }

  /** The masters of this moment, with the ranges of slots that each serves. */
  async masters(): Promise<{ node: ClusterNode; ranges: [number, number][] }[]> {
    const said = await askRedis(this.living.port, (call) => call('CLUSTER', 'SLOTS'))
    const rows = said as [number, number, [string, number, string]][]
    const byPort = Map.groupBy(rows, ([, , [, port]]) => port)
    return [...byPort].flatMap(([port, some]) => {
      const node = this.nodes.find((one) => one.port === port)
      return node === undefined ? [] : [{ node, ranges: some.map(([from, to]): [number, number] => [from, to]) }]
    })
  }

  async masterOf(slot: number): Promise<ClusterNode> {
    const found = (await this.masters()).find(({ ranges }) => ranges.some(([from, to]) => from <= slot && slot <= to))
    if (found === undefined) throw new Error(`no node serves slot ${slot}`)
    return found.node
  }

  /** Whether every node that is alive sees all slots served, and every replica has a copy of its master. */
  async isWhole(): Promise<boolean> {
    for (const node of this.nodes) {
      if (!node.alive) continue
      const whole = await askRedis(node.port, async (call) => {
        if (!String(await call('CLUSTER', 'INFO')).includes('cluster_state:ok')) return false
        const info = String(await call('INFO', 'replication'))
        return info.includes('role:master') || info.includes('master_link_status:up')
      }).catch(() => false)
      if (!whole) return false
    }
    const masters = await this.masters().catch(() => [])
    return masters.length === this.nodes.length / 2 && masters.every(({ node }) => node.alive)
  }

  async whole(): Promise<void> {
    while (!(await this.isWhole())) await sleep(100)
  }

  async kill(node: ClusterNode): Promise<void> {
    node.alive = false
    await node.victim.kill()
  }

  async restart(node: ClusterNode): Promise<void> {
    await node.victim.start()
    node.alive = true
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ victim }) => victim.kill()))
  }
}
