import { type WebhookEvent, withoutQuery } from '../../domain/webhook.ts'
import { endpointPause, failuresUntilDown, retryAfterMs, retryPause } from '../../domain/webhook-schedule.ts'
import type { Attempt, Pending, Progress } from '../ports/index.ts'
import type { Answer } from './send.ts'

/** Events of one endpoint that wait for another attempt, at most: they are written as one item. */
export const maxPending = 200

/** An event that a turn attempts. */
export interface Work {
  readonly event: WebhookEvent
  /** The callback of its message; absent: it goes to the endpoint's own URL. */
  readonly to?: string
  /** Attempts that counted before. */
  readonly attempts: number
  /** Absent: it is new. */
  readonly pending?: Pending
}

/** A work with what came of it. */
export interface Done extends Work {
  readonly answer: Answer
  /** Milliseconds since 1970. */
  readonly at: number
  readonly ms: number
}

export function isTaken({ status = 0 }: Answer): boolean {
  return status >= 200 && status < 300
}

/** Whether the URL of one message is gone. It says nothing of its host, where other messages have theirs. */
export function isGone({ to, answer }: Pick<Done, 'to' | 'answer'>): boolean {
  return to !== undefined && answer.status === 410
}

/** Whether an endpoint is only probed. */
export function isDown({ failures }: Progress): boolean {
  return failures >= failuresUntilDown
}

export interface Settled {
  readonly progress: Progress
  readonly attempts: readonly Attempt[]
}

function attemptOf({ event, to, answer, at, ms }: Done, result: Attempt['result']): Attempt {
  const { id, type, data } = event
  const named = { ...(typeof data.id === 'string' && { message: data.id }), ...(to !== undefined && { to: withoutQuery(to) }) }
  return { id, type, ...named, at, ms, result, why: answer.why.slice(0, 120) }
}

/** An event that is given up early: too many wait for an endpoint that takes others. */
function leftOut(one: Pending, now: number): Attempt {
  return attemptOf({ ...one, answer: { why: `more than ${maxPending} events wait` }, at: now, ms: 0 }, 'given up')
}

/** Turns in a row without a success, and since when. One success ends the row: requests of a turn overlap, and have no order. */
function rowOf(before: Progress, all: readonly Done[]): Pick<Progress, 'failures' | 'failingSince'> {
  const done = all.filter((one) => !isGone(one))
  const [first] = done
  if (first === undefined) {
    const { failures, failingSince } = before
    return { failures, ...(failingSince !== undefined && { failingSince }) }
  }
  if (done.some(({ answer }) => isTaken(answer))) return { failures: 0 }
  return { failures: before.failures + 1, failingSince: before.failingSince ?? first.at }
}

/**
 * Until when the endpoint is left alone: by its answers; because it is down; or because it took none of several events, which is
 * hardly the fault of each.
 */
function pauseOf(
  { failures }: Pick<Progress, 'failures'>,
  done: readonly Done[],
  now: number,
  random: () => number,
): number | undefined {
  const refused = done.filter((one) => !isTaken(one.answer) && !isGone(one))
  const asked = refused.flatMap(({ answer }) => retryAfterMs(answer.retryAfter, now) ?? [])
  const isOff = failures >= failuresUntilDown || (failures > 0 && refused.length > 1)
  const longest = Math.max(0, ...asked, ...(isOff ? [endpointPause(failures, random())] : []))
  return longest > 0 ? now + longest : undefined
}

/**
 * The progress after a turn. An attempt counts against an event only while the endpoint takes others: one that is down loses
 * nothing by it.
 * @param before the progress with the cursor and the keys that the turn has reached
 */
export function settled(before: Progress, done: readonly Done[], now: number, random: () => number): Settled {
  const { failures: _failures, failingSince: _since, notBefore: _before, lease: _lease, ...rest } = before
  const row = rowOf(before, done)
  const down = row.failures >= failuresUntilDown
  const isBack = isDown(before) && !down
  const tried = new Set(done.map(({ event }) => event.id))
  // An endpoint that is back gets what waited for it at once.
  const waiting = before.pending
    .filter(({ event }) => !tried.has(event.id))
    .map((one) => (isBack ? { ...one, nextAt: now } : one))
  const attempts: Attempt[] = []
  for (const one of done) {
    if (isTaken(one.answer)) {
      attempts.push(attemptOf(one, 'delivered'))
      continue
    }
    const counted = down ? one.attempts : one.attempts + 1
    const pause = retryPause(Math.max(1, counted), random())
    if (pause === undefined || isGone(one)) attempts.push(attemptOf(one, 'given up'))
    else {
      attempts.push(attemptOf(one, 'failed'))
      waiting.push({ event: one.event, ...(one.to !== undefined && { to: one.to }), attempts: counted, nextAt: now + pause })
    }
  }
  const kept = waiting.toSorted((a, b) => a.attempts - b.attempts).slice(0, maxPending)
  for (const one of waiting.filter((other) => !kept.includes(other))) attempts.push(leftOut(one, now))
  const pause = pauseOf(row, done, now, random)
  const lastFailure = done.findLast(({ answer }) => !isTaken(answer))
  const lastSuccess = done.findLast(({ answer }) => isTaken(answer))
  return {
    attempts,
    progress: {
      ...rest,
      ...row,
      pending: kept.toSorted((a, b) => a.nextAt - b.nextAt),
      ...(pause !== undefined && { notBefore: pause }),
      ...(lastFailure !== undefined && { lastFailure: { at: lastFailure.at, why: lastFailure.answer.why.slice(0, 120) } }),
      ...(lastSuccess !== undefined && { lastSuccessAt: lastSuccess.at }),
    },
  }
}
