import { setTimeout as sleep } from 'node:timers/promises'
import type { Greedy } from './greedy.ts'
import type { Victim } from './process.ts'
import { type Customers, queueName, type Stage } from './stage.ts'

/** What the carrier's own agent does: moves rows that are done out of its table. */
async function moveRows({ rows }: Stage): Promise<void> {
  await rows.sql('INSERT INTO moved SELECT id, ref FROM carrier_a WHERE id NOT IN (SELECT id FROM moved)')
  await rows.sql('DELETE FROM carrier_a WHERE id IN (SELECT id FROM moved)')
}

export function pick<T>(from: readonly T[]): T | undefined {
  return from[Math.floor(Math.random() * from.length)]
}

/** The faults, each by the name that the table shows. They end by themselves. */
export function faultsOf(stage: Stage, customers: Customers, greedy: Greedy, redelivered: { count: number }) {
  const restart = async (victim: Victim | undefined): Promise<void> => {
    await victim?.kill()
    await victim?.start()
  }
  const faults: Record<string, () => Promise<unknown>> = {
    'kill -9 of a gateway': () => restart(pick(stage.gateways)),
    'kill -9 of a worker': () => restart(pick(stage.workers)),
    'SQS answers 500': async () => {
      stage.sqs.set('refuse')
      await sleep(300)
      stage.sqs.set('none')
    },
    'SQS does it and does not say so': async () => {
      stage.sqs.set('lose')
      await sleep(300)
      stage.sqs.set('none')
    },
    'carrier moves its rows, old messages come again': async () => {
      await moveRows(stage)
      for (let count = 0; count < 20; count++) {
        const body = pick(stage.sqs.bodies)
        if (body !== undefined) stage.emulator.sendMessage(queueName, body)
        if (body !== undefined) redelivered.count += 1
      }
    },
  }
  const { victim: database } = stage.rows
  if (database !== undefined) {
    faults['database frozen'] = () => database.freeze(700)
    faults['kill -9 of the database'] = () => restart(database)
  }
  const { victim: registry } = stage.registry
  if (registry !== undefined) {
    faults['registry restarted empty'] = async () => {
      await registry.kill()
      greedy.newLife()
      await registry.start()
      await customers.restore()
    }
  }
  return faults
}
