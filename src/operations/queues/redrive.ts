import { Problem } from '../../domain/problem.ts'
import { batchBytes, batchEntries, type Queue, type Received } from '../../runtime/ports/index.ts'
import { contentOf } from './content.ts'

/** How long a message is hidden while it is moved. */
const hiddenSeconds = 120
/** A long poll asks all of SQS's servers; a short one asks some, and may find nothing where messages wait. */
const waitSeconds = 1

export interface Redriven {
  readonly from: string
  readonly to: string
  readonly moved: number
  /** Messages that are not envelopes, and stay where they are. */
  readonly left: number
}

/** @throws Problem `queue-unknown` where the queue has no dead-letter queue */
export async function deadLettersOf(queue: Queue, name: string): Promise<string> {
  const { deadLetter } = await queue.state(name)
  if (deadLetter !== undefined) return deadLetter.queue
  throw new Problem('queue-unknown', `The queue "${name}" has no dead-letter queue.`, {
    next: 'name the queue to take them from: --from QUEUE',
  })
}

/**
 * Moves messages from a dead-letter queue back to their queue: sends first, and deletes after the queue has confirmed. A
 * message that a crash leaves in both is written once, because the worker remembers its messages' ids.
 */
export async function redriveQueue(
  queue: Queue,
  name: string,
  from: string,
  options: { most: number; all: boolean; signal: AbortSignal; moved: (count: number) => void },
): Promise<Redriven> {
  let moved = 0
  const left = new Map<string, Received>()
  try {
    while (moved + left.size < options.most && !options.signal.aborted) {
      const most = Math.min(batchEntries, options.most - moved - left.size)
      const received = await queue.receive(from, { most, waitSeconds, visibilitySeconds: hiddenSeconds })
      // Nothing new: what is left comes again when it has been hidden for long enough.
      if (received.every(({ id }) => left.has(id))) break
      const good = received.filter(({ body }) => options.all || contentOf(body).customer !== null)
      for (const one of received) if (!good.includes(one)) left.set(one.id, one)
      moved += await moveAll(queue, name, from, good)
      options.moved(moved)
    }
  } finally {
    const receipts = [...left.values()].map(({ receipt }) => receipt)
    // What cannot be given back now comes back by itself.
    await queue.extend(from, receipts, 0).catch(() => undefined)
  }
  return { from, to: name, moved, left: left.size }
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
      throw new Problem('queue-unavailable', `The queue "${name}" did not accept a message; ${moved} were moved.`, {
        cause: failure,
      })
    }
  }
  return moved
}
