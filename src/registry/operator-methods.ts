import * as z from 'zod'
import type { OpenReservations } from '../domain/admission.ts'
import { change, customerId, documentName, environment, keyId } from './change-schema.ts'
import type { Changed } from './changes/carry-out.ts'
import type { Actor } from './changes/change.ts'
import {
  allCustomers,
  maxCountsMs,
  maxProfilesPage,
  type OperatorRegistry,
  type ProfilePage,
  type RegistryHealth,
} from './registry.ts'
import { credentialSchema, customerSchema, historyEntrySchema, hourCountsSchema, profileSchema, usageSchema } from './stored.ts'

/** A method that an operator can call over the network. */
export type Method = Exclude<keyof OperatorRegistry, 'address' | 'close'>

/** The arguments and the result of each method. */
export type Calls = {
  readonly [M in Method]: OperatorRegistry[M] extends (...args: infer Args) => Promise<infer Result>
    ? { readonly args: Args; readonly result: Result }
    : never
}

interface Definition<Args extends readonly unknown[], Params, Result> {
  /** The arguments on the wire, by name: JSON has no `undefined` to fill a position. */
  readonly params: z.ZodType<Params>
  /** The answer on the wire. Its objects are loose: a newer function may add fields. */
  readonly result: z.ZodType<Result>
  toParams(...args: Args): Params
  /** @param actor the caller, as proved by AWS */
  call(registry: OperatorRegistry, params: Params, actor: Actor): Promise<Result>
}

/** A definition with its parameters' type closed over, so that one table can hold all of them. */
export interface OperatorMethod<Args extends readonly unknown[], Result> {
  readonly result: z.ZodType<Result>
  toParams(...args: Args): object
  /** Parses the parameters of a request into a call of the registry. */
  parse(params: unknown): z.ZodSafeParseResult<(registry: OperatorRegistry, actor: Actor) => Promise<Result>>
}

function method<Args extends readonly unknown[], Params extends object, Result>({
  params,
  result,
  toParams,
  call,
}: Definition<Args, Params, Result>): OperatorMethod<Args, Result> {
  const invocation = params.transform((value) => (registry: OperatorRegistry, actor: Actor) => call(registry, value, actor))
  return { result, toParams, parse: (value) => invocation.safeParse(value) }
}

const none = z.strictObject({})

const openReservations: z.ZodType<OpenReservations> = z.looseObject({
  count: z.number(),
  units: z.number(),
  oldest: z.array(
    z.looseObject({
      id: z.string(),
      units: z.number(),
      rateCost: z.number(),
      admittedAt: z.number(),
      idempotency: z.looseObject({ key: z.string(), fingerprint: z.string() }).exactOptional(),
      trace: z.string().exactOptional(),
      ids: z.array(z.string()).exactOptional(),
      weights: z.array(z.number()).exactOptional(),
      kinds: z.array(z.string()).exactOptional(),
    }),
  ),
  now: z.number(),
})

const health: z.ZodType<RegistryHealth> = z.looseObject({
  engine: z.string(),
  version: z.string(),
  aspects: z.array(
    z.looseObject({
      about: z.enum([
        'version',
        'eviction',
        'persistence',
        'file',
        'memory',
        'writes',
        'cluster',
        'access',
        'capacity',
        'protection',
      ]),
      what: z.string(),
      fix: z.string().exactOptional(),
      severe: z.boolean().exactOptional(),
    }),
  ),
})

/** Lambda answers with at most 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
const maxPageLength = 2_000_000

/** As many profiles of a page as an answer holds; at least one. */
function fittingPage(page: ProfilePage): ProfilePage {
  let length = 0
  const over = page.profiles.findIndex((one, at) => {
    length += JSON.stringify(one).length
    return at > 0 && length > maxPageLength
  })
  const last = page.profiles[over - 1]
  return over < 0 || last === undefined ? page : { profiles: page.profiles.slice(0, over), next: last.profile.customer.id }
}

const changed: z.ZodType<Changed> = z.looseObject({ done: z.boolean(), profile: profileSchema.exactOptional() })

/**
 * Every method that an operator can call over the network: how its arguments and its answer are written, and what it calls.
 * `remote/` and `runtime/admin/` are derived from this table. A method that is not in it cannot be called.
 *
 * A request cannot contain a whole document, an audit log entry or a reservation, because the function could not verify it.
 */
