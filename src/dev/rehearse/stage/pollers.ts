import { recordOf } from '../../../domain/record.ts'
import { isMap } from '../../../operations/cloudformation/index.ts'
import { functionOf } from '../template/functions-called.ts'
import type { Resource } from '../template/resource.ts'
import type { Findings } from './findings.ts'
import { type Functions, nameOf } from './functions.ts'
import type { Workshop } from './workshop.ts'

interface Received {
  readonly MessageId: string
  readonly ReceiptHandle: string
  readonly Body: string
  readonly Attributes?: Readonly<Record<string, string>>
}

function isReceived(value: unknown): value is Received {
  const { MessageId, ReceiptHandle, Body } = recordOf(value)
  return [MessageId, ReceiptHandle, Body].every((one) => typeof one === 'string')
}

async function call(address: string, action: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${action}: ${text}`)
  return text === '' ? {} : recordOf(JSON.parse(text))
}

/**
 * The pollers of Lambda for the queues of a stage
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html): they receive a batch under the role of the function, invoke it,
 * and delete what it does not report as failed.
 */
export class Pollers {
  readonly #mappings: readonly Resource[]
  readonly #all: readonly Resource[]
  readonly #workshop: Workshop
  readonly #functions: Functions
  readonly #findings: Findings

  constructor(all: readonly Resource[], workshop: Workshop, functions: Functions, findings: Findings) {
    this.#all = all
    this.#mappings = all.filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping')
    this.#workshop = workshop
    this.#functions = functions
    this.#findings = findings
  }

  /** Polls each queue once. @returns how many messages were handed to a function */
  async once(): Promise<number> {
    let handed = 0
    for (const mapping of this.#mappings) handed += await this.#poll(mapping)
    return handed
  }

  async #poll(mapping: Resource): Promise<number> {
    const { FunctionName, EventSourceArn, BatchSize } = mapping.properties
    const of = functionOf(FunctionName, this.#all)
    const queue = String(EventSourceArn)
    if (of === undefined || !this.#mayPoll(mapping, String(of.properties.Role), queue)) return 0
    const address = this.#workshop.emulators.sqs
    const QueueUrl = `${address}/000000000000/${queue.split(':').at(-1)}`
    const receive = {
      QueueUrl,
      MaxNumberOfMessages: Math.min(10, Number(BatchSize ?? 10)),
      WaitTimeSeconds: 0,
      AttributeNames: ['All'],
    }
    const { Messages } = await call(address, 'ReceiveMessage', receive)
    const messages = (Array.isArray(Messages) ? Messages : []).filter(isReceived)
    if (messages.length === 0) return 0
    const failed = await this.#invoke(mapping, String(of.attribute('Arn')), queue, messages)
    for (const { MessageId, ReceiptHandle } of messages) {
      if (!failed.has(MessageId)) await call(address, 'DeleteMessage', { QueueUrl, ReceiptHandle })
    }
    return messages.length
  }

  #mayPoll(mapping: Resource, role: string, queue: string): boolean {
    for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']) {
      const { allowed, reason } = this.#workshop.access.evaluate({ kind: 'role', arn: role }, { action, resource: queue })
      if (allowed) continue
      this.#findings.add(nameOf(mapping), `Lambda may not ${action} on ${queue}: ${reason}`)
      return false
    }
    return true
  }

  /** The ids of the messages that stay in the queue. */
  async #invoke(mapping: Resource, arn: string, queue: string, messages: readonly Received[]): Promise<ReadonlySet<string>> {
    const Records = messages.map(({ MessageId, ReceiptHandle, Body, Attributes = {} }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes,
      eventSource: 'aws:sqs',
      eventSourceARN: queue,
      awsRegion: this.#workshop.place.region,
    }))
    const all = new Set(messages.map(({ MessageId }) => MessageId))
    try {
      const answer = recordOf(await this.#functions.invoke(arn, { Records }))
      const types = mapping.properties.FunctionResponseTypes
      if (!Array.isArray(types) || !types.includes('ReportBatchItemFailures')) return new Set()
      const failures = Array.isArray(answer.batchItemFailures) ? answer.batchItemFailures : []
      return new Set(failures.map((one) => String(recordOf(one).itemIdentifier)))
    } catch (error) {
      this.#findings.add(nameOf(mapping), error instanceof Error ? error.message : String(error))
      return all
    }
  }
}

/** Runs what a schedule of EventBridge would run now. */
export async function runSchedules(all: readonly Resource[], functions: Functions, findings: Findings): Promise<void> {
  const scheduled = all.filter(
    ({ type, properties }) => type === 'AWS::Events::Rule' && properties.ScheduleExpression !== undefined,
  )
  for (const rule of scheduled) {
    const targets = Array.isArray(rule.properties.Targets) ? rule.properties.Targets.filter(isMap) : []
    for (const { Arn, Input } of targets) {
      const event: unknown =
        typeof Input === 'string' ? JSON.parse(Input) : { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }
      await functions
        .invokeAs('events.amazonaws.com', String(rule.attribute('Arn')), String(Arn), event)
        .catch((error: unknown) => findings.add(nameOf(rule), error instanceof Error ? error.message : String(error)))
    }
  }
}
