import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request to an emulated service: the action, in the name of its protocol, and the body. */
export interface AwsCall {
  readonly action: string
  readonly body: string
  readonly authorization: string
}

/** An answer: JSON or text, or an error with AWS's own name for it. */
export type AwsAnswer = object | string | { readonly error: string; readonly status?: number }

/** An emulated AWS service for the runtime's own client; it is closed after the test. */
export async function awsServer(answer: (call: AwsCall) => AwsAnswer): Promise<{ endpoint: string; calls: AwsCall[] }> {
  const calls: AwsCall[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const target = request.headers['x-amz-target']
      const action = typeof target === 'string' ? (target.split('.')[1] ?? '') : (new URLSearchParams(body).get('Action') ?? '')
      const call = { action, body, authorization: request.headers.authorization ?? '' }
      calls.push(call)
      const said = answer(call)
      if (typeof said === 'string') response.end(said)
      else if ('error' in said) {
        response.statusCode = 'status' in said ? Number(said.status) : 400
        response.end(JSON.stringify({ __type: `com.amazonaws#${said.error}`, message: 'no' }))
      } else response.end(JSON.stringify(said))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}