export const operatorMethods: { readonly [M in Method]: OperatorMethod<Calls[M]['args'], Calls[M]['result']> } = {
  now: method({
    params: none,
    result: z.number(),
    toParams: () => ({}),
    call: (registry) => registry.now(),
  }),
  usage: method({
    params: z.strictObject({ customer: customerId, environment }),
    result: z.looseObject({ usage: usageSchema, now: z.number() }),
    toParams: (...[customer, environment]: Calls['usage']['args']) => ({ customer, environment }),
    call: (registry, params) => registry.usage(params.customer, params.environment),
  }),
  counts: method({
    params: z
      .strictObject({ customer: customerId, environment, from: z.int().nonnegative(), until: z.int().nonnegative() })
      .refine(({ from, until }) => until - from <= maxCountsMs, { message: 'spans too much time', path: ['until'] }),
    result: z.array(hourCountsSchema),
    toParams: (...[customer, environment, from, until]: Calls['counts']['args']) => ({ customer, environment, from, until }),
    call: (registry, { customer, environment, from, until }) => registry.counts(customer, environment, from, until),
  }),
  open: method({
    params: z.strictObject({ customer: customerId, environment }),
    result: openReservations,
    toParams: (...[customer, environment]: Calls['open']['args']) => ({ customer, environment }),
    call: (registry, params) => registry.open(params.customer, params.environment),
  }),
  credential: method({
    params: z.strictObject({ customer: customerId, keyId }),
    result: credentialSchema.optional(),
    toParams: (...[customer, keyId]: Calls['credential']['args']) => ({ customer, keyId }),
    call: (registry, params) => registry.credential(params.customer, params.keyId),
  }),
  profile: method({
    params: z.strictObject({ customer: customerId }),
    result: z.looseObject({ profile: profileSchema, version: z.string() }).optional(),
    toParams: (...[customer]: Calls['profile']['args']) => ({ customer }),
    call: (registry, { customer }) => registry.profile(customer),
  }),
  profiles: method({
    params: z.strictObject({ after: customerId.exactOptional(), limit: z.int().min(1).max(maxProfilesPage) }),
    result: z.looseObject({
      profiles: z.array(z.looseObject({ profile: profileSchema, version: z.string() })),
      next: z.string().exactOptional(),
    }),
    toParams: (...[after, limit]: Calls['profiles']['args']) => ({ ...(after !== undefined && { after }), limit }),
    call: async (registry, { after, limit }) => fittingPage(await registry.profiles(after, limit)),
  }),
  customers: method({
    params: none,
    result: z.array(customerSchema),
    toParams: () => ({}),
    call: (registry) => registry.customers(),
  }),
  history: method({
    params: z.strictObject({
      customer: customerId.or(z.literal(allCustomers)).exactOptional(),
      most: z.int().min(1).max(10_000),
    }),
    result: z.array(historyEntrySchema),
    toParams: (...[customer, most]: Calls['history']['args']) => ({ ...(customer !== undefined && { customer }), most }),
    call: (registry, { customer, most }) => registry.history(customer, most),
  }),
  document: method({
    params: z.strictObject({ name: documentName }),
    result: z.looseObject({ text: z.string(), version: z.string() }).optional(),
    toParams: (...[name]: Calls['document']['args']) => ({ name }),
    call: (registry, { name }) => registry.document(name),
  }),
  // The caller is all that is added. What is done, and its text in the audit log, follow from the change.
  change: method({
    params: z.strictObject({ change }),
    result: changed,
    toParams: (...[change]: Calls['change']['args']) => ({ change }),
    call: (registry, params, actor) => registry.change(params.change, actor),
  }),
  health: method({
    params: none,
    result: health,
    toParams: () => ({}),
    call: (registry) => registry.health(),
  }),
}

export function isMethod(name: string): name is Method {
  return Object.hasOwn(operatorMethods, name)
}

/** Whether calling a method twice differs from calling it once. */
export function changesSomething(name: Method): boolean {
  return name === 'change'
}

/** An operator's registry that passes every call to `send`. */
export function operatorRegistry(
  address: string,
  send: <M extends Method>(name: M, args: Calls[M]['args']) => Promise<Calls[M]['result']>,
  close: () => Promise<void>,
): OperatorRegistry {
  return {
    address,
    now: (...args) => send('now', args),
    usage: (...args) => send('usage', args),
    counts: (...args) => send('counts', args),
    open: (...args) => send('open', args),
    credential: (...args) => send('credential', args),
    profile: (...args) => send('profile', args),
    profiles: (...args) => send('profiles', args),
    customers: (...args) => send('customers', args),
    history: (...args) => send('history', args),
    document: (...args) => send('document', args),
    change: (...args) => send('change', args),
    health: (...args) => send('health', args),
    close,
  }
}
