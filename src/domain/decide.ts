import { inRanges } from './address.ts'
import {
  type Admission,
  type AdmissionState,
  type AdmitRequest,
  costOf,
  currentUsage,
  type Decision,
  type IdempotencyClaim,
  type IdempotencyRecord,
  leaseMs,
  type Refusal,
  type Reservation,
  refusals,
  remainingOf,
  type Usage,
} from './admission.ts'
import type { Windows } from './calendar.ts'
import type { Quota } from './quota.ts'

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
  const { fallback } = request
  if (request.api !== undefined && state.way === undefined && fallback === 'ask') return { kind: 'unrouted', now }
  // Used up even if the call is refused below: a signature that was seen is never good for another call.
  if (request.nonce !== undefined && state.nonceUsed === true) return { kind: 'refused', reason: 'nonce-reused', now }

  const claim = request.idempotency
  const record = claim === undefined ? undefined : state.idempotency
  const answered = claim === undefined || record === undefined ? undefined : answeredBy(record, claim, now)
  if (answered !== undefined) return answered

  const found = request.api === undefined ? undefined : (state.way ?? (typeof fallback === 'object' ? fallback.way : undefined))
  if (request.api !== undefined && found === undefined) return { kind: 'refused', reason: 'route-missing', now }
  if (state.quota === undefined) return { kind: 'refused', reason: 'quota-missing', now }
  const usage = currentUsage(state.usage, windows)
  const way = found === undefined ? {} : { way: found }

  if (record !== undefined) {
    // The run before this one vanished with the units taken: this one goes on with them and takes none.
    const attempt = record.attempt + 1
    const reservation = { ...record.reservation, attempt }
    const remaining = remainingOf(state.quota, usage, now)
    const renewed = { ...record, attempt, leaseUntil: now + leaseMs, reservation }
    return { kind: 'admitted', ...way, reservation, remaining, windows, now, record: renewed }
  }
  const short = shortage(request.units, state.quota, usage, windows, now)
  if (short !== undefined) return { kind: 'refused', ...short, remaining: remainingOf(state.quota, usage, now), windows, now }
  return { ...way, ...taking(request, state.quota, usage, windows, now) }
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
  if (decision.kind === 'unrouted') return false
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

/** A reservation of which only `units` are given back, with their share of the rate limiter's clock. */
export function partOf(reservation: Reservation, units: number): Reservation {
  const rateCost = Math.floor((reservation.rateCost * units) / reservation.units)
  return { ...reservation, units, rateCost }
}
