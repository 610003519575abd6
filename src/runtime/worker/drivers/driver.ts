import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../../domain/carrier.ts'
import type { CarrierResult, CarrierRow, Database } from '../../ports/index.ts'

/**
 * Delivers for a carrier that does not read a table itself, such as one that is reached over HTTP or SMPP. The worker writes its
 * messages into a managed table, as for any other carrier, and the driver delivers the rows from there. A message is then in the
 * database, once, before anything is sent, and its report is made of its row.
 */
export interface CarrierDriver {
  /**
   * Delivers rows. A row comes again until it has a result, also after a crash in between, so the carrier has to be asked with the
   * row's `id` as its idempotency key.
   * @returns the results that are known now
   */
  deliver(rows: readonly CarrierRow[], signal: AbortSignal): Promise<readonly CarrierResult[]>
  /** Rows that were delivered and wait for their result: they are read again beside new ones. */
  readonly pending: number
  /** Whether results are expected soon, so that the next look is not put off. */
  readonly isWaiting: boolean
}

export interface DriveOptions {
  readonly database: Pick<Database, 'waitingRows' | 'writeResults'>
  readonly carrier: Carrier
  readonly driver: CarrierDriver
  /** Called with the number of delivered rows. */
  readonly delivered?: ((rows: number) => void) | undefined
  readonly failed?: ((error: unknown) => void) | undefined
}

const everyMs = 250
const maxMs = 5_000
const rowsAtOnce = 500
/** Rows without a result that are read beside new ones. */
const maxPending = 100_000

/** One look at the table. @returns how many rows got a result */
export async function driveOnce({ database, carrier, driver, delivered }: DriveOptions, signal: AbortSignal): Promise<number> {
  const rows = await database.waitingRows(carrier, rowsAtOnce + Math.min(maxPending, driver.pending))
  const results = rows.length === 0 ? [] : await driver.deliver(rows, signal)
  if (results.length > 0) await database.writeResults(carrier, results)
  delivered?.(results.filter((result) => result.delivered).length)
  return results.length
}

/** Runs a driver until it is stopped, with growing pauses while it is idle. */
export function drive(options: DriveOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    let pauseMs = everyMs
    while (!stopping.signal.aborted) {
      try {
        const results = await driveOnce(options, stopping.signal)
        pauseMs = results > 0 || options.driver.isWaiting ? everyMs : Math.min(maxMs, pauseMs * 1.5)
      } catch (error) {
        options.failed?.(error)
        pauseMs = maxMs
      }
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
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
