import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openQueue } from '../runtime/ports/index.ts'
import { faultsOf, pick } from './faults.ts'
import { Greedy } from './greedy.ts'
import { type Order, Sender } from './sender.ts'
import { addCustomers, queueName, type Stage, startStage } from './stage.ts'
import { removeFolder } from './stores.ts'

export interface ProveOptions {
  readonly messages: number
  /** Faults, one after another, while the messages are being sent. */
  readonly rounds: number
  readonly tell: (line: string) => void
  readonly signal: AbortSignal
}

export interface Proof {
  readonly registry: string
  readonly database: string
  readonly faults: Readonly<Record<string, number>>
  readonly accepted: number
  readonly calls: number
  readonly retried: number
  /** Old messages that were delivered once more, most of them after the carrier had moved their rows. */
  readonly redelivered: number
  /** Accepted and not in the database. */
  readonly lost: number
  /** In the database more than once. */
  readonly duplicated: number
  /** Messages of the limited customer that were accepted beyond its limit. */
  readonly oversold: number
  readonly seconds: number
}

const batchSize = 50
const settleMs = 60_000

const tables = ['carrier_a', 'moved'] as const

/** How often each message is in the database, by its name. */
async function countRows({ rows }: Stage): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const table of tables) {
    for (const { ref } of await rows.sql(`SELECT ref FROM ${table}`)) {
      counts.set(String(ref), (counts.get(String(ref)) ?? 0) + 1)
    }
  }
  return counts
}

/** Waits until every accepted message has a row and no redelivery is under way, or until no more can be hoped for. */
async function settled(stage: Stage, accepted: ReadonlySet<string>): Promise<Map<string, number>> {
  const queue = openQueue({ endpoint: stage.sqs.address })
  try {
    for (const until = Date.now() + settleMs; Date.now() < until; await sleep(200)) {
      const { visible, inFlight } = await queue.state(queueName)
      if (visible + inFlight > 0) continue
      const counts = await countRows(stage)
      if ([...accepted].every((ref) => counts.has(ref))) return counts
    }
    return countRows(stage)
  } finally {
    queue.close()
  }
}

function ordersOf(messages: number): Order[] {
  const orders: Order[] = []
  for (let from = 0; from < messages; from += batchSize) {
    const refs = Array.from({ length: Math.min(batchSize, messages - from) }, (_, at) => `m-${from + at}`)
    orders.push({ key: `order-${from}`, refs })
  }
  return orders
}

async function run(stage: Stage, { messages, rounds, tell, signal }: ProveOptions): Promise<Proof> {
  const started = performance.now()
  await stage.rows.sql('CREATE TABLE moved (id CHAR(26) PRIMARY KEY, ref VARCHAR(64))')
  const customers = await addCustomers(stage)
  const sender = new Sender({ gateways: stage.addresses, authorization: () => customers.authorization, signal })
  const greedyStop = new AbortController()
  const greedySender = new Sender({
    gateways: stage.addresses,
    authorization: () => customers.limited,
    signal: greedyStop.signal,
  })
  const greedy = new Greedy()
  const redelivered = { count: 0 }
  const accepted = new Set<string>()
  const orders = ordersOf(messages)
  const perRound = Math.ceil(orders.length / rounds)
  const faults = faultsOf(stage, customers, greedy, redelivered)
  const names = Object.keys(faults)
  const met: Record<string, number> = {}

  const greed = Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (!greedyStop.signal.aborted) {
        await greedy.buy(greedySender)
        await sleep(20)
      }
    }),
  )
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    // Each fault once, and then by chance.
    const name = (round < names.length ? names[round] : pick(names)) ?? ''
    met[name] = (met[name] ?? 0) + 1
    const some = orders.slice(round * perRound, (round + 1) * perRound)
    const sending = some.map(async (order) => {
      for (const ref of await sender.send(order)) accepted.add(ref)
    })
    await sleep(Math.random() * 50)
    await faults[name]?.()
    await Promise.all(sending)
    tell(
      `${Math.round((performance.now() - started) / 100) / 10} s  round ${round + 1} of ${rounds}: ${name}; ${accepted.size} accepted`,
    )
  }
  greedyStop.abort()
  await greed
  const counts = await settled(stage, accepted)
  await customers.close()
  return {
    registry: stage.registry.engine,
    database: stage.rows.engine,
    faults: met,
    accepted: accepted.size,
    calls: sender.counts.calls,
    retried: sender.counts.retried,
    redelivered: redelivered.count,
    lost: [...accepted].filter((ref) => !counts.has(ref)).length,
    duplicated: [...counts.values()].filter((count) => count > 1).length,
    oversold: greedy.oversold,
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

/**
 * Sends messages through the real processes while these are killed, cut off and emptied, and counts what became of each.
 * It uses Redis and MariaDB where this machine has them, and SQLite files where not.
 */
export async function prove(options: ProveOptions): Promise<Proof> {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-prove-'))
  let stage: Stage | undefined
  try {
    stage = await startStage(folder)
    return await run(stage, options)
  } finally {
    await stage?.stop()
    removeFolder(folder)
  }
}
