import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../domain/problem.ts'

/** After this many conflicts, something is wrong. */
const tries = 12
const maxMs = 1_000

/**
 * Repeats a read-modify-write until it has no conflict, so that concurrent operators lose no change.
 * @param attempt one read-modify-write: its result, or undefined after a conflict
 * @throws Problem `waf-busy`
 */
export async function retryUntilSaved<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let round = 0; round < tries; round++) {
    const result = await attempt()
    if (result !== undefined) return result
    // A random delay, so that processes that started together do not collide again.
    await sleep(Math.random() * Math.min(maxMs, 50 * 2 ** round))
  }
  throw new Problem('waf-busy', `${what} keeps being changed by other processes.`, { next: 'run the command again' })
}
