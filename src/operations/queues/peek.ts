import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Queue, QueueState, Received } from '../../runtime/ports/index.ts'
import { type Content, contentOf } from './content.ts'

/** A queue that allows fewer receives than this has none to spare for a peek. SQS allows up to 1,000. */
const plentyOfReceives = 100
/** How long a peek hides messages from the worker if it ends without returning them. */
const hiddenSeconds = 30
/** A long poll queries all SQS servers. A short poll queries some, and may miss waiting messages. */
const waitSeconds = 1

export interface PeekedMessage extends Content {
  readonly id: string
  readonly sentAt: number
  /** How often it has been received, including this peek. */
  readonly receiveCount: number
  /** Receives before SQS moves it to the dead-letter queue; `null`: it is never moved. */
  readonly receivesLeft: number | null
}

export interface Peek {
  readonly messages: readonly PeekedMessage[]
  /** Messages that a consumer has received, which cannot be shown. */
  readonly inFlight: number
  /** After how many receives SQS moves a message to the dead-letter queue; `null`: it never does. */
  readonly maxReceiveCount: number | null
  /** Whether the peek stopped early, at a message that has used half of its receives. */
  readonly stopped: boolean
}

type DeadLetter = NonNullable<QueueState['deadLetter']>

function receivesScarce(name: string, { queue, maxReceiveCount }: DeadLetter, why: string): Problem {
  const rule = `SQS moves a message from ${name} to ${queue} after ${maxReceiveCount} receives, and a peek counts as one.`
  return new Problem('receives-scarce', `${rule} ${why}`, {
    next: step`${apigw('queue list')} shows how many messages are waiting. To peek anyway, at one receive per message: ${apigw('queue peek', name, '--force')}`,
  })
}

/** Receives messages until there are enough, the queue is empty, or one has used half of its receives. */
async function receiveSome(
  queue: Queue,
  name: string,
  most: number,
  isNearLimit: (one: Received) => boolean,
): Promise<Received[]> {
  const seen = new Map<string, Received>()
  try {
    // Receives one message first: if it has used half of its receives, no other message loses one.
    for (let wanted = 1; wanted > 0; wanted = Math.min(10, most - seen.size)) {
      const received = await queue.receive(name, { most: wanted, waitSeconds, visibilitySeconds: hiddenSeconds })
      const before = seen.size
      for (const one of received) seen.set(one.id, one)
      if (seen.size === before || received.some(isNearLimit)) break
    }
  } finally {
    const receipts = [...seen.values()].map(({ receipt }) => receipt)
    // A message that cannot be returned now becomes visible after its timeout.
    await queue.extend(name, receipts, 0).catch(() => undefined)
  }
  return [...seen.values()]
}

/**
 * Receives messages and returns them to the queue. SQS cannot read a message without receiving it, shows its receive count only
 * after that receive, and moves it to the dead-letter queue at the receive after `maxReceiveCount`
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html). So:
 *
 * - a queue without a dead-letter queue, such as a dead-letter queue itself, can be peeked without limit;
 * - a queue that allows few receives is not peeked, except with `force`;
 * - the peek stops at the first message that has used half of its receives, and fails there without `force`.
 *
 * @throws Problem `receives-scarce`, `queue-unavailable`
 */
export async function peekQueue(queue: Queue, name: string, options: { most: number; force: boolean }): Promise<Peek> {
  const { most, force } = options
  const { deadLetter, inFlight } = await queue.state(name)
  const limit = deadLetter?.maxReceiveCount ?? Number.POSITIVE_INFINITY
  if (deadLetter !== undefined && limit < plentyOfReceives && !force) {
    throw receivesScarce(name, deadLetter, 'A peek would use an attempt that the worker needs.')
  }
  const isNearLimit = ({ receiveCount }: { receiveCount: number }): boolean => receiveCount >= limit / 2
  const seen = await receiveSome(queue, name, most, isNearLimit)
  const nearLimit = seen.find(isNearLimit)
  if (deadLetter !== undefined && nearLimit !== undefined && !force) {
    throw receivesScarce(name, deadLetter, `A message has been received ${nearLimit.receiveCount} times.`)
  }
  const messages = seen.map(({ id, sentAt, receiveCount, body }): PeekedMessage => {
    const receivesLeft = deadLetter === undefined ? null : Math.max(0, limit - receiveCount)
    return { id, sentAt, receiveCount, receivesLeft, ...contentOf(body) }
  })
  return {
    messages,
    inFlight,
    maxReceiveCount: deadLetter?.maxReceiveCount ?? null,
    stopped: nearLimit !== undefined && seen.length < most,
  }
}
