import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addCustomer } from '../customers/index.ts'
import type { Profile } from '../registry/index.ts'
import { openRegistry } from '../registry/index.ts'
import { openDatabase, openQueue } from '../runtime/ports/index.ts'
import { type FaultySqs, startFaultySqs } from './faulty-sqs.ts'
import { freePort, runtimeCommand, Victim } from './process.ts'
import { type Order, Sender } from './sender.ts'
import { type RegistryStore, type RowStore, removeFolder, startRegistryStore, startRowStore } from './stores.ts'

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

const queueName = 'carrier-a'
const carrier = { queue: queueName, table: 'carrier_a' }
const customerId = 'prover'
const limitedId = 'limited'
const limit = 50
const batchSize = 50
const settleMs = 60_000

/** Everything that is running, and what undoes it. */
interface Stage {
  readonly registry: RegistryStore
  readonly rows: RowStore
  readonly sqs: FaultySqs
  readonly emulator: { sendMessage(queue: string, body: string): unknown }
  readonly gateways: readonly Victim[]
  readonly addresses: readonly string[]
  readonly workers: readonly Victim[]
  stop(): Promise<void>
}

async function startStage(folder: string): Promise<Stage> {
  const [registry, rows] = [await startRegistryStore(folder), await startRowStore(folder)]
  const { startFauxqs } = await import('fauxqs')
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false, defaultRegion: 'ap-northeast-2' })
  server.createQueue(queueName, { attributes: { VisibilityTimeout: '5' } })
  const sqs = await startFaultySqs(server.port)
  const database = await openDatabase(rows.address)
  await database.migrate([carrier])
  await database.close()
  const common = { APIGW_SQS_ENDPOINT: sqs.address, AWS_REGION: 'ap-northeast-2' }
  const ports = [await freePort(), await freePort()]
  const gateways = ports.map((port) => {
    const env = { ...common, APIGW_REGISTRY: registry.address, APIGW_HOST: '127.0.0.1', APIGW_PORT: String(port) }
    return new Victim('gateway', runtimeCommand('gateway'), env, port)
  })
  const workers = [1, 2].map(() => {
    const env = {
      APIGW_DATABASE: rows.address,
      APIGW_CARRIERS: JSON.stringify({ carriers: [carrier] }),
      APIGW_IDLE_MAX_MS: '100',
    }
    return new Victim('worker', runtimeCommand('worker'), { ...common, ...env, APIGW_WAIT_SECONDS: '1' })
  })
  await Promise.all([...gateways, ...workers].map((victim) => victim.start()))
  return {
    registry,
    rows,
    sqs,
    emulator: server,
    gateways,
    addresses: ports.map((port) => `http://127.0.0.1:${port}`),
    workers,
    stop: async () => {
      await Promise.all([...gateways, ...workers].map((victim) => victim.kill()))
      await sqs.stop()
      await server.stop()
      await Promise.all([registry.victim?.kill(), rows.victim?.kill()])
    },
  }
}

/** The two customers, and a way to put them back after the registry has forgotten everything. */
async function addCustomers(stage: Stage) {
  const registry = await openRegistry(stage.registry.address, { keepTrying: true })
  const context = { registry, actor: { who: 'apigw prove', from: 'here' }, now: Date.now }
  const profiles: Profile[] = []
  const add = async (id: string, day: number): Promise<string> => {
    const { profile, keys } = await addCustomer(context, { id, quota: { day }, queue: queueName, keysFor: ['live'] })
    profiles.push(profile)
    return `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}`
  }
  const authorization = await add(customerId, 100_000_000)
  const limited = await add(limitedId, limit)
  const restore = async (): Promise<void> => {
    for (const profile of profiles) {
      const entry = { at: Date.now(), ...context.actor, customer: profile.customer.id, what: 'restored' }
      for (let tries = 0; tries < 100; tries++) {
        try {
          await registry.save(profile, undefined, entry)
          break
        } catch {
          await sleep(100)
        }
      }
    }
  }
  return { authorization, limited, restore, close: () => registry.close() }
}

type Customers = Awaited<ReturnType<typeof addCustomers>>

/** A customer that always asks for more than it may have: what it gets in each life of the registry is counted. */
class Greedy {
  #life = 0
  readonly #sold: number[] = [0]
  #next = 0

  newLife(): void {
    this.#life += 1
    this.#sold[this.#life] = 0
  }

  /** Asks once, whatever comes of it. */
  async buy(sender: Sender): Promise<void> {
    const life = this.#life
    const key = `greedy-${this.#next++}`
    const accepted = await sender.once({ key, refs: [key] })
    // Nobody knows in which life a call was admitted that lasted from one into the next.
    if (life === this.#life) this.#sold[life] = (this.#sold[life] ?? 0) + (accepted?.length ?? 0)
  }

  get oversold(): number {
    return this.#sold.reduce((sum, sold) => sum + Math.max(0, sold - limit), 0)
  }
}

const tables = ['carrier_a', 'moved'] as const

/** What the carrier's own agent does: moves rows that are done out of its table. */
async function moveRows({ rows }: Stage): Promise<void> {
  await rows.sql('INSERT INTO moved SELECT id, ref FROM carrier_a WHERE id NOT IN (SELECT id FROM moved)')
  await rows.sql('DELETE FROM carrier_a WHERE id IN (SELECT id FROM moved)')
}

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

function pick<T>(from: readonly T[]): T | undefined {
  return from[Math.floor(Math.random() * from.length)]
}

/** The faults, each by the name that the table shows. They end by themselves. */
function faultsOf(stage: Stage, customers: Customers, greedy: Greedy, redelivered: { count: number }) {
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
