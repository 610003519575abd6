import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** What a service was asked: the action and its parameters. */
export interface Asked {
  readonly action: string
  /** Of the query protocol: the form. */
  readonly parameters: URLSearchParams
  readonly body: string
  /** That the request was signed for. */
  readonly region: string
  readonly service: string
}

interface Refusal {
  readonly error: string
  readonly message?: string
  readonly status?: number
}

/**
 * What it answers: text (in the query protocol the inside of the result, or the whole response), the members of a JSON
 * answer, an error's code, or a function of what was asked.
 */
export type Answer = string | object | Refusal | ((asked: Asked) => Answer)

/** What a service of another protocol was asked. */
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

type Said = Exclude<Answer, (asked: Asked) => Answer>

function isRefusal(answer: Said): answer is Refusal {
  return typeof answer === 'object' && 'error' in answer
}

function inXml(action: string, answer: Said): RestAnswer {
  const type = 'text/xml'
  if (isRefusal(answer)) {
    const { error, message = error, status = 403 } = answer
    const inside = `<Type>Sender</Type><Code>${error}</Code><Message>${message}</Message>`
    return { status, type, body: `<ErrorResponse><Error>${inside}</Error><RequestId>1</RequestId></ErrorResponse>` }
  }
  const text = String(answer)
  if (text.startsWith(`<${action}Response>`)) return { status: 200, type, body: text }
  const result = `<${action}Result>${text}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>`
  const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/'
  return { status: 200, type, body: `<${action}Response xmlns="${namespace}">${result}</${action}Response>` }
}

function inJson(answer: Said): RestAnswer {
  const type = 'application/x-amz-json-1.1'
  if (!isRefusal(answer)) return { status: 200, type, body: typeof answer === 'string' ? answer : JSON.stringify(answer) }
  const { error, message = error, status = 400 } = answer
  return { status, type, body: JSON.stringify({ __type: `com.amazonaws#${error}`, message }) }
}

/** The query protocol sends a form. */
function isForm(headers: IncomingMessage['headers']): boolean {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
}

function askedOf(headers: IncomingMessage['headers'], body: string): Asked {
  const parameters = new URLSearchParams(isForm(headers) ? body : '')
  const [, , region = '', service = ''] = headers.authorization?.split('/') ?? []
  const action = parameters.get('Action') ?? String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')
  return { action, parameters, body, region, service }
}

/**
 * AWS on this machine, for the real clients; it is gone after the test.
 * @param answers by action, for the query protocol (form in, XML out; IAM, STS, CloudFormation) and for JSON services.
 * An action of the query protocol without an answer gets an empty result.
 * @param rest is asked first for what is not of the query protocol: S3, Lambda, or a JSON service that needs the whole request
 */
export async function awsServer(
  answers: Readonly<Record<string, Answer>> | ((asked: Asked) => Answer),
  rest: Rest = () => undefined,
): Promise<AwsServer> {
  const asked: Asked[] = []
  const answerTo = (one: Asked): Said | undefined => {
    let answer = typeof answers === 'function' ? answers : answers[one.action]
    while (typeof answer === 'function') answer = answer(one)
    return answer
  }
  const answered = async ({ method = '', url = '/', headers }: IncomingMessage, body: string): Promise<RestAnswer> => {
    const isQuery = isForm(headers)
    const found = isQuery ? undefined : await rest({ method, url: new URL(url, 'http://aws'), headers, body })
    if (found !== undefined) return found
    const one = askedOf(headers, body)
    const answer = one.action === '' ? undefined : answerTo(one)
    if (!isQuery && answer === undefined) return { status: 404 }
    asked.push(one)
    return isQuery ? inXml(one.action, answer ?? '') : inJson(answer ?? {})
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body, type = 'application/xml', headers = {} } = await answered(request, await text(request))
    response.writeHead(status, { ...headers, 'content-type': type }).end(body)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
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

/** A list of members, as the query protocol writes it. */
export const members = (...inside: string[]): string => inside.map((one) => `<member>${one}</member>`).join('')

/** An object's fields. What begins with "<" is taken for XML; undefined is left out. */
export const fields = (of: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(of)
    .map(([name, value]) => {
      if (value === undefined) return ''
      return `<${name}>${value.startsWith('<') ? value : value.replaceAll(/[&<>]/g, (sign) => escapes[sign] ?? sign)}</${name}>`
    })
    .join('')
