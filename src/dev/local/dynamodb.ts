import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import dynalite from 'dynalite'

/** Maximum time that requests may take to end before the database is closed. */
const drainMs = 2_000
/** A request whose client left is still carried out; it takes a few milliseconds. */
const abandonedMs = 50

/** DynamoDB on this machine, kept in a folder. */
export async function startDynamodb(folder: string): Promise<{ address: string; stop(): Promise<void> }> {
  const server = dynalite({ path: join(folder, 'ledger'), createTableMs: 0 })
  const running = new Set<ServerResponse>()
  server.on('request', (_request, response: ServerResponse) => {
    running.add(response)
    response.once('close', () => setTimeout(() => running.delete(response), response.writableFinished ? 0 : abandonedMs).unref())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      // dynalite throws outside of any call when its database is closed under a request, which ends the process.
      const until = performance.now() + drainMs
      while (running.size > 0 && performance.now() < until) await sleep(10)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
