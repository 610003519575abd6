import { type IdempotencyRecord, idempotencyMs, type Reservation } from '../../domain/admission.ts'
import { randomId } from '../../domain/ids.ts'
import { Problem } from '../../domain/problem.ts'
import type { Parts } from '../../domain/usage.ts'
import { frozenProblem } from '../frozen.ts'
import { Books } from './books.ts'
import { keys, packed, ttl } from './items.ts'
import { answerFrom, runOf } from './records.ts'
import type { Accepted } from './settle.ts'
import { Deadline, type Item, itemsByKey, type Key, keyText, type Table } from './table.ts'

/**
 * Stores the answer to a call with an Idempotency-Key, if there is none. This is the moment at which the call is accepted:
 * what has to be given back is stored with it, so that anyone can close the books after a crash.
 *
 * @returns whether this is the answer now
 */
export async function storeAnswer(
  table: Table,
  reservation: Reservation,
  outcome: Accepted & { readonly response: string },
  now: number,
): Promise<boolean> {
  const { customer, environment, idempotency: claim } = reservation
  if (claim === undefined) return false
  const deadline = new Deadline()
  const key = keys.record(customer, environment, claim.key)
  const booksKey = keys.books(customer, environment)
  let found = itemsByKey(await table.get([key, booksKey], deadline))
  if (answerFrom(found.get(keyText(key)), now) !== undefined) return false
  const books = new Books(reservation, found.get(keyText(booksKey)))
  if (books.frozen === 'all') throw frozenProblem()
  const run = books.run(claim.key, now)
  if (run?.planApart) found = itemsByKey(await table.get([keys.plan(run.record.reservation.id)], deadline))
  const plan = run === undefined ? claim.plan : (runOf(claim.key, books, found, now)?.plan ?? claim.plan)
  const isUnpaid = run === undefined && !books.open.has(reservation.id)
  const write = randomId(10)
  const record = {
    ...recordOf(reservation, claim.fingerprint, outcome.response, plan, now),
    ...(isUnpaid && { unpaid: true as const }),
  }
  const item = answerItem(key, record, { ...outcome, write }, now + idempotencyMs)
  const wasWritten = async (): Promise<boolean> => {
    const [stored] = await table.get([key], deadline)
    return answerFrom(stored, now)?.write === write
  }
  const condition = { expression: 'attribute_not_exists(pk) OR expires <= :now', values: { ':now': { N: String(now) } } }
  return (await table.putIf(item, condition, wasWritten, deadline)) === 'written'
}

interface End extends Parts {
  /** Names the write. */
  readonly write: string
  readonly refund?: number | undefined
  readonly untaken?: readonly string[] | undefined
}

/** The item of an answer. @throws Problem `registry-unavailable` if it is too long */
export function answerItem(
  key: Key,
  record: IdempotencyRecord,
  { write, refund = 0, untaken = [], kinds, weights }: End,
  expires: number,
): Item {
  return {
    pk: { S: key.pk },
    sk: { S: key.sk },
    ...documentOf(record),
    settlement: { S: JSON.stringify({ refund, untaken, kinds, weights }) },
    write: { S: write },
    expires: { N: String(expires) },
    ...ttl(expires),
  }
}

function recordOf(
  { idempotency: _claim, ...reservation }: Reservation,
  fingerprint: string,
  response: string,
  plan: string | undefined,
  now: number,
): IdempotencyRecord {
  const { attempt } = reservation
  return { fingerprint, attempt, leaseUntil: now, reservation, response, ...(plan !== undefined && { plan }) }
}

function documentOf(record: IdempotencyRecord): Item {
  const attributes = packed(JSON.stringify(record))
  if (attributes !== undefined) return attributes
  throw new Problem('registry-unavailable', 'The answer to the call is too long for an item of DynamoDB.')
}
