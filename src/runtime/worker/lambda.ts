import type { Carrier } from '../../domain/carrier.ts'
import { type Database, openQueue, type Queue, type Received } from '../ports/index.ts'
import { bury } from './dead-letters.ts'
import { observe, openCarriers } from './environment.ts'
import type { Observe } from './events.ts'
import { type FreshParts, overFreshConnection } from './fresh.ts'
import { write } from './isolate.ts'
import { opened as openedParcel, type Parcel, rejectUnreadable } from './open-envelope.ts'

/** An SQS message as Lambda gets it (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html). */
interface SqsRecord {
  readonly messageId: string
  readonly receiptHandle: string
  readonly body: string
  readonly eventSourceARN: string
  readonly attributes: { readonly ApproximateReceiveCount?: string; readonly SentTimestamp?: string }
}

export interface SqsEvent {
  readonly Records: readonly SqsRecord[]
}

/** Which messages SQS keeps; it deletes the others (`ReportBatchItemFailures`). */
export interface BatchResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

export interface HandlerParts {
  readonly database: Database
  readonly carriers: readonly Carrier[]
  /** Moves what cannot be read to the dead letters; absent: that is left to the queue's redrive policy. */
  readonly queue?: Queue
  readonly observe: Observe
}

function receivedFrom({ messageId, receiptHandle, body, attributes }: SqsRecord): Received {
  const { ApproximateReceiveCount = 1, SentTimestamp = 0 } = attributes
  return {
    id: messageId,
    body,
    receipt: receiptHandle,
    receiveCount: Number(ApproximateReceiveCount),
    sentAt: Number(SentTimestamp),
  }
}

function queueOf({ eventSourceARN }: SqsRecord): string {
  return eventSourceARN.split(':').at(-1) ?? ''
}

/** A handler that writes what SQS hands to Lambda. A message that it names is kept, and comes again. */
export function handlerOf({ database, carriers, queue, observe }: HandlerParts): (event: SqsEvent) => Promise<BatchResult> {
  async function writeQueue(name: string, records: readonly SqsRecord[]): Promise<string[]> {
    const carrier = carriers.find(({ queue }) => queue === name)
    const kept: string[] = []
    const keep = async (received: Received, why: string): Promise<void> => {
      observe({ kind: 'bad', queue: name, why, receiveCount: received.receiveCount })
      const buried = queue !== undefined && (await bury(queue, name, received, why, observe).catch(() => false))
      // Lambda deletes what is not named as kept.
      if (!buried) kept.push(received.id)
    }
    const parcels: Parcel[] = []
    for (const received of records.map(receivedFrom)) {
      const parcel = carrier === undefined ? `no carrier serves the queue "${name}"` : openedParcel(received, name)
      if (typeof parcel !== 'string') parcels.push(parcel)
      else await keep(received, parcel)
    }
    if (carrier === undefined || parcels.length === 0) return kept
    const started = performance.now()
    try {
      const rows = parcels.flatMap((parcel) => parcel.rows)
      const { written, repeated, rejected } = await write(database, carrier, rows)
      observe({ kind: 'flushed', queue: name, written, repeated, milliseconds: performance.now() - started })
      const unreadable = await rejectUnreadable(database, carrier, parcels)
      for (const { row, why } of [...rejected, ...unreadable]) {
        observe({ kind: 'rejected', queue: name, id: row.message.id, why })
      }
      for (const parcel of parcels) if (parcel.kept !== undefined) await keep(parcel.received, parcel.kept)
      return kept
    } catch (error) {
      observe({ kind: 'failed', queue: name, error, retryMs: 0 })
      return [...kept, ...parcels.map(({ received }) => received.id)]
    }
  }

  return async ({ Records }) => {
    const kept: string[] = []
    for (const [name, records] of Map.groupBy(Records, queueOf)) kept.push(...(await writeQueue(name, records)))
    return { batchItemFailures: kept.map((itemIdentifier) => ({ itemIdentifier })) }
  }
}

/** The records of an event that are in this list of failures. */
function leftOf({ Records }: SqsEvent, { batchItemFailures }: BatchResult): SqsEvent | undefined {
  const kept = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  return kept.size === 0 ? undefined : { Records: Records.filter(({ messageId }) => kept.has(messageId)) }
}

interface FreshHandlerParts extends Omit<FreshParts<SqsEvent>, 'handle'> {
  /** Opens the queue that unreadable messages are moved to; absent: that is left to the queue's redrive policy. */
  readonly queue?: () => Queue
}

/** A handler over a database that it opens with its first event, and again when the connection is gone. */
export function freshHandler({ queue, ...parts }: FreshHandlerParts): (event: SqsEvent) => Promise<BatchResult> {
  const deadLetters = queue === undefined ? {} : { queue: queue() }
  const write = overFreshConnection<SqsEvent>({
    ...parts,
    handle: async (event, opened, observe) => leftOf(event, await handlerOf({ ...opened, ...deadLetters, observe })(event)),
  })
  return async (event) => {
    const left = await write(event)
    return { batchItemFailures: (left?.Records ?? []).map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
}

/**
 * What Lambda calls. Nothing is opened before the first event. An instance handles one event at a time; the trigger's maximum
 * concurrency is then the number of connections.
 */
export const handler = freshHandler({
  open: () => openCarriers(1),
  queue: () => openQueue({ endpoint: process.env.APIGW_SQS_ENDPOINT, region: process.env.AWS_REGION }),
  observe,
})
