import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { AwsV4Signer } from 'aws4fetch'
import type { AdminHandler } from '../../../src/runtime/admin/index.ts'

export const account = '123456789012'
export const region = 'ap-northeast-2'

/** Credentials that AWS knows. */
export interface User {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly arn: string
}

export function user(name: string, inAccount = account): User {
  return {
    accessKeyId: `AKIA${name.toUpperCase().padEnd(16, 'X')}`,
    secretAccessKey: `secret-of-${name}`,
    arn: `arn:aws:iam::${inAccount}:user/${name}`,
  }
}

/** What Lambda does with one request instead of running the function normally. */
export type Fault =
  | { readonly kind: 'throttled' | 'hang' | 'reset' | 'fails' }
  /** The function runs, and then the connection breaks. */
  | { readonly kind: 'reset-after'; readonly method?: string }
  | { readonly kind: 'says'; readonly status: number; readonly body: string; readonly headers?: Record<string, string> }

export interface LambdaServer {
  readonly port: number
  /** The variables that a client needs to reach it. */
  env(as?: User): Record<string, string>
  /** Outcomes of the next requests to the URL, in order. */
  faults: Fault[]
  /** How often the function has run. */
  runs: number
  /** Number of requests to the URL. */
  requests: number
  close(): Promise<void>
}

interface Options {
  readonly name: string
  readonly handler: AdminHandler
  readonly users: readonly User[]
  /** Who may call the URL; absent: everyone with valid credentials. */
  readonly may?: (user: User) => boolean
  readonly authType?: 'AWS_IAM' | 'NONE'
}

interface UrlAnswer {
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

function send(response: ServerResponse, { statusCode = 200, headers, body = '', isBase64Encoded = false }: UrlAnswer): void {
  response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'))
}

/** Lambda's payload limit for a synchronous invocation, in each direction. */
const maxBytes = 6 * 1024 * 1024

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}

/** Recomputes the signature with the secret of its access key, as AWS does. */
async function signer(request: IncomingMessage, url: string, body: string, users: readonly User[]): Promise<User | undefined> {
  const authorization = header(request, 'authorization')
  const [, accessKeyId, service] = /Credential=([^/]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization) ?? []
  const known = users.find((one) => one.accessKeyId === accessKeyId)
  if (known === undefined || service !== 'lambda') return undefined
  const again = new AwsV4Signer({ ...known, method: 'POST', url, body, service, region, datetime: header(request, 'x-amz-date') })
  return (await again.sign()).headers.get('authorization') === authorization ? known : undefined
}

/** The event of a Function URL: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads */
export function urlEvent(body: string, requestId: string, by: User | undefined, headers: Record<string, string> = {}): object {
  const iam = by && {
    accessKey: by.accessKeyId,
    accountId: by.arn.split(':')[4],
    callerId: 'AIDAEXAMPLE',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: by.arn,
    userId: 'AIDAEXAMPLE',
  }
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/',
    rawQueryString: '',
    headers,
    requestContext: {
      accountId: account,
      apiId: 'urlid',
      domainName: `urlid.lambda-url.${region}.on.aws`,
      domainPrefix: 'urlid',
      http: { method: 'POST', path: '/', protocol: 'HTTP/1.1', sourceIp: '203.0.113.9', userAgent: 'node' },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: '07/Sep/2026:22:50:22 +0000',
      timeEpoch: 1_788_821_422_000,
      ...(iam && { authorizer: { iam } }),
    },
    body,
    isBase64Encoded: false,
  }
}

