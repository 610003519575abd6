import type { Carrier } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'
import { type Database, openQueue, type Queue, type Received } from '../ports/index.ts'
import { moveToDeadLetters } from './dead-letters.ts'
import { observe, openCarriers } from './environment.ts'
import type { Observe } from './events.ts'
import { type FreshParts, overFreshConnection } from './fresh.ts'
import { manyRefused, type Written, writeRows } from './isolate.ts'
import { type Parcel, parcelFrom, rejectUnreadable } from './open-envelope.ts'

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
  /** How long a message waits while its table refuses everything, before its rows may be believed to be bad. */
  readonly patienceMs?: number
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

/** Queues whose tables were seen to let rows in, over each database: looked at once a connection. */
const served = new WeakMap<Database, Set<string>>()

/** Whether the carrier's columns let rows in. What is wrong with them is logged each time. @throws Problem `database-unavailable` */
async function fits(database: Database, carrier: Carrier, observe: Observe): Promise<boolean> {
  const known = served.get(database) ?? new Set()
  served.set(database, known)
  if (known.has(carrier.queue)) return true
  const found = await database.tableFaults(carrier)
  for (const { detail, fix, keepsOut } of found) observe({ kind: 'unfit', queue: carrier.queue, detail, fix, keepsOut })
  const isServed = found.every(({ keepsOut }) => keepsOut === 'some')
  if (isServed) known.add(carrier.queue)
  return isServed
}

/**
 * Writes parcels whose table has refused every row for long, a few rows at a time. A few are judged by a trial row, and what
 * is rejected is remembered at once, so a function that runs out of time goes on from there with the next receive.
 * @throws Problem `table-refuses`: the table does not take the trial row either
 */
async function writeFew(database: Database, carrier: Carrier, parcels: readonly Parcel[]): Promise<Written> {
  const rows = parcels.flatMap((parcel) => parcel.rows)
  let [written, repeated] = [0, 0]
  const rejected: Written['rejected'][number][] = []
  for (let from = 0; from < rows.length; from += manyRefused) {
    const some = await writeRows(database, carrier, rows.slice(from, from + manyRefused), false)
    written += some.written
    repeated += some.repeated
    rejected.push(...some.rejected)
  }
  return { written, repeated, rejected }
}

/** A handler that writes what SQS hands to Lambda. A message that it names is kept, and comes again. */
export function handlerOf(parts: HandlerParts): (event: SqsEvent) => Promise<BatchResult> {
  const { database, carriers, queue, observe, patienceMs = 3_600_000 } = parts

  async function keep(name: string, received: Received, why: string): Promise<string[]> {
    observe({ kind: 'bad', queue: name, why, receiveCount: received.receiveCount })
    const moved = queue !== undefined && (await moveToDeadLetters(queue, name, received, why, observe).catch(() => false))
    // Lambda deletes what is not named as kept.
    return moved ? [] : [received.id]
  }

  /** @returns the ids of messages to be kept @throws Problem nothing of it may be deleted */
  async function writeParcels(carrier: Carrier, parcels: readonly Parcel[], how: typeof writeFew): Promise<string[]> {
    const started = performance.now()
    const { written, repeated, rejected } = await how(database, carrier, parcels)
    observe({ kind: 'flushed', queue: carrier.queue, written, repeated, milliseconds: performance.now() - started })
    const unreadable = await rejectUnreadable(database, carrier, parcels)
    for (const { row, why } of [...rejected, ...unreadable]) {
      observe({ kind: 'rejected', queue: carrier.queue, id: row.message.id, why })
    }
    const kept: string[] = []
    for (const { received, kept: why } of parcels) if (why !== undefined) kept.push(...(await keep(carrier.queue, received, why)))
    return kept
  }

  /** As `writeParcels`, with a second way for parcels that have waited longer than `patienceMs` for a table that refuses. */
  async function writePatiently(carrier: Carrier, parcels: readonly Parcel[]): Promise<string[]> {
    try {
      return await writeParcels(carrier, parcels, (...to) =>
        writeRows(
          to[0],
          to[1],
          to[2].flatMap(({ rows }) => rows),
        ),
      )
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'table-refuses') throw error
      const isOld = ({ received }: Parcel) => received.sentAt < Date.now() - patienceMs
      const old = parcels.filter(isOld)
      if (old.length === 0) throw error
      observe({ kind: 'failed', queue: carrier.queue, error, retryMs: 0 })
      const kept = await writeParcels(carrier, old, writeFew)
      return [...kept, ...parcels.filter((parcel) => !isOld(parcel)).map(({ received }) => received.id)]
    }
  }

  async function writeQueue(name: string, records: readonly SqsRecord[]): Promise<string[]> {
    const carrier = carriers.find(({ queue }) => queue === name)
    const kept: string[] = []
    const parcels: Parcel[] = []
    for (const received of records.map(receivedFrom)) {
      const parcel = carrier === undefined ? `no carrier serves the queue "${name}"` : parcelFrom(received, name)
      if (typeof parcel !== 'string') parcels.push(parcel)
      else kept.push(...(await keep(name, received, parcel)))
    }
    if (carrier === undefined || parcels.length === 0) return kept
    const all = () => [...kept, ...parcels.map(({ received }) => received.id)]
    try {
      if (!(await fits(database, carrier, observe))) return all()
      return [...kept, ...(await writePatiently(carrier, parcels))]
    } catch (error) {
      observe({ kind: 'failed', queue: name, error, retryMs: 0 })
      return all()
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
