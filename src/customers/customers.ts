import { timeZone } from '../domain/calendar.ts'
import type { Customer, CustomerChange } from '../domain/customer.ts'
import { customerId, type Environment } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import { changedQuota, type QuotaChange } from '../domain/quota.ts'
import { type Route, route } from '../domain/route.ts'
import type { Profile } from '../registry/index.ts'
import { type Context, changeProfile, storedProfile } from './change.ts'
import { type IssuedKey, newKey } from './keys.ts'

export const defaultTimeZone = 'Asia/Seoul'
/** Enough to integrate against, too little to be worth abusing. */
const testQuota = { rate: 10, burst: 50, day: 1000 } as const
const sandboxQueue = 'sandbox'

/** What it takes to bring a customer aboard. */
export interface NewCustomer {
  readonly id: string
  readonly name?: string | undefined
  readonly timeZone?: string | undefined
  /** The live quota. Absent: none, and live calls are refused until one is set. */
  readonly quota?: QuotaChange | undefined
  /** The queue of the live route. */
  readonly queue?: string | undefined
  /** Environments to issue a Basic key for. */
  readonly keysFor?: readonly Environment[] | undefined
}

/** @throws Problem `input-invalid` */
function customerName(text: string): string {
  const name = text.trim()
  if (name.length >= 1 && name.length <= 100 && !/\p{Cc}/u.test(name)) return name
  throw new Problem('input-invalid', 'A name has 1 to 100 characters and no control characters.')
}

/**
 * Adds a customer with all that was asked for, in one step: where any part is wrong nothing is written. The test
 * environment is always ready, with a quota of its own and the sandbox as its route.
 *
 * @throws Problem `customer-exists`, `input-invalid`, `quota-invalid`, `route-invalid`
 */
export async function addCustomer(context: Context, wishes: NewCustomer): Promise<{ profile: Profile; keys: IssuedKey[] }> {
  const id = customerId(wishes.id)
  const { now } = await context.registry.usage(id, 'live')
  const zone = timeZone(wishes.timeZone ?? defaultTimeZone)
  const routes: Route[] = [route('messages', 'test', [sandboxQueue])]
  if (wishes.queue !== undefined) routes.push(route('messages', 'live', [wishes.queue]))
  const keys = (wishes.keysFor ?? []).map((environment) => newKey(id, { scheme: 'basic', environment }, now))
  const customer: Customer = { id, name: customerName(wishes.name ?? id), state: 'active', timeZone: zone, createdAt: now }
  const profile: Profile = {
    customer,
    quotas: { test: testQuota, ...(wishes.quota !== undefined && { live: changedQuota({}, wishes.quota) }) },
    routes,
    credentials: keys.map((key) => key.credential),
  }
  const added = await context.registry.save(profile, undefined, {
    at: now,
    ...context.actor,
    customer: id,
    what: 'customer added',
  })
  if (added) return { profile, keys }
  throw new Problem('customer-exists', `There is a customer "${id}" already.`, { next: `apigw customer show ${id}` })
}

export async function setCustomer(context: Context, id: string, change: CustomerChange): Promise<Customer> {
  const checked: CustomerChange = {
    ...(change.name !== undefined && { name: customerName(change.name) }),
    ...(change.timeZone !== undefined && { timeZone: timeZone(change.timeZone) }),
    ...(change.state !== undefined && { state: change.state }),
  }
  const words = Object.entries(checked).map(([field, value]) => `${field} ${value}`)
  const profile = await changeProfile(context, id, `customer: ${words.join(', ')}`, (before) => ({
    ...before,
    customer: { ...before.customer, ...checked },
  }))
  return profile.customer
}

export async function removeCustomer(context: Context, id: string): Promise<void> {
  const { version } = await storedProfile(context.registry, id)
  const entry = { at: context.now(), ...context.actor, customer: id, what: 'customer removed' }
  if (await context.registry.remove(id, version, entry)) return
  throw new Problem('customer-unknown', `"${id}" was changed or removed by somebody else just now.`, {
    next: `apigw customer show ${id}`,
  })
}
