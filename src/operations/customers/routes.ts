import { defaultRoutesDocument, defaultRoutesFrom, servingRoute } from '../../domain/default-routes.ts'
import type { Environment } from '../../domain/names.ts'
import { route as checkedRoute, type MediaLimits, type Route } from '../../domain/route.ts'
import { type OperatorRegistry, storedProfile, unknownRoute } from '../../registry/index.ts'
import type { Context } from './change.ts'

/** The customer that a route belongs to; `undefined`: it is the default for customers without their own. */
type RouteOwner = string | undefined

export interface RouteInput {
  readonly api: string
  readonly environment: Environment
  /** As `targetFrom` reads them. */
  readonly targets: readonly string[]
  readonly media?: MediaLimits | undefined
}

/** The route of a call, and whether it is the customer's own or the default. */
export interface ResolvedRoute {
  readonly route: Route
  readonly rule: 'customer' | 'default'
}

export async function setRoute(context: Context, owner: RouteOwner, input: RouteInput): Promise<Route> {
  const { api, environment, targets, media } = input
  const checked = checkedRoute(api, environment, targets, media)
  const route = { api, environment, targets, ...(media !== undefined && { media }) }
  const { registry, actor } = context
  if (owner === undefined) await registry.change({ kind: 'addDefaultRoute', route }, actor)
  else await registry.change({ kind: 'addRoute', customer: owner, route }, actor)
  return checked
}

export async function removeRoute(context: Context, owner: RouteOwner, api: string, environment: Environment): Promise<Route> {
  const { registry, actor } = context
  const removed = servingRoute(await routesOf(registry, owner), api, environment)
  if (removed === undefined) throw unknownRoute(owner, api, environment)
  if (owner === undefined) await registry.change({ kind: 'removeDefaultRoute', api, environment }, actor)
  else await registry.change({ kind: 'removeRoute', customer: owner, api, environment }, actor)
  return removed
}

/** A customer's own routes, or the defaults. */
export async function routesOf(registry: OperatorRegistry, owner: RouteOwner): Promise<readonly Route[]> {
  if (owner !== undefined) return (await storedProfile(registry, owner)).profile.routes
  return defaultRoutesFrom((await registry.document(defaultRoutesDocument))?.text)
}

/** The route that a call would take now. @throws Problem `route-unknown` */
export async function resolveRoute(
  registry: OperatorRegistry,
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
