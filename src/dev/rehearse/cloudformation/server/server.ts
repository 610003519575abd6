import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Account } from '../account.ts'
import { Refusal } from '../refusal.ts'
import { type Action, actions, type Serving } from './actions.ts'
import { type Answer, jsonAnswer, protocolOf, queryAnswer, refusedAnswer, s3Answer } from './answers.ts'
import { Buckets } from './buckets.ts'
import { Form } from './form.ts'
import { answerJson, identityActions } from './other-services.ts'

/** A fault of AWS or of the way to it, instead of an answer. */
export type Fault = 'throttled' | 'expired' | 'unavailable'

export interface ServerOptions {
  readonly account: Account
  /** How many events happen between two polls. */
  readonly eventsAPoll?: number
  /** Asked before each request, with how many requests came before it. */
  readonly fault?: (action: string, count: number) => Fault | undefined
}

export interface RehearsalServer {
  readonly url: string
  /** The actions that were called, in their order; those of SQS with their service, those of S3 as `METHOD /path`. */
  readonly called: readonly string[]
  close(): Promise<void>
}

/** An archive of code may have 50 MB (Lambda quotas, "Deployment package, zipped"), a form one template of 51,200 bytes. */
const maxBytes = 64 * 1_048_576
const maxRequestMs = 30_000
const maxConnections = 100
const maxCallsKept = 100_000

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html */
const faults: Readonly<Record<Fault, Refusal>> = {
  throttled: new Refusal('Rate exceeded', 'Throttling', 400),
  expired: new Refusal('The security token included in the request is expired', 'ExpiredToken', 403),
  unavailable: new Refusal('Service Unavailable', 'ServiceUnavailable', 503),
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    const chunk: Buffer = part
    bytes += chunk.length
    if (bytes > maxBytes) throw new Refusal('The request is too large', 'RequestEntityTooLarge', 413)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

const queryActions: Readonly<Record<string, Action>> = { ...actions, ...identityActions }

/** Answers the requests of one account. */
class Handler {
  readonly called: string[] = []
  readonly #serving: Serving
  readonly #buckets: Buckets
  readonly #fault: ServerOptions['fault']

  constructor({ account, eventsAPoll = 20, fault }: ServerOptions) {
    this.#buckets = new Buckets(account)
    this.#serving = { account, eventsAPoll, described: new Set(), uploaded: (url) => this.#buckets.template(url) }
    this.#fault = fault
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const protocol = protocolOf(request.headers)
    try {
      const body = await bodyOf(request)
      if (protocol === 'query') return this.#toQuery(new Form(body))
      return protocol === 'json' ? this.#toJson(request, body) : this.#toS3(request, body)
    } catch (error) {
      if (error instanceof Refusal) return refusedAnswer(error, protocol)
      const message = error instanceof Error ? error.message : String(error)
      return refusedAnswer(new Refusal(message, 'InternalFailure', 500), protocol)
    }
  }

  /** Notes a call. @throws Refusal if it is to fail */
  #note(action: string): void {
    const fault = this.#fault?.(action, this.called.length)
    if (this.called.length < maxCallsKept) this.called.push(action)
    if (fault !== undefined) throw faults[fault]
  }

  #toQuery(form: Form): Answer {
    const name = form.needed('Action')
    this.#note(name)
    const action = Object.hasOwn(queryActions, name) ? queryActions[name] : undefined
    if (action === undefined) throw new Refusal(`Could not find operation ${name}`, 'InvalidAction')
    return queryAnswer(name, action(form, this.#serving))
  }

  #toJson({ headers }: IncomingMessage, body: string): Answer {
    const target = String(headers['x-amz-target'])
    this.#note(target)
    return jsonAnswer(answerJson(target, body, this.#serving.account))
  }

  #toS3({ method = '', url = '/' }: IncomingMessage, body: string): Answer {
    const parsed = new URL(url, 'http://s3')
    this.#note(`${method} ${parsed.pathname}`)
    const { status, body: text = '' } = this.#buckets.answer({ method, url: parsed, body })
    return s3Answer(status, text)
  }
}

/**
 * Serves an account on this machine: CloudFormation, and what a deployment needs of STS, IAM, SQS and S3. The clients of AWS
 * use it with `AWS_ENDPOINT_URL`.
 */
export async function serveAccount(options: ServerOptions): Promise<RehearsalServer> {
  const handler = new Handler(options)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body, type } = await handler.answer(request)
    response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : body)
  }
  const server = createServer({ requestTimeout: maxRequestMs }, (request, response) => {
    // The client has closed the connection.
    answer(request, response).catch(() => response.destroy())
  })
  server.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    called: handler.called,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
