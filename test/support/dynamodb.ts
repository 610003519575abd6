import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import dynalite from 'dynalite'
import { type Ledger, openLedger } from '../../src/runtime/ports/index.ts'

/** A DynamoDB for one test, over HTTP, with a list of all requests. */
export interface Dynamo {
  readonly endpoint: string
  /** Number of requests per action. */
  readonly seen: ReadonlyMap<string, number>
  open(now?: () => number): Ledger
  stop(): Promise<void>
}

const listen = async (server: ReturnType<typeof createServer>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export async function startDynamo(): Promise<Dynamo> {
  const server = dynalite({ createTableMs: 0 })
  const port = await listen(server)
  const seen = new Map<string, number>()
  const running = new Set<Promise<unknown>>()
  const front = createServer((incoming, response) => {
    const action = String(incoming.headers['x-amz-target']).replace('DynamoDB_20120810.', '')
    seen.set(action, (seen.get(action) ?? 0) + 1)
    const { method, url, headers } = incoming
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    const ended = new Promise((resolve) => outgoing.once('close', resolve))
    running.add(ended)
    void ended.then(() => running.delete(ended))
    incoming.once('error', () => outgoing.destroy()).pipe(outgoing)
  })
  const endpoint = `http://127.0.0.1:${await listen(front)}`
  const open = (now: () => number = Date.now): Ledger => {
    const ledger = openLedger({ endpoint, region: 'ap-northeast-2', now })
    if (ledger === undefined) throw new Error('an endpoint is there, and no ledger')
    return ledger
  }
  await open().prepare()
  return {
    endpoint,
    seen,
    open,
    stop: async () => {
      // A client that stopped waiting may have left a request behind, and dynalite throws when its database is closed.
      while (running.size > 0) await Promise.all(running)
      for (const one of [front, server]) {
        const closed = new Promise((resolve) => one.close(resolve))
        one.closeAllConnections()
        await closed
      }
    },
  }
}
