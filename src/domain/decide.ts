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
  type MessageStanding,
  type Refusal,
  type Reservation,
  reconcileAfterMs,
  reconcileEveryMs,
  refusals,
  remainingOf,
  type Usage,
  weightsOf,
} from './admission.ts'
import type { Windows } from './calendar.ts'
import type { Quota } from './quota.ts'
import { type HourCounts, hourAt, kindAt, kindsOf, refusedName, Tally } from './usage.ts'

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

/** A claim without its plan, which is stored once, in the record. */
function bare({ key, fingerprint }: IdempotencyClaim): IdempotencyClaim {
  return { key, fingerprint }
}

function planOf({ plan }: { readonly plan?: string }): { readonly plan?: string } {
  return plan === undefined ? {} : { plan }
}

/** What the record of an earlier call with the same Idempotency-Key decides, if it decides. */
function answeredBy(record: IdempotencyRecord, claim: IdempotencyClaim, now: number): Decision | undefined {
  if (record.fingerprint !== claim.fingerprint) return { kind: 'refused', reason: 'idempotency-key-reused', now }
  if (record.response !== undefined) return { kind: 'replay', response: record.response, ...planOf(record) }
  if (now >= record.leaseUntil) return undefined
  return { kind: 'refused', reason: 'idempotency-in-progress', now, retryAfterMs: record.leaseUntil - now }
}

/**
 * Decides one call. The same decision is written again in Lua for Redis; the contract suite compares both with each
 * other. Nothing here reads a clock or a store.
 *
 * @param windows the windows that hold `now` in the customer's time zone
 */
export function decide(request: AdmitRequest, state: AdmissionState, windows: Windows, now: number): Decision {
  const decision = decisionOf(request, state, windows, now)
  // A call that proves no key of the customer is not the customer's.
  if (decision.kind !== 'refused' || state.customerState === undefined || state.key === undefined) return decision
  return { ...decision, counts: countsOf(windows, now, { [refusedName(request.api, decision.reason)]: 1 }) }
}

function countsOf({ day }: Windows, now: number, counts: HourCounts['counts']): HourCounts {
  return { hour: hourAt(now, day.end), counts }
}

function decisionOf(request: AdmitRequest, state: AdmissionState, windows: Windows, now: number): Decision {
  const refused = refusalOf(request, state, now)
  if (refused !== undefined) return { kind: 'refused', reason: refused, now }
  // Before anything is used up: the rows were planned with a policy that no longer holds, or with none.
  const { fallback } = request
  if (request.policy !== undefined && request.recall !== true && state.sending && request.policy !== state.sending.version)
    return { kind: 'policy', ...state.sending, now }
  if (request.api !== undefined && state.way === undefined && fallback === 'ask') return { kind: 'unrouted', now }
  // Used up even if the call is refused below: a signature that was seen is never good for another call.
  if (request.nonce !== undefined && state.nonceUsed === true) return { kind: 'refused', reason: 'nonce-reused', now }

  const claim = request.idempotency
  const record = claim === undefined ? undefined : state.idempotency
  const answered = claim === undefined || record === undefined ? undefined : answeredBy(record, claim, now)
  if (answered !== undefined) return answered
  if (request.recall === true && record === undefined) return { kind: 'unrecorded', now }

  const way = request.api === undefined ? undefined : routePlanOf(request, state)
  if (request.api !== undefined && way === undefined) return { kind: 'refused', reason: 'route-missing', now }
  if (state.quota === undefined) return { kind: 'refused', reason: 'quota-missing', now }
  const usage = currentUsage(state.usage, windows, now)
  const counted = counting(request, { ...state, quota: state.quota, usage }, record, windows, now)
  const routed = counted.kind === 'admitted' && way !== undefined ? { ...counted, way } : counted
  return withUpkeep(routed, state.usage, usage, now)
}

/**
 * What is stored whether or not units are taken: that the count goes by another time zone from now on, and that the
 * customer's open reservations are being looked at.
 */
function withUpkeep(decision: Counted, stored: Usage, current: Usage, now: number): Decision {
  const moved = stored.zone !== '' && stored.zone !== current.zone
  const due = current.reconcileAt > 0 && now >= current.reconcileAt
  const usage = decision.usage ?? (moved ? current : stored)
  // Said to one caller only: the next look is put off in the same step.
  if (due) return { ...decision, reconcile: true, usage: { ...usage, reconcileAt: now + reconcileEveryMs } }
  return moved ? { ...decision, usage } : decision
}

function routePlanOf({ fallback }: AdmitRequest, { way }: AdmissionState): string | undefined {
  return way ?? (typeof fallback === 'object' ? fallback.way : undefined)
}

/** @param owner the reservation that is resumed; absent: it is a new one */
function standingsOf({ messages }: AdmissionState, owner: string | undefined): readonly MessageStanding[] | undefined {
  return messages?.map((stored): MessageStanding => {
    if (stored === 'accepted') return 'known'
    const isFree = owner === undefined ? stored === undefined : stored?.reservation === owner
    return isFree ? 'new' : 'open'
  })
}

/** The messages that a call takes, and the units of each. */
interface Taken {
  readonly ids: readonly string[]
  readonly weights: readonly number[]
  readonly kinds?: readonly string[]
}

