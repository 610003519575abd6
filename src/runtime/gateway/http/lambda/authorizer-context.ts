import { isIP } from 'node:net'
import { schemes } from '../../../../domain/credential.ts'
import { environments } from '../../../../domain/names.ts'
import { boundTo, type Caller } from '../caller.ts'
import type { HttpRequest } from '../http.ts'

/** What the gateway gets to know of the caller. API Gateway passes on texts only. */
export type AuthorizerContext = Readonly<Record<string, string>>

/**
 * The caller as the authorizer hands it to the gateway. `callerFrom` reads it back. `address` is for the access log only, where
 * API Gateway inserts it as it is: behind a load balancer, API Gateway itself sees the balancer's address.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
 */
export function contextOf(
  { customer, keyId, environment, scheme, nonce, expiresAt }: Caller,
  request: HttpRequest,
): AuthorizerContext {
  return {
    customer,
    keyId,
    environment,
    scheme,
    ...(isIP(request.address) !== 0 && { address: request.address }),
    ...(nonce !== undefined && { nonce: nonce.value, nonceMs: String(nonce.rememberMs), bound: boundTo(request) }),
    ...(expiresAt !== undefined && { expiresAt: String(expiresAt) }),
  }
}

/**
 * The caller that an authorizer proved. A cached answer brings the first call's nonce along, and `admit` takes a nonce
 * once, so caching can never let a signature pass twice.
 *
 * @returns `undefined` for a context that apigw's authorizer did not write
 */
export function callerFrom(context: Readonly<Record<string, unknown>> | undefined): Caller | undefined {
  const { customer, keyId, environment, scheme, nonce, nonceMs, bound, expiresAt } = context ?? {}
  const knownEnvironment = environments.find((known) => known === environment)
  const knownScheme = schemes.find((known) => known === scheme)
  if (typeof customer !== 'string' || typeof keyId !== 'string' || !knownEnvironment || !knownScheme) return undefined
  const remembered = Number(nonceMs)
  const isWhole = typeof nonce === 'string' && typeof bound === 'string' && Number.isSafeInteger(remembered)
  if (knownScheme === 'hmac' && !isWhole) return undefined
  // API Gateway may answer from its cache for longer than a token lives, so its expiry is included.
  const end = typeof expiresAt === 'string' && expiresAt !== '' ? Number(expiresAt) : Number.NaN
  if (knownScheme === 'jwt' && !Number.isSafeInteger(end)) return undefined
  return {
    customer,
    keyId,
    environment: knownEnvironment,
    scheme: knownScheme,
    ...(typeof nonce === 'string' && { nonce: { value: nonce, rememberMs: remembered } }),
    ...(typeof bound === 'string' && { bound }),
    ...(knownScheme === 'jwt' && { expiresAt: end }),
  }
}
