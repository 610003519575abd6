import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest'
import { type Engine, unavailable } from '../../../src/runtime/sql/index.ts'
import { engines, type TestDatabase } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { temporaryFolder } from '../../support/names.ts'
import { liveQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { noon, startWorld, type WorldOptions } from '../../support/world.ts'
import { createOutbox, type TestAgent } from './support.ts'

export const hourMs = 3_600_000
export const [sqlite, mariadb, postgres] = engines

let sqs: Sqs
let dynamo: Dynamo

/** An SQS and a DynamoDB for the tests of a file. To be called once in it. */
export function useServices(): { readonly sqs: Sqs; readonly dynamo: Dynamo } {
  beforeAll(async () => {
    sqs = await startSqs()
    dynamo = await startDynamo()
  })
  afterAll(async () => {
    await sqs.stop()
    await dynamo.stop()
  })
  return {
    get sqs() {
      return sqs
    },
    get dynamo() {
      return dynamo
    },
  }
}

export async function states(database: TestDatabase): Promise<Record<string, number>> {
  const rows = await database.sql('SELECT state, count(*) AS n FROM outbox GROUP BY state ORDER BY state')
  return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]))
}

export async function start(options: Partial<WorldOptions> = {}, create: () => Promise<TestDatabase> = sqlite.create) {
  const database = await create()
  await createOutbox(database)
  const ledger = dynamo.open(() => noon)
  const world = await startWorld({ endpoint: sqs.endpoint, ledger, quota: { day: 100_000 }, ...options })
  const sent = () => sqs.messages(liveQueue, world.customer)
  const report = (changes: { status?: 'delivered' | 'failed'; code?: string } = {}) =>
    ledger.append(
      { customer: world.customer, environment: 'live' },
      sent().map(({ id, ref }) => ({
        id,
        ...(ref !== undefined && { ref }),
        status: 'delivered',
        code: '0000',
        at: noon + 5000,
        ...changes,
      })),
    )
  return { database, world, sent, report, journalPath: join(temporaryFolder(), 'journal.db') }
}

/** An engine that fails after it has committed, as where the connection breaks before the answer to COMMIT. */
export function withLostCommits(): { wrap: (engine: Engine) => Engine; lose: (count: number) => void } {
  let left = 0
  return {
    wrap: (engine) =>
      new Proxy(engine, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target)
          if (typeof value !== 'function') return value
          if (name !== 'transaction') return value.bind(target)
          return async (...args: readonly unknown[]) => {
            const result: unknown = await value.apply(target, args)
            if (left === 0) return result
            left -= 1
            throw unavailable('the database', new Error('connection lost'))
          }
        },
      }),
    lose: (count) => {
      left = count
    },
  }
}

/** Answers with a problem of the gateway. */
export function problem(status: number, code: string): Response {
  const body = JSON.stringify({ code, detail: 'because', retryable: true })
  return new Response(body, { status, headers: { 'content-type': 'application/problem+json' } })
}

/** Sends again and again, with a clock that runs as fast as the agent wants. */
export async function drainFor(agent: TestAgent, milliseconds: number, stepMs = 30_000): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += stepMs) {
    vi.advanceTimersByTime(stepMs)
    await agent.sender.sendOpen()
    if (!agent.sender.isHeld) {
      const batch = await agent.sender.claim()
      if (batch !== undefined) await agent.sender.send(batch)
    }
  }
}

export function fakeClock(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
}
