import type { CustomerTable } from './table.ts'

const everyMs = 60_000
/** The clocks are compared anew when this machine's was set by more. */
const jumpMs = 1_000

/** Connects the table, and keeps the difference between the database's clock and this machine's up to date. Call it before each poll. */
export function clockWatch(table: CustomerTable): () => Promise<void> {
  let nextAt = Number.NEGATIVE_INFINITY
  let drift = 0
  return async () => {
    const offset = Date.now() - performance.now()
    if (performance.now() < nextAt && Math.abs(offset - drift) <= jumpMs) return
    await table.connect()
    nextAt = performance.now() + everyMs
    drift = offset
  }
}
