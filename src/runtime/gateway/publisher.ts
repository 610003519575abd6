import { Problem } from '../../domain/problem.ts'
import type { Message } from '../../domain/message.ts'
import type { Environment } from '../../domain/names.ts'
import type { Queue } from '../ports/index.ts'

/** Messages of one call for one queue. */
export interface Publication {
  readonly queue: string
  readonly customer: string
  readonly environment: Environment
  readonly messages: readonly Message[]
}

/** Hands messages to queues. */
export interface Publisher {
  /** @returns for each message, in order, whether a queue has confirmed that it holds it; or why not */
  publish(publication: Publication): Promise<readonly (true | Error)[]>
}

export function createPublisher(queue: Queue): Publisher {
  return {
    publish: async ({ queue: route, customer, environment, messages }) => {
      const body = JSON.stringify({ v: 1, customer, environment, route, messages })
      const [result = new Problem('queue-unavailable', 'no answer')] = await queue.sendBatch(route, [body])
      return messages.map(() => result)
    },
  }
}
