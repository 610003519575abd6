import type { Carrier } from '../../domain/carrier.ts'
import { type Envelope, envelope } from '../../domain/message.ts'
import { isSandboxQueue } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import type { Database, Received, Row } from '../ports/index.ts'

/** One SQS message and the rows in it. */
export interface Parcel {
  readonly received: Received
  readonly rows: readonly Row[]
}

/** What became of rows. */
export interface Written {
  readonly written: number
  /** Rows that were in the database already. */
  readonly repeated: number
  /** Rows that the carrier's table does not take, noted as rejected. */
  readonly rejected: readonly { readonly row: Row; readonly why: string }[]
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

/**
 * Writes rows, in one transaction where all of them are good. Where the database refuses one, halves are tried until it
 * stands alone, and it is noted as rejected: a bad row costs some twenty transactions and harms no other.
 *
 * @throws Problem `database-unavailable`: what was written is written, and all may be written again
 */
export async function write(database: Database, carrier: Carrier, rows: readonly Row[]): Promise<Written> {
  try {
    const written = await database.flush(carrier, rows)
    return { written, repeated: rows.length - written, rejected: [] }
  } catch (error) {
    if (error instanceof Problem) throw error
    const [row] = rows
    if (rows.length === 1 && row !== undefined) {
      const why = error instanceof Error ? error.message : String(error)
      await database.reject(carrier, row, why)
      return { written: 0, repeated: 0, rejected: [{ row, why }] }
    }
  }
  const middle = Math.ceil(rows.length / 2)
  const first = await write(database, carrier, rows.slice(0, middle))
  const second = await write(database, carrier, rows.slice(middle))
  return {
    written: first.written + second.written,
    repeated: first.repeated + second.repeated,
    rejected: [...first.rejected, ...second.rejected],
  }
}
