import { createServer, type Server } from 'node:http'
import { onTestFinished } from 'vitest'

/** What IAM was asked: the action and its parameters. */
export interface Asked {
  readonly action: string
  readonly parameters: URLSearchParams
}

/** What it answers: the inside of the result, an error's code, or a function of what was asked. */
export type Answer =
  | string
  | { readonly error: string; readonly message?: string; readonly status?: number }
  | ((asked: Asked) => Answer)

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
 * IAM and STS on this machine: AWS's query protocol (form in, XML out), spoken by the real SDK clients. Actions without
 * an answer are answered with an empty result; Lambda (GET) has no functions.
 */
export async function iamServer(
  answers: Readonly<Record<string, Answer>>,
): Promise<{ asked: Asked[]; env: Record<string, string> }> {
  const asked: Asked[] = []
  const server: Server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      if (request.method === 'GET') {
        response.setHeader('content-type', 'application/json').end('{"Functions":[]}')
        return
      }
      const parameters = new URLSearchParams(text)
      const action = parameters.get('Action') ?? ''
      const one = { action, parameters }
      asked.push(one)
      let answer: Answer = answers[action] ?? ''
      while (typeof answer === 'function') answer = answer(one)
      const { status, body } = xml(action, answer)
      response.writeHead(status, { 'content-type': 'text/xml' }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    asked,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'ap-northeast-2',
      AWS_MAX_ATTEMPTS: '2',
    },
  }
}

/** A list of members, as the query protocol writes it. */
export const members = (...inside: string[]): string => inside.map((one) => `<member>${one}</member>`).join('')

/** An object's fields. */
export const fields = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('')
