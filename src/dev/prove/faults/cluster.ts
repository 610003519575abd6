import { askRedis, type ClusterNode, type RedisCluster } from '../../servers/index.ts'
import { insist, pause, waitFor } from '../patience.ts'
import type { Stage } from '../stage.ts'
import type { Fault, World } from './fault.ts'

const failoverMs = 30_000
/** Longest that a call may wait for a slot that stays half moved. */
const migrateMs = 15_000

const isCluster = ({ registry }: Stage): boolean => registry.cluster !== undefined

function clusterOf({ registry }: Stage): RedisCluster {
  if (registry.cluster === undefined) throw new Error('the registry is not a cluster')
  return registry.cluster
}

function slotOfKeyed({ stage, members }: World): Promise<number> {
  return clusterOf(stage).slotOf(`apigw:{${members.keyed.id}}:usage:live`)
}

export const masterKilled: Fault = {
  name: 'cluster-master-kill',
  title: 'kill -9 of a Redis master; its replica takes over',
  holds: 'other customers are not affected; this one recovers when the replica serves; nothing is oversold',
  possible: isCluster,
  inject: async (world) => {
    const { stage, log, sales, signal } = world
    const cluster = clusterOf(stage)
    const slot = await slotOfKeyed(world)
    const master = await cluster.masterOf(slot)
    // Replication is asynchronous: what was confirmed in the last moment may be gone.
    log.blur(true)
    sales.blur()
    await cluster.kill(master)
    const started = performance.now()
    const served = await waitFor(failoverMs, signal, async () => {
      const now = await cluster.masterOf(slot).catch(() => master)
      return now !== master
    })
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    log.blur(false)
    await cluster.restart(master)
    return served
      ? `${master.victim.name}; a replica took over after ${seconds} s`
      : `${master.victim.name}; no replica took over`
  },
  heal: async ({ stage, log, signal }) => {
    log.blur(false)
    const cluster = clusterOf(stage)
    for (const node of cluster.nodes) if (!node.alive) await cluster.restart(node)
    await waitFor(failoverMs, signal, () => cluster.isWhole())
  },
}

/** Moves keys of a slot from one node to another. @returns whether any were left to move */
async function moveKeys(from: ClusterNode, to: ClusterNode, slot: number, which: RegExp): Promise<boolean> {
  return askRedis(from.port, async (call) => {
    const keys = ((await call('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[]).filter((key) => which.test(key))
    if (keys.length === 0) return false
    await call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
    return true
  })
}

async function assign(cluster: RedisCluster, slot: number, to: ClusterNode): Promise<void> {
  const masters = (await cluster.masters()).map(({ node }) => node)
  // The new owner first: if this stops here, the new owner informs the other nodes.
  for (const node of [to, ...masters.filter((one) => one !== to)]) {
    await askRedis(node.port, (call) => call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id))
  }
}

export const slotMigrated: Fault = {
  name: 'cluster-slot-migration',
  title: "a customer's slot moves to another Redis master, and stays half moved for a while",
  holds: 'calls of its customers are accepted while it moves',
  possible: isCluster,
  inject: async (world) => {
    const { stage, members, signal, log, wrong } = world
    const cluster = clusterOf(stage)
    const slot = await slotOfKeyed(world)
    const from = await cluster.masterOf(slot)
    const to = (await cluster.masters()).map(({ node }) => node).find((node) => node !== from)
    if (to === undefined) return 'there is only one master'
    await askRedis(to.port, (call) => call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id))
    await askRedis(from.port, (call) => call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id))
    const { id } = members.keyed
    // Records of finished calls only. Were the profile on one node and what was spent on the other, Redis itself would
    // refuse every call for both (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#multi-keys-operations).
    await moveKeys(from, to, slot, /:idem:/)
    const before = log.acceptedBy(id)
    let probed = false
    const probing = world.probe().then(() => {
      probed = true
    })
    const accepted = await waitFor(migrateMs, signal, () => probed)
    await pause(accepted ? 1_000 : 0, signal)
    const meanwhile = log.acceptedBy(id) - before
    if (!accepted && !signal.aborted) wrong('slots that moved, and whose customers were refused until they had')
    await insist('move the slot', signal, async () => {
      while (await moveKeys(from, to, slot, /./));
      await assign(cluster, slot, to)
    })
    await probing
    return `slot ${slot}; ${accepted ? `${meanwhile} messages` : 'no call'} of its customer accepted while it was half moved`
  },
  heal: async ({ stage, signal }) => void (await waitFor(failoverMs, signal, () => clusterOf(stage).isWhole())),
}
