import { environments } from '../../../domain/names.ts'
import { apigw } from '../../../domain/next-step.ts'
import { nationalNumber } from '../../../domain/phone.ts'
import type { Route } from '../../../domain/route.ts'
import { policyOf } from '../../../domain/sending.ts'
import type { Profile } from '../../../registry/index.ts'
import type { Check } from '../check.ts'

/** Before a sender expires, its owner has to prove it again. */
const expiringMs = 30 * 86_400_000

/** What is wrong with the senders of a customer that sends live messages. */
function senderFaults({ customer, sending }: Profile, now: number): Check[] {
  const { from, senders } = policyOf(sending)
  if (from === 'any') return []
  const name = `customer ${customer.id}`
  const usable = senders.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > now)
  if (usable.length === 0) {
    const what = senders.length > 0 ? 'its senders have expired' : 'has no registered sender'
    const detail = `${what}, so its live messages are refused`
    return [{ name, state: 'warn', detail, fix: apigw('sender add', customer.id, 'NUMBER') }]
  }
  return usable
    .filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt <= now + expiringMs)
    .map(({ number, expiresAt = 0 }) => ({
      name,
      state: 'warn',
      detail: `its sender ${nationalNumber(number)} expires on ${new Date(expiresAt).toISOString().slice(0, 10)}`,
      fix: apigw('sender set', customer.id, nationalNumber(number), '--expires', 'WHEN'),
    }))
}

/** What prevents an active customer from sending. */
export function sendingBlockers(profile: Profile, defaults: readonly Route[]): Check[] {
  const { customer, quotas, routes, credentials } = profile
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
  if (working.some((key) => key.environment === 'live')) found.push(...senderFaults(profile, now))
  return found
}
