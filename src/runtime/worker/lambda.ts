import type { Carrier } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'
import { type Database, type Ledger, openLedger, openQueue, type Queue, type Received } from '../ports/index.ts'
import { choiceFrom } from '../process.ts'
import { moveToDeadLetters } from './dead-letters.ts'
import { observe, openCarriers } from './environment.ts'
import type { Observe } from './events.ts'
import { type FreshParts, overFreshConnection } from './fresh.ts'
import { manyRefused, type Written, writeRows } from './isolate.ts'
import { noteWithin } from './notes.ts'
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

/** The messages that SQS keeps; it deletes the others (`ReportBatchItemFailures`). */
export interface BatchResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

export interface HandlerParts {
  readonly database: Database
  readonly carriers: readonly Carrier[]
  /** Used to move unreadable messages to the dead-letter queue; absent: the queue's redrive policy does it. */
  readonly queue?: Queue
  /** Notes messages as written; absent: a message is unknown to its customer until its report. */
  readonly ledger?: Ledger
  /** How long a message waits for a table that rejects everything before its rows are considered bad. */
  readonly patienceMs?: number
  readonly observe: Observe
}

/** Longest that an event waits for the ledger. Its messages are written by then. */
const noteMs = 2_000

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

/** Queues whose tables accept rows, by database: checked once per connection. */
const served = new WeakMap<Database, Set<string>>()

/** Whether the columns of the carrier's table accept rows. Faults are logged each time. @throws Problem `database-unavailable` */
async function tableIsReady(database: Database, carrier: Carrier, observe: Observe): Promise<boolean> {
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
 * Writes parcels whose table has rejected every row for a long time, a few rows at a time. A trial row decides about each few, and
 * rejections are recorded at once, so a function that runs out of time continues there with the next receive.
 * @throws Problem `table-refuses`: the table rejects the trial row, too
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

/** A handler that writes SQS messages. SQS keeps the messages named in the result and delivers them again. */
export function handlerOf(parts: HandlerParts): (event: SqsEvent) => Promise<BatchResult> {
  const { database, carriers, queue, ledger, observe, patienceMs = 3_600_000 } = parts

  async function keep(name: string, received: Received, why: string): Promise<string[]> {
    observe({ kind: 'bad', queue: name, why, receiveCount: received.receiveCount })
    const moved = queue !== undefined && (await moveToDeadLetters(queue, name, received, why, observe).catch(() => false))
    // SQS deletes every message that is not named.
    return moved ? [] : [received.id]
  }

  /** @returns the ids of messages to keep @throws Problem if none may be deleted */
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
    await note(carrier, parcels)
    return kept
  }

  async function note({ queue: name }: Carrier, parcels: readonly Parcel[]): Promise<void> {
    if (ledger === undefined) return
    const rows = parcels.flatMap((parcel) => parcel.rows)
    const messages = await noteWithin(ledger, name, rows, noteMs)
    if (messages > 0) observe({ kind: 'unnoted', queue: name, messages })
  }

  /** As `writeParcels`, but parcels that waited longer than `patienceMs` for a table are written a few at a time. */
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
      if (!(await tableIsReady(database, carrier, observe))) return all()
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

/** The records of an event that failed. */
function leftOf({ Records }: SqsEvent, { batchItemFailures }: BatchResult): SqsEvent | undefined {
  const kept = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  return kept.size === 0 ? undefined : { Records: Records.filter(({ messageId }) => kept.has(messageId)) }
}

interface FreshHandlerParts extends Omit<FreshParts<SqsEvent>, 'handle'> {
  /** Opens the client that moves unreadable messages to the dead-letter queue; absent: the redrive policy does it. */
  readonly queue?: () => Queue
  /** Opens the ledger that messages are noted in. */
  readonly ledger?: () => Ledger | undefined
}

/** A handler that opens the database with the first event, and again after a lost connection. */
export function freshHandler(options: FreshHandlerParts): (event: SqsEvent) => Promise<BatchResult> {
  const { queue, ledger, ...parts } = options
  const deadLetters = queue === undefined ? {} : { queue: queue() }
  const opened = ledger?.()
  const notes = opened === undefined ? {} : { ledger: opened }
  const write = overFreshConnection<SqsEvent>({
    ...parts,
    handle: async (event, connected, observe) =>
      leftOf(event, await handlerOf({ ...connected, ...deadLetters, ...notes, observe })(event)),
  })
  return async (event) => {
    const left = await write(event)
    return { batchItemFailures: (left?.Records ?? []).map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
}

/**
 * The Lambda handler. It opens nothing before the first event. An instance handles one event at a time, so the trigger's maximum
 * concurrency is the number of connections.
 */
export const handler = freshHandler({
  open: () => openCarriers(1),
  ledger: () =>
    openLedger({
      endpoint: process.env.APIGW_LEDGER_ENDPOINT,
      region: process.env.AWS_REGION,
      table: process.env.APIGW_LEDGER_TABLE,
    }),
  // A network without a way to SQS leaves unreadable messages to the redrive policy of their queue.
  ...(choiceFrom('APIGW_DEAD_LETTERS', ['worker', 'redrive'], 'worker') === 'worker' && {
    queue: () => openQueue({ endpoint: process.env.APIGW_SQS_ENDPOINT, region: process.env.AWS_REGION }),
  }),
  observe,
})
