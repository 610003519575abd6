import type { Environment } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import { route as checkedRoute, type Route } from '../domain/route.ts'
import type { Registry } from '../registry/index.ts'
import { type Context, changeProfile, storedProfile } from './change.ts'

function serves(route: Route, api: string, environment: Environment): boolean {
  return route.api === api && route.environment === environment
}

export async function setRoute(
  context: Context,
  customer: string,
  api: string,
  environment: Environment,
  queue: string,
): Promise<Route> {
  const route = checkedRoute(api, environment, queue)
  await changeProfile(context, customer, `route ${environment} ${api}: queue ${queue}`, (profile) => ({
    ...profile,
    routes: [...profile.routes.filter((other) => !serves(other, api, environment)), route],
  }))
  return route
}

export async function removeRoute(context: Context, customer: string, api: string, environment: Environment): Promise<Route> {
  const removed = await resolveRoute(context.registry, customer, api, environment)
  await changeProfile(context, customer, `route ${environment} ${api}: removed`, (profile) => ({
    ...profile,
    routes: profile.routes.filter((other) => !serves(other, api, environment)),
  }))
  return removed
}

export async function routesOf(registry: Registry, customer: string): Promise<readonly Route[]> {
  return (await storedProfile(registry, customer)).profile.routes
}

/** The route that a call would take now. */
export async function resolveRoute(registry: Registry, customer: string, api: string, environment: Environment): Promise<Route> {
  return routeOf(await routesOf(registry, customer), customer, api, environment)
}

/** @throws Problem `route-unknown` */
function routeOf(routes: readonly Route[], customer: string, api: string, environment: Environment): Route {
  const found = routes.find((route) => serves(route, api, environment))
  if (found !== undefined) return found
  throw new Problem('route-unknown', `"${customer}" has no route for ${api} in ${environment}: its calls are refused.`, {
    next: `apigw route set ${customer} --api ${api} --env ${environment} --queue QUEUE`,
  })
}
