import {
  type Admission,
  type AdmitRequest,
  costOf,
  type MessageStanding,
  noUsage,
  type OpenReservation,
  type Refusal,
  type Remaining,
  type Reservation,
  refusals,
  remainingOf,
  sortedOpen,
  type Usage,
} from '../../domain/admission.ts'
import type { Windows } from '../../domain/calendar.ts'
import { unpackedQuota } from './fields.ts'

/** What a script answers. */
export type Reply = readonly (string | number | null)[]

/** What an admission answers of a usage: five values, which stand together from `at` on. */
function standingFrom(values: Reply, at: number): Pick<Usage, 'tat' | 'day' | 'dayUsed' | 'month' | 'monthUsed'> {
  return {
    tat: Number(values[at]),
    day: String(values[at + 1]),
    dayUsed: Number(values[at + 2]),
    month: String(values[at + 3]),
    monthUsed: Number(values[at + 4]),
  }
}

const texts = new Set(['day', 'month', 'zone'])
/** The fields of a usage's hash are named as in `Usage`. */
export const usageFields = Object.keys(noUsage) as (keyof Usage)[]

/** @param values of `usageFields`, in order; `null`: not stored */
export function usageFrom(values: readonly (string | null)[]): Usage {
  const stored = usageFields.flatMap((name, place) => {
    const value = values[place]
    return typeof value === 'string' ? [[name, texts.has(name) ? value : Number(value)] as const] : []
  })
  return { ...noUsage, ...Object.fromEntries(stored) }
}

/** An open reservation, as the admission script wrote it (`entryPartsLua`). */
export function openFrom(id: string, entry: string): OpenReservation {
  const [described = '', ids, weights, kinds] = entry.split('\n')
  const [units, rateCost, admittedAt, key, fingerprint = '', ...trace] = described.split('|')
  return sortedOpen({
    id,
    units: Number(units),
    rateCost: Number(rateCost),
    admittedAt: Number(admittedAt),
    ...(key && { idempotency: { key, fingerprint } }),
    ...(trace.join('|') !== '' && { trace: trace.join('|') }),
    ...(ids !== undefined && { ids: ids.split(',') }),
    ...(weights !== undefined && weights !== '' && { weights: weights.split(',').map(Number) }),
    ...(kinds !== undefined && { kinds: kinds.split(',') }),
  })
}

function refusalFrom(text: string | number | null | undefined): Refusal {
  return refusals.find((known) => known === text) ?? 'credentials-invalid'
}

/** Reads the script's answer; its layout is described with the script. */
export function admissionFrom(request: AdmitRequest, reply: Reply, windows: Windows): Admission {
  const now = Number(reply[1])
  switch (reply[0]) {
    case 'replay':
      return { kind: 'replay', response: String(reply[2]), ...planFrom(reply[3]) }
    case 'unrecorded':
      return { kind: 'unrecorded', now }
    case 'unrouted':
      return { kind: 'unrouted', now }
    case 'admitted': {
      const messages = standingsFrom(reply[10])
      const weightAt = (one: MessageStanding, at: number): number => (one === 'new' ? (request.weights?.[at] ?? 1) : 0)
      const units = messages?.map(weightAt).reduce((sum, weight) => sum + weight, 0) ?? request.units
      const usage = standingFrom(reply, 4)
      const quota = unpackedQuota(String(reply[3]))
      const rateCost = quota.rate === undefined || units === 0 ? 0 : costOf(units, quota.rate)
      const reservation = reservationFrom(request, [request.reservation, units, usage.day, usage.month, rateCost, now], 1)
      return admitted({ way: reply[2], reconcile: reply[9], messages }, reservation, remainingOf(quota, usage, now), windows, now)
    }
    case 'resumed': {
      const claim = request.idempotency
      const stored = claim && { key: claim.key, fingerprint: claim.fingerprint, ...planFrom(reply[12]) }
      const resumed = stored === undefined ? request : { ...request, idempotency: stored }
      const reservation = reservationFrom(resumed, storedFields(String(reply[4])), Number(reply[3]))
      const remaining = remainingOf(unpackedQuota(String(reply[5])), standingFrom(reply, 6), now)
      const messages = standingsFrom(reply[13])
      return admitted({ way: reply[2], reconcile: reply[11], messages }, reservation, remaining, windows, now)
    }
    default: {
      const [, , reason, retry, quota] = reply
      return {
        kind: 'refused',
        reason: refusalFrom(reason),
        now,
        ...(quota !== undefined && {
          remaining: remainingOf(unpackedQuota(String(quota)), standingFrom(reply, 5), now),
          windows,
        }),
        ...(retry !== undefined && retry !== '' && { retryAfterMs: Number(retry) }),
        ...(reply[10] === 1 && { reconcile: true }),
      }
    }
  }
}

/** The fields of a reservation, as the script wrote them with `cjson`. */
function storedFields(text: string): Reply {
  const fields: unknown = JSON.parse(text)
  const isField = (value: unknown): value is Reply[number] => typeof value === 'string' || typeof value === 'number'
  if (Array.isArray(fields) && fields.every(isField)) return fields
  throw new Error('The registry holds a reservation that cannot be read.')
}

function planFrom(value: string | number | null | undefined): { readonly plan?: string } {
  return typeof value === 'string' ? { plan: value } : {}
}

/** What the script's letters say of the request's ids; `undefined`: it had none. */
function standingsFrom(letters: Reply[number] | undefined): MessageStanding[] | undefined {
  if (typeof letters !== 'string' || letters === '') return undefined
  return Array.from(letters, (letter): MessageStanding => (letter === 'n' ? 'new' : letter === 'k' ? 'known' : 'open'))
}

interface More {
  readonly way: Reply[number] | undefined
  readonly reconcile: Reply[number] | undefined
  readonly messages: readonly MessageStanding[] | undefined
}

function admitted(
  { way, reconcile, messages }: More,
  reservation: Reservation,
  remaining: Remaining,
  windows: Windows,
  now: number,
): Admission {
  return {
    kind: 'admitted',
    ...(typeof way === 'string' && way !== '' && { way }),
    reservation,
    remaining,
    windows,
    now,
    ...(messages !== undefined && { messages }),
    ...(reconcile === 1 && { reconcile: true }),
  }
}

function reservationFrom(request: AdmitRequest, fields: Reply, attempt: number): Reservation {
  const { customer, environment, idempotency, ids } = request
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
    // A run that is resumed without ids still has the messages of the run that took them.
    ...((ids !== undefined || fields[6] === 'keyed') && { keyed: true }),
  }
  return idempotency === undefined ? reservation : { ...reservation, idempotency }
}
