import { setTimeout as sleep } from 'node:timers/promises'
import { defaultRoutesDocument, defaultRoutesFrom, servingRoute } from '../domain/default-routes.ts'
import type { Environment } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import { route as checkedRoute, type MediaLimits, type Route, targetText } from '../domain/route.ts'
import { everyone, type Registry } from '../registry/index.ts'
import { type Context, changeProfile, storedProfile } from './change.ts'

/** Whose route: a customer's own, or (`undefined`) the default of all who have none. */
type Whose = string | undefined

export interface RouteWish {
  readonly api: string
  readonly environment: Environment
  /** As `targetFrom` reads them. */
  readonly targets: readonly string[]
  readonly media?: MediaLimits | undefined
}

/** The route of a call, and why it is that one. */
export interface ResolvedRoute {
  readonly route: Route
  readonly rule: 'customer' | 'default'
}

/** A change that loses every race against others a dozen times has met something other than bad luck. */
const tries = 12

export async function setRoute(context: Context, whose: Whose, wish: RouteWish): Promise<Route> {
  const route = checkedRoute(wish.api, wish.environment, wish.targets, wish.media)
  const words = `route ${route.environment} ${route.api}: ${route.targets.map(targetText).join(' ')}`
  await changeRoutes(context, whose, words, (routes) => [...routes.filter((other) => !sameRule(other, route)), route])
  return route
}

export async function removeRoute(context: Context, whose: Whose, api: string, environment: Environment): Promise<Route> {
  const routes = await routesOf(context.registry, whose)
  const removed = servingRoute(routes, api, environment)
  if (removed === undefined) throw unknownRoute(whose, api, environment)
  await changeRoutes(context, whose, `route ${environment} ${api}: removed`, (all) =>
    all.filter((other) => !sameRule(other, removed)),
  )
  return removed
}

/** A customer's own routes, or the defaults. */
export async function routesOf(registry: Registry, whose: Whose): Promise<readonly Route[]> {
  if (whose !== undefined) return (await storedProfile(registry, whose)).profile.routes
  return defaultRoutesFrom((await registry.document(defaultRoutesDocument))?.text)
}

/** The route that a call would take now. @throws Problem `route-unknown` */
export async function resolveRoute(
  registry: Registry,
  customer: string,
  api: string,
  environment: Environment,
): Promise<ResolvedRoute> {
  const own = servingRoute(await routesOf(registry, customer), api, environment)
  if (own !== undefined) return { route: own, rule: 'customer' }
  const shared = servingRoute(await routesOf(registry, undefined), api, environment)
  if (shared !== undefined) return { route: shared, rule: 'default' }
  throw unknownRoute(customer, api, environment)
}

function sameRule(one: Route, other: Route): boolean {
  return one.api === other.api && one.environment === other.environment
}

function unknownRoute(whose: Whose, api: string, environment: Environment): Problem {
  const who = whose === undefined ? 'There is no default route' : `"${whose}" has no route`
  const target = whose === undefined ? '--default' : whose
  return new Problem(
    'route-unknown',
    `${who} for ${api} in ${environment}${whose === undefined ? '.' : ', and no default serves it.'}`,
    {
      next: `apigw route set ${target} --api ${api} --env ${environment} --queue QUEUE`,
    },
  )
}

async function changeRoutes(
  context: Context,
  whose: Whose,
  what: string,
  change: (routes: readonly Route[]) => Route[],
): Promise<void> {
  if (whose === undefined) return changeDefaults(context, what, change)
  await changeProfile(context, whose, what, (profile) => ({ ...profile, routes: change(profile.routes) }))
}

async function changeDefaults(context: Context, what: string, change: (routes: readonly Route[]) => Route[]): Promise<void> {
  const { registry, actor, now } = context
  for (let round = 0; round < tries; round++) {
    const stored = await registry.document(defaultRoutesDocument)
    const text = JSON.stringify(change(defaultRoutesFrom(stored?.text)))
    const entry = { at: now(), ...actor, customer: everyone, what }
    if (await registry.saveDocument(defaultRoutesDocument, text, stored?.version, entry)) return
    await sleep(Math.random() * Math.min(500, 5 * 2 ** round))
  }
  throw new Problem('registry-unavailable', 'The default routes are being changed by others all the time.', {
    next: 'run the command again',
  })
}
