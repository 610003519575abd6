import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Flaky {
  readonly url: string
  stop(): void
}

/**
 * A server that fails as servers do: a call that sends gets 503, then no answer, then 202 with what all three attempts had; a status
 * of `moved` redirects, and one of `later` asks to wait for an hour.
 */
export async function startFlaky(): Promise<Flaky> {
  let keys: unknown[] = []
  let nonces: unknown[] = []
  const sent = (request: IncomingMessage, response: ServerResponse): void => {
    keys.push(request.headers['idempotency-key'])
    nonces.push(/nonce="([^"]+)"/.exec(String(request.headers['signature-input']))?.[1])
    if (keys.length === 1) {
      const problem = { code: 'queue-unavailable', detail: 'no queue', retryable: true, requestId: 'r' }
      response.writeHead(503, { 'retry-after': '0' }).end(JSON.stringify(problem))
    } else if (keys.length === 2) request.socket.destroy()
    else {
      response.writeHead(202).end(JSON.stringify({ id: 'x', status: 'accepted', attempts: keys.length, keys, nonces }))
      keys = []
      nonces = []
    }
  }
  const server = createServer((request, response) => {
    if (request.method === 'POST') request.resume().on('end', () => sent(request, response))
    else if (request.url?.endsWith('/moved')) response.writeHead(302, { location: '/elsewhere' }).end()
    else {
      const problem = { code: 'day-quota-exceeded', detail: 'used up', retryable: true, requestId: 'r' }
      response.writeHead(429, { 'retry-after': '3600' }).end(JSON.stringify(problem))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stop: () => server.closeAllConnections() ?? server.close() }
}
