import type { BatchAnswer, CallRefusal, MessageResult, NoClearAnswer } from '../../client/index.ts'
import { randomId } from '../../domain/ids.ts'
import type { JournalBatch, JournalMessage, JournalRow, NewBatch } from './journal.ts'
import { decidedAfterRecord, dispositionOfCall, dispositionOfMessage } from './refusals.ts'

/** Why rows end or wait, for the log. */
export interface Reason {
  readonly code: string
  readonly detail: string
}

/** The call stays open, and is repeated under the same key. */
export interface Repeat {
  readonly kind: 'repeat'
  readonly why: string
  readonly retryAfterMs?: number | undefined
  readonly held?: Reason
  /** The gateway answers other calls, so they need not wait for this one. */
  readonly isAtFault?: boolean
}

/** What an answer means for a call and its rows. */
export type Decided =
  | Repeat
  /** The call is over. */
  | {
      readonly kind: 'over'
      /** What became of the rows: `ready` puts a row back. */
      readonly outcomes: readonly JournalRow[]
      /** Smaller calls that take its place. */
      readonly next: readonly NewBatch[]
      readonly failures: readonly Reason[]
      readonly held?: Reason
      readonly retryAfterMs?: number | undefined
    }

function outcomeOf(
  table: string,
  { key, messageKey }: JournalMessage,
  result: MessageResult | undefined,
  at: number,
): JournalRow {
  const row = { table, key, messageKey, at }
  if (result?.status === 'accepted') return { ...row, state: 'accepted', ...(result.id !== undefined && { id: result.id }) }
  const state = result !== undefined && dispositionOfMessage(result) === 'fail' ? 'failed' : 'ready'
  return { ...row, state, code: result?.code ?? 'rejected' }
}

/** Each message by itself. @param at the database's clock */
function answered({ table, messages }: JournalBatch, results: readonly MessageResult[], at: number): Decided {
  const outcomes = messages.map((message, index) => outcomeOf(table, message, results[index], at))
  const reasons = (wanted: JournalRow['state']): Reason[] =>
    outcomes.flatMap(({ state, code = '' }, index) => (state === wanted ? [{ code, detail: results[index]?.detail ?? '' }] : []))
  const [held] = reasons('ready')
  return { kind: 'over', outcomes, next: [], failures: reasons('failed'), ...(held !== undefined && { held }) }
}

/** @param attempts those of which the outcome is not known */
function halves({ table, messages, createdAt }: JournalBatch, attempts: number): NewBatch[] {
  const middle = Math.ceil(messages.length / 2)
  const parts = [messages.slice(0, middle), messages.slice(middle)]
  return parts.map((some) => ({ id: randomId(), table, messages: some, createdAt, attempts }))
}

function refused(batch: JournalBatch, refusal: CallRefusal, at: number): Decided {
  const { table, messages, attempts } = batch
  const { code, detail, retryAfterMs } = refusal
  // A call with this key is still running: its answer will be this one's.
  if (code === 'idempotency-in-progress') return { kind: 'repeat', why: detail, retryAfterMs }
  const disposition = dispositionOfCall(refusal, messages.length)
  if (disposition === 'split') return { kind: 'over', outcomes: [], next: halves(batch, attempts), failures: [] }
  // An earlier attempt may have been accepted, and a suspended customer is refused before the gateway looks for its record.
  if (disposition === 'hold' && attempts > 0 && !decidedAfterRecord.has(code)) {
    return { kind: 'repeat', why: `${code}: ${detail}`, retryAfterMs, held: { code, detail } }
  }
  const state = disposition === 'fail' ? 'failed' : 'ready'
  const outcomes = messages.map(({ key, messageKey }): JournalRow => ({ table, key, messageKey, state, code, at }))
  const reason = { code, detail }
  return disposition === 'fail'
    ? { kind: 'over', outcomes, next: [], failures: messages.map(() => reason) }
    : { kind: 'over', outcomes, next: [], failures: [], held: reason, retryAfterMs }
}

/**
 * Decides what an answer of the gateway means.
 * @param batch with the number of attempts before this one
 * @param at the database's clock, in milliseconds since 1970
 */
export function decideAnswer(batch: JournalBatch, answer: BatchAnswer, at: number): Decided {
  switch (answer.kind) {
    case 'unclear':
      return { kind: 'repeat', why: answer.why, retryAfterMs: answer.retryAfterMs }
    case 'refused':
      return refused(batch, answer, at)
    case 'answered':
      return answered(batch, answer.results, at)
  }
}

/** After so many attempts it is given up to learn what became of a message, while others are answered. */
const maxAttempts = 20

/**
 * What becomes of a call that has no clear answer again and again, while the gateway answers other calls: something in between, such
 * as a firewall, stops at one of its messages. Each message has a key of its own, so smaller calls ask for the same messages.
 */
export function decideStuck(batch: JournalBatch, { why, retryAfterMs }: NoClearAnswer, at: number): Decided {
  const { table, messages, attempts } = batch
  if (messages.length > 1) return { kind: 'over', outcomes: [], next: halves(batch, 1), failures: [] }
  if (attempts + 1 < maxAttempts) return { kind: 'repeat', why, retryAfterMs, isAtFault: true }
  const code = 'no-answer'
  const outcomes = messages.map(({ key, messageKey }): JournalRow => ({ table, key, messageKey, state: 'unknown', code, at }))
  return { kind: 'over', outcomes, next: [], failures: [{ code, detail: why }] }
}
