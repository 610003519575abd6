import { addressKey } from '../../domain/address.ts'
import type { Admission, AdmitRequest, IdempotencyClaim } from '../../domain/admission.ts'
import { defaultRoutesDocument, defaultRoutesFrom, servingRoute } from '../../domain/default-routes.ts'
import { randomId } from '../../domain/ids.ts'
import { type Api, type Way, wayFrom, wayText } from '../../domain/route.ts'
import type { Call } from './endpoint.ts'
import { tokenExpired, toleranceMs } from './tokens.ts'

export type Decided = Exclude<Admission, { kind: 'unrouted' }>
export type Admitted = Extract<Admission, { kind: 'admitted' }>

/** What stands for the caller's address when the adapter could not tell it: no allow-list holds it. */
const unknownAddress = '0'.repeat(32)

/**
 * Asks the registry about this call. One round trip decides it; a customer without a route of its own takes two more,
 * to read the default and to decide with it.
 * @param units 0 asks who calls and what is left, and takes nothing
 */
export async function admit(
  call: Call,
  units: number,
  more: { api?: Api; idempotency?: IdempotencyClaim } = {},
): Promise<Decided> {
  const { caller, environment, registry } = call
  const request: AdmitRequest = {
    // Of our own making: the caller may choose the request id, and a reservation is given back once for its id.
    reservation: randomId(),
    customer: caller.customer,
    keyId: caller.keyId,
    environment,
    units,
    address: addressKey(call.request.address) ?? unknownAddress,
    ...(caller.nonce !== undefined && { nonce: caller.nonce }),
    ...more,
  }
  const started = performance.now()
  const first = await registry.admit(more.api === undefined ? request : { ...request, fallback: 'ask' })
  const decided = first.kind === 'unrouted' ? await admitByDefault(call, request) : first
  await refuseExpiredToken(call, decided)
  call.note({ admitMs: performance.now() - started, ...(decided.kind === 'admitted' && units > 0 && { units }) })
  return decided
}

/**
 * A token was checked before, by this process or by an authorizer whose answer API Gateway keeps. Whether it is good still
 * is decided by the clock of the admission: one that has ended in between gives its units back.
 * @throws Problem `token-expired`
 */
async function refuseExpiredToken({ caller, registry }: Call, decided: Decided): Promise<void> {
  if (caller.expiresAt === undefined || decided.kind === 'replay') return
  if (decided.now < caller.expiresAt + toleranceMs) return
  if (decided.kind === 'admitted') await registry.settle(decided.reservation, { kind: 'failed' })
  throw tokenExpired()
}

async function admitByDefault({ registry }: Call, request: AdmitRequest): Promise<Decided> {
  const routes = defaultRoutesFrom((await registry.document(defaultRoutesDocument))?.text)
  const route = servingRoute(routes, request.api ?? '', request.environment)
  const decided = await registry.admit(route === undefined ? request : { ...request, fallback: { way: wayText(route) } })
  if (decided.kind === 'unrouted') throw new Error('a call with a default was answered as if it had none')
  return decided
}

const ways = new Map<string, Way>()
const mostWays = 1_000

/** The way that an admission names. There are few of them, and each call has one. */
export function wayOf(admission: Admitted): Way {
  const text = admission.way ?? ''
  let way = ways.get(text)
  if (way === undefined) {
    way = wayFrom(text)
    if (ways.size >= mostWays) ways.clear()
    ways.set(text, way)
  }
  return way
}
