import type { Problem } from '../../domain/problem.ts'

/** A request in the gateway's own terms; adapters make it from node:http or from a Lambda event. */
export interface HttpRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** Names in lower case. A header that came more than once has all its values. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
  /** The caller's address as text. */
  readonly address: string
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** The only value of a header, `undefined` if it did not come, `null` if it came more than once. */
export function single(request: HttpRequest, name: string): string | undefined | null {
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

/** A problem as RFC 9457 has it. */
export function problemResponse(problem: Problem, requestId: string, headers: Record<string, string> = {}): HttpResponse {
  const { code, status, title, message: detail, retryable, errors } = problem
  const body = { type: typeOf(code), title, status, detail, code, retryable, requestId, ...(errors !== undefined && { errors }) }
  const extra: Record<string, string> = { 'content-type': 'application/problem+json', 'x-request-id': requestId, ...headers }
  if (problem.retryAfterMs !== undefined) extra['retry-after'] = String(Math.max(1, Math.ceil(problem.retryAfterMs / 1000)))
  if (status === 401) extra['www-authenticate'] = 'Basic realm="apigw", charset="UTF-8"'
  return jsonText(status, JSON.stringify(body), extra)
}
