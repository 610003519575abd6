import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until a condition is met. The timeout of the test ends the wait. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(10)
}

/** A promise that is resolved from outside. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
