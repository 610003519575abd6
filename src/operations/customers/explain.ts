import { keyState } from '../../domain/credential.ts'
import type { Environment } from '../../domain/names.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { isProblemCode, Problem, problemTable } from '../../domain/problem.ts'
import { count, quantity } from '../../domain/quantity.ts'
import { targetText } from '../../domain/route.ts'
import { policyOf } from '../../domain/sending.ts'
import { hourMs } from '../../domain/usage.ts'
import { type OperatorRegistry, type Profile, storedProfile } from '../../registry/index.ts'
import { readUsage } from '../usage/index.ts'
import { type QuotaStatus, quotaStatus } from './quotas.ts'
import { type ResolvedRoute, resolveRoute } from './routes.ts'

/** One thing that a call has to pass. */
export interface CallCheck {
  readonly about: 'state' | 'keys' | 'route' | 'rate' | 'day' | 'month' | 'senders'
  /** Whether a call would pass now. */
  readonly passes: boolean
  readonly what: string
  readonly next?: NextStep
}

/** Refused calls of one hour and one reason. */
export interface RefusedCalls {
  /** The beginning of the hour, in milliseconds since 1970. */
  readonly hour: number
  readonly reason: string
  readonly meaning: string
  readonly calls: number
}

export interface CustomerExplanation {
  readonly customer: string
  readonly environment: Environment
  readonly timeZone: string
  /** In the order in which a call meets them. */
  readonly checks: readonly CallCheck[]
  /** The newest first. */
  readonly refused: readonly RefusedCalls[]
}

/** Refusals are shown of the last day. */
const refusedHours = 24

function stateCheck({ customer: { id, state } }: Profile): CallCheck {
  if (state === 'active') return { about: 'state', passes: true, what: 'The customer is active.' }
  const what = 'The customer is suspended: every call is refused.'
  return { about: 'state', passes: false, what, next: apigw('customer resume', id) }
}

function keysCheck({ customer: { id }, credentials }: Profile, environment: Environment, now: number): CallCheck {
  const own = credentials.filter((one) => one.environment === environment)
  const active = own.filter((one) => keyState(one, now) === 'active')
  const ends = active.flatMap(({ expiresAt }) => expiresAt ?? [])
  if (active.length === 0) {
    const others = own.length === 0 ? 'no key' : `${quantity(own.length, 'key')}, none of them valid`
    const what = `It has ${others} for ${environment}.`
    return { about: 'keys', passes: false, what, next: apigw('key issue', id, '--env', environment) }
  }
  const first = ends.length === 0 ? '' : ` The first expires at ${new Date(Math.min(...ends)).toISOString()}.`
  const limited = active.every(({ allowIps = [] }) => allowIps.length > 0) ? ' Each is limited to addresses.' : ''
  return { about: 'keys', passes: true, what: `${quantity(active.length, 'valid key')}.${first}${limited}` }
}

function routeCheck(id: string, environment: Environment, resolved: ResolvedRoute | undefined): CallCheck {
  if (resolved === undefined) {
    const next = apigw('route set', id, '--env', environment, '--queue', 'QUEUE')
    return { about: 'route', passes: false, what: 'No route: neither its own nor a default.', next }
  }
  const queues = resolved.route.targets.map(targetText).join(' ')
  return {
    about: 'route',
    passes: true,
    what: `To ${queues}, by ${resolved.rule === 'customer' ? 'its own' : 'the default'} route.`,
  }
}

function quotaChecks({ customer, environment, quota, remaining, windows }: QuotaStatus): CallCheck[] {
  if (quota === undefined || remaining === undefined) {
    const next = apigw('quota set', customer, '--env', environment, '--day', 'N')
    return [{ about: 'day', passes: false, what: 'No quota: every call is refused.', next }]
  }
  const limits = (['rate', 'day', 'month'] as const).filter((limit) => quota[limit] !== undefined)
  return limits.map((limit) => {
    const left = Math.max(0, Math.floor(remaining[limit] ?? 0))
    const of = limit === 'rate' ? `burst ${count(quota.burst ?? 1)}` : count(quota[limit] ?? 0)
    const end = limit === 'rate' ? '' : ` Resets at ${new Date(windows[limit].end).toISOString()}.`
    const what = `${quantity(left, 'unit')} left of ${of} (${limit}).${end}`
    if (left > 0) return { about: limit, passes: true, what }
    const next = limit === 'rate' ? 'wait a moment' : apigw('quota set', customer, '--env', environment, `--${limit}`, 'N')
    return { about: limit, passes: false, what, next }
  })
}

function senderCheck({ customer: { id }, sending }: Profile, environment: Environment, now: number): CallCheck {
  const { from, senders } = policyOf(sending)
  if (from === 'any') return { about: 'senders', passes: true, what: 'Any sender: the check is off.' }
  const usable = senders.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > now).length
  if (usable > 0) return { about: 'senders', passes: true, what: `${quantity(usable, 'registered sender')} can be used.` }
  const next = apigw('sender add', id, 'NUMBER')
  return { about: 'senders', passes: environment === 'test', what: 'No registered sender can be used.', next }
}

async function refusedCalls(registry: OperatorRegistry, customer: string, environment: Environment, now: number) {
  const period = { start: now - refusedHours * hourMs, end: now + 1 }
  const found: RefusedCalls[] = []
  for await (const { hour, reason, refused } of readUsage(registry, { customer, environment }, period)) {
    if (reason === '' || refused === 0) continue
    const meaning = isProblemCode(reason) ? problemTable[reason].title : 'Not known to this version'
    found.push({ hour, reason, meaning, calls: refused })
  }
  return found.sort((a, b) => b.hour - a.hour)
}

async function routeOf(registry: OperatorRegistry, id: string, environment: Environment): Promise<ResolvedRoute | undefined> {
  try {
    return await resolveRoute(registry, id, 'messages', environment)
  } catch (error) {
    if (error instanceof Problem && error.code === 'route-unknown') return undefined
    throw error
  }
}

/**
 * What would happen to a call of a customer now, and why its last calls were refused. Uses nothing up.
 * @throws Problem `customer-unknown`
 */
export async function explainCustomer(
  registry: OperatorRegistry,
  id: string,
  environment: Environment,
): Promise<CustomerExplanation> {
  const { profile } = await storedProfile(registry, id)
  const now = await registry.now()
  const status = await quotaStatus(registry, id, environment)
  const checks = [
    stateCheck(profile),
    keysCheck(profile, environment, now),
    routeCheck(id, environment, await routeOf(registry, id, environment)),
    ...quotaChecks(status),
    senderCheck(profile, environment, now),
  ]
  const refused = await refusedCalls(registry, id, environment, now)
  return { customer: id, environment, timeZone: profile.customer.timeZone, checks, refused }
}

/** The first thing that a call would fail by, as a next step. */
export function nextOf({ checks, refused, customer }: CustomerExplanation): NextStep | undefined {
  const failing = checks.find(({ passes }) => !passes)?.next
  if (failing !== undefined) return failing
  return refused.length === 0 ? undefined : step`look for what was sent: ${apigw('message find', customer)}`
}
