import {
  type Admission,
  type AdmitRequest,
  costOf,
  type Refusal,
  type Remaining,
  type Reservation,
  refusals,
  remainingOf,
  type Usage,
} from '../../domain/admission.ts'
import type { Windows } from '../../domain/calendar.ts'
import { unpackedQuota } from './fields.ts'

/** What a script answers. */
export type Reply = readonly (string | number)[]

/** The five values of a usage, which stand together from `at` on. */
export function usageFrom(values: Reply, at = 0): Usage {
  return {
    tat: Number(values[at]),
    day: String(values[at + 1]),
    dayUsed: Number(values[at + 2]),
    month: String(values[at + 3]),
    monthUsed: Number(values[at + 4]),
  }
}

function refusalFrom(text: string | number | undefined): Refusal {
  return refusals.find((known) => known === text) ?? 'credentials-invalid'
}

/** Reads the script's answer; its layout is described with the script. */
export function admissionFrom(request: AdmitRequest, reply: Reply, windows: Windows): Admission {
  const now = Number(reply[1])
  switch (reply[0]) {
    case 'replay':
      return { kind: 'replay', response: String(reply[2]) }
    case 'unrouted':
      return { kind: 'unrouted', now }
    case 'admitted': {
      const { units } = request
      const usage = usageFrom(reply, 4)
      const quota = unpackedQuota(String(reply[3]))
      const rateCost = quota.rate === undefined || units === 0 ? 0 : costOf(units, quota.rate)
      const reservation = reservationFrom(request, [request.reservation, units, usage.day, usage.month, rateCost, now], 1)
      return admitted(reply[2], reservation, remainingOf(quota, usage, now), windows, now)
    }
    case 'resumed': {
      const reservation = reservationFrom(request, JSON.parse(String(reply[4])), Number(reply[3]))
      const remaining = remainingOf(unpackedQuota(String(reply[5])), usageFrom(reply, 6), now)
      return admitted(reply[2], reservation, remaining, windows, now)
    }
    default: {
      const [, , reason, retry, quota] = reply
      return {
        kind: 'refused',
        reason: refusalFrom(reason),
        now,
        ...(quota !== undefined && { remaining: remainingOf(unpackedQuota(String(quota)), usageFrom(reply, 5), now), windows }),
        ...(retry !== undefined && retry !== '' && { retryAfterMs: Number(retry) }),
      }
    }
  }
}

function admitted(
  way: string | number | undefined,
  reservation: Reservation,
  remaining: Remaining,
  windows: Windows,
  now: number,
): Admission {
  if (way === '' || way === undefined) return { kind: 'admitted', reservation, remaining, windows, now }
  return { kind: 'admitted', way: String(way), reservation, remaining, windows, now }
}

function reservationFrom(request: AdmitRequest, fields: Reply, attempt: number): Reservation {
  const { customer, environment, idempotency } = request
  const reservation: Reservation = {
    id: String(fields[0]),
    customer,
    environment,
    units: Number(fields[1]),
    day: String(fields[2]),
    month: String(fields[3]),
    rateCost: Number(fields[4]),
    admittedAt: Number(fields[5]),
    attempt,
  }
  return idempotency === undefined ? reservation : { ...reservation, idempotency }
}
