import type { Message } from '../../../domain/message.ts'
import type { Environment } from '../../../domain/names.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Queue } from '../../ports/index.ts'
import { Lane, type LaneLimits } from './lane.ts'

/** Messages of one call for one queue. */
export interface Publication {
  readonly queue: string
  readonly customer: string
  readonly environment: Environment
  readonly messages: readonly Message[]
}

/** Hands messages to queues. */
export interface Publisher {
  /** @returns for each message, in order, whether the queue has confirmed that it holds it; or why not */
  publish(publication: Publication): Promise<readonly (true | Error)[]>
  /** Whether this queue has refused a moment ago, so that others are better asked first. */
  rests(queue: string): boolean
}

export interface PublisherOptions extends Partial<LaneLimits> {
  /** Bytes that may wait for their queues before further calls are refused. */
  readonly waitingBytes?: number
  /**
   * The queue that routes call `sandbox`, as every new customer's test route does
   * (docs/decisions/0066-the-sandbox-queue-by-its-name.md). Default: it is called so.
   */
  readonly sandbox?: string | undefined
}

const sandboxName = 'sandbox'

const usual: LaneLimits = {
  // SQS answers within 10 ms or so in its own region; waiting half as long for company is not felt, and under load it
  // makes one request of many.
  lingerMs: 5,
  inFlight: 8,
}
/** How long a queue that refused is asked last. */
const restMs = 5_000
const defaultWaitingBytes = 64 * 1024 * 1024

/** What a text of an SMS never has. SQS takes neither U+FFFE nor U+FFFF, and emulators no character beyond them. */
const escaped = /[\ud800-\udfff\ufffe\uffff]/g

/**
 * A message as JSON that any queue takes: one character that SQS refuses would keep out the others of its envelope.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function queueText(message: Message): string {
  return JSON.stringify(message).replace(escaped, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)
}

/**
 * A publisher over a queue. Concurrent calls for one queue share its requests, and those of one customer share
 * envelopes: SQS bills by the request, not by the message. A call that comes alone is sent at once.
 */
export function createPublisher(queue: Pick<Queue, 'sendBatch'>, options: PublisherOptions = {}): Publisher {
  const { waitingBytes = defaultWaitingBytes, sandbox = sandboxName, ...limits } = options
  const lanes = new Map<string, Lane>()
  const restsUntil = new Map<string, number>()
  let waiting = 0

  function laneOf(name: string): Lane {
    let lane = lanes.get(name)
    if (lane === undefined) {
      lane = new Lane(queue, name === sandboxName ? sandbox : name, { ...usual, ...limits })
      lanes.set(name, lane)
    }
    return lane
  }

  return {
    rests: (name) => (restsUntil.get(name) ?? 0) > performance.now(),
    publish: async ({ queue: name, customer, environment, messages }) => {
      const texts = messages.map(queueText)
      const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
      if (waiting + bytes > waitingBytes) {
        throw new Problem('queue-unavailable', 'More messages wait for the queue than this gateway may hold.', {
          retryAfterMs: 1000,
        })
      }
      waiting += bytes
      try {
        const results = await laneOf(name).add({ customer, environment }, texts)
        if (results.some((result) => result !== true)) restsUntil.set(name, performance.now() + restMs)
        return results
      } finally {
        waiting -= bytes
      }
    },
  }
}
