import {
  type IdempotencyRecord,
  idempotencyMs,
  messagePeriodMs,
  type OpenReservation,
  type Repayment,
  type Usage,
  weightsOf,
} from './admission.ts'
import { type HourCounts, hourAt, kindAt, kindsOf, type Parts, Tally, unknownKind } from './usage.ts'

/**
 * How long it is remembered that a message's units were given back, and how long after their taking they can be. Longer than a
 * message is held for its `sendAt`, and longer than any month: so no unit comes back twice when it is forgotten.
 */
export const repayableMs = 4 * messagePeriodMs
/**
 * How long it is remembered that a settlement gave a message's units back. Where they are taken again, that is remembered for at
 * least as long: as the message, or as the record of its call's Idempotency-Key.
 */
export const releasedMs = idempotencyMs

/** The units of message `at` of an open reservation with messages that have keys of their own. */
function weightAt({ weights }: OpenReservation, at: number): number {
  return weights?.[at] ?? 1
}

function inWindows(usage: Usage, takenAt: number, units: number): Usage {
  const inDay = takenAt >= usage.daySince ? Math.min(units, usage.dayUsed) : 0
  const inMonth = takenAt >= usage.monthSince ? Math.min(units, usage.monthUsed) : 0
  return {
    ...usage,
    dayUsed: usage.dayUsed - inDay,
    dayBack: usage.dayBack + inDay,
    monthUsed: usage.monthUsed - inMonth,
    monthBack: usage.monthBack + inMonth,
  }
}

/**
 * Usage after `units` of an open reservation were given back, with their share of the rate limiter's clock: never more
 * than were taken, and only to the counts in which they were taken.
 */
function refunded(usage: Usage, open: OpenReservation, units: number): Usage {
  const back = Math.min(units, open.units)
  if (back === 0) return usage
  const tat = Math.max(0, usage.tat - Math.floor((open.rateCost * back) / open.units))
  return { ...inWindows(usage, open.admittedAt, back), tat }
}

/** How a reservation ends. What its messages are is said of the `untaken`, or of all of them where no ids are named. */
export interface Ending extends Parts {
  /** `failed` and `abandoned` are both `nothing`. */
  readonly kind: 'accepted' | 'nothing'
  /** Units that come back, of an accepted call whose messages have no keys of their own. */
  readonly refund?: number
  /** Ids of messages whose units come back. */
  readonly untaken?: readonly string[]
}

/** What is remembered of a message whose units were given back. */
export interface Returned {
  readonly units: number
  /** When they were given back. */
  readonly at: number
  /** Until when it is remembered. */
  readonly until: number
}

/** What is stored when a reservation ends. */
export interface Closing {
  /** Absent: as it was. */
  readonly usage?: Usage
  /** Messages with keys of their own that are known from now on. */
  readonly accepted: readonly string[]
  /** Messages whose units came back. Those with keys of their own are new again. */
  readonly released: readonly string[]
  /** What is counted. */
  readonly counts?: HourCounts
}

/** A message whose units were given back. */
export type ReturnedMessage = Returned & { readonly id: string }

/**
 * Ends an open reservation. Of one whose messages have keys of their own, only the units of messages that it still has come back,
 * whatever the caller says: the others were given back before.
 * @param returned what is remembered of the `untaken`, where messages have no keys of their own
 */
