import type * as z from 'zod'
import type { Carrier } from '../../domain/carrier.ts'
import { messageIdPattern } from '../../domain/ids.ts'
import { message, refPattern, sealedEnvelope } from '../../domain/message.ts'
import { isSandboxQueue } from '../../domain/names.ts'
import { recordOf } from '../../domain/record.ts'
import { callbackUrl } from '../../domain/webhook.ts'
import type { Database, Received, RejectedRow, Row } from '../ports/index.ts'

/** An unreadable message with a readable id: it is rejected by itself. */
export interface Unreadable {
  readonly row: RejectedRow
  readonly why: string
}

/** One SQS message and the rows in it. */
export interface Parcel {
  readonly received: Received
  readonly rows: readonly Row[]
  readonly unreadable: readonly Unreadable[]
  /**
   * Why the SQS message must not be deleted although its rows are written: it has messages with an unreadable id. SQS moves it
   * to the dead-letter queue for a person to see. Until then its rows are delivered again and recognized.
   */
  readonly kept?: string
}

/** The first fault, without the value: a message is private and may be long. */
function whyOf(error: z.ZodError): string {
  const issue = error.issues[0]
  const path = issue?.path.map(String).join('.') ?? ''
  return `${path === '' ? 'it' : path}: ${issue?.message ?? 'is not valid'}`
}

/** @returns the envelope, or why it cannot be used */
function frameOf(body: string, queue: string): z.infer<typeof sealedEnvelope> | string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return 'it is not JSON'
  }
  const result = sealedEnvelope.safeParse(value)
  if (!result.success) return `it is not an envelope: ${whyOf(result.error)}`
  if (result.data.route !== queue) return `it was sent to the queue "${result.data.route}"`
  // The registry allows only sandbox queues in test routes. This is the last check before a carrier's table.
  const isTest = result.data.environment === 'test'
  return isTest === isSandboxQueue(queue) ? result.data : `it is of the ${result.data.environment} environment`
}

/** The id and reference of an invalid message, to report its rejection; nothing if the id is unreadable. */
function namesOf(value: unknown): RejectedRow['message'] | undefined {
  const { id, ref, callback } = recordOf(value)
  if (typeof id !== 'string' || !messageIdPattern.test(id)) return undefined
  return {
    id,
    ...(typeof ref === 'string' && refPattern.test(ref) && { ref }),
    ...(typeof callback === 'string' && 'href' in callbackUrl(callback) && { callback }),
  }
}

/**
 * Parses a received SQS message: first the envelope, then each message by itself. One without a valid envelope stays in the
 * queue, which moves it to the dead-letter queue.
 * @returns the parcel, or why nothing of it can be written
 */
export function parcelFrom(received: Received, queue: string): Parcel | string {
  const frame = frameOf(received.body, queue)
  if (typeof frame === 'string') return frame
  const { customer, environment, messages } = frame
  const rows: Row[] = []
  const unreadable: Unreadable[] = []
  const nameless: string[] = []
  for (const [at, value] of messages.entries()) {
    const result = message.safeParse(value)
    if (result.success) {
      rows.push({ customer, environment, message: result.data })
      continue
    }
    const named = namesOf(value)
    if (named === undefined) nameless.push(`message ${at + 1} of ${messages.length}: ${whyOf(result.error)}`)
    else unreadable.push({ row: { customer, environment, message: named }, why: whyOf(result.error) })
  }
  if (nameless.length === 0) return { received, rows, unreadable }
  const more = nameless.length === 1 ? '' : `, and ${nameless.length - 1} more`
  return { received, rows, unreadable, kept: `it has messages without a readable id (${nameless[0]}${more})` }
}

/**
 * Rejects the unreadable messages of parcels, each once however often it is delivered.
 * @throws Problem `database-unavailable`: a repeat is harmless
 */
export async function rejectUnreadable(
  database: Database,
  carrier: Carrier,
  parcels: readonly Parcel[],
): Promise<readonly Unreadable[]> {
  const unreadable = parcels.flatMap((parcel) => parcel.unreadable)
  for (const { row, why } of unreadable) await database.reject(carrier, row, `The message cannot be read: ${why}`)
  return unreadable
}
