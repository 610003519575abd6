import { addressKey } from '../../domain/address.ts'
import type { Admission } from '../../domain/admission.ts'
import type { Charset } from '../../domain/euc-kr.ts'
import { randomId } from '../../domain/ids.ts'
import type { Environment } from '../../domain/names.ts'
import { apiProblem, Problem } from '../../domain/problem.ts'
import { recipientKeys } from '../../domain/recipient-hash.ts'
import type { MasterKeys } from '../../domain/seal.ts'
import { digestMatches } from '../../domain/signature.ts'
import type { Registry } from '../../registry/index.ts'
import type { Ledger, Media, Queue } from '../ports/index.ts'
import { authenticator } from './authentication/authenticate.ts'
import { createTokens } from './authentication/tokens.ts'
import { type PublishedDocs, publishedDocs } from './docs/published.ts'
import { docsAnswer } from './docs/serve.ts'
import { boundTo, type Caller } from './http/caller.ts'
import {
  type ArrivingRequest,
  type Gateway,
  type HttpRequest,
  type HttpResponse,
  json,
  problemResponse,
  single,
} from './http/http.ts'
import { rateLimitHeaders, standings } from './http/rate-limit-headers.ts'
import { absentLedger, absentMedia } from './messages/absent.ts'
import type { Call } from './messages/call.ts'
import { CallbackHosts } from './messages/callbacks.ts'
import { createCursors } from './messages/cursors.ts'
import { Policies } from './messages/policies.ts'
import { createPublisher } from './messages/publisher.ts'
import { ReadLimits, type ReadRates } from './messages/read-limits.ts'
import { createSettlements } from './messages/settlements.ts'
import { Thresholds } from './messages/thresholds.ts'
import { readinessOf, reasonOf } from './readiness.ts'
import { refusalDetail } from './refusal.ts'
import type { Endpoint } from './versions/endpoint.ts'
import type { Mounted } from './versions/endpoints.ts'
import { pathsOf } from './versions/paths.ts'

/** What happened to one call, for logs and counters. It holds no secret and no message. */
export interface Observation {
  readonly requestId: string
  readonly method: string
  /** The endpoint's path, or `unknown`: what a caller made up does not belong in a log. */
  readonly path: string
  readonly status: number
  readonly code?: string
  readonly customer?: string
  readonly environment?: Environment
  /** Units that the call took. */
  readonly units?: number
  readonly milliseconds: number
  /** Of these, waiting for the registry's admission and for the queue. */
  readonly admitMs?: number
  readonly publishMs?: number
  /** The cause of a fault behind the gateway. It is not shown to the caller. */
  readonly cause?: string
  /** The adapter could not tell the caller's address: an X-Forwarded-For that is malformed, or too short. */
  readonly addressUnknown?: true
  /** What was thrown where it was a bug. */
  readonly error?: unknown
}

export interface GatewayParts {
  readonly registry: Registry
  readonly queue: Queue
  /** The queue that routes call `sandbox`. */
  readonly sandboxQueue?: string | undefined
  /** Absent: what reads messages and reports answers 503. */
  readonly ledger?: Ledger | undefined
  /** Absent: images can be neither kept nor sent. */
  readonly media?: Media | undefined
  readonly endpoints: readonly Mounted[]
  /** Opens HMAC secrets and token keys. Absent: only Basic works. */
  readonly masterKeys?: MasterKeys | undefined
  /** `https://api.example.com`, where it is not what the adapter sees: it is signed and named in tokens. */
  readonly publicOrigin?: string | undefined
  /** What the carriers' tables hold. Absent: `euc-kr`. */
  readonly charset?: Charset | undefined
  /** The operator's own origin code, for customers without one. */
  readonly originCode?: string | undefined
  readonly observe?: (observation: Observation) => void
  /** What one customer may read in a second. */
  readonly readLimits?: Partial<ReadRates> | undefined
  readonly now?: () => number
}

const testPrefix = '/test'
const emptyBody = new Uint8Array(0)
/** Enough for any single message with all its fields. */
const defaultBodyBytes = 65_536

/** What an adapter's caller sent as the request's name, if it may go into our logs and answers. */
const requestIdPattern = /^[\w.:@+=/-]{8,128}$/

function requestIdOf(request: Pick<HttpRequest, 'headers'>): string {
  const requestId = single(request, 'x-request-id')
  return requestId && requestIdPattern.test(requestId) ? requestId : randomId()
}

