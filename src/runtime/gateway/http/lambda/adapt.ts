import { forwardedFor } from '../../../../domain/address.ts'
import type { HttpRequest, HttpResponse } from '../http.ts'
import { callerFrom } from './authorizer-context.ts'
import {
  type AlbEvent,
  type GatewayEvent,
  type HttpApiEvent,
  isAlb,
  isHttpApi,
  type MultiValues,
  type RestEvent,
  type SingleValues,
} from './events.ts'

export interface AdaptOptions {
  /**
   * The number of your own proxies in front of the caller of the function. With n, the n-th address from the right of
   * X-Forwarded-For is the caller's. An ALB that calls the function itself is not counted: it wrote the last one.
   */
  readonly trustedProxies: number
}

/** What a front wants back. */
export interface LambdaResponse {
  readonly statusCode: number
  readonly statusDescription?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly isBase64Encoded: false
}

function headersFrom(single: SingleValues | undefined, multi: MultiValues | undefined): Map<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>()
  if (multi) {
    for (const [name, values] of Object.entries(multi)) if (values) headers.set(name.toLowerCase(), values)
    return headers
  }
  for (const [name, value] of Object.entries(single ?? {})) if (value !== undefined) headers.set(name.toLowerCase(), [value])
  return headers
}

function query(single: SingleValues | undefined, multi: MultiValues | undefined, encode: (text: string) => string): string {
  const pairs = multi
    ? Object.entries(multi).flatMap(([name, values = []]) => values.map((value) => [name, value]))
    : Object.entries(single ?? {}).map(([name, value = '']) => [name, value])
  if (pairs.length === 0) return ''
  return `?${pairs.map(([name = '', value = '']) => `${encode(name)}=${encode(value)}`).join('&')}`
}

function bodyOf({ body, isBase64Encoded }: GatewayEvent): Uint8Array {
  return Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8')
}

/** @param last who called the front; it counts as the last proxy where the front did not write it down itself */
function forwarded(headers: ReadonlyMap<string, readonly string[]>, place: number, last?: string): string | undefined {
  return forwardedFor(headers.get('x-forwarded-for') ?? [], place, last)
}

function originOf(headers: ReadonlyMap<string, readonly string[]>, domain: string | undefined): string {
  const protocol = headers.get('x-forwarded-proto')?.at(-1) === 'http' ? 'http' : 'https'
  return `${protocol}://${headers.get('host')?.[0] ?? domain ?? ''}`
}

function fromHttpApi(event: HttpApiEvent, { trustedProxies }: AdaptOptions): HttpRequest {
  const { http, stage, domainName, authorizer } = event.requestContext
  const headers = headersFrom(event.headers, undefined)
  // A stage other than $default is part of the path, but not of the endpoint's path.
  const prefix = stage === undefined || stage === '$default' ? '' : `/${stage}`
  const path = prefix !== '' && event.rawPath.startsWith(`${prefix}/`) ? event.rawPath.slice(prefix.length) : event.rawPath
  const proven = callerFrom(authorizer?.lambda ?? undefined)
  return {
    method: http.method,
    target: `${path}${event.rawQueryString ? `?${event.rawQueryString}` : ''}`,
    headers,
    body: bodyOf(event),
    origin: originOf(headers, domainName),
    address: (trustedProxies > 0 ? forwarded(headers, trustedProxies) : undefined) ?? http.sourceIp ?? '',
    ...(proven !== undefined && { proven }),
  }
}

/**
 * An API that callers reach without a proxy says so by the stage variable `trustedProxies`, for functions that also serve one behind a
 * balancer. API Gateway appends the caller's address to an `X-Forwarded-For` of the caller's own, so the number has to be that of the
 * API that was called (https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html).
 */
function proxiesBefore({ stageVariables }: RestEvent, { trustedProxies }: AdaptOptions): number {
  return stageVariables?.trustedProxies === '0' ? 0 : trustedProxies
}

function fromRest(event: RestEvent, options: AdaptOptions): HttpRequest {
  const trustedProxies = proxiesBefore(event, options)
  const { domainName, identity, authorizer } = event.requestContext
  const headers = headersFrom(event.headers, event.multiValueHeaders)
  const proven = callerFrom(authorizer ?? undefined)
  return {
    method: event.httpMethod,
    // The query comes decoded. A signature holds for the encoding of RFC 3986, which is what it is put together with;
    // a client that signs another encoding of the same query has to send it so that this one comes out.
    target: `${event.path}${query(undefined, event.multiValueQueryStringParameters, encodeURIComponent)}`,
    headers,
    body: bodyOf(event),
    origin: originOf(headers, domainName),
    // Behind a balancer API Gateway sees the balancer's address. If it did not stand in the header, the place before it would
    // be one that callers write themselves, and an IP allow-list would believe them.
    address:
      (trustedProxies > 0 ? forwarded(headers, trustedProxies, identity?.sourceIp) : undefined) ?? identity?.sourceIp ?? '',
    ...(proven !== undefined && { proven }),
  }
}

function fromAlb(event: AlbEvent, { trustedProxies }: AdaptOptions): HttpRequest {
  const headers = headersFrom(event.headers, event.multiValueHeaders)
  const asSent = query(event.queryStringParameters, event.multiValueQueryStringParameters, (text) => text)
  return {
    method: event.httpMethod,
    target: `${event.path}${asSent}`,
    headers,
    body: bodyOf(event),
    origin: originOf(headers, undefined),
    address: forwarded(headers, trustedProxies + 1) ?? '',
  }
}

/** A front's event as a request of the gateway. */
export function requestFrom(event: GatewayEvent, options: AdaptOptions): HttpRequest {
  if (isHttpApi(event)) return fromHttpApi(event, options)
  return isAlb(event) ? fromAlb(event, options) : fromRest(event, options)
}

/** The gateway's answer as the front that sent the event wants it. */
export function responseFor(event: GatewayEvent, { status, headers, body }: HttpResponse): LambdaResponse {
  const answer = { statusCode: status, body, isBase64Encoded: false } as const
  if (!isAlb(event)) return { ...answer, headers }
  const described = { ...answer, statusDescription: String(status) }
  // An ALB that sends several values of a header takes no other form back.
  if (!event.multiValueHeaders) return { ...described, headers }
  return { ...described, multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])) }
}
