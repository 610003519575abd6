import { hash } from 'node:crypto'
import type { Message } from '../../../domain/message.ts'
import { orderTargets, type Target } from '../../../domain/route.ts'
import type { Call } from './call.ts'
import { sandboxRefusal } from './sandbox.ts'

/** Holds a message's place until a queue was asked. Made once: its stack is a tenth of what a call costs. */
const notAsked = new Error('no queue was asked')

/** 0 to below 1, the same for the same message: a replay goes the way of the first run. */
function drawOf(id: string): number {
  return Number.parseInt(hash('sha256', id, 'hex').slice(0, 12), 16) / 2 ** 48
}

/** A route's queues in turn; one that has just refused comes last, so that not every call waits for it. */
function queuesOf(targets: readonly Target[], id: string, rests: (queue: string) => boolean): string[] {
  if (targets.length === 1) return targets.map((target) => target.queue)
  const order = orderTargets(targets, drawOf(id))
  return [...order.filter((queue) => !rests(queue)), ...order.filter(rests)]
}

/**
 * Hands messages to the first of a route's queues that takes them. A queue that did not confirm may hold a message all
 * the same; the copy in the next one has the same id, and the worker writes it once.
 * @returns for each message whether a queue has confirmed it; or why the last one did not
 */
export async function deliver(
  call: Call,
  targets: readonly Target[],
  messages: readonly Message[],
): Promise<readonly (true | Error)[]> {
  const { environment, caller, publisher } = call
  const results: (true | Error)[] = messages.map(() => notAsked)
  let left = messages
    .map((message, index) => ({ message, index }))
    .filter(({ message, index }) => {
      const refusal = sandboxRefusal(call, message)
      if (refusal !== undefined) results[index] = refusal
      return refusal === undefined
    })
  if (left.length === 0) return results
  for (const queue of queuesOf(targets, messages[0]?.id ?? '', publisher.rests)) {
    const publication = { queue, customer: caller.customer, environment, messages: left.map(({ message }) => message) }
    const said = await publisher.publish(publication).catch((error: Error) => left.map(() => error))
    for (const [place, { index }] of left.entries()) results[index] = said[place] ?? new Error('no answer')
    left = left.filter(({ index }) => results[index] !== true)
    if (left.length === 0) return results
  }
  return results
}
