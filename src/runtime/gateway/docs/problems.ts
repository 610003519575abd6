import { type ApiProblemCode, problemTable } from '../../../domain/problem.ts'
import type { Endpoint } from '../versions/endpoint.ts'

/** Codes that stay with the operator: the gateway answers `registry-unavailable` instead, or the caller is gone. */
const operatorCodes = ['registry-corrupt', 'master-key-missing', 'client-closed'] as const satisfies readonly ApiProblemCode[]

/** A code that a customer can meet. */
export type CustomerCode = Exclude<ApiProblemCode, (typeof operatorCodes)[number]>

function isCustomerCode(code: string): code is CustomerCode {
  return problemTable[code as ApiProblemCode]?.status !== undefined && !operatorCodes.some((hidden) => hidden === code)
}

/** Every code that a customer can meet, in the order of the table. */
export const customerCodes: readonly CustomerCode[] = Object.keys(problemTable).filter(isCustomerCode)

/** What a wrong address answers. No call that exists can. */
export const wrongAddress: readonly CustomerCode[] = ['not-found', 'method-not-allowed']

/** What every call can answer, whatever it does. */
export const everyCall: readonly CustomerCode[] = [
  'malformed-request',
  'request-timeout',
  'expectation-failed',
  'headers-too-large',
  'body-too-large',
  'registry-unavailable',
  'registry-frozen',
  'gateway-unavailable',
  'overloaded',
  'shutting-down',
  'internal-error',
]

/** What signing in can answer. */
export const signingIn: readonly CustomerCode[] = [
  'credentials-missing',
  'credentials-invalid',
  'nonce-reused',
  'signature-invalid',
  'signature-incomplete',
  'signature-expired',
  'digest-mismatch',
  'token-invalid',
  'token-expired',
  'key-revoked',
  'key-expired',
  'key-not-yet-valid',
  'customer-suspended',
  'environment-mismatch',
  'ip-not-allowed',
]

const idempotency: readonly CustomerCode[] = ['invalid-idempotency-key', 'idempotency-in-progress', 'idempotency-key-reused']

/** The codes that belong to this call: those of its input, of its kind, and its own. */
export function ownCodes({ description, kind }: Endpoint): readonly CustomerCode[] {
  const { body, bodyType, query, idempotent, problems = [] } = description
  const json: readonly CustomerCode[] = ['invalid-body', 'invalid-request', 'unsupported-media-type']
  const codes = new Set<string>([
    ...(body !== undefined && bodyType === undefined ? json : []),
    ...(query !== undefined ? ['invalid-request'] : []),
    ...(idempotent ? idempotency : []),
    ...(kind !== undefined ? ['read-rate-exceeded'] : []),
    ...problems,
  ])
  return customerCodes.filter((code) => codes.has(code))
}

/** Every code that a call can answer with. */
export function codesOf(endpoint: Endpoint): readonly CustomerCode[] {
  const all = new Set<string>([...everyCall, ...signingIn, ...ownCodes(endpoint)])
  return customerCodes.filter((code) => all.has(code))
}
