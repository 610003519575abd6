import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Queue, QueueState, Received } from '../../runtime/ports/index.ts'
import { type Content, contentOf } from './content.ts'

/** A queue that allows fewer receives than this has none to spare for a look. SQS allows up to 1,000. */
const plentyOfReceives = 100
/** How long a look hides messages from the worker, if it ends without giving them back. */
const hiddenSeconds = 30
/** A long poll asks all of SQS's servers; a short one asks some, and may find nothing where messages wait. */
const waitSeconds = 1

export interface Peeked extends Content {
  readonly id: string
  readonly sentAt: number
  /** How often it has been received, this look included. */
  readonly receiveCount: number
  /** Receives before SQS moves it to the dead-letter queue; `null`: it is never moved. */
  readonly receivesLeft: number | null
}

export interface Peek {
  readonly messages: readonly Peeked[]
  /** Messages that a reader holds, so that they cannot be shown. */
  readonly inFlight: number
  /** After how many receives SQS moves a message to the dead-letter queue; `null`: it never does. */
  readonly maxReceiveCount: number | null
  /** Whether the look ended early, at a message that has used half of its receives. */
  readonly stopped: boolean
}

type DeadLetter = NonNullable<QueueState['deadLetter']>

function scarce(name: string, { queue, maxReceiveCount }: DeadLetter, why: string): Problem {
  const rule = `SQS moves a message of ${name} to ${queue} after ${maxReceiveCount} receives, and a look counts as one.`
  return new Problem('receives-scarce', `${rule} ${why}`, {
    next: step`${apigw('queue list')} shows how many messages wait; to use one receive of each: ${apigw('queue peek', name, '--force')}`,
  })
}

/** Receives messages until there are enough, no more come, or one has used half of its receives. */
async function receiveSome(queue: Queue, name: string, most: number, isWorn: (one: Received) => boolean): Promise<Received[]> {
  const seen = new Map<string, Received>()
  try {
    // The first alone: if that one is worn, no other message pays for finding out.
    for (let wanted = 1; wanted > 0; wanted = Math.min(10, most - seen.size)) {
      const received = await queue.receive(name, { most: wanted, waitSeconds, visibilitySeconds: hiddenSeconds })
      const before = seen.size
      for (const one of received) seen.set(one.id, one)
      if (seen.size === before || received.some(isWorn)) break
    }
  } finally {
    const receipts = [...seen.values()].map(({ receipt }) => receipt)
    // What cannot be given back now comes back by itself.
    await queue.extend(name, receipts, 0).catch(() => undefined)
  }
  return [...seen.values()]
}

/**
 * Looks at messages and gives them back. SQS has no way to read a message without receiving it, tells how often it was
 * received only after one more receive, and moves it to the dead-letter queue at the receive after `maxReceiveCount`
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html). So:
 *
 * - a queue that has no dead-letter queue, as a dead-letter queue itself, can be looked at freely;
 * - one that allows few receives is not received from at all, unless `force` says so;
 * - the look ends at the first message that has used half of its receives, and without `force` shows nothing then.
 *
 * @throws Problem `receives-scarce`, `queue-unavailable`
 */
export async function peekQueue(queue: Queue, name: string, options: { most: number; force: boolean }): Promise<Peek> {
  const { most, force } = options
  const { deadLetter, inFlight } = await queue.state(name)
  const limit = deadLetter?.maxReceiveCount ?? Number.POSITIVE_INFINITY
  if (deadLetter !== undefined && limit < plentyOfReceives && !force) {
    throw scarce(name, deadLetter, 'A look would take away a try that the worker needs.')
  }
  const isWorn = ({ receiveCount }: { receiveCount: number }): boolean => receiveCount >= limit / 2
  const seen = await receiveSome(queue, name, most, isWorn)
  const worn = seen.find(isWorn)
  if (deadLetter !== undefined && worn !== undefined && !force) {
    throw scarce(name, deadLetter, `A message has been received ${worn.receiveCount} times.`)
  }
  const messages = seen.map(({ id, sentAt, receiveCount, body }): Peeked => {
    const receivesLeft = deadLetter === undefined ? null : Math.max(0, limit - receiveCount)
    return { id, sentAt, receiveCount, receivesLeft, ...contentOf(body) }
  })
  return {
    messages,
    inFlight,
    maxReceiveCount: deadLetter?.maxReceiveCount ?? null,
    stopped: worn !== undefined && seen.length < most,
  }
}
