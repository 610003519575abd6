import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { AwsClient, AwsError, type AwsOptions } from './aws.ts'
import { batchEntries, type Queue, type QueueState, type Received, type ReceiveOptions } from './queue.ts'

/** One try of a call that answers at once. */
const tryMs = 2_500

function failed(queue: string, error: unknown): Problem {
  const reason = error instanceof Error ? error.name : 'no answer'
  const missing = reason === 'QueueDoesNotExist' || reason === 'AWS.SimpleQueueService.NonExistentQueue'
  const detail = missing ? `The queue "${queue}" does not exist.` : `The queue "${queue}" returned an error: ${reason}.`
  return new Problem('queue-unavailable', detail, { next: apigw('doctor'), retryAfterMs: 2000, cause: error })
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(recordOf) : []
}

/** Amazon SQS, or anything that speaks its JSON protocol. */
export class SqsQueue implements Queue {
  readonly #client: AwsClient
  readonly #urls = new Map<string, string>()

  constructor(options: AwsOptions) {
    this.#client = new AwsClient('sqs', options)
  }

  async sendBatch(queue: string, bodies: readonly string[]): Promise<readonly (true | Error)[]> {
    const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }))
    const { Successful, Failed } = await this.#ask(queue, 'SendMessageBatch', { Entries })
    const results: (true | Error)[] = bodies.map(() => new Error('the queue said nothing of it'))
    for (const { Id } of listOf(Successful)) results[Number(Id)] = true
    for (const { Id, Code, Message } of listOf(Failed)) {
      results[Number(Id)] = new AwsError(String(Code), String(Message ?? ''), 400)
    }
    return results
  }

  async receive(queue: string, options: ReceiveOptions): Promise<Received[]> {
    const { most, waitSeconds, visibilitySeconds, signal } = options
    const request = {
      MaxNumberOfMessages: most,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
      ...(visibilitySeconds !== undefined && { VisibilityTimeout: visibilitySeconds }),
    }
    const { Messages } = await this.#ask(queue, 'ReceiveMessage', request, waitSeconds * 1000 + tryMs, signal)
    return listOf(Messages).map(({ MessageId, Body, ReceiptHandle, Attributes }) => {
      const { ApproximateReceiveCount = 1, SentTimestamp = 0 } = recordOf(Attributes)
      return {
        id: String(MessageId),
        body: String(Body ?? ''),
        receipt: String(ReceiptHandle),
        receiveCount: Number(ApproximateReceiveCount),
        sentAt: Number(SentTimestamp),
      }
    })
  }

  async delete(queue: string, receipts: readonly string[]): Promise<string[]> {
    return this.#each(queue, 'DeleteMessageBatch', receipts, {})
  }

  async extend(queue: string, receipts: readonly string[], seconds: number): Promise<string[]> {
    return this.#each(queue, 'ChangeMessageVisibilityBatch', receipts, { VisibilityTimeout: seconds })
  }

  /** One request for ten receipts. @returns those that failed */
  async #each(queue: string, action: string, receipts: readonly string[], more: object): Promise<string[]> {
    const groups: string[][] = []
    for (let from = 0; from < receipts.length; from += batchEntries) groups.push(receipts.slice(from, from + batchEntries))
    const left = await Promise.all(
      groups.map(async (group) => {
        const Entries = group.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle, ...more }))
        const { Failed } = await this.#ask(queue, action, { Entries })
        return listOf(Failed).map(({ Id }) => group[Number(Id)] ?? '')
      }),
    )
    return left.flat()
  }

  async state(queue: string): Promise<QueueState> {
    const { Attributes } = await this.#ask(queue, 'GetQueueAttributes', { AttributeNames: ['All'] })
    const attributes = recordOf(Attributes)
    const number = (name: string): number => Number(attributes[name] ?? 0)
    const deadLetter = redriveOf(attributes.RedrivePolicy)
    return {
      visible: number('ApproximateNumberOfMessages'),
      inFlight: number('ApproximateNumberOfMessagesNotVisible'),
      delayed: number('ApproximateNumberOfMessagesDelayed'),
      visibilitySeconds: number('VisibilityTimeout'),
      ...(deadLetter !== undefined && { deadLetter }),
    }
  }

  async names(prefix = ''): Promise<string[]> {
    const found: string[] = []
    let NextToken: unknown
    try {
      do {
        const more = NextToken === undefined ? {} : { NextToken }
        const page = await this.#client.call('AmazonSQS.ListQueues', {
          MaxResults: 1000,
          ...(prefix !== '' && { QueueNamePrefix: prefix }),
          ...more,
        })
        if (Array.isArray(page.QueueUrls)) found.push(...page.QueueUrls.map((url) => String(url).split('/').at(-1) ?? ''))
        NextToken = page.NextToken
      } while (NextToken)
    } catch (error) {
      throw new Problem('queue-unavailable', `SQS at ${this.#client.endpoint} does not answer as it should.`, {
        next: apigw('doctor'),
        cause: error,
      })
    }
    return found.sort()
  }

  async purge(queue: string): Promise<void> {
    await this.#ask(queue, 'PurgeQueue', {})
  }

  close(): void {
    this.#urls.clear()
  }

  async #url(queue: string): Promise<string> {
    const known = this.#urls.get(queue)
    if (known !== undefined) return known
    const { QueueUrl } = await this.#client.call('AmazonSQS.GetQueueUrl', { QueueName: queue }, { tryMs })
    this.#urls.set(queue, String(QueueUrl))
    return String(QueueUrl)
  }

  async #ask(queue: string, action: string, body: object, most = tryMs, signal?: AbortSignal): Promise<Record<string, unknown>> {
    try {
      const QueueUrl = await this.#url(queue)
      return await this.#client.call(`AmazonSQS.${action}`, { QueueUrl, ...body }, { tryMs: most, signal })
    } catch (error) {
      // A queue that was deleted and made again has another address.
      this.#urls.delete(queue)
      throw failed(queue, error)
    }
  }
}

/** The dead-letter queue that a queue's policy names. */
function redriveOf(policy: unknown): QueueState['deadLetter'] {
  if (typeof policy !== 'string' || policy === '') return undefined
  const { deadLetterTargetArn, maxReceiveCount } = recordOf(JSON.parse(policy))
  return { queue: String(deadLetterTargetArn).split(':').at(-1) ?? '', maxReceiveCount: Number(maxReceiveCount) }
}
