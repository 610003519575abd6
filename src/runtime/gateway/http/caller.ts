import { hash } from 'node:crypto'
import type { Nonce } from '../../../domain/admission.ts'
import type { Scheme } from '../../../domain/credential.ts'
import type { Environment } from '../../../domain/names.ts'
import type { HttpRequest } from './http.ts'

/** Who calls, proven. Whether they still may is decided by `admit`, for every call. */
export interface Caller {
  readonly customer: string
  readonly keyId: string
  readonly environment: Environment
  readonly scheme: Scheme
  /** Of a signed call: `admit` takes it once. */
  readonly nonce?: Nonce
  /** Of a signed call that an authorizer proved: a digest of what was signed, as `boundTo` makes it. */
  readonly bound?: string
  /** Of a bearer token: when it expires by the registry's clock, in milliseconds since 1970. `admit` checks it. */
  readonly expiresAt?: number
}

/**
 * A digest of what a signature covered. API Gateway may answer a later call from its cache, and that call must be the
 * very one whose signature was checked.
 */
export function boundTo(request: Pick<HttpRequest, 'method' | 'target' | 'headers'>): string {
  const digest = request.headers.get('content-digest') ?? []
  return hash('sha256', JSON.stringify([request.method, request.target, digest]), 'base64url')
}
