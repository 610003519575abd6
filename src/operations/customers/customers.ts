import type { Customer, CustomerChange } from '../../domain/customer.ts'
import { customerId, type Environment } from '../../domain/names.ts'
import type { QuotaChange } from '../../domain/quota.ts'
import type { Profile } from '../../registry/index.ts'
import { type Context, changedProfile } from './change.ts'
import { type IssuedKey, issuedFrom, newSecretKey } from './keys.ts'

/** The settings of a new customer. */
export interface NewCustomer {
  readonly id: string
  readonly name?: string | undefined
  readonly timeZone?: string | undefined
  /** The live quota. Absent: live calls are rejected until one is set. */
  readonly quota?: QuotaChange | undefined
  /** The queue of the live route. */
  readonly queue?: string | undefined
  /** Environments to issue a Basic key for. */
  readonly keysFor?: readonly Environment[] | undefined
}

/**
 * Adds a customer with its quota, route and keys, atomically: if any part is invalid, nothing is written.
 *
 * @throws Problem `customer-exists`, `customer-id-retired`, `input-invalid`, `quota-invalid`, `route-invalid`
 */
export async function addCustomer(context: Context, input: NewCustomer): Promise<{ profile: Profile; keys: IssuedKey[] }> {
  const { name, timeZone, quota, queue, keysFor = [] } = input
  const id = customerId(input.id)
  const made = keysFor.map((environment) => newSecretKey(id, { scheme: 'basic', environment }))
  const profile = await changedProfile(context, {
    kind: 'addCustomer',
    customer: id,
    keys: made.map(({ key }) => key),
    ...(name !== undefined && { name }),
    ...(timeZone !== undefined && { timeZone }),
    ...(quota !== undefined && { quota }),
    ...(queue !== undefined && { queue }),
  })
  return { profile, keys: made.map((one) => issuedFrom(profile, one)) }
}

export async function setCustomer(context: Context, id: string, change: CustomerChange): Promise<Customer> {
  return (await changedProfile(context, { kind: 'setCustomer', customer: id, change })).customer
}

/** Removes a customer permanently. Its id cannot be reused for `retiredMs`. @throws Problem `customer-unknown` */
export async function removeCustomer({ registry, actor }: Context, id: string): Promise<void> {
  await registry.change({ kind: 'removeCustomer', customer: id }, actor)
}
