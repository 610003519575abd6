import type { Customer, CustomerChange } from '../../domain/customer.ts'
import { customerId, type Environment } from '../../domain/names.ts'
import type { QuotaChange } from '../../domain/quota.ts'
import { policyOf, type SendingPolicy } from '../../domain/sending.ts'
import type { Profile, SendingChange } from '../../registry/index.ts'
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
  /** Registered senders of the customer. */
  readonly senders?: readonly string[] | undefined
  /** Environments to issue a Basic key for. */
  readonly keysFor?: readonly Environment[] | undefined
}

/**
 * Adds a customer with its quota, route and keys, atomically: if any part is invalid, nothing is written.
 *
 * @throws Problem `customer-exists`, `customer-id-retired`, `input-invalid`, `quota-invalid`, `route-invalid`, `sender-invalid`
 */
export async function addCustomer(context: Context, input: NewCustomer): Promise<{ profile: Profile; keys: IssuedKey[] }> {
  const { name, timeZone, quota, queue, senders, keysFor = [] } = input
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
    ...(senders !== undefined && { senders }),
  })
  return { profile, keys: made.map((one) => issuedFrom(profile, one)) }
}

/**
 * Changes a customer, and what it may send, in one step.
 * @throws Problem `customer-unknown`, `input-invalid`
 */
export async function setCustomer(
  context: Context,
  id: string,
  change: CustomerChange,
  sending?: SendingChange,
): Promise<{ readonly customer: Customer; readonly policy: SendingPolicy }> {
  const wished = { kind: 'setCustomer', customer: id, change, ...(sending !== undefined && { sending }) } as const
  const profile = await changedProfile(context, wished)
  return { customer: profile.customer, policy: policyOf(profile.sending) }
}

/**
 * Notes in the audit log why someone reads whole telephone numbers of a customer's recipients. It comes before they are shown.
 * @throws Problem `input-invalid`, `customer-unknown`
 */
export async function noteReading(context: Context, customer: string, environment: Environment, reason: string): Promise<void> {
  await changedProfile(context, { kind: 'noteReading', customer, environment, reason })
}

/** Removes a customer permanently. Its id cannot be reused for `retiredMs`. @throws Problem `customer-unknown` */
export async function removeCustomer({ registry, actor }: Context, id: string): Promise<void> {
  await registry.change({ kind: 'removeCustomer', customer: id }, actor)
}
