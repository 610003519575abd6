import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chance } from '../../../src/dev/prove/chance.ts'
import type { Child } from '../../support/child.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { temporaryFolder } from '../../support/names.ts'
import { liveQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'
import { noon, startWorld, type World } from '../../support/world.ts'
import { type AgentProcessOptions, startAgentProcess } from './agent-child.ts'
import { type HurtDatabase, hurtMariadb, hurtPostgres, hurtSqlite } from './hurt.ts'
import { createOutbox, fill } from './support.ts'

/** The long form: APIGW_CHAOS_ROUNDS=100 APIGW_CHAOS_ROWS=10000. A run is repeated with the seed that it printed. */
const rounds = Number(process.env.APIGW_CHAOS_ROUNDS ?? 8)
const total = Number(process.env.APIGW_CHAOS_ROWS ?? 600)
const seed = Number(process.env.APIGW_CHAOS_SEED ?? Date.now() % 2 ** 32)
const isLong = rounds > 8

const leaseMs = 1_500
/** One row in so many cannot be sent. */
const badEvery = 25

let sqs: Sqs
let dynamo: Dynamo
beforeAll(async () => {
  sqs = await startSqs()
  dynamo = await startDynamo()
})
afterAll(async () => {
  await sqs.stop()
  await dynamo.stop()
})

/** An agent that is started again when it was killed. */
class Agent {
  readonly journal: string
  readonly #options: AgentProcessOptions
  readonly #before: Child[] = []
  child: Child

  constructor(options: AgentProcessOptions) {
    this.journal = join(temporaryFolder(), 'journal.db')
    this.#options = { ...options, journal: this.journal, leaseMs }
    this.child = startAgentProcess(this.#options)
  }

  async restart(isJournalLost = false): Promise<void> {
    this.child.process.kill('SIGKILL')
    await this.child.ended
    this.#before.push(this.child)
    if (isJournalLost) for (const end of ['', '-wal', '-shm']) rmSync(`${this.journal}${end}`, { force: true })
    this.child = startAgentProcess(this.#options)
  }

  async suspend(milliseconds: number): Promise<void> {
    this.child.process.kill('SIGSTOP')
    await sleep(milliseconds)
    this.child.process.kill('SIGCONT')
  }

  /** How often it logged each event. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { event } of [...this.#before, this.child].flatMap(({ lines }) => lines)) {
      counts[String(event)] = (counts[String(event)] ?? 0) + 1
    }
    return counts
  }
}

interface Stage {
  readonly database: HurtDatabase
  readonly world: World
  readonly proxy: TcpProxy
  readonly agents: readonly [Agent, Agent]
}

async function stage(create: () => Promise<HurtDatabase>): Promise<Stage> {
  const database = await create()
  await createOutbox(database)
  await database.grant()
  const ledger = dynamo.open(() => noon)
  const world = await startWorld({ endpoint: sqs.endpoint, ledger, quota: { day: 2 * total } })
  const proxy = await startTcpProxy(Number(new URL(world.listening.url).port))
  const options = { database: database.agentAddress, world, gateway: `http://127.0.0.1:${proxy.port}` }
  const agents = [new Agent({ ...options, name: 'a1' }), new Agent({ ...options, name: 'a2' })] as const
  return { database, world, proxy, agents }
}

type Fault = () => Promise<void>

function faultsOf({ database, proxy, agents }: Stage, chance: Chance): Record<string, Fault> {
  const some = (most: number) => Math.floor(chance.next() * most)
  const agent = (): Agent => chance.pick(agents) ?? agents[0]
  const ofDatabase = Object.entries(database.faults).map(([name, fault]): [string, Fault] => [name, () => fault(300 + some(900))])
  return {
    ...Object.fromEntries(ofDatabase),
    'agent killed': () => agent().restart(),
    'both agents killed': async () => {
      await Promise.all(agents.map((one) => one.restart()))
    },
    'journal lost': () => agent().restart(true),
    'agent suspended': () => agent().suspend(leaseMs + 500),
    'answers cut': async () => {
      proxy.set('silent')
      await sleep(50 + some(400))
      proxy.set('refuse')
      await sleep(some(100))
      proxy.set('pass')
    },
  }
}

const isBad = (id: number): boolean => id % badEvery === 0

/** Inserts rows a few at a time, while the database may be away. */
async function insert(database: HurtDatabase, from: number, to: number, pauseMs: number): Promise<void> {
  for (let first = from; first <= to; ) {
    const count = isBad(first) ? 1 : Math.min(to, first + badEvery - (first % badEvery) - 1) - first + 1
    try {
      await fill(database, first, count, isBad(first) ? { recipient: 'stranger' } : {})
      first += count
      await sleep(pauseMs)
    } catch {
      await sleep(50)
      const isThere = await database.sql('SELECT id FROM outbox WHERE id = ?', [first]).catch(() => [])
      if (isThere.length > 0) first += count
    }
  }
}

async function states(database: HurtDatabase): Promise<Record<string, number>> {
  const rows = await database.sql('SELECT state, count(*) AS n FROM outbox GROUP BY state ORDER BY state')
  return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]))
}

const createBy = { SQLite: hurtSqlite, MariaDB: hurtMariadb, PostgreSQL: hurtPostgres } as const

describe.each(Object.entries(createBy))('two agents on one table of %s, with faults', (engine, create) => {
  test('send each row once, and write its report', { timeout: isLong ? 3_600_000 : 180_000 }, async () => {
    const chance = new Chance(seed)
    process.stdout.write(`${engine}: APIGW_CHAOS_SEED=${seed}\n`)
    const set = await stage(create)
    const { database, world, agents } = set
    const faults = faultsOf(set, chance)
    await Promise.all(agents.map(({ child }) => child.logged('running')))
    const names = Array.from({ length: Math.ceil(rounds / Object.keys(faults).length) }, () =>
      chance.shuffled(Object.keys(faults)),
    )
    const order = names.flat().slice(0, rounds)
    let inserted = 0
    for (const [round, name] of order.entries()) {
      const upTo = Math.round((total * (round + 1)) / rounds)
      const [pauseMs, firstMs] = [chance.next() * 100, chance.next() * 300]
      await Promise.all([insert(database, inserted + 1, upTo, pauseMs), sleep(firstMs).then(faults[name])])
      inserted = upTo
    }
    await until(async () => {
      const { 1: ready = 0, 2: claimed = 0 }: Record<string, number> = await states(database).catch(() => ({ '1': 1 }))
      return ready + claimed === 0
    })

    const bad = Math.floor(total / badEvery)
    expect(await states(database)).toEqual({ '3': total - bad, '5': bad })
    const sent = sqs.messages(liveQueue, world.customer)
    const byText = Map.groupBy(sent, ({ text }) => text)
    const rows = await database.sql('SELECT id, body, state, message_id, claim, result FROM outbox ORDER BY id')
    for (const { id, body, state, message_id: messageId, claim, result } of rows) {
      const messages = byText.get(String(body)) ?? []
      const expected = isBad(Number(id)) ? { state: '5', ids: [], result: 'ER' } : { state: '3', ids: [messageId], result: null }
      expect({ id, claim, state, ids: messages.map((one) => one.id), result }).toEqual({ id, claim: '', ...expected })
    }
    expect(sent).toHaveLength(total - bad)
    expect((await world.left()).day).toBe(2 * total - sent.length)

    const isFailed = (text: string): boolean => text.endsWith('3')
    const half = Math.floor(sent.length / 2)
    const reported = sent.map(({ id, ref, text }) => ({
      id,
      ...(ref !== undefined && { ref }),
      status: isFailed(text) ? ('failed' as const) : ('delivered' as const),
      code: '0000',
      at: noon + 5000,
    }))
    const ledger = dynamo.open(() => noon)
    const owner = { customer: world.customer, environment: 'live' } as const
    await ledger.append(owner, reported.slice(0, half))
    await faults['both agents killed']?.()
    await faults['journal lost']?.()
    await ledger.append(owner, reported.slice(half))
    await until(async () => (await states(database).catch(() => ({ '3': 1 })))['3'] === undefined)
    for (const { id, body, state } of await database.sql('SELECT id, body, state FROM outbox ORDER BY id')) {
      expect({ id, state }).toEqual({ id, state: isBad(Number(id)) || isFailed(String(body)) ? '5' : '4' })
    }
    const [one, other] = agents.map((agent) => JSON.stringify(agent.counts()))
    process.stdout.write(`${engine}: ${order.join(', ')}\n  ${one}\n  ${other}\n`)
  })
})
