import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A request on its way to DynamoDB. */
export interface Passing {
  /** Such as `PutItem`. */
  readonly action: string
  readonly body: string
}

/**
 * What becomes of a request. `lose-answer`: it is carried out, and the connection breaks before the answer. `lose`: the
 * connection breaks before it arrives. `throttle`: as DynamoDB refuses requests over a table's capacity.
 */
export type Fate = 'pass' | 'lose-answer' | 'lose' | 'throttle'

/** A server between a registry and DynamoDB. */
export interface DynamoProxy {
  readonly endpoint: string
  readonly seen: Passing[]
  /** Decides about each request. It may wait. */
  fate: (passing: Passing) => Fate | Promise<Fate>
  /** What a throttled request is answered with. */
  error: string
  close(): Promise<void>
}

const errorText = (name: string): string =>
  JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'The request was refused.' })

export async function dynamoProxy(target: string): Promise<DynamoProxy> {
  const seen: Passing[] = []
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const content = await buffer(request)
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': String(request.headers['x-amz-target']) }
    const passing = { action: headers['x-amz-target'].split('.')[1] ?? '', body: content.toString() }
    seen.push(passing)
    const fate = await proxy.fate(passing)
    if (fate === 'throttle') return void response.writeHead(400, headers).end(errorText(proxy.error))
    if (fate === 'lose') return void request.socket.destroy()
    const authorization = String(request.headers.authorization)
    const answer = await fetch(target, {
      method: 'POST',
      headers: { ...headers, authorization, 'x-amz-date': String(request.headers['x-amz-date']) },
      body: content,
    })
    const text = await answer.text()
    if (fate === 'lose-answer') return void request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(text)
  }
  const server = createServer((request, response) => void pass(request, response).catch(() => request.socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: DynamoProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    fate: () => 'pass',
    error: 'ProvisionedThroughputExceededException',
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return proxy
}

/** Whether a request writes a customer's books. */
export function writesBooks({ action, body }: Passing): boolean {
  return action === 'PutItem' && body.includes('"books#')
}
