import { askRedis } from '../../servers/index.ts'
import { restoreMembers } from '../customers.ts'
import { insist, pause, waitFor } from '../patience.ts'
import type { Stage } from '../stage.ts'
import type { Fault, World } from './fault.ts'

const freezeMs = 3_000
const readonlyMs = 3_000
const isOne = ({ registry }: Stage): boolean => registry.redis !== undefined

export const registryKilled: Fault = {
  name: 'registry-kill',
  title: 'kill -9 of Redis, and a restart with what it had saved',
  holds: 'no unit is sold twice, and none is forgotten',
  possible: isOne,
  inject: async ({ stage, signal }) => {
    await stage.registry.redis?.victim.kill()
    await pause(500, signal)
    await stage.registry.redis?.victim.start()
    return 'Redis'
  },
}

export const registryFrozen: Fault = {
  name: 'registry-freeze',
  title: 'Redis stands still (SIGSTOP)',
  holds: 'calls are refused within a second, and units of calls that ended unconfirmed come back',
  possible: isOne,
  inject: async ({ stage }) => {
    await stage.registry.redis?.victim.freeze(freezeMs)
    return `for ${freezeMs / 1000} s`
  },
  heal: async ({ stage }) => stage.registry.redis?.victim.signal('SIGCONT'),
}

/** Whether a gateway says that it is ready. */
async function isReady(address: string): Promise<boolean> {
  return (await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined))?.ok === true
}

export const registryReadonly: Fault = {
  name: 'registry-readonly',
  title: 'Redis takes no writes, as after a fail-over',
  holds: 'calls are refused, /readyz says so, and calls are accepted again as soon as Redis takes writes',
  possible: isOne,
  inject: async ({ stage, signal, wrong }) => {
    const port = stage.registry.redis?.port ?? 0
    // A replica of nothing: it keeps what it has, and answers every write with READONLY.
    await askRedis(port, (call) => call('REPLICAOF', '127.0.0.1', 1))
    const noticed = async (): Promise<boolean> => !(await Promise.all(stage.addresses.map(isReady))).includes(true)
    const seen = await waitFor(readonlyMs * 3, signal, noticed)
    if (!seen && !signal.aborted) wrong('gateways that said they were ready while Redis took no writes')
    await pause(readonlyMs, signal)
    return seen ? 'no gateway said that it was ready' : 'a gateway said that it was ready'
  },
  heal: ({ stage, signal }) =>
    insist('make Redis writable', signal, async () => {
      await askRedis(stage.registry.redis?.port ?? 0, (call) => call('REPLICAOF', 'NO', 'ONE'))
    }),
}

export const registryEmptied: Fault = {
  name: 'registry-emptied',
  title: 'kill -9 of Redis, which comes back empty',
  holds: 'calls that are made again send nothing twice',
  possible: isOne,
  inject: async (world) => {
    const { stage, log, sales, sender, members, signal, quietly, closeUnits } = world
    const redis = stage.registry.redis
    await quietly(closeUnits)
    log.newLife()
    log.blur(true)
    await atWork(world)
    await redis?.victim.kill()
    sales.newLife()
    sender.forgotten()
    await redis?.empty()
    await redis?.victim.start()
    await restoreMembers(stage.registry.address, members, signal)
    return `${Object.keys(members).length} customers were put back`
  },
  heal: async ({ log }) => log.blur(false),
}

/** Lets some calls get under way. */
async function atWork({ signal, log }: World): Promise<void> {
  await waitFor(500, signal, () => log.underWay > 1)
}