export function closing(
  usage: Usage,
  open: OpenReservation,
  ending: Ending,
  returned: readonly ReturnedMessage[],
  now: number,
): Closing {
  const { kind, refund = 0, untaken = [] } = ending
  const { ids } = open
  const named = new Set(untaken)
  const isBack = (id: string): boolean => kind === 'nothing' || named.has(id)
  const keyedUnits = (ids ?? []).reduce((sum, id, at) => sum + (isBack(id) ? weightAt(open, at) : 0), 0)
  // Those that were given back before this call took the message belong to an earlier call with the same key.
  const ofThis = returned.filter(({ at }) => at >= open.admittedAt)
  const before = ofThis.reduce((sum, one) => sum + one.units, 0)
  const unkeyedUnits = Math.max(0, Math.min(kind === 'nothing' ? open.units : refund, open.units) - before)
  const units = ids === undefined ? unkeyedUnits : kind === 'nothing' ? open.units : keyedUnits
  const after = refunded(usage, open, units)
  const released = ids === undefined ? (units > 0 ? [...named] : []) : ids.filter(isBack)
  const tally = new Tally('back')
  const gone = new Set(ofThis.map(({ id }) => id))
  if (ids === undefined) tally.share(units, ending, untaken.length || undefined, (at) => gone.has(untaken[at] ?? ''))
  for (const [at, id] of (ids ?? []).entries()) if (isBack(id)) tally.add(kindAt(open, at), 1, weightAt(open, at))
  return {
    ...(after !== usage && { usage: after }),
    accepted: (ids ?? []).filter((id) => !isBack(id)),
    released,
    ...(units > 0 && { counts: { hour: hourAt(now, usage.dayEnd), counts: tally.counts } }),
  }
}

/** What the units of one message depend on. */
export interface RepaymentState {
  readonly usage: Usage
  /** Its units were given back before, as those of a message that was never handed over. */
  readonly isReturned: boolean
  /** What is stored of it as a message with a key of its own. */
  readonly message?: 'accepted' | OpenReservation
  /** A settlement gave its units back, and no call is known that took them again. */
  readonly isReleased: boolean
}

/** Whether a call with an Idempotency-Key has the units of its messages, after those of an earlier call with it came back. */
export function hasUnits(record: IdempotencyRecord | undefined): boolean {
  return record !== undefined && record.unpaid === undefined
}

/** What is stored when the units of one message are given back. */
export interface Repaid {
  readonly usage: Usage
  /** What is left of the open reservation that had the message, which is known from now on. */
  readonly holder?: { readonly id: string; readonly left?: OpenReservation }
  /** What is counted. */
  readonly counts: HourCounts
}

/** An open reservation without one of its messages and the units of it. @returns `undefined` where it has no other */
function without(open: OpenReservation, at: number): OpenReservation | undefined {
  const { ids = [], weights, kinds } = open
  if (ids.length <= 1) return undefined
  const units = Math.max(0, open.units - weightAt(open, at))
  const others = <T>(all: readonly T[]): T[] => all.filter((_, place) => place !== at)
  const { weights: _weights, kinds: _kinds, ...rest } = open
  return {
    ...rest,
    units,
    rateCost: open.units === 0 ? 0 : Math.ceil((open.rateCost * units) / open.units),
    ids: others(ids),
    ...weightsOf(others(weights ?? [])),
    ...kindsOf(kinds && others(ids.map((_, place) => kindAt(open, place)))),
  }
}

/**
 * Gives the units of one accepted message back that was never handed over, to the windows in which they were taken. The rate
 * limiter's clock stays: the call was made. A message with a key of its own stays known, so a repeated call takes nothing.
 * @returns `undefined` where there is nothing to give back
 */
export function repaid(repayment: Repayment, state: RepaymentState, now: number): Repaid | undefined {
  const { id, units, acceptedAt, kind = unknownKind } = repayment
  const { usage, message } = state
  const tally = new Tally('repaid')
  const counts = { hour: hourAt(now, usage.dayEnd), counts: tally.counts }
  if (state.isReturned || now - acceptedAt >= repayableMs) return undefined
  if (message !== undefined && message !== 'accepted') {
    const at = message.ids?.indexOf(id) ?? -1
    const left = without(message, at)
    const holder = { id: message.id, ...(left !== undefined && { left }) }
    tally.add(kindAt(message, at), 1, weightAt(message, at))
    return { usage: inWindows(usage, message.admittedAt, weightAt(message, at)), holder, counts }
  }
  if (message === undefined && state.isReleased) return undefined
  tally.add(kind, 1, units)
  return { usage: inWindows(usage, acceptedAt, units), counts }
}

/** What is to be remembered of a repayment. A clock that was set back must not make that shorter. */
export function returnedOf({ units, acceptedAt }: Repayment, now: number): Returned {
  return { units, at: now, until: Math.max(now, acceptedAt) + repayableMs }
}
