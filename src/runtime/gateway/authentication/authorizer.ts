import type { Environment } from '../../../domain/names.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Caller } from '../http/caller.ts'
import type { HttpRequest } from '../http/http.ts'
import { requestFrom } from '../http/lambda/adapt.ts'
import { type AuthorizerContext, contextOf } from '../http/lambda/authorizer-context.ts'
import { type AuthorizerEvent, authorizerEvent } from '../http/lambda/events.ts'
import type { Authenticate } from './authenticate.ts'

interface PolicyStatement {
  readonly Action: 'execute-api:Invoke'
  readonly Effect: 'Allow' | 'Deny'
  readonly Resource: readonly string[]
}

export interface PolicyResult {
  readonly principalId: string
  readonly policyDocument: { readonly Version: '2012-10-17'; readonly Statement: readonly PolicyStatement[] }
  readonly context: AuthorizerContext
}

export interface SimpleResult {
  readonly isAuthorized: boolean
  readonly context: AuthorizerContext
}

interface AuthorizerOptions {
  readonly authenticate: Authenticate
  /** `https://api.example.com`: what clients sign, where it is not the domain that API Gateway sees. */
  readonly publicOrigin?: string | undefined
  /** The number of your own proxies in front of the function, for the address in the access log. See `AdaptOptions`. */
  readonly trustedProxies?: number
  /** The HTTP API's "simple" response format instead of a policy. */
  readonly simple?: boolean
}

/** API Gateway turns exactly this error into a 401; any other is a 500. It is not cached. */
function unauthorized(): Error {
  return new Error('Unauthorized')
}

interface AuthorizedRequest {
  readonly request: HttpRequest
  /** `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE` */
  readonly stageArn: string
}

const emptyBody = new Uint8Array(0)

function stageOf(arn: string): string {
  return arn.split('/').slice(0, 2).join('/')
}

function requestOf(event: AuthorizerEvent, { publicOrigin, trustedProxies = 0 }: AuthorizerOptions): AuthorizedRequest {
  if ('type' in event) {
    const headers = new Map(event.authorizationToken === undefined ? [] : [['authorization', [event.authorizationToken]]])
    const [, , method = '', ...path] = event.methodArn.split('/')
    const request = { method, target: `/${path.join('/')}`, headers, body: emptyBody, origin: publicOrigin ?? '', address: '' }
    return { request, stageArn: stageOf(event.methodArn) }
  }
  const request = requestFrom(event, { trustedProxies })
  const stageArn = stageOf('routeArn' in event ? event.routeArn : event.methodArn)
  return { request: { ...request, origin: publicOrigin ?? request.origin }, stageArn }
}

/**
 * What a key may call: everything of its environment, whatever the call that was looked at. API Gateway caches the
 * policy and applies it to later calls, so a policy for one method would refuse the next one
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization-with-console.html).
 */
function statementsFor(environment: Environment, stageArn: string): PolicyStatement[] {
  const test = [`${stageArn}/*/test/*`]
  if (environment === 'test') return [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: test }]
  return [
    { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [`${stageArn}/*/v*`] },
    { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: test },
  ]
}

/**
 * An API Gateway Lambda authorizer. It only authenticates: whether the key is revoked or the quota used up
 * changes by the second and is asked by the gateway for each call, so that a cached policy is never wrong about it.
 * The gateway compares a signature's `Content-Digest` with the body, because an authorizer does not get the body.
 *
 * Signed calls need a cache key that holds `Signature` (or no cache), because API Gateway answers 401 by itself where an
 * identity source is missing.
 */
export function createAuthorizer(options: AuthorizerOptions): (event: unknown) => Promise<PolicyResult | SimpleResult> {
  return async (value) => {
    const { request, stageArn } = requestOf(authorizerEvent(value), options)
    const environment = request.target.startsWith('/test/') ? 'test' : 'live'
    let caller: Caller
    try {
      caller = await options.authenticate(request, { environment, origin: request.origin, purpose: 'call', bodyVisible: false })
    } catch (error) {
      if (error instanceof Problem && error.status === 401) throw unauthorized()
      throw error
    }
    const context = contextOf(caller, request)
    if (options.simple) return { isAuthorized: caller.environment === environment, context }
    const policyDocument = { Version: '2012-10-17', Statement: statementsFor(caller.environment, stageArn) } as const
    return { principalId: `${caller.customer}:${caller.keyId}`, policyDocument, context }
  }
}
