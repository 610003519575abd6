import type { CallRefusal, MessageResult } from '../../client/index.ts'

/**
 * What to do with rows that the gateway refused.
 * `fail`: the row itself is at fault and ends. `hold`: the account or the gateway is at fault; the row waits, and its owner can
 * still delete it. `split`: the call does not say which row is at fault.
 */
export type Disposition = 'fail' | 'hold' | 'split'

/** Refusals of a whole call. What is not listed holds the rows: nothing is ended for a reason that is not understood. */
const calls: Readonly<Record<string, Disposition>> = {
  'invalid-request': 'split',
  'invalid-body': 'split',
  'body-too-large': 'split',
  // Our keys are new for each call, so this is a journal that was copied. A message's own key keeps it from being sent twice.
  'idempotency-key-reused': 'split',
  // Every row of the call has this fault.
  'sender-not-registered': 'fail',
  'destination-not-allowed': 'fail',
  'ad-at-night': 'fail',
  'callback-not-allowed': 'fail',
  'recipient-suppressed': 'fail',
}

/** Refusals of one message. What is not listed ends the row, unless the gateway calls it retryable. */
const messages: Readonly<Record<string, Disposition>> = {
  'queue-unavailable': 'hold',
  'idempotency-in-progress': 'hold',
  'quota-exceeded': 'hold',
}

/** What to do with the rows of a refused call. @param rows how many it has */
export function dispositionOfCall({ code }: CallRefusal, rows: number): Disposition {
  const disposition = calls[code] ?? 'hold'
  return disposition === 'split' && rows === 1 ? 'fail' : disposition
}

/**
 * Refusals that the gateway gives only after it has looked for the record of the Idempotency-Key: no earlier attempt of the call was
 * accepted.
 */
export const decidedAfterRecord: ReadonlySet<string> = new Set([
  'units-exceed-limit',
  'rate-exceeded',
  'day-quota-exceeded',
  'month-quota-exceeded',
  'quota-missing',
])

export function dispositionOfMessage({ code = '', retryable }: MessageResult): Exclude<Disposition, 'split'> {
  const disposition = messages[code]
  if (disposition !== undefined && disposition !== 'split') return disposition
  return retryable === true ? 'hold' : 'fail'
}