function takenOf(request: AdmitRequest, standings: readonly MessageStanding[]): Taken {
  const { ids = [], weights, kinds } = request
  const isNew = (_: unknown, at: number): boolean => standings[at] === 'new'
  return {
    ids: ids.filter(isNew),
    weights: ids.map((_, at) => weights?.[at] ?? 1).filter(isNew),
    ...(kinds !== undefined && { kinds: ids.map((_, at) => kindAt(request, at)).filter(isNew) }),
  }
}

/** What a call takes, by kind. */
function tallyOf(request: AdmitRequest, messages: Taken | undefined): HourCounts['counts'] {
  const tally = new Tally('taken')
  if (messages === undefined) tally.share(request.units, request)
  for (const [at, weight] of (messages?.weights ?? []).entries()) tally.add(kindAt(messages ?? {}, at), 1, weight)
  return tally.counts
}

type Counted = Extract<Admission, { kind: 'admitted' | 'refused' }> & Pick<Decision, 'usage' | 'record' | 'open' | 'counts'>

/** Decides a call with a valid caller and route: it resumes with the units of an earlier run, or takes new ones. */
function counting(
  request: AdmitRequest,
  state: AdmissionState & { readonly quota: Quota; readonly usage: Usage },
  record: IdempotencyRecord | undefined,
  windows: Windows,
  now: number,
): Counted {
  const claim = request.idempotency
  const { quota, usage } = state
  const messages = standingsOf(state, record?.reservation.id)
  const standings = messages === undefined ? {} : { messages }
  if (record !== undefined && claim !== undefined) {
    // The previous run ended without an answer and kept its units: this run resumes with them and takes none.
    const attempt = record.attempt + 1
    // Whether its messages have keys is a fact of the run that took them, whatever this request names.
    const owned = { ...record.reservation, attempt }
    const reservation = { ...owned, ...(messages !== undefined && { keyed: true as const }) }
    const renewed = { ...record, attempt, leaseUntil: now + leaseMs, reservation: owned }
    const idempotency = { ...bare(claim), ...planOf(record) }
    const remaining = remainingOf(quota, usage, now)
    return {
      kind: 'admitted',
      reservation: { ...reservation, idempotency },
      remaining,
      windows,
      now,
      ...standings,
      record: renewed,
    }
  }
  // Nothing is recorded, so that the same call can be made again.
  if (messages !== undefined && messages.length > 0 && messages.every((one) => one === 'open')) {
    const remaining = remainingOf(quota, usage, now)
    return { kind: 'refused', reason: 'idempotency-in-progress', retryAfterMs: leaseMs, remaining, windows, now }
  }
  const taken = messages === undefined ? undefined : takenOf(request, messages)
  const units = taken === undefined ? request.units : taken.weights.reduce((sum, weight) => sum + weight, 0)
  const short = shortage(units, quota, usage, windows, now)
  if (short !== undefined) return { kind: 'refused', ...short, remaining: remainingOf(quota, usage, now), windows, now }
  const started = { ...usage, reconcileAt: usage.reconcileAt || now + reconcileAfterMs }
  return { ...taking({ ...request, units }, taken, quota, started, windows, now), ...standings }
}

/** Takes the units of a call that nothing stands against. */
function taking(
  request: AdmitRequest,
  messages: Taken | undefined,
  quota: Quota,
  usage: Usage,
  windows: Windows,
  now: number,
): Counted {
  const { units, trace, idempotency: claim } = request
  const rateCost = quota.rate === undefined ? 0 : costOf(units, quota.rate)
  const taken = {
    ...usage,
    tat: rateCost === 0 ? usage.tat : Math.max(usage.tat, now * 1000) + rateCost,
    dayUsed: usage.dayUsed + units,
    monthUsed: usage.monthUsed + units,
  }
  const reservation = reservationOf(request, taken, rateCost, now)
  const open = {
    id: reservation.id,
    units,
    rateCost,
    admittedAt: now,
    ...(claim !== undefined && { idempotency: bare(claim) }),
    ...(trace !== undefined && { trace }),
    ...(messages !== undefined && { ids: messages.ids, ...weightsOf(messages.weights), ...kindsOf(messages.kinds) }),
  }
  return {
    kind: 'admitted',
    reservation,
    remaining: remainingOf(quota, taken, now),
    windows,
    now,
    ...(units > 0 && { usage: taken, open, counts: countsOf(windows, now, tallyOf(request, messages)) }),
    ...(claim !== undefined && { record: firstRecord(claim, reservation, now) }),
  }
}

function firstRecord(claim: IdempotencyClaim, reservation: Reservation, now: number): IdempotencyRecord {
  const { fingerprint } = claim
  const stored = { ...reservation, idempotency: bare(claim) }
  return { fingerprint, attempt: 1, leaseUntil: now + leaseMs, reservation: stored, ...planOf(claim) }
}

/** Whether a decision has used up the call's nonce: it got as far as looking at it. */
export function usesNonce(decision: Admission): boolean {
  if (decision.kind === 'unrouted' || decision.kind === 'policy') return false
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
    ...(request.ids !== undefined && { keyed: true as const }),
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
