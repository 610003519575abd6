import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import dynalite from 'dynalite'

/** DynamoDB on this machine, kept in a folder. */
export async function startDynamodb(folder: string): Promise<{ address: string; stop(): Promise<void> }> {
  const server = dynalite({ path: join(folder, 'ledger'), createTableMs: 0 })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