/** The gateway without any transport: a request in, a response out. It never throws. */
export function createGateway(parts: GatewayParts): Gateway {
  const { registry, queue, observe, charset = 'euc-kr', now = Date.now } = parts
  const { masterKeys, publicOrigin } = parts
  const tokens = createTokens({ registry, masterKeys, issuer: publicOrigin ?? 'apigw', now })
  const authenticate = authenticator({ registry, masterKeys, tokens, now })
  const find = pathsOf(parts.endpoints)
  const publisher = createPublisher(queue, { sandbox: parts.sandboxQueue })
  const ready = readinessOf(registry)
  const settlements = createSettlements(registry, parts.ledger)
  const { ledger = absentLedger, media = absentMedia } = parts
  const cursors = createCursors(masterKeys)
  const hashKeys = masterKeys && recipientKeys(masterKeys)
  const readLimits = new ReadLimits(parts.readLimits)
  const policies = new Policies()
  const callbackHosts = new CallbackHosts()
  const thresholds = new Thresholds(parts.ledger)
  let draining = false
  let published: PublishedDocs | undefined
  /** Made when they are first asked for: most gateways are never asked. */
  const docs = (): PublishedDocs => {
    published ??= publishedDocs(parts.endpoints, charset)
    return published
  }

  function refuse(
    record: CallRecord,
    environment: Environment,
    admission: Extract<Admission, { kind: 'refused' }>,
  ): HttpResponse {
    const { reason, retryAfterMs, remaining, windows, now: at } = admission
    const problem = new Problem(reason, refusalDetail(reason, environment), retryAfterMs === undefined ? {} : { retryAfterMs })
    const limits = remaining === undefined || windows === undefined ? {} : rateLimitHeaders(standings(remaining, windows, at), at)
    return failure(record, problem, limits)
  }

  /** Answers for the public paths, which need no credentials. */
  async function publicPage(request: HttpRequest, path: string): Promise<HttpResponse | undefined> {
    if (path === '/healthz') return json(200, { status: 'ok' })
    if (path === '/.well-known/jwks.json') return json(200, await tokens.jwks(), { 'cache-control': 'public, max-age=300' })
    if (path !== '/readyz') return docsAnswer(request, path, publicOrigin ?? request.origin, docs)
    if (draining) throw new Problem('shutting-down', 'This gateway takes no new calls.', { retryAfterMs: 1000 })
    const { degraded } = await ready()
    return json(200, degraded === undefined ? { status: 'ready' } : { status: 'degraded', reason: degraded.reason })
  }

  async function publicAnswer(request: HttpRequest, path: string, record: CallRecord): Promise<HttpResponse> {
    if (path === '/readyz') record.path = path
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const answer = isRead ? await publicPage(request, path) : undefined
    if (answer === undefined) throw new Problem('not-found', 'There is no endpoint at this path.')
    record.path = path
    return answer
  }

  /** Authenticates by the headers alone, before the body is read. `verifyBody` checks the digest of a signed body. */
  async function callerOf(request: HttpRequest, environment: Environment, endpoint: Endpoint): Promise<Caller> {
    // A token is given for the secret of a key of the scheme `jwt`, and an authorizer's word for another scheme is not that.
    if (request.proven !== undefined && endpoint.signIn !== 'token') return request.proven
    const origin = publicOrigin ?? request.origin
    return authenticate(request, { environment, origin, purpose: endpoint.signIn ?? 'call', bodyVisible: false })
  }

  async function answer(arriving: ArrivingRequest, record: CallRecord): Promise<HttpResponse> {
    const head: HttpRequest = { ...arriving, body: emptyBody }
    const { full, test, path } = placeOf(head.target)
    const found = find(path)
    const method = head.method === 'HEAD' ? 'GET' : head.method
    if (found === undefined) return publicAnswer(head, path, record)
    record.path = test ? `${testPrefix}${found.path}` : found.path
    const endpoint = found.methods.get(method)
    if (endpoint === undefined) {
      const allow = [...found.methods.keys()].join(', ')
      return failure(record, new Problem('method-not-allowed', `This path takes ${allow}.`), { allow })
    }
    record.endpoint = endpoint
    const environment = test ? 'test' : 'live'
    const { requestId } = record
    const caller = await callerOf(head, environment, endpoint)
    record.customer = caller.customer
    record.environment = environment
    if (endpoint.kind !== undefined) readLimits.take(endpoint.kind, caller)
    const request = await readRequest(arriving, caller)
    const call: Call = {
      request,
      requestId,
      path: full,
      environment,
      caller,
      registry,
      publisher,
      settlements,
      policies,
      callbackHosts,
      ledger,
      media,
      tokens,
      cursors,
      recipientKeys: hashKeys,
      readLimits,
      thresholds,
      charset,
      originCode: parts.originCode,
      signal: request.signal ?? new AbortController().signal,
      now,
      refuse: (admission) => refuse(record, environment, admission),
      draining: () => draining,
      note: (what) => void Object.assign(record, what),
    }
    return endpoint.run(call, found.params)
  }

  return {
    maxBodyBytes: (method, target) => find(placeOf(target).path)?.methods.get(method)?.maxBodyBytes ?? defaultBodyBytes,
    drain: () => {
      draining = true
    },
    handle: async (request) => {
      const started = performance.now()
      const record: CallRecord = { requestId: requestIdOf(request), path: 'unknown' }
      let response: HttpResponse
      let error: unknown
      try {
        response = await answer(request, record)
      } catch (thrown) {
        if (!(thrown instanceof Problem)) error = thrown
        const problem =
          thrown instanceof Problem
            ? thrown
            : new Problem(
                'internal-error',
                'This is a fault of the API, not of your request. Include the request id when you report it.',
              )
        const shown = outward(problem, record.path)
        if (shown !== problem) record.cause = problem.message
        response = failure(record, shown)
      }
      const { endpoint: _endpoint, ...observed } = record
      observe?.({
        ...observed,
        method: request.method,
        status: response.status,
        milliseconds: performance.now() - started,
        ...(response.code !== undefined && { code: response.code }),
        ...(addressKey(request.address) === undefined && { addressUnknown: true }),
        ...(error !== undefined && { error }),
      })
      response.headers['x-request-id'] = record.requestId
      return response
    },
  }
}

