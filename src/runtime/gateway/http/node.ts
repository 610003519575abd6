import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { forwardedFor } from '../../../domain/address.ts'
import { randomId } from '../../../domain/ids.ts'
import { Problem } from '../../../domain/problem.ts'
import { type Gateway, type HttpResponse, problemResponse } from './http.ts'
import { awaitsContinue, BodyBudget, declaredBytes, readBody, tooLarge } from './node/bodies.ts'
import { Connection, type Lingering } from './node/connection.ts'
import { defaultLimits, maxHeaderBytes, type ServeLimits } from './node/limits.ts'
import { Load, type Slot } from './node/load.ts'
import { limitConnections, Shedding } from './node/shedding.ts'

export interface ServeOptions {
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /**
   * The number of your own proxies in front. 0: the socket's address is the caller's. With n, the n-th address from
   * the right of X-Forwarded-For is: those further left were written by the caller, who can write anything.
   */
  readonly trustedProxies?: number
  readonly limits?: Partial<ServeLimits>
  /** Called at most once a second with the number of calls and connections that were refused for load. */
  readonly onShed?: (count: number) => void
}

// Above the idle timeout of an ALB (60 s), so that the load balancer, not we, closes an idle connection
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout).
const keepAliveTimeout = 65_000

export interface Listening {
  readonly url: string
  readonly port: number
  /** Calls under way now, and the most bytes of bodies that were held at the same time. */
  load(): { readonly calls: number; readonly peakBodyBytes: number }
  /** Takes no new calls, lets those under way finish, and cuts off what is left after `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

/** Headers as they came: node:http would join or drop the repetitions that have to be noticed. */
function headersOf(request: IncomingMessage): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  const raw = request.rawHeaders
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    const value = raw[at + 1] ?? ''
    const values = headers.get(name)
    if (values === undefined) headers.set(name, [value])
    else values.push(value)
  }
  return headers
}

function addressOf(request: IncomingMessage, headers: Map<string, string[]>, trustedProxies: number): string {
  const socket = request.socket.remoteAddress ?? ''
  if (trustedProxies === 0) return socket
  return forwardedFor(headers.get('x-forwarded-for') ?? [], trustedProxies) ?? socket
}

/** Scheme and host of the request's own URI. The scheme is that of our proxy's client, where there is a proxy. */
function originOf(request: IncomingMessage, headers: Map<string, string[]>, trustedProxies: number): string {
  const forwarded = trustedProxies > 0 ? headers.get('x-forwarded-proto')?.at(-1) : undefined
  return `${forwarded === 'https' ? 'https' : 'http'}://${request.headers.host ?? ''}`
}

