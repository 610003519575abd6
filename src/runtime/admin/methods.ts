import * as z from 'zod'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { allCustomers, type Calls, type Method, type OperatorRegistry } from '../../registry/index.ts'
import type { Caller } from './caller.ts'
import { change, customerId, documentName, environment, keyId } from './schemas.ts'

/** What a method needs beside what was sent. */
export interface Asking {
  readonly registry: OperatorRegistry
  readonly caller: Caller
}

interface Served<M extends Method> {
  readonly params: z.ZodType<Calls[M]['params']>
  answer(asking: Asking, params: Calls[M]['params']): Promise<Calls[M]['result']>
}

const none = z.strictObject({})

/** The closed list. What is not in it cannot be called. */
const methods: { readonly [M in Method]: Served<M> } = {
  usage: {
    params: z.strictObject({ customer: customerId, environment }),
    answer: ({ registry }, params) => registry.usage(params.customer, params.environment),
  },
  open: {
    params: z.strictObject({ customer: customerId, environment }),
    answer: ({ registry }, params) => registry.open(params.customer, params.environment),
  },
  credential: {
    params: z.strictObject({ customer: customerId, keyId }),
    answer: ({ registry }, params) => registry.credential(params.customer, params.keyId),
  },
  profile: {
    params: z.strictObject({ customer: customerId }),
    answer: ({ registry }, { customer }) => registry.profile(customer),
  },
  customers: { params: none, answer: ({ registry }) => registry.customers() },
  history: {
    params: z.strictObject({
      customer: customerId.or(z.literal(allCustomers)).exactOptional(),
      most: z.int().min(1).max(10_000),
    }),
    answer: ({ registry }, { customer, most }) => registry.history(customer, most),
  },
  document: {
    params: z.strictObject({ name: documentName }),
    answer: ({ registry }, { name }) => registry.document(name),
  },
  // Who is asking is all that is added: what is done, and how it is called in the audit log, follows from the change.
  change: {
    params: z.strictObject({ change }),
    answer: ({ registry, caller }, params) => registry.change(params.change, { who: caller.arn, from: caller.address }),
  },
  health: { params: none, answer: ({ registry }) => registry.health() },
}

export function isMethod(name: string): name is Method {
  return Object.hasOwn(methods, name)
}

function checked<P>(params: z.ZodType<P>, value: unknown): P {
  const read = params.safeParse(value)
  if (read.success) return read.data
  const errors = read.error.issues
    .slice(0, 20)
    .map(({ path, message }) => ({ pointer: `/params/${path.join('/')}`, detail: message }))
  const [first] = errors
  throw new Problem('invalid-request', `The function does not take ${first?.pointer}: ${first?.detail}.`, {
    next: step`bring command and function to the same version: ${apigw('deploy', 'admin')}`,
    errors,
  })
}

/** @throws Problem `invalid-request`, and what the registry throws */
export async function call<M extends Method>(method: M, value: unknown, asking: Asking): Promise<Calls[M]['result']> {
  const { params, answer } = methods[method]
  return answer(asking, checked(params, value))
}
