import { type AddressRange, inRanges } from './address.ts'
import type { Windows } from './calendar.ts'
import type { Environment } from './names.ts'
import type { Quota } from './quota.ts'

/** How long a call with an Idempotency-Key may run before the same key may run again. */
export const leaseMs = 60_000
/** How long the first answer to an Idempotency-Key is given again. */
export const idempotencyMs = 72 * 3_600_000
/** A reservation older than this is never given back; the record that it was given back lives longer. */
export const refundableMs = 7 * 86_400_000

/** What a gateway asks the registry about one call. */
export interface AdmitRequest {
  /** Chosen by the caller, unique for each call. */
  readonly reservation: string
  readonly customer: string
  readonly keyId: string
  readonly environment: Environment
  /** Absent: a call that needs no route, such as reading the quota. */
  readonly api?: string
  /** 0 for a call that costs nothing: who calls is checked, no limit is touched. */
  readonly units: number
  /** The caller's address as `addressKey` gives it. */
  readonly address: string
  readonly idempotency?: IdempotencyClaim
  readonly nonce?: Nonce
}

/** A value that one key may use once: what makes a captured signature worthless. */
export interface Nonce {
  /** A digest of it, so that its length and bytes do not matter to the store. */
  readonly value: string
  /** How long it has to be remembered: as long as its signature would be accepted, and a little more. */
  readonly rememberMs: number
}

export interface IdempotencyClaim {
  /** A digest of the caller's key, so that its length and bytes do not matter to the store. */
  readonly key: string
  /** A digest of what was asked. */
  readonly fingerprint: string
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
      /** The target as the route was stored; absent when no API was asked for. */
      readonly target?: string
      readonly reservation: Reservation
      readonly remaining: Remaining
      readonly windows: Windows
      readonly now: number
    }
  | { readonly kind: 'replay'; readonly response: string }
  | {
      readonly kind: 'refused'
      readonly reason: Refusal
      readonly remaining?: Remaining
      readonly windows?: Windows
      readonly now: number
      /** Milliseconds from `now` after which the same call may pass, if any time helps. */
      readonly retryAfterMs?: number
    }

/** What is stored of a customer's spending in one environment. */
export interface Usage {
  /** GCRA's theoretical arrival time, microseconds since 1970. */
  readonly tat: number
  readonly day: string
  readonly dayUsed: number
  readonly month: string
  readonly monthUsed: number
}

export const noUsage: Usage = { tat: 0, day: '', dayUsed: 0, month: '', monthUsed: 0 }

/** What is stored of a call with an Idempotency-Key. */
export interface IdempotencyRecord {
  readonly fingerprint: string
  readonly attempt: number
  readonly leaseUntil: number
  readonly reservation: Reservation
  /** The first answer, once there is one. */
  readonly response?: string
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
  readonly target?: string
  readonly quota?: Quota
  readonly usage: Usage
  readonly idempotency?: IdempotencyRecord
  readonly nonceUsed?: boolean
}

/** A decision, and what has to be stored for it (nothing unless admitted). */
export type Decision = Admission & { readonly usage?: Usage; readonly record?: IdempotencyRecord }

/** Usage as of `windows`. A window never moves back: a clock that does must not give a quota out twice. */
export function currentUsage(usage: Usage, windows: Windows): Usage {
  const newDay = windows.day.id > usage.day
  const newMonth = windows.month.id > usage.month
  return {
    tat: usage.tat,
    day: newDay ? windows.day.id : usage.day,
    dayUsed: newDay ? 0 : usage.dayUsed,
    month: newMonth ? windows.month.id : usage.month,
    monthUsed: newMonth ? 0 : usage.monthUsed,
  }
}

/** Microseconds that `units` take of the rate limiter's clock. */
export function costOf(units: number, rate: number): number {
  return Math.floor((units * 1_000_000) / rate + 0.5)
}

