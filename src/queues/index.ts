import { envelope } from '../domain/message.ts'
import { Problem } from '../domain/problem.ts'
import { batchBytes, batchEntries, openQueue, type Queue, type Received } from '../runtime/ports/index.ts'

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

/** A message as an operator may see it: no text, and no whole number. */
export interface Peeked {
  readonly id: string
  readonly sentAt: number
  readonly receiveCount: number
  readonly customer: string | null
  readonly environment: string | null
  readonly messages: number
  readonly recipients: readonly string[]
}

/**
 * What one idle long poll costs: 20 seconds of waiting and up to 20 of pause, as the worker polls an empty queue
 * (https://aws.amazon.com/sqs/pricing/: $0.40 for a million requests, Seoul).
 */
export const idlePolling = { requestsAnHour: 90, dollarsAMonth: (90 * 730 * 0.4) / 1_000_000 } as const

/** Uses the queues of a place for as long as `work` takes. */
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

function masked(number: string): string {
  return number.length < 9 ? '****' : `${number.slice(0, 5)}****${number.slice(-4)}`
}

function contentOf(body: string): Pick<Peeked, 'customer' | 'environment' | 'messages' | 'recipients'> {
  try {
    const { customer, environment, messages } = envelope.parse(JSON.parse(body))
    return { customer, environment, messages: messages.length, recipients: messages.slice(0, 3).map(({ to }) => masked(to)) }
  } catch {
    return { customer: null, environment: null, messages: 0, recipients: [] }
  }
}

/** Looks at messages and gives them back at once. SQS counts it as a receive all the same. */
export async function peekQueue(queue: Queue, name: string, most: number): Promise<Peeked[]> {
  const seen = new Map<string, Received>()
  while (seen.size < most) {
    const received = await queue.receive(name, { most: Math.min(10, most - seen.size), waitSeconds: 0, visibilitySeconds: 30 })
    const before = seen.size
    for (const one of received) seen.set(one.id, one)
    if (seen.size === before) break
  }
  const all = [...seen.values()]
  await queue.extend(
    name,
    all.map(({ receipt }) => receipt),
    0,
  )
  return all.map(({ id, sentAt, receiveCount, body }) => ({ id, sentAt, receiveCount, ...contentOf(body) }))
}

export interface Redriven {
  readonly from: string
  readonly to: string
  readonly moved: number
  /** What is no envelope, and was left where it is. */
  readonly left: number
}

/** @throws Problem `queue-unknown` where the queue has no dead letters */
export async function deadLettersOf(queue: Queue, name: string): Promise<string> {
  const { deadLetter } = await queue.state(name)
  if (deadLetter !== undefined) return deadLetter.queue
  throw new Problem('queue-unknown', `The queue "${name}" has no dead-letter queue.`, {
    next: 'name it: --from QUEUE',
  })
}

/**
 * Moves messages from the dead letters back into their queue: sent first, deleted when the queue has confirmed. One that
 * a crash leaves in both is written once, because the worker knows its messages' ids.
 */
export async function redriveQueue(
  queue: Queue,
  name: string,
  from: string,
  options: { most: number; all: boolean; signal: AbortSignal; moved: (count: number) => void },
): Promise<Redriven> {
  let moved = 0
  const left: Received[] = []
  while (moved + left.length < options.most && !options.signal.aborted) {
    const most = Math.min(batchEntries, options.most - moved - left.length)
    const received = await queue.receive(from, { most, waitSeconds: 0, visibilitySeconds: 120 })
    if (received.length === 0) break
    const good = received.filter(({ body }) => options.all || contentOf(body).customer !== null)
    left.push(...received.filter((one) => !good.includes(one)))
    moved += await moveAll(queue, name, from, good)
    options.moved(moved)
  }
  await queue.extend(
    from,
    left.map(({ receipt }) => receipt),
    0,
  )
  return { from, to: name, moved, left: left.length }
}

async function moveAll(queue: Queue, name: string, from: string, received: readonly Received[]): Promise<number> {
  const batches: Received[][] = []
  let bytes = batchBytes
  for (const one of received) {
    const size = Buffer.byteLength(one.body)
    bytes += size
    if (bytes > batchBytes) {
      batches.push([])
      bytes = size
    }
    batches.at(-1)?.push(one)
  }
  let moved = 0
  for (const batch of batches) {
    const results = await queue.sendBatch(
      name,
      batch.map(({ body }) => body),
    )
    const confirmed = batch.filter((_, at) => results[at] === true)
    await queue.delete(
      from,
      confirmed.map(({ receipt }) => receipt),
    )
    moved += confirmed.length
    const failure = results.find((result) => result !== true)
    if (failure !== undefined) {
      throw new Problem('queue-unavailable', `The queue "${name}" did not take a message; ${moved} were moved.`, {
        cause: failure,
      })
    }
  }
  return moved
}
