import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook as Library } from 'standardwebhooks'
import { onTestFinished } from 'vitest'
import type { Environment } from '../../../src/domain/names.ts'
import { masterKeysFrom, seal } from '../../../src/domain/seal.ts'
import { type Webhook, webhookOwner } from '../../../src/domain/webhook.ts'
import { newWebhookSecret } from '../../../src/domain/webhook-signature.ts'

export const masterKey = Buffer.alloc(32, 9).toString('base64')
export const masterKeys = masterKeysFrom(masterKey)

/** An event as a customer's server gets it. */
export interface Got {
  readonly id: string
  readonly timestamp: number
  readonly body: string
}

type Answerer = (response: ServerResponse, got: Got, request: IncomingMessage) => unknown

/** A customer's server on this machine. */
export async function startReceiver(answer: Answerer = (response) => response.writeHead(204).end()) {
  const got: Got[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { 'webhook-id': id, 'webhook-timestamp': timestamp } = request.headers
      const one = { id: String(id), timestamp: Number(timestamp), body: Buffer.concat(chunks).toString() }
      got.push(one)
      answer(response, one, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { got, port, url: `http://localhost:${port}/in`, ids: () => got.map(({ id }) => id) }
}

/** A server that checks each event with the library of Standard Webhooks. It answers 400 where that refuses it. */
export async function startCheckingReceiver(secrets: readonly string[]) {
  return startReceiver((response, { body }, { headers }) => {
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    try {
      for (const secret of secrets) new Library(secret).verify(body, signed)
      response.writeHead(200).end('ok')
    } catch (error) {
      response.writeHead(400).end(String(error))
    }
  })
}

/** An endpoint with new secrets, as it is stored. */
export function endpointOf(owner: { customer: string; environment: Environment }, url: string, more: Partial<Webhook> = {}) {
  const key = { ...owner, name: more.name ?? 'main' }
  const secret = newWebhookSecret()
  const webhook: Webhook = {
    ...key,
    url,
    events: [],
    secrets: [{ sealed: seal(secret, webhookOwner(key), masterKeys), createdAt: 0 }],
    createdAt: 0,
    ...more,
  }
  return { webhook, secret }
}
