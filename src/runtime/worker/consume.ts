import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, type Queue, rememberMs } from '../ports/index.ts'
import { flush } from './flush.ts'

/** What a worker did, for logs and counters. */
export type WorkerEvent =
  | { readonly kind: 'flushed'; readonly queue: string; readonly written: number; readonly repeated: number }
  | { readonly kind: 'bad'; readonly queue: string; readonly why: string; readonly receiveCount: number }
  | { readonly kind: 'failed'; readonly queue: string; readonly error: unknown; readonly retryMs: number }

export interface ConsumeOptions {
  readonly queue: Queue
  readonly database: Database
  /** The queue to read and the carrier's table to write. */
  readonly queueName: string
  readonly table: string
  /** Long poll, 0 to 20 seconds. 20 costs least. */
  readonly waitSeconds?: number
  /** Longest pause between two polls of an empty queue. */
  readonly idleMaxMs?: number
  readonly observe?: (event: WorkerEvent) => void
}

export interface Consumer {
  /** Finishes what was received, then stops. */
  stop(): Promise<void>
}

const firstIdleMs = 250
const firstRetryMs = 500
const longestRetryMs = 30_000
const forgetEveryMs = 3_600_000

/** An abortable pause. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}

/**
 * Reads one queue until stopped: receive, write in one transaction, and only after the commit delete. A process that
 * dies between the two leaves messages that come again and are recognised.
 *
 * While the queue stays empty the pauses between polls grow: an idle queue that is polled without a pause costs
 * 131,400 requests a month for nothing. The first message ends the pauses.
 */
export function consume(options: ConsumeOptions): Consumer {
  const { queue, database, queueName, table, waitSeconds = 20, idleMaxMs = 20_000, observe = () => undefined } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let forgotAt = 0

  async function round(): Promise<'empty' | 'busy'> {
    const received = await queue.receive(queueName, { most: 10, waitSeconds, signal })
    if (received.length === 0) return 'empty'
    const { written, repeated, done, bad } = await flush(database, table, queueName, received)
    for (const { received: one, why } of bad) observe({ kind: 'bad', queue: queueName, why, receiveCount: one.receiveCount })
    // What could not be deleted comes again, and its ids are known by then.
    await queue.delete(
      queueName,
      done.map((one) => one.receipt),
    )
    observe({ kind: 'flushed', queue: queueName, written, repeated })
    return 'busy'
  }

  async function forgetOld(): Promise<void> {
    if (Date.now() - forgotAt < forgetEveryMs) return
    forgotAt = Date.now()
    await database.forget(forgotAt - rememberMs)
  }

  async function run(): Promise<void> {
    let idleMs = 0
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      try {
        const state = await round()
        retryMs = firstRetryMs
        if (state === 'busy') idleMs = 0
        else {
          await forgetOld()
          await pause(idleMs, signal)
          idleMs = Math.min(idleMaxMs, idleMs === 0 ? firstIdleMs : idleMs * 2)
        }
      } catch (error) {
        if (signal.aborted) return
        observe({ kind: 'failed', queue: queueName, error, retryMs })
        await pause(retryMs, signal)
        retryMs = Math.min(longestRetryMs, retryMs * 2)
      }
    }
  }

  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
