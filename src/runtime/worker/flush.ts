import { type Envelope, envelope } from '../../domain/message.ts'
import { isSandboxQueue } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import type { Database, Received, Row } from '../ports/index.ts'

/** What became of received messages: the ones that may be deleted, and the ones that may not. */
export interface Flushed {
  readonly written: number
  /** Rows that were in the database already. */
  readonly repeated: number
  readonly done: readonly Received[]
  /** Left in the queue: SQS moves them to the dead-letter queue after the last try. */
  readonly bad: readonly { readonly received: Received; readonly why: string }[]
}

interface Parsed {
  readonly received: Received
  readonly rows: Row[]
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

function rowsOf({ customer, environment, messages }: Envelope): Row[] {
  return messages.map((message) => ({ customer, environment, message }))
}

/**
 * Writes what was received from one queue in one transaction. Where the database refuses a row, each message gets a
 * transaction of its own, so that a bad one harms none of the others.
 *
 * @throws Problem `database-unavailable`: nothing was written, and everything should be received again
 */
export async function flush(database: Database, table: string, queue: string, received: readonly Received[]): Promise<Flushed> {
  const good: Parsed[] = []
  const bad: { received: Received; why: string }[] = []
  for (const one of received) {
    const result = checked(one.body, queue)
    if (typeof result === 'string') bad.push({ received: one, why: result })
    else good.push({ received: one, rows: rowsOf(result) })
  }
  const rows = good.flatMap((parsed) => parsed.rows)
  try {
    const written = rows.length === 0 ? 0 : await database.flush(table, rows)
    return { written, repeated: rows.length - written, done: good.map((parsed) => parsed.received), bad }
  } catch (error) {
    if (error instanceof Problem) throw error
    return flushEach(database, table, good, bad)
  }
}

async function flushEach(database: Database, table: string, good: readonly Parsed[], bad: Flushed['bad']): Promise<Flushed> {
  const done: Received[] = []
  const refused = [...bad]
  let written = 0
  let repeated = 0
  for (const { received, rows } of good) {
    try {
      const some = await database.flush(table, rows)
      written += some
      repeated += rows.length - some
      done.push(received)
    } catch (error) {
      if (error instanceof Problem) throw error
      refused.push({ received, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return { written, repeated, done, bad: refused }
}
