import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { until } from './until.ts'

const slots = 16_384

export interface ClusterOptions {
  readonly masters?: number
  readonly replicasPerMaster?: number
  /** `cluster-node-timeout`: a node that is silent for this long is failing, and its replica takes over. */
  readonly nodeTimeoutMs?: number
  /** Additional redis-server options for each node. */
  readonly options?: readonly string[]
}

/** One process of the cluster. */
export interface ClusterNode {
  readonly port: number
  /** Its identifier in `CLUSTER NODES`. */
  readonly id: string
  /** Sends one command to this node only. */
  ask(command: string, ...args: (string | number)[]): Promise<unknown>
  /** `SIGSTOP` silences it without closing anything. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  kill(): Promise<void>
  /** Restarts it after `kill`, with the data that it had saved. */
  start(): Promise<void>
  readonly alive: boolean
}

/** A real Redis Cluster on free ports. */
export interface RedisCluster {
  /** All nodes: first the original masters, then their replicas. */
  readonly nodes: readonly ClusterNode[]
  readonly masters: readonly ClusterNode[]
  readonly replicas: readonly ClusterNode[]
  /** The address of one node, or a list of all of them: `redis://127.0.0.1:1,127.0.0.1:2?cluster=true`. */
  readonly address: string
  /** The slot of a key, as Redis computes it. */
  slotOf(key: string): Promise<number>
  /** The node that serves a slot now. */
  masterOf(slot: number): Promise<ClusterNode>
  /** Waits until every running node reports the cluster as healthy. */
  whole(): Promise<void>
  stop(): Promise<void>
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return ports
}

/** A node and the test's own connection to it. */
class Node implements ClusterNode {
  readonly port: number
  readonly busPort: number
  id = ''
  readonly #args: readonly string[]
  #child: ChildProcess | undefined
  readonly #redis: Redis

  constructor(port: number, busPort: number, folder: string, options: readonly string[]) {
    this.port = port
    this.busPort = busPort
    mkdirSync(folder, { recursive: true })
    this.#args = ['--port', String(port), '--cluster-port', String(busPort), '--bind', '127.0.0.1', '--dir', folder, ...options]
    this.#redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: 2 })
    this.#redis.on('error', () => undefined)
  }

  get alive(): boolean {
    return this.#child !== undefined
  }

  async start(): Promise<void> {
    this.#child = spawn('redis-server', this.#args, { stdio: 'ignore' })
    await until(async () => (await this.ask('PING').catch(() => undefined)) === 'PONG')
    this.id = String(await this.ask('CLUSTER', 'MYID'))
  }

  ask(command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#redis.call(command, ...args)
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async end(): Promise<void> {
    this.#redis.disconnect()
    await this.kill()
  }
}

/** Whether this node knows enough working nodes. A killed node is listed as working until its failure is detected. */
async function isWhole(node: Node, living: ReadonlySet<number>, masters: number, replicas: number): Promise<boolean> {
  if (!String(await node.ask('CLUSTER', 'INFO').catch(() => '')).includes('cluster_state:ok')) return false
  const lines = String(await node.ask('CLUSTER', 'NODES'))
    .trim()
    .split('\n')
  const working = lines.filter((line) => !/fail|handshake|noaddr/.test(line) && living.has(portIn(line)))
  const count = (role: string): number => working.filter((line) => line.split(' ')[2]?.includes(role)).length
  return count('master') >= masters && count('slave') >= replicas
}

/** A line of `CLUSTER NODES` begins with `ID HOST:PORT@BUSPORT`. */
function portIn(line: string): number {
  return Number(/:(\d+)@/.exec(line)?.[1])
}

/** Creates the cluster from nodes that do not know each other yet. */
async function meet(masters: readonly Node[], replicas: readonly Node[]): Promise<void> {
  const [first, ...others] = masters
  if (first === undefined) throw new Error('a cluster has at least one master')
  const share = Math.ceil(slots / masters.length)
  for (const [index, master] of masters.entries()) {
    await master.ask('CLUSTER', 'ADDSLOTSRANGE', index * share, Math.min(slots, (index + 1) * share) - 1)
    await master.ask('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
  }
  for (const node of [...others, ...replicas]) await node.ask('CLUSTER', 'MEET', '127.0.0.1', first.port, first.busPort)
  for (const [index, replica] of replicas.entries()) {
    const master = masters[index % masters.length] ?? first
    await until(async () => String(await replica.ask('CLUSTER', 'NODES')).includes(master.id))
    // Refused until the gossip has announced the master.
    await until(async () => (await replica.ask('CLUSTER', 'REPLICATE', master.id).catch(() => '')) === 'OK')
  }
}

/** Starts three masters with one replica each, or as the options say. `stop` ends all of them. */
export async function startRedisCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters: masterCount = 3, replicasPerMaster = 1, nodeTimeoutMs = 2_000 } = options
  const count = masterCount * (1 + replicasPerMaster)
  const folder = mkdtempSync(join(tmpdir(), 'apigw-redis-cluster-'))
  const ports = await freePorts(2 * count)
  const nodes = Array.from({ length: count }, (_, index) => {
    const always = ['--save', '', '--appendonly', 'yes', '--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf']
    const timing = ['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0']
    const more = [...always, ...timing, ...(options.options ?? [])]
    return new Node(ports[index] ?? 0, ports[count + index] ?? 0, join(folder, String(index)), more)
  })
  const [masters, replicas] = [nodes.slice(0, masterCount), nodes.slice(masterCount)]
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.end()))
    rmSync(folder, { recursive: true, force: true })
  }
  const whole = async (): Promise<void> => {
    const living = nodes.filter(({ alive }) => alive)
    const ports = new Set(living.map(({ port }) => port))
    for (const node of living) await until(() => isWhole(node, ports, masterCount, living.length - masterCount))
  }
  try {
    await Promise.all(nodes.map((node) => node.start()))
    await meet(masters, replicas)
    await whole()
    // A replica without its first copy cannot take over.
    for (const replica of replicas) {
      await until(async () => String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'))
    }
  } catch (error) {
    await stop()
    throw error
  }
  const anyLiving = (): Node => {
    const node = nodes.find(({ alive }) => alive)
    if (node === undefined) throw new Error('every node of the cluster is dead')
    return node
  }
  return {
    nodes,
    masters,
    replicas,
    address: `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?cluster=true`,
    slotOf: async (key) => Number(await anyLiving().ask('CLUSTER', 'KEYSLOT', key)),
    masterOf: async (slot) => {
      const ranges = (await anyLiving().ask('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
      const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1]
      const found = nodes.find((node) => node.port === port)
      if (found === undefined) throw new Error(`no node serves slot ${slot}`)
      return found
    },
    whole,
    stop,
  }
}
