import type { AddressRange } from './address.ts'
import type { Window, Windows } from './calendar.ts'
import type { Environment } from './names.ts'
import type { Quota } from './quota.ts'
import type { SendingPolicy } from './sending.ts'
import { type HourCounts, kindAt, kindsOf } from './usage.ts'

/**
 * How long a call with an Idempotency-Key holds its key without a sign of life. A gateway that is alive renews the lease
 * while the call runs; after a crash the same key runs again when it has passed.
 */
export const leaseMs = 5_000
/** A run that took longer than this is never answered with 202: its reservation may be reconciled. */
export const maxRunMs = 60_000
/**
 * A reservation that is open for this long belongs to a gateway that is gone: it is looked up in the ledger and closed.
 * Much longer than `maxRunMs`, and long enough for the worker to write the message and its note.
 */
export const reconcileAfterMs = 15 * 60_000
/** Between two looks at the open reservations of one customer. */
export const reconcileEveryMs = 5 * 60_000

/** SQS keeps a message for up to 14 days; the worker recognises its id for longer than that. */
export const rememberMs = 18 * 86_400_000
/**
 * How long the first answer to an Idempotency-Key is given again. A day longer than the worker recognises the message,
 * because the worker counts from when it wrote the message: a key that the gateway has forgotten must be new to the
 * worker too, or a unit is taken for a message that is dropped.
 */
export const idempotencyMs = rememberMs + 86_400_000

/**
 * Messages with a key of their own are remembered by the period in which their call was admitted: in this period and the two
 * after it, so for 20 to 30 days. That is longer than the worker recognises a message.
 */
export const messagePeriodMs = 10 * 86_400_000
/** Periods before the current one in which a message is still known. */
export const messagePeriods = 2

export function messagePeriodOf(instant: number): number {
  return Math.floor(instant / messagePeriodMs)
}

/**
 * Where a message with a key of its own stands. `new`: this call has it, and publishes it. `known`: it was accepted before.
 * `open`: another call has it and has not ended, or ended without it; asking again later decides.
 */
export type MessageStanding = 'new' | 'known' | 'open'

/** What is stored of a message with a key of its own: the open reservation that has it, or that it was accepted. */
export type StoredMessage = { readonly reservation: string } | 'accepted'

/** What a gateway asks the registry about one call. */
export interface AdmitRequest {
  /** Chosen by the caller, unique for each call. */
  readonly reservation: string
  readonly customer: string
  readonly keyId: string
  readonly environment: Environment
  /** Absent: a call that needs no route, such as reading the quota. */
  readonly api?: string
  /**
   * What serves a customer who has no route of its own: `ask` has the registry say so (`unrouted`) before anything is
   * used up, so that the default need only be read for those who need it. Absent: there is none.
   */
  readonly fallback?: 'ask' | { readonly way: string }
  /** 0 for a call that costs nothing: who calls is checked, no limit is touched. */
  readonly units: number
  /** The caller's address as `addressKey` gives it. */
  readonly address: string
  readonly idempotency?: IdempotencyClaim
  /**
   * The ids of the call's messages, where each has a key of its own: none twice. Units are taken for those that are new.
   */
  readonly ids?: readonly string[]
  /**
   * The units of each message, in order; absent: one each. Of `ids`, the units of those that are new are taken. Without `ids` they
   * only say how `units` are shared out in what is counted.
   */
  readonly weights?: readonly number[]
  /** What each message is (`kindOf`), in order, or one kind for all of them: what is counted. */
  readonly kinds?: readonly string[]
  /**
   * The version of the sending policy that the rows were planned with; '' for none that is known. Where the customer's is another
   * one, the answer is `policy`, and nothing is used up. Absent: the call sends nothing.
   */
  readonly policy?: string
  readonly nonce?: Nonce
  /** Answers from the record of the Idempotency-Key, or says `unrecorded`; admits nothing new. */
  readonly recall?: true
  /** Stored while the reservation is open: what the ids of its messages are made from. Absent: from its own id. */
  readonly trace?: string
}

/** A value that one key may use once: what makes a captured signature worthless. */
export interface Nonce {
  /** 8 to 128 visible ASCII characters. */
  readonly value: string
  /** How long it has to be remembered: as long as its signature would be accepted, and a little more. */
  readonly rememberMs: number
}

export interface IdempotencyClaim {
  /** A digest of the caller's key, so that its length and bytes do not matter to the store. */
  readonly key: string
  /** A digest of what was asked. */
  readonly fingerprint: string
  /** What was decided about the call's rows. The first run's is stored, and is what every later run is given. */
  readonly plan?: string
}

/** A reservation of which it is not known yet whether its messages were accepted. */
export interface OpenReservation {
  readonly id: string
  readonly units: number
  readonly rateCost: number
  readonly admittedAt: number
  readonly idempotency?: Pick<IdempotencyClaim, 'key' | 'fingerprint'>
  readonly trace?: string
  /** The ids of its messages, where they have keys of their own. */
  readonly ids?: readonly string[]
  /** The units of each of `ids`, in order; absent: one each. */
  readonly weights?: readonly number[]
  /** What each of `ids` is, in order, or one kind for all of them. */
  readonly kinds?: readonly string[]
}

