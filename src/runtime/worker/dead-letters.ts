import type { Queue, Received } from '../ports/index.ts'
import type { Observe } from './events.ts'

/**
 * Receives after which what cannot be read is given up. Not at the first: while a new version is rolled out, a worker of the
 * old one meets envelopes that a newer one can read.
 */
const maxReceives = 5

/**
 * Moves what cannot be read to the dead-letter queue. The queue's own redrive policy counts receives, whatever they failed
 * for, and so would give up good messages in an outage; its count is only a backstop.
 *
 * A process that dies between the two calls leaves a second copy among the dead letters, and nothing is lost.
 * @returns whether it is in the dead-letter queue, and may be deleted
 */
export async function moveToDeadLetters(
  queue: Queue,
  name: string,
  received: Received,
  why: string,
  observe: Observe,
): Promise<boolean> {
  if (received.receiveCount < maxReceives) return false
  const { deadLetter } = await queue.state(name)
  if (deadLetter === undefined) return false
  const [sent] = await queue.sendBatch(deadLetter.queue, [received.body])
  if (sent !== true) return false
  observe({ kind: 'dead', queue: name, why, deadLetterQueue: deadLetter.queue })
  return true
}
