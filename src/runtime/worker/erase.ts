import { setTimeout as sleep } from 'node:timers/promises'
import { Eraser, type ErasureParts } from '../erasure/index.ts'
import type { Observe } from './events.ts'

/** How long one round may take: a person has few messages, but tables are long. */
const roundMs = 5_000

/** One round over the requests to erase. A failure is observed, and keeps nothing else waiting. */
export async function eraseOnce(eraser: Eraser, observe: Observe, maxMs = roundMs): Promise<number> {
  try {
    const requests = await eraser.once(maxMs)
    if (requests > 0) observe({ kind: 'erasure', requests })
    return requests
  } catch (error) {
    observe({ kind: 'erasure-failed', error })
    return 0
  }
}

/** Erases what was asked for until stopped. @param everyMs the pause between two rounds that have nothing to do */
export function eraseAsked(parts: ErasureParts, observe: Observe, everyMs = 60_000): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const eraser = new Eraser(parts)
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const requests = await eraseOnce(eraser, observe)
      // A request whose tables are long continues soon.
      await sleep(requests > 0 ? Math.min(everyMs, 1_000) : everyMs, undefined, { signal }).catch(() => undefined)
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