/** The weights of messages as they are stored: not at all where each has one unit. */
export function weightsOf(weights: readonly number[]): { readonly weights?: readonly number[] } {
  return weights.some((weight) => weight !== 1) ? { weights } : {}
}

/** An open reservation with its messages in the order of their ids. */
export function sortedOpen(open: OpenReservation): OpenReservation {
  const { ids, weights, kinds, ...rest } = open
  if (ids === undefined) return open
  const order = ids.map((id, at) => ({ id, at })).sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    ...rest,
    ids: order.map(({ id }) => id),
    ...weightsOf(order.map(({ at }) => weights?.[at] ?? 1)),
    ...kindsOf(kinds && order.map(({ at }) => kindAt({ kinds }, at))),
  }
}

/** The open reservations of one customer in one environment. */
export interface OpenReservations {
  readonly count: number
  readonly units: number
  /** The oldest, at most `maxOpenListed`. */
  readonly oldest: readonly OpenReservation[]
  /** The registry's clock. */
  readonly now: number
}

export const maxOpenListed = 100

/** The open reservations, counted, with the oldest first. */
export function openOf(all: readonly OpenReservation[], now: number): OpenReservations {
  const units = all.reduce((sum, one) => sum + one.units, 0)
  const sorted = all.toSorted((a, b) => a.admittedAt - b.admittedAt || (a.id < b.id ? -1 : 1))
  return { count: all.length, units, oldest: sorted.slice(0, maxOpenListed), now }
}

/** Units that were taken for one call, with all that is needed to give them back. */
export interface Reservation {
  readonly id: string
  readonly customer: string
  readonly environment: Environment
  readonly units: number
  /** Ids of the windows that the units were taken from. */
  readonly day: string
  readonly month: string
  /** What was added to the rate limiter's clock, in microseconds. */
  readonly rateCost: number
  readonly admittedAt: number
  /** Which run of its Idempotency-Key this is, from 1; a later run owns the units. */
  readonly attempt: number
  readonly idempotency?: IdempotencyClaim
  /** Its messages have keys of their own. */
  readonly keyed?: true
}

/** What is left of every limit that the customer has. */
export interface Remaining {
  readonly quota: Quota
  readonly rate: number
  /** Microseconds until the rate limiter is full again. */
  readonly rateResetUs: number
  readonly day: number
  readonly month: number
}

export const refusals = [
  'credentials-invalid',
  'customer-suspended',
  'key-revoked',
  'key-not-yet-valid',
  'key-expired',
  'environment-mismatch',
  'ip-not-allowed',
  'nonce-reused',
  'idempotency-in-progress',
  'idempotency-key-reused',
  'route-missing',
  'quota-missing',
  'units-exceed-limit',
  'rate-exceeded',
  'day-quota-exceeded',
  'month-quota-exceeded',
] as const
export type Refusal = (typeof refusals)[number]

/** The registry's whole answer. `now` is the registry's clock, `windows` what it counted in. */
export type Admission =
  | {
      readonly kind: 'admitted'
      /** The route's way as it was stored (`wayFrom` reads it); absent when no API was asked for. */
      readonly way?: string
      readonly reservation: Reservation
      readonly remaining: Remaining
      readonly windows: Windows
      readonly now: number
      /** Of each of the request's `ids`, in order. */
      readonly messages?: readonly MessageStanding[]
      /** The customer's open reservations should be looked at. Said to one caller, every `reconcileEveryMs`. */
      readonly reconcile?: true
    }
  | { readonly kind: 'replay'; readonly response: string; readonly plan?: string }
  /** `recall` found no record. */
  | { readonly kind: 'unrecorded'; readonly now: number }
  /** The customer may call and has no route of its own: nothing was used up, and the call is asked again with a default. */
  | { readonly kind: 'unrouted'; readonly now: number }
  /** The customer's sending policy is another one: nothing was used up, and the call is planned and asked again. */
  | { readonly kind: 'policy'; readonly version: string; readonly policy: SendingPolicy; readonly now: number }
  | {
      readonly kind: 'refused'
      readonly reason: Refusal
      readonly remaining?: Remaining
      readonly windows?: Windows
      readonly now: number
      /** Milliseconds from `now` after which the same call may pass, if any time helps. */
      readonly retryAfterMs?: number
      readonly reconcile?: true
    }

/**
 * What is stored of a customer's spending in one environment. Units taken in a period are `used + back`.
 * All instants are in milliseconds since 1970.
 */
export interface Usage {
  /** GCRA's theoretical arrival time, microseconds since 1970. */
  readonly tat: number
  readonly day: string
  /** Units taken in the day and not given back. */
  readonly dayUsed: number
  /** Units taken in the day and given back. */
  readonly dayBack: number
  /** When this count began, and when the day of `zone` ends. */
  readonly daySince: number
  readonly dayEnd: number
  readonly month: string
  readonly monthUsed: number
  readonly monthBack: number
  readonly monthSince: number
  readonly monthEnd: number
  /** The time zone whose calendar `day` and `month` follow; '' before the first call. */
  readonly zone: string
  /** When open reservations are to be looked at; 0: nothing was ever taken. */
  readonly reconcileAt: number
}