/** @param usage as `currentUsage` gives it */
export function remainingOf(quota: Quota, usage: Usage, now: number): Remaining {
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

/** Who calls, from where and with what: everything that is checked before any limit. */
function refusalOf(request: AdmitRequest, state: AdmissionState, now: number): Refusal | undefined {
  const { key } = state
  if (state.customerState === undefined || key === undefined) return 'credentials-invalid'
  if (state.customerState !== 'active') return 'customer-suspended'
  if (key.revokedAt !== undefined) return 'key-revoked'
  if (now < key.notBefore) return 'key-not-yet-valid'
  if (key.expiresAt !== undefined && now >= key.expiresAt) return 'key-expired'
  if (key.environment !== request.environment) return 'environment-mismatch'
  if (key.allowIps !== undefined && key.allowIps.length > 0 && !inRanges(request.address, key.allowIps)) return 'ip-not-allowed'
  // Used up even if the call is refused below: a signature that was seen is never good for another call.
  if (request.nonce !== undefined && state.nonceUsed === true) return 'nonce-reused'
  return undefined
}

/** What the record of an earlier call with the same Idempotency-Key decides, if it decides. */
function answeredBy(record: IdempotencyRecord, claim: IdempotencyClaim, now: number): Decision | undefined {
  if (record.fingerprint !== claim.fingerprint) return { kind: 'refused', reason: 'idempotency-key-reused', now }
  if (record.response !== undefined) return { kind: 'replay', response: record.response }
  if (now >= record.leaseUntil) return undefined
  return { kind: 'refused', reason: 'idempotency-in-progress', now, retryAfterMs: record.leaseUntil - now }
}

/**
 * Decides one call. The same decision is written again in Lua for Redis; the contract suite holds both against each
 * other. Nothing here reads a clock or a store.
 *
 * @param windows the windows that hold `now` in the customer's time zone
 */
export function decide(request: AdmitRequest, state: AdmissionState, windows: Windows, now: number): Decision {
  const refused = refusalOf(request, state, now)
  if (refused !== undefined) return { kind: 'refused', reason: refused, now }

  const claim = request.idempotency
  const record = claim === undefined ? undefined : state.idempotency
  const answered = claim === undefined || record === undefined ? undefined : answeredBy(record, claim, now)
  if (answered !== undefined) return answered

  if (request.api !== undefined && state.target === undefined) return { kind: 'refused', reason: 'route-missing', now }
  if (state.quota === undefined) return { kind: 'refused', reason: 'quota-missing', now }
  const usage = currentUsage(state.usage, windows)
  const target = state.target === undefined ? {} : { target: state.target }

  if (record !== undefined) {
    // The run before this one vanished with the units taken: this one goes on with them and takes none.
    const attempt = record.attempt + 1
    const reservation = { ...record.reservation, attempt }
    const remaining = remainingOf(state.quota, usage, now)
    const renewed = { ...record, attempt, leaseUntil: now + leaseMs, reservation }
    return { kind: 'admitted', ...target, reservation, remaining, windows, now, record: renewed }
  }
  const short = shortage(request.units, state.quota, usage, windows, now)
  if (short !== undefined) return { kind: 'refused', ...short, remaining: remainingOf(state.quota, usage, now), windows, now }
  return { ...target, ...taking(request, state.quota, usage, windows, now) }
}

/** Takes the units of a call that nothing stands against. */
function taking(request: AdmitRequest, quota: Quota, usage: Usage, windows: Windows, now: number): Decision {
  const rateCost = quota.rate === undefined ? 0 : costOf(request.units, quota.rate)
  const taken = {
    ...usage,
    tat: rateCost === 0 ? usage.tat : Math.max(usage.tat, now * 1000) + rateCost,
    dayUsed: usage.dayUsed + request.units,
    monthUsed: usage.monthUsed + request.units,
  }
  const reservation = reservationOf(request, taken, rateCost, now)
  const claim = request.idempotency
  return {
    kind: 'admitted',
    reservation,
    remaining: remainingOf(quota, taken, now),
    windows,
    now,
    ...(request.units > 0 && { usage: taken }),
    ...(claim !== undefined && {
      record: { fingerprint: claim.fingerprint, attempt: 1, leaseUntil: now + leaseMs, reservation },
    }),
  }
}

/** Whether a decision has used up the call's nonce: it got as far as looking at it. */
export function usesNonce(decision: Admission): boolean {
  return decision.kind !== 'refused' || refusals.indexOf(decision.reason) > refusals.indexOf('nonce-reused')
}

/** The reservation of a call that is admitted for the first time. */
function reservationOf(request: AdmitRequest, taken: Usage, rateCost: number, now: number): Reservation {
  return {
    id: request.reservation,
    customer: request.customer,
    environment: request.environment,
    units: request.units,
    day: taken.day,
    month: taken.month,
    rateCost,
    admittedAt: now,
    attempt: 1,
    ...(request.idempotency !== undefined && { idempotency: request.idempotency }),
  }
}

/** The first limit that does not hold `units` more, in the order rate, day, month. */
function shortage(
  units: number,
  quota: Quota,
  usage: Usage,
  windows: Windows,
  now: number,
): { reason: Refusal; retryAfterMs?: number } | undefined {
  const { rate, burst = 1, day, month } = quota
  if (units === 0) return undefined
  if ((rate !== undefined && units > burst) || (day !== undefined && units > day) || (month !== undefined && units > month)) {
    return { reason: 'units-exceed-limit' }
  }
  if (rate !== undefined) {
    const late = Math.max(usage.tat, now * 1000) + costOf(units, rate) - now * 1000 - costOf(burst, rate)
    if (late > 0) return { reason: 'rate-exceeded', retryAfterMs: Math.ceil(late / 1000) }
  }
  if (day !== undefined && usage.dayUsed + units > day)
    return { reason: 'day-quota-exceeded', retryAfterMs: windows.day.end - now }
  if (month !== undefined && usage.monthUsed + units > month) {
    return { reason: 'month-quota-exceeded', retryAfterMs: windows.month.end - now }
  }
  return undefined
}

/** Usage after a reservation was given back. Windows that are over have nothing to give back to. */
export function refunded(usage: Usage, reservation: Reservation): Usage {
  const { units, day, month, rateCost } = reservation
  return {
    ...usage,
    tat: Math.max(0, usage.tat - rateCost),
    dayUsed: usage.day === day ? Math.max(0, usage.dayUsed - units) : usage.dayUsed,
    monthUsed: usage.month === month ? Math.max(0, usage.monthUsed - units) : usage.monthUsed,
  }
}
