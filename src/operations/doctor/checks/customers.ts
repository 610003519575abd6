import { environments } from '../../../domain/names.ts'
import { apigw } from '../../../domain/next-step.ts'
import type { Route } from '../../../domain/route.ts'
import type { Profile } from '../../../registry/index.ts'
import type { Check } from '../check.ts'

/** What prevents an active customer from sending. */
export function sendingBlockers({ customer, quotas, routes, credentials }: Profile, defaults: readonly Route[]): Check[] {
  if (customer.state !== 'active') return []
  const found: Check[] = []
  const name = `customer ${customer.id}`
  const now = Date.now()
  const working = credentials.filter((key) => key.revokedAt === undefined && (key.expiresAt ?? Number.POSITIVE_INFINITY) > now)
  if (working.length === 0) found.push({ name, state: 'warn', detail: 'has no active key', fix: apigw('key issue', customer.id) })
  for (const environment of environments.filter((one) => working.some((key) => key.environment === one))) {
    if (quotas[environment] === undefined) {
      found.push({
        name,
        state: 'warn',
        detail: `has a ${environment} key and no quota`,
        fix: apigw('quota set', customer.id, '--env', environment, '--day', 'N'),
      })
    }
    if (![...routes, ...defaults].some((route) => route.environment === environment)) {
      found.push({
        name,
        state: 'warn',
        detail: `has a ${environment} key and no route`,
        fix: apigw('route set', customer.id, '--env', environment, '--queue', 'QUEUE'),
      })
    }
  }
  return found
}
