import type { FauxqsServer } from 'fauxqs'
import { startEmulator } from '../../src/dev/local/index.ts'
import { type Envelope, envelope, type Message } from '../../src/domain/message.ts'
import { openQueue, type Queue } from '../../src/runtime/ports/index.ts'

export const region = 'ap-northeast-2'
export const liveQueue = 'carrier-a'
export const testQueue = 'sandbox'

/** An SQS for one test, over HTTP. */
export interface Sqs {
  readonly endpoint: string
  readonly port: number
  readonly server: FauxqsServer
  createQueue(name: string, attributes?: Record<string, string>): void
  /** The bodies of all messages in a queue, in flight or not. */
  bodies(queue: string): string[]
  /** The messages in them. */
  messages(queue: string, customer: string): Message[]
  /** The envelopes of one customer in a queue. */
  envelopes(queue: string, customer: string): Envelope[]
  stop(): Promise<void>
}

export async function startSqs(queues: readonly string[] = [liveQueue, testQueue]): Promise<Sqs> {
  const server = await startEmulator({ port: 0 })
  const createQueue: Sqs['createQueue'] = (name, attributes = {}) => void server.createQueue(name, { attributes })
  for (const name of queues) createQueue(name)
  const envelopes: Sqs['envelopes'] = (queue, customer) =>
    bodies(queue)
      .map((body) => envelope.parse(JSON.parse(body)))
      .filter((one) => one.customer === customer)
  const bodies: Sqs['bodies'] = (queue) => {
    const held = server.inspectQueue(queue)
    if (held === undefined) throw new Error(`unknown queue ${queue}`)
    const { ready, delayed, inflight } = held.messages
    return [...ready, ...delayed, ...inflight.map((one) => one.message)].map((one) => one.body)
  }
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    port: server.port,
    server,
    createQueue,
    bodies,
    envelopes,
    messages: (queue, customer) => envelopes(queue, customer).flatMap((one) => one.messages),
    stop: () => server.stop(),
  }
}

export function openTestQueue(endpoint: string): Queue {
  return openQueue({ endpoint, region })
}
