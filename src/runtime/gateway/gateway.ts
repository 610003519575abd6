import type { Admission } from '../../domain/admission.ts'
import { randomId } from '../../domain/ids.ts'
import type { Environment } from '../../domain/names.ts'
import { Problem, type ProblemCode, problemTable } from '../../domain/problem.ts'
import type { Registry } from '../../registry/index.ts'
import type { Queue } from '../ports/index.ts'
import { authenticator } from './authenticate.ts'
import type { Call, Endpoint } from './endpoint.ts'
import type { Mounted } from './endpoints.ts'
import { type HttpRequest, type HttpResponse, json, problemResponse } from './http.ts'
import { rateLimitHeaders, standings } from './rate-limit-headers.ts'

/** What happened to one call, for logs and counters. It holds no secret and no message. */
export interface Observation {
  readonly requestId: string
  readonly method: string
  /** The endpoint's path, or `unknown`: what a caller made up does not belong in a log. */
  readonly path: string
  readonly status: number
  readonly code?: string
  readonly customer?: string
  readonly milliseconds: number
  /** What was thrown where it was a bug. */
  readonly error?: unknown
}

export interface GatewayParts {
  readonly registry: Registry
  readonly queue: Queue
  readonly endpoints: readonly Mounted[]
  readonly observe?: (observation: Observation) => void
  readonly now?: () => number
}

export interface Gateway {
  handle(request: HttpRequest): Promise<HttpResponse>
  /** From now on `/readyz` says no, so that the load balancer looks elsewhere. */
  drain(): void
}

const testPrefix = '/test'

/** The sentence for a refusal. Its title says what; this adds why, where there is more to say. */
function refusalDetail(reason: ProblemCode, environment: Environment): string {
  switch (reason) {
    case 'environment-mismatch':
      return environment === 'live'
        ? 'This is a key of the test environment: call /test/ with it.'
        : 'This is a live key: call without /test.'
    case 'rate-exceeded':
    case 'day-quota-exceeded':
    case 'month-quota-exceeded':
      return 'Nothing was taken for this call. RateLimit and Retry-After say when the next one may pass.'
    case 'idempotency-in-progress':
      return 'The first call with this key has not been answered yet. The same call may be made again later.'
    case 'credentials-invalid':
      return 'No key fits these credentials.'
    default:
      return `${problemTable[reason].title}.`
  }
}

/** The gateway without any transport: a request in, a response out. It never throws. */
export function createGateway(parts: GatewayParts): Gateway {
  const { registry, queue, observe, now = Date.now } = parts
  const authenticate = authenticator(registry, now)
  const paths = new Map<string, Map<string, Endpoint>>()
  for (const { path, endpoint } of parts.endpoints) {
    const methods = paths.get(path) ?? new Map<string, Endpoint>()
    if (methods.has(endpoint.method)) throw new Error(`two endpoints answer ${endpoint.method} ${path}`)
    paths.set(path, methods.set(endpoint.method, endpoint))
  }
  let draining = false

  function refuse(requestId: string, environment: Environment, admission: Extract<Admission, { kind: 'refused' }>): HttpResponse {
    const { reason, retryAfterMs, remaining, windows, now: at } = admission
    const problem = new Problem(reason, refusalDetail(reason, environment), retryAfterMs === undefined ? {} : { retryAfterMs })
    const limits = remaining === undefined || windows === undefined ? {} : rateLimitHeaders(standings(remaining, windows, at), at)
    return problemResponse(problem, requestId, limits)
  }

  async function health(path: string): Promise<HttpResponse | undefined> {
    if (path === '/healthz') return json(200, { status: 'ok' })
    if (path !== '/readyz') return undefined
    if (draining) throw new Problem('shutting-down', 'This gateway takes no new calls.', { retryAfterMs: 1000 })
    await registry.usage('readyz', 'live')
    return json(200, { status: 'ready' })
  }

  async function answer(request: HttpRequest, seen: Seen): Promise<HttpResponse> {
    const full = request.target.split('?', 1)[0] ?? ''
    const test = full.startsWith(`${testPrefix}/`)
    const path = test ? full.slice(testPrefix.length) : full
    const methods = paths.get(path)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (methods === undefined) {
      const healthy = method === 'GET' ? await health(path) : undefined
      if (healthy === undefined) throw new Problem('not-found', 'There is no endpoint at this path.')
      seen.path = path
      return healthy
    }
    seen.path = full
    const endpoint = methods.get(method)
    if (endpoint === undefined) {
      const allow = [...methods.keys()].join(', ')
      const problem = new Problem('method-not-allowed', `This path takes ${allow}.`)
      return problemResponse(problem, seen.requestId, { allow })
    }
    const caller = await authenticate(request)
    seen.customer = caller.customer
    const environment = test ? 'test' : 'live'
    const { requestId } = seen
    const call: Call = {
      request,
      requestId,
      path: full,
      environment,
      caller,
      registry,
      queue,
      now,
      refuse: (admission) => refuse(requestId, environment, admission),
    }
    return endpoint.run(call)
  }

  return {
    drain: () => {
      draining = true
    },
    handle: async (request) => {
      const started = performance.now()
      const seen: Seen = { requestId: randomId(), path: 'unknown' }
      let response: HttpResponse
      let error: unknown
      try {
        response = await answer(request, seen)
      } catch (thrown) {
        if (!(thrown instanceof Problem)) error = thrown
        const problem =
          thrown instanceof Problem
            ? thrown
            : new Problem('internal-error', 'This is a fault of ours. The request id helps us find it.')
        response = problemResponse(outward(problem), seen.requestId)
      }
      observe?.({
        ...seen,
        method: request.method,
        status: response.status,
        milliseconds: performance.now() - started,
        ...(response.status >= 400 && { code: codeOf(response) }),
        ...(error !== undefined && { error }),
      })
      response.headers['x-request-id'] = seen.requestId
      return response
    },
  }
}

interface Seen {
  readonly requestId: string
  path: string
  customer?: string
}

/** What stands behind the gateway is not the caller's business: addresses and causes stay inside. */
function outward(problem: Problem): Problem {
  if (problem.code !== 'registry-unavailable' && problem.code !== 'registry-corrupt') return problem
  return new Problem('registry-unavailable', 'No message was sent.', { retryAfterMs: 1000, cause: problem })
}

function codeOf(response: HttpResponse): string {
  const body: { code?: unknown } = JSON.parse(response.body)
  return String(body.code)
}