/** The request with its body. @throws Problem */
async function readRequest(arriving: ArrivingRequest, caller: Caller): Promise<HttpRequest> {
  const { body } = arriving
  const request = { ...arriving, body: typeof body === 'function' ? await body(caller.customer) : body }
  verifyBody(request, caller)
  return request
}

/**
 * What could not be checked of a signed call without its body: that it is the one that was signed, and, where an authorizer
 * proved it, that this is the call that it saw.
 * @throws Problem `digest-mismatch`
 */
function verifyBody(request: HttpRequest, caller: Caller): void {
  if (caller.scheme !== 'hmac') return
  const digest = single(request, 'content-digest')
  const sameCall = request.proven === undefined || caller.bound === boundTo(request)
  if (digest && sameCall && digestMatches(digest, request.body)) return
  throw request.proven === undefined
    ? new Problem('digest-mismatch', 'Content-Digest does not name the SHA-256 of the body that arrived.')
    : new Problem('digest-mismatch', 'The call is not the one that was signed, or its body is not.')
}

/** What is known about a call so far: it becomes the `Observation`. */
interface CallRecord {
  readonly requestId: string
  path: string
  customer?: string
  environment?: Environment
  units?: number
  admitMs?: number
  publishMs?: number
  cause?: string
  endpoint?: Endpoint
}

/** A target without its query, and what is below the environment's prefix. */
function placeOf(target: string): { full: string; test: boolean; path: string } {
  const full = target.split('?', 1)[0] ?? ''
  const test = full.startsWith(`${testPrefix}/`)
  return { full, test, path: test ? full.slice(testPrefix.length) : full }
}

/** A problem in the form that the endpoint has for it. */
function failure({ requestId, endpoint }: CallRecord, problem: Problem, headers: Record<string, string> = {}): HttpResponse {
  return endpoint?.problem?.(apiProblem(problem), requestId) ?? problemResponse(problem, requestId, headers)
}

/** Hides addresses and causes of the registry's faults from callers. `/readyz` shows the kind of fault. */
function outward(problem: Problem, path: string): Problem {
  if (problem.code !== 'registry-unavailable' && problem.code !== 'registry-corrupt' && problem.code !== 'master-key-missing')
    return problem
  const reason = path === '/readyz' ? reasonOf(problem) : undefined
  const extensions = reason === undefined ? {} : { extensions: { reason } }
  return new Problem('registry-unavailable', 'No message was sent.', { retryAfterMs: 1000, ...extensions, cause: problem })
}
