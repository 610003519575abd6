import type { Environment } from '../../../domain/names.ts'
import { Problem } from '../../../domain/problem.ts'
import type { Caller } from '../http/caller.ts'
import type { HttpRequest } from '../http/http.ts'
import { type AuthorizerContext, contextOf } from '../http/lambda/authorizer-context.ts'
import type { Authenticate } from './authenticate.ts'

/** REST API, `TOKEN`: one header and nothing else is known. */
interface TokenEvent {
  readonly type: 'TOKEN'
  readonly authorizationToken?: string
  readonly methodArn: string
}

/** REST API, `REQUEST`; an HTTP API with payload 1.0 sends the same. */
interface RequestEvent {
  readonly type: 'REQUEST'
  readonly version?: '1.0'
  readonly methodArn: string
  readonly httpMethod?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | undefined>> | null
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[] | undefined>> | null
  readonly requestContext?: {
    readonly domainName?: string
    readonly path?: string
    readonly identity?: { readonly sourceIp?: string }
  }
}

/** HTTP API, payload 2.0. */
interface HttpApiEvent {
  readonly version: '2.0'
  readonly type: 'REQUEST'
  readonly routeArn: string
  readonly rawPath?: string
  readonly rawQueryString?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly requestContext?: {
    readonly domainName?: string
    readonly http?: { readonly method?: string; readonly path?: string; readonly sourceIp?: string }
  }
}

export type AuthorizerEvent = TokenEvent | RequestEvent | HttpApiEvent

interface Statement {
  readonly Action: 'execute-api:Invoke'
  readonly Effect: 'Allow' | 'Deny'
  readonly Resource: readonly string[]
}

export interface PolicyResult {
  readonly principalId: string
  readonly policyDocument: { readonly Version: '2012-10-17'; readonly Statement: readonly Statement[] }
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
  /** The HTTP API's "simple" response format instead of a policy. */
  readonly simple?: boolean
}

/** API Gateway turns exactly this error into a 401; any other is a 500. It is not cached. */
function unauthorized(): Error {
  return new Error('Unauthorized')
}

function headersFrom(event: RequestEvent | HttpApiEvent): Map<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>()
  const multi = 'multiValueHeaders' in event ? event.multiValueHeaders : undefined
  if (multi) {
    for (const [name, values] of Object.entries(multi)) if (values !== undefined) headers.set(name.toLowerCase(), values)
    return headers
  }
  for (const [name, value] of Object.entries(event.headers ?? {}))
    if (value !== undefined) headers.set(name.toLowerCase(), [value])
  return headers
}

/** REST API takes the query apart; it is put together in the order in which it came, encoded as clients encode it. */
function queryOf(event: RequestEvent): string {
  const pairs = Object.entries(event.multiValueQueryStringParameters ?? {}).flatMap(([name, values = []]) =>
    values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

interface Seen {
  readonly request: HttpRequest
  /** `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE` */
  readonly stageArn: string
}

const noBody = new Uint8Array(0)

function stageOf(arn: string): string {
  return arn.split('/').slice(0, 2).join('/')
}

function seenIn(event: AuthorizerEvent, publicOrigin: string | undefined): Seen {
  if (event.type === 'TOKEN') {
    const headers = new Map(event.authorizationToken === undefined ? [] : [['authorization', [event.authorizationToken]]])
    const [, , method = '', ...path] = event.methodArn.split('/')
    const request = { method, target: `/${path.join('/')}`, headers, body: noBody, origin: publicOrigin ?? '', address: '' }
    return { request, stageArn: stageOf(event.methodArn) }
  }
  const headers = headersFrom(event)
  const origin = publicOrigin ?? `https://${event.requestContext?.domainName ?? headers.get('host')?.[0] ?? ''}`
  if (event.version === '2.0') {
    const { method = '', sourceIp = '', path = '' } = event.requestContext?.http ?? {}
    const query = event.rawQueryString ? `?${event.rawQueryString}` : ''
    const request = { method, target: `${event.rawPath ?? path}${query}`, headers, body: noBody, origin, address: sourceIp }
    return { request, stageArn: stageOf(event.routeArn) }
  }
  const target = `${event.path ?? ''}${queryOf(event)}`
  const address = event.requestContext?.identity?.sourceIp ?? ''
  const request = { method: event.httpMethod ?? '', target, headers, body: noBody, origin, address }
  return { request, stageArn: stageOf(event.methodArn) }
}

/**
 * What a key may call: everything of its environment, whatever the call that was looked at. API Gateway caches the
 * policy and holds later calls against it, so a policy for one method would refuse the next one
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization-with-console.html).
 */
function statementsFor(environment: Environment, stageArn: string): Statement[] {
  const test = [`${stageArn}/*/test/*`]
  if (environment === 'test') return [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: test }]
  return [
    { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [`${stageArn}/*/v*`] },
    { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: test },
  ]
}

/**
 * An API Gateway Lambda authorizer. It proves who calls, and no more: whether the key is revoked or the quota used up
 * changes by the second and is asked by the gateway for each call, so that a cached policy is never wrong about it.
 * A signature's `Content-Digest` is held against the body by the gateway too, because here no body is visible.
 *
 * Signed calls need a cache key that holds `Signature` (or no cache), because API Gateway answers 401 by itself where an
 * identity source is missing.
 */
export function createAuthorizer(options: AuthorizerOptions): (event: AuthorizerEvent) => Promise<PolicyResult | SimpleResult> {
  return async (event) => {
    const { request, stageArn } = seenIn(event, options.publicOrigin)
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