function send(response: ServerResponse, { status, headers, body }: HttpResponse, close: boolean): void {
  if (response.destroyed) return
  if (close) response.setHeader('connection', 'close')
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Bodies that are dropped to keep a connection after an early answer; for more it is cheaper to connect again. */
const droppedBytes = 65_536

/** Whether a connection may be kept although the request on it has not come whole. */
function isSoonWhole(request: IncomingMessage): boolean {
  return request.complete || (!awaitsContinue(request) && declaredBytes(request, Number.POSITIVE_INFINITY) <= droppedBytes)
}

/** What the HTTP parser found wrong (https://nodejs.org/api/http.html#event-clienterror). */
function problemOf(error: Error): Problem {
  const reason = 'code' in error ? String(error.code) : ''
  if (reason === 'HPE_HEADER_OVERFLOW')
    return new Problem('headers-too-large', `The headers have more than ${maxHeaderBytes} bytes.`)
  if (reason === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout', 'The request was not complete in time.')
  return new Problem('malformed-request', 'The bytes that came are not an HTTP request.')
}

/** @throws Problem `port-in-use` */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE'
      reject(
        inUse
          ? new Problem('port-in-use', `Something listens on port ${port} already.`, {
              next: `choose another: --port ${port + 1}`,
              cause: error,
            })
          : error,
      )
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function stopper(server: Server, gateway: Gateway, lingering: Lingering): Listening['stop'] {
  return async (graceMs = 10_000) => {
    gateway.drain()
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    server.closeIdleConnections()
    for (const socket of lingering) socket.destroy()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }
}

/** Load balancers ask these whether the process is well: an answer of 503 would take a busy one away from the others. */
function isProbe(request: IncomingMessage): boolean {
  return request.url === '/healthz' || request.url === '/readyz'
}

/** Serves a gateway with node:http. */
export async function serve(gateway: Gateway, options: ServeOptions): Promise<Listening> {
  const { host = '127.0.0.1', trustedProxies = 0 } = options
  const limits = { ...defaultLimits, ...options.limits }
  const lingering: Lingering = new Set()
  const budget = new BodyBudget(limits.maxBodyBytesHeld)
  const load = new Load(limits.maxCalls)
  const shedding = new Shedding(options.onShed)
  const connectionOf = (socket: Socket): Connection => Connection.of(socket, limits, lingering)

  /** Answers a request; where its body is still to come, on the bare socket and for the last time. */
  function write(response: ServerResponse, answer: HttpResponse, close = false): void {
    const connection = connectionOf(response.req.socket)
    if (connection.refused && !response.req.complete) return
    if (isSoonWhole(response.req)) send(response, answer, close)
    else connection.refuse(answer)
  }

  /** The first look at a request, before anything of it is trusted or paid for. @throws Problem */
  function checkHead(request: IncomingMessage, headers: Map<string, string[]>, maxBytes: number): void {
    // Node's parser takes HTTP/0.9 and 2.0 for HTTP/1: nothing says where such a request ends, or how its answer is read.
    if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') {
      throw new Problem('malformed-request', 'The request is not of HTTP/1.0 or HTTP/1.1.')
    }
    if (request.httpVersion === '1.1' && headers.get('host')?.length !== 1) {
      throw new Problem('malformed-request', 'An HTTP/1.1 request has exactly one Host header.')
    }
    if (declaredBytes(request, maxBytes) > maxBytes) throw tooLarge(maxBytes)
  }

  async function respond(request: IncomingMessage, response: ServerResponse, slot: Slot | undefined): Promise<void> {
    const connection = connectionOf(request.socket)
    const headers = headersOf(request)
    const maxBytes = gateway.maxBodyBytes(request.method ?? '', request.url ?? '')
    try {
      checkHead(request, headers, maxBytes)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return write(response, problemResponse(error, randomId()), true)
    }
    const left = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) left.abort()
    })
    let release: (() => void) | undefined
    try {
      const answer = await gateway.handle({
        method: request.method ?? '',
        target: request.url ?? '',
        headers,
        body: (customer) => {
          release = budget.take(declaredBytes(request, maxBytes), customer)
          if (request.complete) return readBody({ request, response, connection, maxBytes })
          slot?.rest()
          return readBody({ request, response, connection, maxBytes }).finally(() => slot?.resume())
        },
        origin: originOf(request, headers, trustedProxies),
        address: addressOf(request, headers, trustedProxies),
        signal: left.signal,
        resting: () => slot?.rest(),
      })
      if (answer.cut) response.destroy()
      else write(response, answer, !server.listening)
    } finally {
      release?.()
    }
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(request.socket)
    // The parser may still be in the middle of the bytes that held the refused request.
    if (connection.refused) return
    connection.expect(response)
    if (connection.waiting > limits.maxPipelined) {
      const detail = `At most ${limits.maxPipelined} requests of a connection may wait for their answers.`
      connection.refuse(problemResponse(new Problem('overloaded', detail, { retryAfterMs: 1000 }), randomId()))
      return
    }
    const slot = load.enter()
    if (slot !== undefined || isProbe(request)) {
      void respond(request, response, slot).finally(() => slot?.leave())
      return
    }
    shedding.refuse(response, (answer) => write(response, answer))
  }

  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      keepAliveTimeout,
      requireHostHeader: false,
      noDelay: true,
    },
    onRequest,
  )
  // Not answered with "100 Continue" by node:http, so that a large body does not come before it is known whose it is.
  server.on('checkContinue', onRequest)
  server.on('clientError', (error, socket: Socket) => {
    if ('code' in error && error.code === 'ECONNRESET') return void socket.destroy()
    connectionOf(socket).refuse(problemResponse(problemOf(error), randomId()))
  })
  server.on('checkExpectation', (request, response: ServerResponse) => {
    const problem = new Problem('expectation-failed', 'Only "Expect: 100-continue" can be met.')
    connectionOf(request.socket).expect(response)
    connectionOf(request.socket).refuse(problemResponse(problem, randomId()))
  })
  server.on('connect', (_request, socket: Socket) => {
    connectionOf(socket).refuse(problemResponse(new Problem('method-not-allowed', 'This is not a proxy.'), randomId()))
  })
  limitConnections(server, {
    max: limits.maxConnections,
    maxPerAddress: trustedProxies > 0 ? limits.maxConnections : limits.maxConnectionsPerAddress,
    refuse: (socket) => connectionOf(socket).refuse(shedding.answer()),
  })

  const bound = await listen(server, host, options.port)
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    port: bound,
    url: `http://${shown}:${bound}`,
    load: () => ({ calls: load.calls, peakBodyBytes: budget.peakBytes }),
    stop: stopper(server, gateway, lingering),
  }
}
