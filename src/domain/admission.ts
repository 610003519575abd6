import type { AddressRange } from './address.ts'
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
  readonly nonce?: Nonce
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
      /** The route's way as it was stored (`wayFrom` reads it); absent when no API was asked for. */
      readonly way?: string
      readonly reservation: Reservation
      readonly remaining: Remaining
      readonly windows: Windows
      readonly now: number
    }
  | { readonly kind: 'replay'; readonly response: string }
  /** The customer may call and has no route of its own: nothing was used up, and the call is asked again with a default. */
  | { readonly kind: 'unrouted'; readonly now: number }
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
  readonly way?: string
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
