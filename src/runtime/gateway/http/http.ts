import { apiProblem, type Problem, type ProblemCode } from '../../../domain/problem.ts'
import type { Caller } from './caller.ts'

/** A request in the gateway's own terms; adapters make it from node:http or from a Lambda event. */
export interface HttpRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** Names in lower case. A header that came more than once has all its values. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
  /** Scheme and host as the client addressed them, as far as the adapter can tell. */
  readonly origin: string
  /** The caller's address as text. */
  readonly address: string
  /** Who calls, where an API Gateway authorizer in front has proved it. */
  readonly proven?: Caller
  /** Fires when the client left or the time of the call is over. Absent: the adapter does not know. */
  readonly signal?: AbortSignal
  /** The call only waits from here on: it no longer counts as under way. */
  readonly resting?: () => void
}

/** A request as an adapter hands it over: its body may still be on its way. */
export interface ArrivingRequest extends Omit<HttpRequest, 'body'> {
  /**
   * The body, or what reads it. It is read once it is proved who calls.
   * @param customer the one who sends it
   * @throws Problem `body-too-large`, `request-timeout`, `client-closed`, `overloaded`
   */
  readonly body: Uint8Array | ((customer: string) => Promise<Uint8Array>)
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
  /** The problem's code, for the log. Absent: the call succeeded. */
  readonly code?: string
  /** Cut the connection instead of answering: a number of the test environment asks for it. */
  readonly cut?: true
}

/** What a transport serves. */
export interface Gateway {
  handle(request: ArrivingRequest): Promise<HttpResponse>
  /** Longest body in bytes that is read for this call. */
  maxBodyBytes(method: string, target: string): number
  /** From now on `/readyz` says no, so that the load balancer looks elsewhere. */
  drain(): void
}

/** The only value of a header, `undefined` if it did not come, `null` if it came more than once. */
export function single(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined | null {
  const values = request.headers.get(name)
  if (values === undefined) return undefined
  return values.length === 1 ? values[0] : null
}

const jsonType = 'application/json; charset=utf-8'

export function json(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  return jsonText(status, JSON.stringify(body), headers)
}

/** Like `json`, for a body that is JSON already. */
export function jsonText(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return { status, headers: { 'content-type': jsonType, 'cache-control': 'no-store', ...headers }, body }
}

/** Where the codes are explained. A URN, because the pages live wherever the operator publishes them. */
function typeOf(code: string): string {
  return `urn:apigw:problem:${code}`
}

const basicChallenge = 'Basic realm="apigw", charset="UTF-8"'
const acceptSignature = 'sig=("@method" "@target-uri" "content-digest");created;nonce;keyid;alg="hmac-sha256"'

/**
 * What a 401 offers (RFC 9110, section 11.6.1). A token that failed gets the reason that RFC 6750 has for it; HTTP
 * Message Signatures are not an authentication scheme. A separate header requests them (RFC 9421, section 5.1).
 */
function challenge(code: ProblemCode): Record<string, string> {
  if (code.startsWith('token-')) return { 'www-authenticate': 'Bearer realm="apigw", error="invalid_token"' }
  const signed =
    code.startsWith('signature-') || code === 'digest-mismatch' || code === 'nonce-reused' || code === 'credentials-missing'
  return {
    'www-authenticate': `${basicChallenge}, Bearer realm="apigw"`,
    ...(signed && { 'accept-signature': acceptSignature }),
  }
}

/** A problem as a response (RFC 9457). */
export function problemResponse(problem: Problem, requestId: string, headers: Record<string, string> = {}): HttpResponse {
  const { code, status, title, message: detail, retryable, errors, extensions } = apiProblem(problem)
  const body = {
    type: typeOf(code),
    title,
    status,
    detail,
    code,
    retryable,
    requestId,
    ...(errors !== undefined && { errors }),
    ...extensions,
  }
  const extra: Record<string, string> = { 'content-type': 'application/problem+json', 'x-request-id': requestId, ...headers }
  if (problem.retryAfterMs !== undefined) extra['retry-after'] = String(Math.max(1, Math.ceil(problem.retryAfterMs / 1000)))
  if (status === 401) Object.assign(extra, challenge(code))
  return { ...jsonText(status, JSON.stringify(body), extra), code }
}
