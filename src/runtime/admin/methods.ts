import * as z from 'zod'
import { Problem } from '../../domain/problem.ts'
import { type Calls, everyone, type HistoryEntry, type Method, type Registry } from '../../registry/index.ts'
import type { Caller } from './caller.ts'
import {
  admitRequest,
  customerId,
  documentName,
  documentText,
  entry,
  environment,
  keyId,
  outcome,
  profile,
  reservation,
  version,
} from './schemas.ts'

/** What a method needs beside what was sent. */
export interface Asking {
  readonly registry: Registry
  readonly caller: Caller
  readonly now: number
}

interface Served<M extends Method> {
  readonly params: z.ZodType<Calls[M]['params']>
  answer(asking: Asking, params: Calls[M]['params']): Promise<Calls[M]['result']>
}

/** A line of the audit log as the function signs for it: of what was sent it takes what was done, and nothing else. */
function line({ caller, now }: Asking, customer: string, what: string): HistoryEntry {
  return { at: now, who: caller.arn, from: caller.address, customer, what }
}

const none = z.strictObject({})

/** The closed list. What is not in it cannot be called. */
const methods: { readonly [M in Method]: Served<M> } = {
  admit: {
    params: z.strictObject({ request: admitRequest }),
    answer: ({ registry }, { request }) => registry.admit(request),
  },
  settle: {
    params: z.strictObject({ reservation, outcome }),
    answer: ({ registry }, params) => registry.settle(params.reservation, params.outcome),
  },
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
  save: {
    params: z.strictObject({ profile, expected: version.exactOptional(), entry }),
    answer: (asking, params) => {
      const { id } = params.profile.customer
      return asking.registry.save(params.profile, params.expected, line(asking, id, params.entry.what))
    },
  },
  remove: {
    params: z.strictObject({ customer: customerId, expected: version, entry }),
    answer: (asking, { customer, expected, entry }) =>
      asking.registry.remove(customer, expected, line(asking, customer, entry.what)),
  },
  history: {
    params: z.strictObject({ customer: customerId.or(z.literal(everyone)).exactOptional(), most: z.int().min(1).max(10_000) }),
    answer: ({ registry }, { customer, most }) => registry.history(customer, most),
  },
  document: {
    params: z.strictObject({ name: documentName }),
    answer: ({ registry }, { name }) => registry.document(name),
  },
  saveDocument: {
    params: z.strictObject({
      name: documentName,
      text: documentText,
      expected: version.exactOptional(),
      entry: entry.exactOptional(),
    }),
    // Gateways write without a line, as they make signing keys. Whoever writes by this way is a person or a pipeline.
    answer: (asking, { name, text, expected, entry }) =>
      asking.registry.saveDocument(name, text, expected, line(asking, everyone, entry?.what ?? `document ${name} written`)),
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
    next: 'bring command and function to the same version: apigw deploy admin',
    errors,
  })
}

/** @throws Problem `invalid-request`, and what the registry throws */
export async function call<M extends Method>(method: M, value: unknown, asking: Asking): Promise<Calls[M]['result']> {
  const { params, answer } = methods[method]
  return answer(asking, checked(params, value))
}
