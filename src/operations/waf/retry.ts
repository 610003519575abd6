import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../domain/problem.ts'

/** An update that loses every race a dozen times has met something other than bad luck. */
const tries = 12
const maxMs = 1_000

/**
 * Reads, changes and writes until nobody else wrote in between, so that two operators at once lose neither's change.
 * @param attempt one such round: what came of it, or undefined if somebody else was faster
 * @throws Problem `waf-busy`
 */
export async function untilSaved<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let round = 0; round < tries; round++) {
    const result = await attempt()
    if (result !== undefined) return result
    // Those that started together would meet again and again: each waits for a time of its own.
    await sleep(Math.random() * Math.min(maxMs, 50 * 2 ** round))
  }
  throw new Problem('waf-busy', `${what} is being changed by others all the time.`, { next: 'run the command again' })
}
