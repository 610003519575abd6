import * as z from 'zod'
import { type IdempotencyRecord, messagePeriodOf, messagePeriods, type StoredMessage } from '../../domain/admission.ts'
import type { ReturnedMessage } from '../../domain/settling.ts'
import type { Parts } from '../../domain/usage.ts'
import { idempotencyRecordFrom, readerOf } from '../stored.ts'
import { type Books, type Owner, returnedName } from './books.ts'
import { keys, unpacked } from './items.ts'
import type { Found } from './lane.ts'
import { type Item, type Key, keyText, number, text } from './table.ts'

const settlementFrom = readerOf(
  'the end of a call',
  z.looseObject({
    refund: z.number(),
    untaken: z.array(z.string()),
    kinds: z.array(z.string()).exactOptional(),
    weights: z.array(z.number()).exactOptional(),
  }),
)

/** The stored answer to a call with an Idempotency-Key. Once it is there, the call is accepted, whatever the books say. */
export interface Answer extends Parts {
  readonly record: IdempotencyRecord
  /** Names the write that stored it. */
  readonly write: string
  /** What has to be given back when the books are closed. */
  readonly refund: number
  readonly untaken: readonly string[]
}

/** @returns `undefined` for an answer that is no longer given again, too */
export function answerFrom(item: Item | undefined, now: number): Answer | undefined {
  const document = unpacked(item)
  if (document === undefined || (number(item, 'expires') ?? 0) <= now) return undefined
  const settlement = settlementFrom(text(item, 'settlement') ?? '')
  return { ...settlement, record: idempotencyRecordFrom(document), write: text(item, 'write') ?? '' }
}

/** The keys of the items that an Idempotency-Key needs. */
export function recordKeys({ customer, environment }: Owner, key: string, books: Books): Key[] {
  const run = books.run(key, 0)
  const plans = run?.planApart ? [keys.plan(run.record.reservation.id)] : []
  return [keys.record(customer, environment, key), ...plans]
}

/** What is stored of a call with an Idempotency-Key: its answer, otherwise its run. */
export function recordOf(owner: Owner, key: string, books: Books, found: Found, now: number): IdempotencyRecord | undefined {
  const answer = answerFrom(found.get(keyText(keys.record(owner.customer, owner.environment, key))), now)
  return answer?.record ?? runOf(key, books, found, now)
}

/** The run of an Idempotency-Key, with its plan. */
export function runOf(key: string, books: Books, found: Found, now: number): IdempotencyRecord | undefined {
  const run = books.run(key, now)
  if (run?.planApart === undefined) return run?.record
  const plan = unpacked(found.get(keyText(keys.plan(run.record.reservation.id))))
  return { ...run.record, ...(plan !== undefined && { plan }) }
}

/** What is stored of messages with keys of their own. */
export function messagesOf(
  { customer, environment }: Owner,
  ids: readonly string[],
  books: Books,
  found: Found,
  now: number,
): (StoredMessage | undefined)[] {
  const holders = books.holders()
  const periods = new Map([...books.noting.values()].flatMap(({ ids: accepted, period }) => accepted.map((id) => [id, period])))
  const current = messagePeriodOf(now)
  return ids.map((id) => {
    const reservation = holders.get(id)
    if (reservation !== undefined) return { reservation }
    const period = periods.get(id) ?? number(found.get(keyText(keys.message(customer, environment, id))), 'period')
    return period !== undefined && period >= current - messagePeriods && period <= current ? 'accepted' : undefined
  })
}

/** What is remembered of the messages whose units were given back. */
export function returnsOf(
  { customer, environment }: Owner,
  ids: readonly string[],
  books: Books,
  found: Found,
  now: number,
): ReturnedMessage[] {
  const all = ids.flatMap((id): ReturnedMessage | [] => {
    const noted = books.noting.get(returnedName(id))?.returned
    if (noted !== undefined) return { ...noted, id }
    const item = found.get(keyText(keys.returned(customer, environment, id)))
    const [units, returnedAt, until] = ['units', 'at', 'until'].map((name) => number(item, name))
    return units === undefined || returnedAt === undefined || until === undefined ? [] : { id, units, at: returnedAt, until }
  })
  return all.filter(({ until }) => until > now)
}