export const noUsage: Usage = {
  tat: 0,
  day: '',
  dayUsed: 0,
  dayBack: 0,
  daySince: 0,
  dayEnd: 0,
  month: '',
  monthUsed: 0,
  monthBack: 0,
  monthSince: 0,
  monthEnd: 0,
  zone: '',
  reconcileAt: 0,
}

/** What is stored of a call with an Idempotency-Key. */
export interface IdempotencyRecord {
  readonly fingerprint: string
  readonly attempt: number
  readonly leaseUntil: number
  readonly reservation: Reservation
  /** The first answer, once there is one. */
  readonly response?: string
  /** What the first run decided about the call's rows. */
  readonly plan?: string
  /** The call was answered after its units had come back: no call has its messages' units. */
  readonly unpaid?: true
}

/** Everything that a decision depends on. */
export interface AdmissionState {
  readonly customerState?: 'active' | 'suspended'
  readonly key?: {
    readonly environment: Environment
    readonly notBefore: number
    readonly expiresAt?: number
    readonly revokedAt?: number
    readonly allowIps?: readonly AddressRange[]
  }
  readonly way?: string
  readonly quota?: Quota
  /** What the customer may send, and the version of that. */
  readonly sending?: { readonly version: string; readonly policy: SendingPolicy }
  readonly usage: Usage
  readonly idempotency?: IdempotencyRecord
  readonly nonceUsed?: boolean
  /** What is stored of each of the request's `ids`, in order; `undefined`: nothing. */
  readonly messages?: readonly (StoredMessage | undefined)[]
}

/** A decision, and what has to be stored for it. */
export type Decision = Admission & {
  readonly usage?: Usage
  readonly record?: IdempotencyRecord
  readonly open?: OpenReservation
  /** What is counted. */
  readonly counts?: HourCounts
}

interface Period {
  readonly id: string
  readonly used: number
  readonly back: number
  readonly since: number
  readonly end: number
}

/**
 * A period as of `window`. In one time zone a window never moves back: a clock that does must not give a quota out
 * twice. Where the zone has changed, the count continues in the window of the new zone as long as its own window has not
 * ended: what was spent in the hours that both share stays spent.
 */
function currentPeriod(period: Period, window: Window, sameZone: boolean, now: number): Period {
  const over = sameZone ? window.id > period.id : now >= period.end
  if (over) return { id: window.id, used: 0, back: 0, since: now, end: window.end }
  return sameZone && window.id !== period.id ? period : { ...period, id: window.id, end: window.end }
}

/** Usage as of `windows`, which hold `now`. */
export function currentUsage(usage: Usage, windows: Windows, now: number): Usage {
  const sameZone = usage.zone === '' || usage.zone === windows.zone
  const { dayUsed, dayBack, daySince, dayEnd, monthUsed, monthBack, monthSince, monthEnd } = usage
  const storedDay = { id: usage.day, used: dayUsed, back: dayBack, since: daySince, end: dayEnd }
  const storedMonth = { id: usage.month, used: monthUsed, back: monthBack, since: monthSince, end: monthEnd }
  const day = currentPeriod(storedDay, windows.day, sameZone, now)
  const month = currentPeriod(storedMonth, windows.month, sameZone, now)
  return {
    tat: usage.tat,
    day: day.id,
    dayUsed: day.used,
    dayBack: day.back,
    daySince: day.since,
    dayEnd: day.end,
    month: month.id,
    monthUsed: month.used,
    monthBack: month.back,
    monthSince: month.since,
    monthEnd: month.end,
    zone: windows.zone,
    reconcileAt: usage.reconcileAt,
  }
}

/** Microseconds that `units` take of the rate limiter's clock. */
export function costOf(units: number, rate: number): number {
  return Math.floor((units * 1_000_000) / rate + 0.5)
}

/** @param usage as `currentUsage` gives it */
export function remainingOf(quota: Quota, usage: Pick<Usage, 'tat' | 'dayUsed' | 'monthUsed'>, now: number): Remaining {
  const { rate, burst = 1, day, month } = quota
  const ahead = Math.max(0, usage.tat - now * 1000)
  return {
    quota,
    rate: rate === undefined ? 0 : Math.max(0, Math.floor(((costOf(burst, rate) - ahead) * rate) / 1_000_000 + 1e-6)),
    rateResetUs: ahead,
    day: day === undefined ? 0 : Math.max(0, day - usage.dayUsed),
    month: month === undefined ? 0 : Math.max(0, month - usage.monthUsed),
  }
}

/** The units of one accepted message that was never handed over: cancelled, or refused at hand-over. */
export interface Repayment {
  readonly customer: string
  readonly environment: Environment
  /** Of the message. Its units are given back once, however often that is asked for. */
  readonly id: string
  readonly units: number
  /** When its units were taken: they go back to the windows that held this instant, as long as these last. */
  readonly acceptedAt: number
  /** What the message is (`kindOf`); absent: not known. */
  readonly kind?: string
}
