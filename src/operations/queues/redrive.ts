import { Problem } from '../../domain/problem.ts'
import { batchBytes, batchEntries, type Queue, type Received } from '../../runtime/ports/index.ts'
import { contentOf } from './content.ts'

/** How long a message is hidden while it is moved. */
const hiddenSeconds = 120
/** A long poll queries all SQS servers. A short poll queries some, and may miss waiting messages. */
const waitSeconds = 1

export interface Redriven {
  readonly from: string
  readonly to: string
  readonly moved: number
  /** Messages that are not envelopes, which are not moved. */
  readonly left: number
}

/** @throws Problem `queue-unknown` if the queue has no dead-letter queue */
export async function deadLettersOf(queue: Queue, name: string): Promise<string> {
  const { deadLetter } = await queue.state(name)
  if (deadLetter !== undefined) return deadLetter.queue
  throw new Problem('queue-unknown', `The queue "${name}" has no dead-letter queue.`, {
    next: 'name the source queue: --from QUEUE',
  })
}

/**
 * Moves messages from a dead-letter queue back to their queue: sends first, and deletes after the queue has confirmed. If a
 * crash leaves a message in both, the worker writes it once, because it deduplicates by message id.
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
      // Only skipped messages: they become visible again after their timeout.
      if (received.every(({ id }) => left.has(id))) break
      const good = received.filter(({ body }) => options.all || contentOf(body).customer !== null)
      for (const one of received) if (!good.includes(one)) left.set(one.id, one)
      moved += await moveAll(queue, name, from, good)
      options.moved(moved)
    }
  } finally {
    const receipts = [...left.values()].map(({ receipt }) => receipt)
    // A message that cannot be returned now becomes visible after its timeout.
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
      throw new Problem('queue-unavailable', `The queue "${name}" rejected a message; ${moved} were moved.`, {
        cause: failure,
      })
    }
  }
  return moved
}
