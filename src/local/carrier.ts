import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../runtime/ports/index.ts'

const everyMs = 250
const most = 500

/**
 * A carrier that has no telephones: it takes the rows of its table and reports each as delivered.
 * @param delivered told how many
 */
export function simulateCarrier(database: Database, table: string, delivered: (rows: number) => void): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const rows = await database.waiting(table, most)
      if (rows.length > 0) {
        await database.report(
          table,
          rows.map((row) => row.id),
          'delivered',
          Date.now(),
        )
        delivered(rows.length)
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
