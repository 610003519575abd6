import { type Envelope, envelope } from '../../domain/message.ts'
import { isSandboxQueue } from '../../domain/names.ts'
import type { Received, Row } from '../ports/index.ts'

/** One SQS message and the rows in it. */
export interface Parcel {
  readonly received: Received
  readonly rows: readonly Row[]
}

/** @returns why the body cannot be written, if so */
function checked(body: string, queue: string): Envelope | string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return 'it is not JSON'
  }
  const result = envelope.safeParse(value)
  if (!result.success) return `it is no envelope: ${result.error.issues[0]?.path.join('.')} ${result.error.issues[0]?.message}`
  if (result.data.route !== queue) return `it was sent to the queue "${result.data.route}"`
  // The registry keeps test routes to sandbox queues. A carrier's table is the last place to notice if it did not.
  const isTest = result.data.environment === 'test'
  return isTest === isSandboxQueue(queue) ? result.data : `it is of the ${result.data.environment} environment`
}

/** Opens what was received from a queue. What is no envelope stays in the queue, which moves it to the dead letters. */
export function opened(received: Received, queue: string): Parcel | string {
  const result = checked(received.body, queue)
  if (typeof result === 'string') return result
  const { customer, environment, messages } = result
  return { received, rows: messages.map((message) => ({ customer, environment, message })) }
}
