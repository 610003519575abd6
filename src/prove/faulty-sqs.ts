import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** `refuse`: not passed on, answered 500. `lose`: passed on, and the answer lost. */
export type SqsFault = 'none' | 'refuse' | 'lose'

export interface FaultySqs {
  readonly address: string
  /** Every body that was ever sent, with its queue: to be delivered once more. */
  readonly bodies: readonly string[]
  /** Requests of each action. */
  readonly requests: ReadonlyMap<string, number>
  set(fault: SqsFault): void
  stop(): Promise<void>
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** Stands in front of an SQS emulator and does what networks and services do. */
export async function startFaultySqs(port: number): Promise<FaultySqs> {
  const bodies: string[] = []
  const requests = new Map<string, number>()
  let fault: SqsFault = 'none'

  function remember(action: string, body: Buffer): void {
    requests.set(action, (requests.get(action) ?? 0) + 1)
    if (action !== 'SendMessageBatch') return
    const { Entries }: { Entries?: { MessageBody: string }[] } = JSON.parse(body.toString())
    for (const { MessageBody } of Entries ?? []) bodies.push(MessageBody)
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming)
    const action = String(incoming.headers['x-amz-target']).replace('AmazonSQS.', '')
    const meets = fault
    if (meets === 'refuse') return void response.writeHead(500).end('{}')
    remember(action, body)
    const { method, url, headers } = incoming
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      if (meets === 'lose') {
        answer.resume()
        response.destroy()
      } else {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      }
    })
    outgoing.on('error', () => response.destroy()).end(body)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    requests,
    set: (next) => {
      fault = next
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
