import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * `refuse`: not passed on, answered 500. `lose`: passed on, and the answer lost. `throttle`: answered as a table over its
 * capacity. `conflict`: about half of the conditional writes of a customer's books lose a race.
 */
export type HttpFault = 'none' | 'refuse' | 'lose' | 'throttle' | 'conflict'

const errorOf = (name: string): string => JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name })

export interface FaultyHttp {
  readonly address: string
  set(fault: HttpFault): void
  close(): Promise<void>
}

/** What watches, and may change, what passes. */
export interface Watcher {
  /** @returns the body that is passed on */
  request?(action: string, body: Buffer): Buffer
  /** Called when the service has answered, before the answer is passed on. */
  answered?(action: string, status: number, body: Buffer): void
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** A proxy for an emulated AWS service that injects network and service faults. */
export async function startFaultyHttp(target: number, watcher: Watcher = {}): Promise<FaultyHttp> {
  let fault: HttpFault = 'none'

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await bodyOf(incoming)
    const action = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? ''
    const meets = fault
    if (meets === 'refuse') return void response.writeHead(500).end('{}')
    if (meets === 'throttle') return void response.writeHead(400).end(errorOf('ProvisionedThroughputExceededException'))
    const isBooks = action === 'PutItem' && received.includes('"books#')
    if (meets === 'conflict' && isBooks && Math.random() < 0.5) {
      return void response.writeHead(400).end(errorOf('ConditionalCheckFailedException'))
    }
    const body = watcher.request?.(action, received) ?? received
    const { method, url, headers } = incoming
    const passed = { ...headers, 'content-length': String(body.length) }
    const outgoing = request({ host: '127.0.0.1', port: target, method, path: url, headers: passed }, (answer) => {
      bodyOf(answer)
        .then((said) => {
          const status = answer.statusCode ?? 500
          watcher.answered?.(action, status, said)
          if (meets === 'lose') response.destroy()
          else response.writeHead(status, answer.headers).end(said)
        })
        .catch(() => response.destroy())
    })
    response.once('close', () => void (response.writableFinished || outgoing.destroy()))
    outgoing.on('error', () => response.destroy()).end(body)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (next) => {
      fault = next
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
