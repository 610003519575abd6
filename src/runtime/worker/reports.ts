import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../domain/carrier.ts'
import type { Report } from '../../domain/report.ts'
import type { Database, Final, Ledger, Owner } from '../ports/index.ts'
import type { Observe } from './events.ts'

const most = 1_000
const firstPauseMs = 250
const longestPauseMs = 5_000

export interface PumpParts {
  readonly database: Database
  readonly ledger: Ledger
  readonly carriers: readonly Carrier[]
  readonly observe: Observe
}

function reportOf({ id, ref, outcome, code, at }: Final): Report {
  return { id, status: outcome, at, ...(ref !== undefined && { ref }), ...(code !== undefined && { code }) }
}

/**
 * Carries outcomes of one carrier into the ledger. A process that dies between the ledger and the note that a report was
 * written leaves reports that are written again: readers see each at least once, and none is lost.
 * @returns how many reports were written
 */
async function pumpCarrier({ database, ledger, observe }: PumpParts, carrier: Carrier): Promise<number> {
  const finals = await database.finals(carrier, most)
  for (const { id, unreadable } of finals) {
    if (unreadable !== undefined) observe({ kind: 'unreadable', queue: carrier.queue, id, why: unreadable })
  }
  const owned = Map.groupBy(finals, ({ customer, environment }) => JSON.stringify([customer, environment]))
  let written = 0
  let failure: unknown
  for (const some of owned.values()) {
    const [first] = some
    if (first === undefined) continue
    const owner: Owner = { customer: first.customer, environment: first.environment }
    try {
      await ledger.append(owner, some.map(reportOf))
      await database.reported(some.map(({ id }) => id))
      written += some.length
    } catch (error) {
      // One customer's trouble is not the others'.
      failure = error
    }
  }
  if (written > 0) {
    await database.archive(carrier, most)
    const { count, oldestAt } = await database.unreported()
    const oldestMs = oldestAt === undefined ? 0 : Math.max(0, Date.now() - oldestAt)
    observe({ kind: 'reported', queue: carrier.queue, reports: written, open: count, oldestMs })
  }
  if (failure !== undefined) throw failure
  return written
}

/** One round over all carriers, for a schedule. A carrier that fails does not stop the others. */
export async function pumpOnce(parts: PumpParts): Promise<number> {
  let written = 0
  for (const carrier of parts.carriers) {
    try {
      written += await pumpCarrier(parts, carrier)
    } catch (error) {
      parts.observe({ kind: 'failed', queue: carrier.queue, error, retryMs: firstPauseMs })
    }
  }
  return written
}

/** Carries outcomes into the ledger until stopped, with pauses that grow while there are none. */
export function pumpReports(parts: PumpParts): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const run = async (): Promise<void> => {
    let pauseMs = firstPauseMs
    while (!stopping.signal.aborted) {
      const written = await pumpOnce(parts)
      pauseMs = written > 0 ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2)
      if (written < most) await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
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
