import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A request in the query protocol: the action and its parameters. */
export interface Asked {
  readonly action: string
  readonly parameters: URLSearchParams
  /** The region that the request was signed for. */
  readonly region: string
}

/** An answer: the content of the result, an error code, or a function of the request. */
export type Answer =
  | string
  | { readonly error: string; readonly message?: string; readonly status?: number }
  | ((asked: Asked) => Answer)

/** A request in a different protocol. */
export interface Sent {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Returns the answer, or `undefined` to pass the request to the next handler. */
export type Rest = (sent: Sent) => RestAnswer | undefined | Promise<RestAnswer | undefined>

export interface RestAnswer {
  readonly status: number
  readonly body?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The region in a signature's scope: `Credential=KEY/DAY/REGION/SERVICE/aws4_request`. */
export function signedRegion(headers: IncomingMessage['headers']): string {
  return headers.authorization?.split('/')[2] ?? ''
}

export interface AwsServer {
  readonly url: string
  readonly asked: Asked[]
  readonly env: Record<string, string>
}

function xml(action: string, answer: Exclude<Answer, (asked: Asked) => Answer>): { status: number; body: string } {
  if (typeof answer === 'string') {
    return {
      status: 200,
      body: `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${action}Result>${answer}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`,
    }
  }
  const { error, message = error, status = 403 } = answer
  return {
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${error}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  }
}

/**
 * AWS on this machine, for the real SDK clients: `query` speaks the query protocol (form in, XML out; IAM, STS,
 * CloudFormation), and actions without an answer get an empty result; `rest` takes everything else (S3, JSON services).
 */
export async function awsServer(query: Readonly<Record<string, Answer>>, rest: Rest = () => undefined): Promise<AwsServer> {
  const asked: Asked[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
      const url = new URL(request.url ?? '/', 'http://aws')
      const found = await rest({ method: request.method ?? '', url, headers: request.headers, body })
      const { status, body: out, type = 'application/xml', headers = {} } = found ?? { status: 404 }
      response.writeHead(status, { ...headers, 'content-type': type }).end(out)
      return
    }
    const parameters = new URLSearchParams(body)
    const action = parameters.get('Action') ?? ''
    const one = { action, parameters, region: signedRegion(request.headers) }
    asked.push(one)
    let result: Answer = query[action] ?? ''
    while (typeof result === 'function') result = result(one)
    const { status, body: out } = xml(action, result)
    response.writeHead(status, { 'content-type': 'text/xml' }).end(out)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'ap-northeast-2',
    AWS_MAX_ATTEMPTS: '2',
  }
  return { url, asked, env }
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** A list of members in the format of the query protocol. */
export const members = (...inside: string[]): string => inside.map((one) => `<member>${one}</member>`).join('')

/** The fields of an object. A value that begins with "<" is XML; undefined is left out. */
export const fields = (of: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(of)
    .map(([name, value]) => {
      if (value === undefined) return ''
      return `<${name}>${value.startsWith('<') ? value : value.replaceAll(/[&<>]/g, (sign) => escapes[sign] ?? sign)}</${name}>`
    })
    .join('')
