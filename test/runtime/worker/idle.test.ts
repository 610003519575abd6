import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Queue, Received } from '../../../src/runtime/ports/index.ts'
import { consume, type WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'

/** The pauses requested, and the promise that ends the script. */
const pauses = vi.hoisted(() => ({ asked: [] as number[], most: 0 }))

// Pauses take no time here and are counted: the test is about the requested length, not the elapsed time.
vi.mock('node:timers/promises', () => ({
  setTimeout: async (milliseconds: number, _: unknown, { signal }: { signal: AbortSignal }) => {
    pauses.asked.push(milliseconds)
    if (pauses.asked.length >= pauses.most) await once(signal, 'abort')
  },
}))

const queueName = 'carrier-a'
const { table } = carrierA

/** A queue with scripted answers, one per request, that is empty after the last one and counts the requests. */
function scriptedQueue(script: readonly (Received[] | Error)[]) {
  const counted = { receives: 0, deleted: [] as string[] }
  const never = (): never => {
    throw new Error('a worker does not do this')
  }
  const queue: Queue = {
    sendBatch: never,
    extend: async () => [],
    state: async () => ({ visible: 0, inFlight: 0, delayed: 0, visibilitySeconds: 30 }),
    names: never,
    purge: never,
    close: () => undefined,
    receive: async () => {
      const next = script[counted.receives++] ?? []
      if (next instanceof Error) throw next
      return next
    },
    delete: async (_, receipts) => {
      counted.deleted.push(...receipts)
      return []
    },
  }
  return { queue, counted }
}

function received(receipt: string): Received {
  return { id: receipt, body: envelopeOf(queueName, [messageWith()]), receipt, receiveCount: 1, sentAt: 0 }
}

const nothing = (count: number): Received[][] => Array.from({ length: count }, () => [])

/** Runs a worker until it has requested this many pauses. */
async function run(script: readonly (Received[] | Error)[], most: number, idleMaxMs?: number) {
  pauses.asked = []
  pauses.most = most
  const test = await engines[0].create()
  const database = await test.open()
  await database.migrate([carrierA])
  const { queue, counted } = scriptedQueue(script)
  const events: WorkerEvent[] = []
  const observe = (event: WorkerEvent): void => void events.push(event)
  const consumer = consume({ queue, database, carrier: carrierA, observe, ...(idleMaxMs !== undefined && { idleMaxMs }) })
  onTestFinished(() => consumer.stop())
  await vi.waitUntil(() => pauses.asked.length >= most, { timeout: 30_000 })
  return { counted, events, test }
}

describe('while a queue stays empty', () => {
  it('the pauses grow up to their limit', async () => {
    const { counted } = await run([], 9)
    expect(pauses.asked).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000])
    expect(counted.receives).toBe(10)
  })

  it('the limit can be set', async () => {
    await run([], 4, 600)
    expect(pauses.asked).toEqual([250, 500, 600, 600])
  })

  it('the first message ends the pauses', async () => {
    const { counted, test } = await run([...nothing(6), [received('a')], [received('b')], ...nothing(4)], 8)
    // Six empty answers, then two with a message and no pause between them, then from the beginning again.
    expect(pauses.asked).toEqual([250, 500, 1000, 2000, 4000, 250, 500, 1000])
    expect(counted.receives).toBe(12)
    expect(counted.deleted).toEqual(['a', 'b'])
    expect(await idsIn(test, table)).toHaveLength(2)
  })
})

describe('while a queue fails', () => {
  const down = new Error('down')

  it('the pauses grow up to five seconds, and each is logged', async () => {
    const { events } = await run(
      Array.from({ length: 9 }, () => down),
      9,
    )
    expect(pauses.asked).toEqual([500, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000])
    expect(events.map((event) => event.kind === 'failed' && event.retryMs)).toEqual(pauses.asked)
    expect(events.every((event) => event.kind === 'failed' && event.error === down)).toBe(true)
  })

  it('the first answer ends the pauses', async () => {
    await run([down, down, [received('a')], down, down], 4)
    expect(pauses.asked).toEqual([500, 1000, 500, 1000])
  })
})

it('a worker that is stopped during a pause ends at once', async () => {
  const { counted } = await run([], 3)
  expect(counted.receives).toBe(4)
  // The pause never ends by itself here: only `stop`, at the end of the test, ends it.
})

it('an idle queue costs fewer than 120 requests an hour', async () => {
  const { counted } = await run([], 200)
  // Each request waits 20 seconds in SQS for a message, followed by the pause.
  const hours = (counted.receives * 20 + pauses.asked.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000) / 3600
  expect(counted.receives / hours).toBeLessThan(120)
})
