import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Ledger, Owner, Queue } from '../../runtime/ports/index.ts'
import { listQueues } from '../queues/index.ts'

/** Queues whose depth is shown. */
const maxQueues = 5

/** The customer's queues as they are now. A message that no worker has written yet waits in one of them. */
async function depths(queue: Queue, names: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    names.slice(0, maxQueues).map(async (name) => {
      const line = (await listQueues(queue, name)).find((one) => one.queue === name)
      if (line === undefined) return `${name} does not exist`
      const dead = line.deadLetter === null ? '' : `, ${line.deadLetter.visible} in ${line.deadLetter.queue}`
      return `${name}: ${line.visible} waiting, ${line.inFlight} in flight${dead}`
    }),
  )
  return lines.join('; ')
}

/**
 * A message that the ledger does not have, and where else it may be.
 * @param queues the queues of the customer's route, where they can be looked into
 */
export async function unknownMessage(
  ledger: Ledger,
  owner: Owner,
  id: string,
  queues?: { readonly queue: Queue; readonly names: readonly string[] },
): Promise<Problem> {
  const other = owner.environment === 'live' ? 'test' : 'live'
  if ((await ledger.message({ ...owner, environment: other }, id)) !== undefined) {
    const next = apigw('message show', owner.customer, id, '--env', other)
    return new Problem('message-unknown', `${id} is a message of the ${other} environment of ${owner.customer}.`, { next })
  }
  const waiting = queues === undefined ? '' : await depths(queues.queue, queues.names).catch(() => 'the queues do not answer')
  const detail = [
    `The ledger has no message ${id} of ${owner.customer} (${owner.environment}).`,
    'Either no worker has written it yet, or it is of a different customer, or it ended more than 30 days ago.',
    ...(waiting === '' ? [] : [`The queues of this customer now: ${waiting}.`]),
  ].join(' ')
  return new Problem('message-unknown', detail, { next: step`look for messages that are waiting: ${apigw('queue list')}` })
}
