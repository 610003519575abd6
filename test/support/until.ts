import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until something is so; how long that takes is the runner's business, and its timeout ends the wait. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(10)
}

/** A promise to be resolved from outside. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
