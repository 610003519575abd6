import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { Problem } from '../../domain/problem.ts'
import type { Queue, QueueDepth, Received, ReceiveOptions } from './queue.ts'

export interface SqsOptions {
  /** Another address than AWS's own, for an emulator. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
}

/** Longest that one publish may take, retries included: well below the lease of an Idempotency-Key. */
const sendMs = 5_000
/** One try of a call that answers at once, by itself. */
const tryMs = 2_500

/** Credentials for an emulator, which checks none; AWS proper takes them from the environment or the role. */
const emulatorCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }

function failed(queue: string, error: unknown): Problem {
  const reason = error instanceof Error ? error.name : 'no answer'
  const missing = reason === 'QueueDoesNotExist' || reason === 'AWS.SimpleQueueService.NonExistentQueue'
  const detail = missing ? `There is no queue "${queue}".` : `The queue "${queue}" did not answer as it should: ${reason}.`
  return new Problem('queue-unavailable', detail, { next: 'apigw doctor', retryAfterMs: 2000, cause: error })
}

/** Amazon SQS, or anything that speaks its JSON protocol. */
export class SqsQueue implements Queue {
  readonly #client: SQSClient
  readonly #urls = new Map<string, string>()

  constructor(options: SqsOptions) {
    this.#client = new SQSClient({
      // A queue's URL names a host that only AWS resolves; an emulator is spoken to where it was said to be.
      ...(options.endpoint !== undefined && {
        endpoint: options.endpoint,
        useQueueUrlAsEndpoint: false,
        credentials: emulatorCredentials,
      }),
      region: options.region ?? process.env.AWS_REGION ?? 'ap-northeast-2',
      maxAttempts: 3,
      // Several long polls and all publishing share the sockets; one waiting for another would look like a slow queue.
      requestHandler: { connectionTimeout: 1_000, httpAgent: { maxSockets: 512 }, httpsAgent: { maxSockets: 512 } },
    })
  }

  async send(queue: string, body: string): Promise<void> {
    await this.#ask(queue, async () => {
      const command = new SendMessageCommand({ QueueUrl: await this.#url(queue), MessageBody: body })
      await this.#client.send(command, { abortSignal: AbortSignal.timeout(sendMs) })
    })
  }

  async receive(queue: string, options: ReceiveOptions): Promise<Received[]> {
    return this.#ask(queue, async () => {
      const command = new ReceiveMessageCommand({
        QueueUrl: await this.#url(queue),
        MaxNumberOfMessages: options.most,
        WaitTimeSeconds: options.waitSeconds,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      })
      const late = AbortSignal.timeout(options.waitSeconds * 1000 + tryMs)
      const abortSignal = options.signal === undefined ? late : AbortSignal.any([options.signal, late])
      const { Messages = [] } = await this.#client.send(command, { abortSignal })
      return Messages.map(({ Body = '', ReceiptHandle = '', Attributes }) => ({
        body: Body,
        receipt: ReceiptHandle,
        receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
      }))
    })
  }

  async delete(queue: string, receipts: readonly string[]): Promise<string[]> {
    const left: string[] = []
    for (let from = 0; from < receipts.length; from += 10) {
      const some = receipts.slice(from, from + 10)
      const Entries = some.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }))
      const { Failed = [] } = await this.#ask(queue, async () => {
        const command = new DeleteMessageBatchCommand({ QueueUrl: await this.#url(queue), Entries })
        return this.#client.send(command, { abortSignal: AbortSignal.timeout(2 * tryMs) })
      })
      for (const { Id } of Failed) left.push(some[Number(Id)] ?? '')
    }
    return left
  }

  async depth(queue: string): Promise<QueueDepth> {
    return this.#ask(queue, async () => {
      const command = new GetQueueAttributesCommand({
        QueueUrl: await this.#url(queue),
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      })
      const { Attributes } = await this.#client.send(command, { abortSignal: AbortSignal.timeout(tryMs) })
      return {
        visible: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
      }
    })
  }

  close(): void {
    this.#client.destroy()
  }

  async #url(queue: string): Promise<string> {
    const known = this.#urls.get(queue)
    if (known !== undefined) return known
    const { QueueUrl = '' } = await this.#client.send(new GetQueueUrlCommand({ QueueName: queue }), {
      abortSignal: AbortSignal.timeout(tryMs),
    })
    this.#urls.set(queue, QueueUrl)
    return QueueUrl
  }

  async #ask<T>(queue: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      // A queue that was deleted and made again has another address.
      this.#urls.delete(queue)
      throw failed(queue, error)
    }
  }
}
