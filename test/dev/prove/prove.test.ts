import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type DatabaseKind, type Proof, type ProveEvent, prove, type RegistryKind } from '../../../src/dev/prove/index.ts'
import { listeningOf } from '../../support/listening.ts'

interface Short {
  readonly database: DatabaseKind
  readonly registry: RegistryKind
  readonly faults: readonly string[]
}

/** The short form: a few faults with each database and each registry. `apigw prove` runs all of them. */
const runs: readonly Short[] = [
  {
    database: 'sqlite',
    registry: 'sqlite',
    faults: ['worker-kill', 'mixed-envelopes', 'redelivery', 'replay', 'database-locked'],
  },
  {
    database: 'mariadb',
    registry: 'redis',
    faults: ['database-sessions-ended', 'bad-rows', 'registry-readonly', 'registry-freeze', 'worker-kill', 'night-ends'],
  },
  {
    database: 'sqlite',
    registry: 'dynamodb',
    faults: ['registry-throttle', 'registry-answer-lost', 'registry-conflicts', 'gateway-kill', 'replay-forgotten'],
  },
  {
    database: 'postgres',
    registry: 'cluster',
    faults: ['database-sessions-ended', 'bad-rows', 'cluster-master-kill', 'night-ends'],
  },
]

interface Seen {
  readonly proof: Proof
  readonly events: readonly ProveEvent[]
  /** Ports that were reachable from other machines during the run. */
  readonly open: readonly number[]
}

async function shortly(run: Short): Promise<Seen> {
  const events: ProveEvent[] = []
  let open: readonly number[] = []
  const report = (event: ProveEvent): void => {
    events.push(event)
    const listening = listeningOf(process.pid)
    expect(listening.loopback.length).toBeGreaterThanOrEqual(4)
    open = [...open, ...listening.open]
  }
  const options = { messages: 300, rate: 500, seed: 14, signal: new AbortController().signal }
  return { proof: await prove({ ...run, ...options, report }), events, open }
}

describe.each(runs)('$database and $registry', (run) => {
  it('balances the books through its faults, and leaves nothing behind', async () => {
    const { proof, events, open } = await shortly(run)
    expect(open).toEqual([])
    expect(proof.wrong).toEqual([])
    expect(proof).toMatchObject({ ok: true, lost: 0, duplicated: 0, oversold: 0 })
    expect(proof.accepted).toBeGreaterThan(200)
    expect(Object.keys(proof.faults).sort()).toEqual([...run.faults].sort())
    for (const { accepted, outcomes, open } of proof.books) {
      expect(Object.values(outcomes).reduce((sum, count) => sum + count, open)).toBe(accepted)
    }
    expect(proof.books.reduce((sum, { outcomes }) => sum + outcomes.cancelled, 0)).toBeGreaterThan(0)
    const [started] = events
    if (started?.event !== 'started') throw new Error('the first event says what was started')
    for (const { name, pid } of started.processes) expect(() => process.kill(pid, 0), name).toThrow('ESRCH')
    expect(existsSync(started.folder)).toBe(false)
  }, 300_000)
})
