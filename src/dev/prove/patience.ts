import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../domain/problem.ts'

const insistMs = 120_000
const pauseMs = 100

/**
 * Does something that may fail while a fault is under way, again and again until it succeeds.
 * @param what for the error: what could not be done
 * @throws Problem `check-failed` with the last failure after two minutes, `interrupted`
 */
export async function insist<T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + insistMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      throwIfAborted(signal)
      if (Date.now() > until) {
        const why = error instanceof Error ? error.message : String(error)
        throw new Problem('check-failed', `For two minutes it was not possible to ${what}: ${why.replace(/\.$/, '')}.`, {
          next: 'run it again on a machine with less to do',
          cause: error,
        })
      }
    }
    await sleep(pauseMs)
  }
}

/** @throws Problem `interrupted` */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Problem('interrupted', 'Stopped before the end, so nothing is proven.')
}

/** Waits until something holds. @returns whether it did within the time, or before the signal */
export async function waitFor(
  ms: number,
  signal: AbortSignal,
  holds: () => boolean | Promise<boolean>,
  everyMs = pauseMs,
): Promise<boolean> {
  for (const until = Date.now() + ms; ; await sleep(everyMs)) {
    if (await holds()) return true
    if (signal.aborted || Date.now() > until) return false
  }
}

/** A pause that the signal ends. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
