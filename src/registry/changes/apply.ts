import { defaultTimeZone, timeZone } from '../../domain/calendar.ts'
import type { CustomerChange } from '../../domain/customer.ts'
import { servingRoute } from '../../domain/default-routes.ts'
import { customerId, displayName, type Environment } from '../../domain/names.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { changedQuota } from '../../domain/quota.ts'
import { type Route, route, targetText } from '../../domain/route.ts'
import type { Profile } from '../registry.ts'
import type { NewRoute, ProfileChange } from './change.ts'
import { credentialOf, issued, revoked, rewrapped, rotated } from './keys.ts'
import { checkedReason } from './reason.ts'
import { newSenders, sendersApplied, sendingAfter } from './sending.ts'

/** Enough for an integration test, too little to abuse. */
const testQuota = { rate: 10, burst: 50, day: 1000 } as const
const sandboxQueue = 'sandbox'

/** The result of a change, and its text in the audit log. */
export interface Applied {
  readonly profile: Profile
  readonly what: string
}

type Of<Kind extends ProfileChange['kind']> = Extract<ProfileChange, { kind: Kind }>

/**
 * Computes the result of a change, without a clock or a store.
 * @param now the registry's clock
 * @throws Problem where the domain does not allow it
 */
export function applied(change: Exclude<ProfileChange, { kind: 'addCustomer' }>, before: Profile, now: number): Applied {
  switch (change.kind) {
    case 'setCustomer': {
      const checked = checkedChange(change.change)
      const words = Object.entries(checked).map(([field, value]) => `${field} ${value}`)
      const profile = { ...before, customer: { ...before.customer, ...checked } }
      if (change.sending === undefined) return { profile, what: `customer: ${words.join(', ')}` }
      const { sending, what } = sendingAfter(before.sending, change.sending)
      return { profile: { ...profile, sending }, what: `customer: ${[...words, what].join(', ')}` }
    }
    case 'setQuota': {
      const { environment } = change
      const words = Object.entries(change.change).map(([limit, value]) => `${limit} ${value ?? 'none'}`)
      const quota = changedQuota(before.quotas[environment] ?? {}, change.change)
      const profile = { ...before, quotas: { ...before.quotas, [environment]: quota } }
      return { profile, what: `quota ${environment}: ${words.join(', ')}` }
    }
    case 'addSender':
    case 'setSender':
    case 'removeSender':
      return sendersApplied(change, before, now)
    case 'addRoute': {
      const { routes, what } = routesWith(before.routes, change.route)
      return { profile: { ...before, routes }, what }
    }
    case 'removeRoute': {
      const { routes, what } = routesWithout(before.routes, change.customer, change.api, change.environment)
      return { profile: { ...before, routes }, what }
    }
    case 'issueKey': {
      const { keyId, side, environment } = change.key
      return { profile: issued(before, change, now), what: `key ${keyId} issued (${side.scheme}, ${environment})` }
    }
    case 'rotateKey':
      return { profile: rotated(before, change, now), what: `key ${change.keyId} rotated` }
    case 'revokeKey':
      return { profile: revoked(before, change, now), what: `key ${change.keyId} revoked` }
    case 'rewrapKeys':
      return { profile: rewrapped(before, change), what: `keys sealed under master key ${change.masterId}` }
    case 'noteReading':
      return { profile: before, what: `whole numbers of opt-outs (${change.environment}) read: ${checkedReason(change.reason)}` }
    case 'noteErasure':
      return { profile: before, what: `erasure of ${change.person} asked for: ${checkedReason(change.reason)}` }
  }
}

/**
 * A customer with all that was asked for. The test environment is always ready, with a quota of its own and the sandbox as
 * its route.
 * @throws Problem `input-invalid`, `quota-invalid`, `route-invalid`
 */
export function added(change: Of<'addCustomer'>, now: number): Applied {
  const { name, quota, queue, senders = [], keys } = change
  const id = customerId(change.customer)
  const zone = timeZone(change.timeZone ?? defaultTimeZone)
  const routes: Route[] = [route('messages', 'test', [sandboxQueue])]
  if (queue !== undefined) routes.push(route('messages', 'live', [queue]))
  const profile: Profile = {
    customer: { id, name: displayName(name ?? id), state: 'active', timeZone: zone, createdAt: now },
    quotas: { test: testQuota, ...(quota !== undefined && { live: changedQuota({}, quota) }) },
    routes,
    credentials: keys.map((key) => credentialOf(id, key, now)),
    ...(senders.length > 0 && { sending: { senders: newSenders(senders, now) } }),
  }
  return { profile, what: 'customer added' }
}

function checkedChange(change: CustomerChange): CustomerChange {
  return {
    ...(change.name !== undefined && { name: displayName(change.name) }),
    ...(change.timeZone !== undefined && { timeZone: timeZone(change.timeZone) }),
    ...(change.state !== undefined && { state: change.state }),
  }
}

/** @throws Problem `route-invalid` */
export function routesWith(routes: readonly Route[], wish: NewRoute): { routes: Route[]; what: string } {
  const made = route(wish.api, wish.environment, wish.targets, wish.media)
  const others = routes.filter((other) => other.api !== made.api || other.environment !== made.environment)
  return { routes: [...others, made], what: `route ${made.environment} ${made.api}: ${made.targets.map(targetText).join(' ')}` }
}

/** @param whose absent: the defaults. @throws Problem `route-unknown` */
export function routesWithout(
  routes: readonly Route[],
  whose: string | undefined,
  api: string,
  environment: Environment,
): { routes: Route[]; what: string } {
  const found = servingRoute(routes, api, environment)
  if (found === undefined) throw unknownRoute(whose, api, environment)
  return { routes: routes.filter((other) => other !== found), what: `route ${environment} ${api}: removed` }
}

export function unknownRoute(whose: string | undefined, api: string, environment: Environment): Problem {
  const who = whose === undefined ? 'No default route exists' : `"${whose}" has no route`
  const target = whose === undefined ? '--default' : whose
  return new Problem(
    'route-unknown',
    `${who} for ${api} in ${environment}${whose === undefined ? '.' : ', and no default serves it.'}`,
    { next: apigw('route set', target, '--api', api, '--env', environment, '--queue', 'QUEUE') },
  )
}
