import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../domain/carrier.ts'
import { sandboxLateMs, sandboxOutcome } from '../../domain/sandbox.ts'
import type { CarrierRow, Database } from '../ports/index.ts'

const everyMs = 250
const maxMs = 5_000
const batchRows = 500

export interface SandboxOptions {
  readonly database: Database
  readonly carrier: Carrier
  /** Called with the number of delivered rows. */
  readonly delivered?: (rows: number) => void
  readonly failed?: (error: unknown) => void
}

/** Rows that are reported late, with the time since they wait. */
type Late = Map<string, number>

/** The results that are due now. Silent recipients never get one. */
function resultsOf(rows: readonly CarrierRow[], late: Late, now: number) {
  return rows.flatMap(({ id, recipient }) => {
    const outcome = sandboxOutcome(recipient)
    if (outcome === 'silent') return []
    if (outcome === 'late') {
      const since = late.get(id) ?? now
      late.set(id, since)
      if (now - since < sandboxLateMs) return []
      late.delete(id)
    }
    const delivered = outcome !== 'failed'
    return [{ id, delivered, code: delivered ? '' : 'sandbox-failed', at: now }]
  })
}

export interface Sandbox {
  /** Writes the results that are due. @returns how many rows */
  play(): Promise<number>
  /** Whether rows are still waiting for a late result. */
  waits(): boolean
}

/** A simulated carrier: the last digits of the recipient select the outcome. */
export function createSandbox({ database, carrier, delivered }: SandboxOptions): Sandbox {
  const late: Late = new Map()
  const silent = new Set<string>()

  async function play(): Promise<number> {
    const rows = await database.waitingRows(carrier, batchRows + late.size + silent.size)
    for (const { id, recipient } of rows) if (sandboxOutcome(recipient) === 'silent') silent.add(id)
    const results = resultsOf(rows, late, Date.now())
    if (results.length > 0) await database.writeResults(carrier, results)
    delivered?.(results.filter((result) => result.delivered).length)
    return results.length
  }
  return { play, waits: () => late.size > 0 }
}

/** Runs the sandbox until stopped, with growing pauses while it is idle. */
export function runSandbox(options: SandboxOptions): { stop(): Promise<void> } {
  const sandbox = createSandbox(options)
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    let pauseMs = everyMs
    while (!stopping.signal.aborted) {
      try {
        pauseMs = (await sandbox.play()) > 0 || sandbox.waits() ? everyMs : Math.min(maxMs, pauseMs * 1.5)
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
