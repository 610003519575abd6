import { openQueue, type Queue } from '../../runtime/ports/index.ts'

export { type PeekedMessage, peekQueue } from './peek.ts'
export { deadLettersOf, redriveQueue } from './redrive.ts'

export interface QueuePlace {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
}

export interface QueueLine {
  readonly queue: string
  readonly visible: number
  readonly inFlight: number
  readonly delayed: number
  readonly deadLetter: { readonly queue: string; readonly visible: number } | null
}

/**
 * The cost of polling an empty queue as the worker does: a long poll of 20 seconds, then a pause of up to 20 seconds
 * (https://aws.amazon.com/sqs/pricing/: $0.40 per million requests, Seoul).
 */
export const idlePolling = { requestsAnHour: 90, dollarsAMonth: (90 * 730 * 0.4) / 1_000_000 } as const

/** Opens the queue client, runs `work` and closes the client. */
export async function withQueues<T>(place: QueuePlace, work: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = openQueue(place)
  try {
    return await work(queue)
  } finally {
    queue.close()
  }
}

export async function listQueues(queue: Queue, prefix: string | undefined): Promise<QueueLine[]> {
  const names = await queue.names(prefix)
  const states = await Promise.all(names.map(async (name) => ({ name, state: await queue.state(name) })))
  const dead = new Set(states.flatMap(({ state }) => state.deadLetter?.queue ?? []))
  const visible = new Map(states.map(({ name, state }) => [name, state.visible]))
  return Promise.all(
    states
      .filter(({ name }) => !dead.has(name))
      .map(async ({ name, state: { deadLetter, ...state } }): Promise<QueueLine> => {
        const letters = deadLetter?.queue
        const count = letters === undefined ? 0 : (visible.get(letters) ?? (await queue.state(letters)).visible)
        return {
          queue: name,
          visible: state.visible,
          inFlight: state.inFlight,
          delayed: state.delayed,
          deadLetter: letters === undefined ? null : { queue: letters, visible: count },
        }
      }),
  )
}
