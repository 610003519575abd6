import { pause, waitFor } from '../patience.ts'
import { always, type Fault } from './fault.ts'

const reportsMs = 20_000

export const gatewayKilled: Fault = {
  name: 'gateway-kill',
  title: 'kill -9 of a gateway',
  holds: 'calls that it had begun are made again with the same key, and send nothing twice',
  possible: always,
  inject: async ({ stage, chance, signal }) => {
    const victim = chance.pick(stage.gateways)
    await victim?.kill()
    await pause(chance.next() * 500, signal)
    await victim?.start()
    return victim?.name ?? ''
  },
}

export const gatewayFrozen: Fault = {
  name: 'gateway-freeze',
  title: 'a gateway stands still for 3 s (SIGSTOP)',
  holds: 'what it sends after it resumes has the same ids as what was sent in its place',
  possible: always,
  inject: async ({ stage, chance }) => {
    const victim = chance.pick(stage.gateways)
    await victim?.freeze(3_000)
    return victim?.name ?? ''
  },
}

export const workerKilled: Fault = {
  name: 'worker-kill',
  title: 'kill -9 of a worker',
  holds: 'what it held comes again and is written once',
  possible: always,
  inject: async ({ stage, chance, signal }) => {
    const victim = chance.pick(stage.workers)
    await victim?.kill()
    await pause(chance.next() * 500, signal)
    await victim?.start()
    return victim?.name ?? ''
  },
}

/** The moment between two stores: the ledger has the reports, and the database does not know yet. */
export const pumpKilled: Fault = {
  name: 'pump-kill',
  title: 'kill -9 of the report pumps just after the ledger took reports',
  holds: 'every report can be read at least once, and none says two things',
  possible: always,
  inject: async ({ stage, signal, probe }) => {
    let hit = false
    stage.onLedger = (action) => {
      if (action !== 'PutItem' || hit) return
      hit = true
      for (const worker of stage.workers) worker.signal('SIGKILL')
    }
    await probe()
    await waitFor(reportsMs, signal, () => hit)
    for (const worker of stage.workers) await worker.kill()
    for (const worker of stage.workers) await worker.start()
    return hit ? 'both workers' : 'both workers; no report was being written'
  },
  heal: async ({ stage }) => {
    stage.onLedger = undefined
  },
}