/** An emulated Lambda: the control plane for one function URL, the URL itself, and Invoke. */
export async function lambdaServer({
  name,
  handler,
  users,
  may = () => true,
  authType = 'AWS_IAM',
}: Options): Promise<LambdaServer> {
  const functionArn = `arn:aws:lambda:${region}:${account}:function:${name}`
  let server: Server
  const self: LambdaServer = {
    get port() {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    },
    env: (as = users[0]) => ({
      AWS_ENDPOINT_URL: `http://127.0.0.1:${self.port}`,
      AWS_ACCESS_KEY_ID: as?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: as?.secretAccessKey ?? '',
      AWS_REGION: region,
      AWS_MAX_ATTEMPTS: '1',
    }),
    faults: [],
    runs: 0,
    requests: 0,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }

  function say(response: ServerResponse, status: number, body: object | string, headers: Record<string, string> = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers }).end(text)
  }

  async function run(event: object, awsRequestId: string): Promise<UrlAnswer> {
    self.runs++
    const text = JSON.stringify(event)
    const answer = await handler(JSON.parse(text), { awsRequestId, invokedFunctionArn: functionArn })
    if (JSON.stringify(answer).length > maxBytes) throw new Error('Response payload size exceeded maximum allowed payload size')
    return answer
  }

  /** The first fault in the queue; a fault with a method waits for a call of that method. */
  function nextFault(body: string): Fault | undefined {
    const [first] = self.faults
    const method = first?.kind === 'reset-after' ? first.method : undefined
    return method === undefined || body.includes(`"method":"${method}"`) ? self.faults.shift() : undefined
  }

  /** @returns whether the fault produced the complete answer */
  function goWrong(fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): boolean {
    switch (fault?.kind) {
      case 'hang':
        return true
      case 'reset':
        request.socket.destroy()
        return true
      case 'says':
        say(response, fault.status, fault.body, fault.headers)
        return true
      case 'throttled':
        say(response, 429, { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' })
        return true
      case 'fails':
        say(response, 502, 'Internal Server Error')
        return true
      default:
        return false
    }
  }

  async function url(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    self.requests++
    const fault = nextFault(body)
    if (goWrong(fault, request, response)) return
    const by = authType === 'NONE' ? undefined : await signer(request, `http://127.0.0.1:${self.port}/`, body, users)
    if (authType === 'AWS_IAM' && by === undefined) {
      return say(response, 403, { message: 'The request signature we calculated does not match the signature you provided.' })
    }
    if (by !== undefined && !may(by)) {
      return say(response, 403, { Message: 'Forbidden' }, { 'x-amzn-errortype': 'AccessDeniedException' })
    }
    const id = randomUUID()
    const event = urlEvent(body, id, by, { 'accept-encoding': header(request, 'accept-encoding') })
    if (JSON.stringify(event).length > maxBytes) {
      return say(response, 413, { Message: 'Request must be smaller than 6291456 bytes' })
    }
    let answer: UrlAnswer
    try {
      answer = await run(event, id)
    } catch {
      return say(response, 502, 'Internal Server Error')
    }
    if (fault?.kind === 'reset-after') request.socket.destroy()
    else send(response, answer)
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const [, asked, what] = /^\/20[\d-]+\/functions\/([^/]+)\/(url|invocations)$/.exec(pathname) ?? []
    if (what === undefined) return url(request, response, body)
    if (asked !== name) {
      const message = `Function not found: ${functionArn.replace(name, asked ?? '')}`
      return say(response, 404, { Type: 'User', Message: message }, { 'x-amzn-errortype': 'ResourceNotFoundException' })
    }
    const accessKeyId = /Credential=([^/]+)/.exec(header(request, 'authorization'))?.[1]
    const by = users.find((one) => one.accessKeyId === accessKeyId)
    if (by === undefined) {
      const message = 'The security token included in the request is invalid.'
      return say(response, 403, { message }, { 'x-amzn-errortype': 'UnrecognizedClientException' })
    }
    if (what === 'url') {
      if (!may(by)) {
        const message = `User: ${by.arn} is not authorized to perform: lambda:GetFunctionUrlConfig on resource: ${functionArn}`
        return say(response, 403, { Message: message }, { 'x-amzn-errortype': 'AccessDeniedException' })
      }
      return say(response, 200, { FunctionUrl: `http://127.0.0.1:${self.port}/`, FunctionArn: functionArn, AuthType: authType })
    }
    // Invoke: the caller chooses the event, and Lambda chooses the id.
    say(response, 200, await run(JSON.parse(body), randomUUID()))
  }

  server = createServer((request, response) => void route(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return self
}
