import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { forwardedFor } from '../../domain/address.ts'
import { randomId } from '../../domain/ids.ts'
import { Problem, type ProblemCode } from '../../domain/problem.ts'
import type { Gateway } from './gateway.ts'
import { type HttpResponse, problemResponse } from './http.ts'

export interface ServeOptions {
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /**
   * How many proxies of ours stand in front. 0: the socket's address is the caller's. With n, the n-th address from
   * the right of X-Forwarded-For is: those further left were written by the caller, who can write anything.
   */
  readonly trustedProxies?: number
}

export interface Listening {
  readonly url: string
  readonly port: number
  /** Takes no new calls, lets those under way finish, and cuts off what is left after `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Above the idle timeout of an ALB (60 s), so that the load balancer, not we, closes an idle connection
  // (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout).
  keepAliveTimeout: 65_000,
} as const

const nothing = new Uint8Array(0)

/** Reads the body. @throws Problem `body-too-large`, without having kept more than the limit */
function bodyOf(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const declared = request.headers['content-length']
  if (Number(declared) > most) return Promise.reject(tooLarge(most))
  if (declared === undefined && request.headers['transfer-encoding'] === undefined) return Promise.resolve(nothing)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > most) reject(tooLarge(most))
      else chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

function tooLarge(most: number): Problem {
  return new Problem('body-too-large', `The body has more than ${most} bytes.`)
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

function write(response: ServerResponse, { status, headers, body }: HttpResponse, close: boolean): void {
  if (response.destroyed) return
  if (close) response.setHeader('connection', 'close')
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Answers for bytes that never became a request, on the bare socket. */
function writeRaw(socket: Socket, code: ProblemCode, detail: string): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { status, headers, body } = problemResponse(new Problem(code, detail), randomId())
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${code}\r\n${head}\r\n${body}`)
}

/** Answers of a connection that have not gone out yet. */
const underWay = new WeakMap<Socket, Set<ServerResponse>>()

function remember(response: ServerResponse): void {
  const { socket } = response.req
  const answers = underWay.get(socket) ?? new Set()
  underWay.set(socket, answers.add(response))
  response.once('close', () => answers.delete(response))
}

/** Refuses bytes after the calls that came whole before them: an accepted message must not look refused. */
function refuseRaw(socket: Socket, code: ProblemCode, detail: string): void {
  const before = [...(underWay.get(socket) ?? [])].findLast((response) => response.req.complete)
  if (before === undefined) writeRaw(socket, code, detail)
  else before.once('close', () => writeRaw(socket, code, detail))
}

/** What the HTTP parser found wrong (https://nodejs.org/api/http.html#event-clienterror). */
function onClientError(error: Error, socket: Socket): void {
  const reason = 'code' in error ? String(error.code) : ''
  if (reason === 'ECONNRESET') return void socket.destroy()
  const [code, detail]: [ProblemCode, string] =
    reason === 'HPE_HEADER_OVERFLOW'
      ? ['headers-too-large', `The headers have more than ${limits.maxHeaderSize} bytes.`]
      : reason === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['request-timeout', 'The request was not complete in time.']
        : ['malformed-request', 'The bytes that came are not an HTTP request.']
  refuseRaw(socket, code, detail)
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

function stopper(server: Server, gateway: Gateway): Listening['stop'] {
  return async (graceMs = 10_000) => {
    gateway.drain()
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }
}

/** Serves a gateway with node:http. */
export async function serve(gateway: Gateway, options: ServeOptions): Promise<Listening> {
  const { host = '127.0.0.1', trustedProxies = 0 } = options

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = headersOf(request)
    let body: Uint8Array
    try {
      // Node's parser takes HTTP/0.9 and 2.0 for HTTP/1: nothing says where such a request ends, or how its answer is read.
      if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') {
        throw new Problem('malformed-request', 'The request is not of HTTP/1.0 or HTTP/1.1.')
      }
      if (request.httpVersion === '1.1' && headers.get('host')?.length !== 1) {
        throw new Problem('malformed-request', 'An HTTP/1.1 request has exactly one Host header.')
      }
      body = await bodyOf(request, gateway.maxBodyBytes(request.method ?? '', request.url ?? ''))
    } catch (error) {
      if (!(error instanceof Problem)) return void response.destroy()
      return write(response, problemResponse(error, randomId()), true)
    }
    const address = addressOf(request, headers, trustedProxies)
    const origin = originOf(request, headers, trustedProxies)
    const answer = await gateway.handle({
      method: request.method ?? '',
      target: request.url ?? '',
      headers,
      body,
      origin,
      address,
    })
    if (answer.cut) response.destroy()
    else write(response, answer, !server.listening)
  }

  const server = createServer({ ...limits, requireHostHeader: false, noDelay: true }, (request, response) => {
    remember(response)
    void respond(request, response)
  })
  server.on('clientError', onClientError)
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    write(
      response,
      problemResponse(new Problem('expectation-failed', 'Only "Expect: 100-continue" can be met.'), randomId()),
      true,
    )
  })
  server.on('connect', (_request, socket: Socket) => refuseRaw(socket, 'method-not-allowed', 'This is no proxy.'))

  const bound = await listen(server, host, options.port)
  const shown = host.includes(':') ? `[${host}]` : host
  return { port: bound, url: `http://${shown}:${bound}`, stop: stopper(server, gateway) }
}
