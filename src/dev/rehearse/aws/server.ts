import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Judge, Sender } from '../rights/judge.ts'
import type { Place } from '../template/resource.ts'
import type { Certificate } from './authority.ts'
import { accessKeyOf, type Identified, type Incoming, identify } from './identify.ts'
import { type Answer, jsonError, type Service } from './services.ts'

/** A function or a container as a caller of AWS. */
export interface AwsCaller {
  readonly name: string
  /** Who sends a request to a service: the role, and the VPC endpoint that the way to the service passes. */
  sender(service: string): Sender
}

/** A request that AWS would have denied. */
export interface Denial {
  readonly caller: string
  readonly action: string
  readonly resource: string
  readonly reason: string
}

export interface AwsServerOptions {
  readonly place: Place
  readonly judge: Judge
  readonly certificate: Certificate
  /** By the first label of the endpoint's name. */
  readonly services: Readonly<Record<string, Service>>
  /** Hosts that are not of AWS, such as Slack, by name. */
  readonly hosts: Readonly<Record<string, Service>>
  /** Requests that no key signs, such as the answer of a custom resource; undefined: not one of those. */
  readonly unsigned: (incoming: Incoming) => Promise<Answer | undefined>
  readonly onDenied: (denial: Denial) => void
  /** Called for each request that was carried out. */
  readonly onAllowed?: (caller: string, action: string) => void
}

const maxBytes = 16 * 1024 * 1024

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part: Buffer = Buffer.from(chunk)
    bytes += part.length
    if (bytes > maxBytes) throw new Error(`a request has more than ${maxBytes} bytes`)
    chunks.push(part)
  }
  return Buffer.concat(chunks)
}

async function incomingFrom(request: IncomingMessage): Promise<Incoming> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  return { method: request.method ?? 'GET', host, target: request.url ?? '/', headers, body: await bodyOf(request) }
}

function accessDenied({ service, action, resources }: Identified, reason: string): Answer {
  const message = `not authorized to perform: ${action} on resource: ${resources.join(', ')} because ${reason}`
  if (service === 's3' || service === 'ec2' || service === 'sns') {
    const body = `<Error><Code>AccessDenied</Code><Message>${message.replaceAll('<', '&lt;')}</Message></Error>`
    return { status: 403, headers: { 'content-type': 'text/xml' }, body }
  }
  return jsonError(400, 'AccessDeniedException', message)
}

/**
 * All services of AWS that a stage calls, on one port of the loopback address. Each request is judged by the policies of the
 * templates before it is carried out, so what AWS would deny is denied.
 */
export class AwsServer {
  readonly #options: AwsServerOptions
  readonly #callers = new Map<string, AwsCaller>()
  readonly #server: Server

  private constructor(options: AwsServerOptions) {
    this.#options = options
    const { key, cert } = options.certificate
    this.#server = createServer({ key, cert }, (request, response) => void this.#serve(request, response))
  }

  static async start(options: AwsServerOptions): Promise<AwsServer> {
    const aws = new AwsServer(options)
    await new Promise<void>((resolve, reject) => aws.#server.once('error', reject).listen(0, '127.0.0.1', resolve))
    return aws
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Makes an access key known. */
  admit(accessKey: string, caller: AwsCaller): void {
    this.#callers.set(accessKey, caller)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, headers, body } = await this.#answer(await incomingFrom(request))
      const bytes = Buffer.from(body)
      response.writeHead(status, { ...headers, 'content-length': String(bytes.length) })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    } catch (error) {
      response.writeHead(500, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ __type: 'InternalFailure', message: error instanceof Error ? error.message : String(error) }))
    }
  }

  async #answer(incoming: Incoming): Promise<Answer> {
    const unsigned = await this.#options.unsigned(incoming)
    if (unsigned !== undefined) return unsigned
    const request = identify(incoming, this.#options.place)
    const host = this.#options.hosts[incoming.host]
    if (host !== undefined) return host(request, incoming)
    const caller = this.#callers.get(accessKeyOf(incoming) ?? '')
    if (caller === undefined)
      return jsonError(403, 'UnrecognizedClientException', 'The security token in the request is invalid.')
    for (const resource of request.resources) {
      const verdict = this.#options.judge.judge(caller.sender(request.service), { action: request.action, resource })
      if (verdict.allowed) continue
      this.#options.onDenied({ caller: caller.name, action: request.action, resource, reason: verdict.reason })
      return accessDenied(request, verdict.reason)
    }
    const service = this.#options.services[request.service]
    if (service === undefined)
      return jsonError(400, 'UnknownServiceException', `no service ${request.service} is in the rehearsal`)
    this.#options.onAllowed?.(caller.name, request.action)
    return service(request, incoming)
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}
