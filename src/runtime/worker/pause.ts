import { setTimeout as sleep } from 'node:timers/promises'

/** A pause that ends early when `signal` aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}
