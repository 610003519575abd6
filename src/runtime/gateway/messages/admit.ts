import { addressKey } from '../../../domain/address.ts'
import type { Admission, AdmitRequest, IdempotencyClaim } from '../../../domain/admission.ts'
import { defaultRoutesDocument, defaultRoutesFrom, servingRoute } from '../../../domain/default-routes.ts'
import { randomId } from '../../../domain/ids.ts'
import { Problem } from '../../../domain/problem.ts'
import { type Api, type RoutePlan, routePlanFrom, routePlanText } from '../../../domain/route.ts'
import { partsOf } from '../../../domain/usage.ts'
import { tokenExpired, toleranceMs } from '../authentication/tokens.ts'
import type { Call } from './call.ts'

export type Decided = Exclude<Admission, { kind: 'unrouted' | 'unrecorded' | 'policy' }>
export type OtherPolicy = Extract<Admission, { kind: 'policy' }>
export type Admitted = Extract<Admission, { kind: 'admitted' }>

/** What stands for the caller's address when the adapter could not tell it: no allow-list holds it. */
const unknownAddress = '0'.repeat(32)

/** What a call that takes units brings with it. */
export interface Taking {
  readonly api?: Api
  /** Of our own making: the caller may choose the request id, and a reservation is given back once for its id. */
  readonly reservation?: string
  readonly idempotency?: IdempotencyClaim
  readonly trace?: string
  readonly ids?: readonly string[]
  readonly weights?: readonly number[]
  readonly kinds?: readonly string[]
}

function requestOf(call: Call, units: number, { reservation = randomId(), ...more }: Taking): AdmitRequest {
  const { caller, environment } = call
  return {
    reservation,
    customer: caller.customer,
    keyId: caller.keyId,
    environment,
    units,
    address: addressKey(call.request.address) ?? unknownAddress,
    ...(caller.nonce !== undefined && { nonce: caller.nonce }),
    ...more,
  }
}

/**
 * A token was checked before, by this process or by an authorizer whose answer API Gateway keeps. Whether it is good still
 * is decided by the clock of the admission: one that has ended in between gives its units back.
 * @throws Problem `token-expired`
 */
async function refuseExpiredToken({ caller, registry }: Call, decided: Decided, request: AdmitRequest): Promise<void> {
  if (caller.expiresAt === undefined || decided.kind === 'replay') return
  if (decided.now < caller.expiresAt + toleranceMs) return
  // A later run of a key reuses the units of a run that may have sent its messages. The ledger shows whether it did.
  const ofThisRun = decided.kind === 'admitted' && decided.reservation.attempt === 1
  if (ofThisRun) await registry.settle(decided.reservation, { ...partsOf(request), kind: 'failed' })
  throw tokenExpired()
}

/**
 * Asks the registry about this call. One round trip decides it; a customer without a route of its own takes two more,
 * to read the default and to decide with it.
 * @param units 0 asks who calls and what is left, and takes nothing
 */
export async function admit(call: Call, units: number, more: Taking = {}): Promise<Decided> {
  const decided = await ask(call, requestOf(call, units, more))
  if (decided.kind === 'policy') throw new Error('a call was answered as if it had been planned')
  return decided
}

/**
 * Asks the registry about a call whose rows were planned with a policy of its customer.
 * @returns `policy` where the customer's is another one by now, and nothing was used up
 */
export function admitPlanned(call: Call, units: number, policy: string, more: Taking): Promise<Decided | OtherPolicy> {
  return ask(call, { ...requestOf(call, units, more), policy })
}

/**
 * Asks whether a policy is still the customer's. Nothing is used up, the call's nonce neither.
 * @param policy its version; '' for none that is known
 */
export function comparePolicy(call: Call, policy: string): Promise<Decided | OtherPolicy> {
  const { nonce: _, ...request } = requestOf(call, 0, {})
  return ask(call, { ...request, policy })
}

async function ask(call: Call, request: AdmitRequest): Promise<Decided | OtherPolicy> {
  const { registry, settlements } = call
  const { units } = request
  const started = performance.now()
  try {
    const first = await registry.admit(request.api === undefined ? request : { ...request, fallback: 'ask' })
    const decided = first.kind === 'unrouted' ? await admitByDefault(call, request) : first
    if (decided.kind === 'unrecorded') throw new Error('a call was answered as if it had only asked for its record')
    if (decided.kind === 'policy') return decided
    await refuseExpiredToken(call, decided, request)
    if ('reconcile' in decided) settlements.reconcile(request.customer, request.environment)
    call.note({ admitMs: performance.now() - started, ...(decided.kind === 'admitted' && units > 0 && { units }) })
    if (decided.kind === 'admitted' && units > 0) await call.thresholds.look(request, decided)
    return decided
  } catch (error) {
    // A missing answer is not a refusal: the registry may have taken the units, or may do so when it resumes.
    const isRefused = error instanceof Problem && error.code === 'registry-frozen'
    if (units > 0 && !isRefused) settlements.unanswered(request)
    throw error
  }
}

/**
 * What an earlier call with the same Idempotency-Key decides about this one, which could not be admitted by itself.
 * @returns `undefined` where there was none
 */
export async function recall(
  call: Call,
  taking: Taking & { readonly idempotency: IdempotencyClaim },
): Promise<Decided | undefined> {
  const decided = await call.registry.admit({ ...requestOf(call, 0, taking), recall: true })
  return decided.kind === 'unrecorded' || decided.kind === 'unrouted' || decided.kind === 'policy' ? undefined : decided
}

async function admitByDefault({ registry }: Call, request: AdmitRequest): Promise<Exclude<Admission, { kind: 'unrouted' }>> {
  const routes = defaultRoutesFrom((await registry.document(defaultRoutesDocument))?.text)
  const route = servingRoute(routes, request.api ?? '', request.environment)
  const decided = await registry.admit(route === undefined ? request : { ...request, fallback: { way: routePlanText(route) } })
  if (decided.kind === 'unrouted') throw new Error('a call with a default was answered as if it had none')
  return decided
}

const routePlans = new Map<string, RoutePlan>()
const maxRoutePlans = 1_000

/** The way that an admission names. There are few of them, and each call has one. */
export function routePlanOf(admission: Admitted): RoutePlan {
  const text = admission.way ?? ''
  let way = routePlans.get(text)
  if (way === undefined) {
    way = routePlanFrom(text)
    if (routePlans.size >= maxRoutePlans) routePlans.clear()
    routePlans.set(text, way)
  }
  return way
}
