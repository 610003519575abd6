import type { Environment } from '../../domain/names.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Report } from '../../domain/report.ts'
import { type Ledger, openLedger } from '../../runtime/ports/index.ts'

export interface LedgerPlace {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly table?: string | undefined
}

export interface Owner {
  readonly customer: string
  readonly environment: Environment
}

export interface Reports {
  readonly reports: readonly Report[]
  readonly cursor: string
  readonly more: boolean
}

const pageSize = 500

/** Uses the ledger for as long as `work` takes. @throws Problem `input-missing` where it is not said where the ledger is */
export async function withLedger<T>(place: LedgerPlace, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = openLedger(place)
  if (ledger === undefined) {
    throw new Problem('input-missing', 'Where is the ledger?', {
      next: step`set APIGW_LEDGER_TABLE or ledgerTable in apigw.yaml, or start ${apigw('dev')}`,
    })
  }
  try {
    return await work(ledger)
  } finally {
    ledger.close()
  }
}

/** A customer's reports after a cursor, as it would read them itself. */
export function listReports(ledger: Ledger, owner: Owner, cursor: string | undefined, limit: number): Promise<Reports> {
  return ledger.reports(owner, cursor, limit)
}

/**
 * Writes reports once more behind the newest, for a customer that has lost them: it reads them again with the cursor that
 * it has.
 * @param since only those that ended at this instant or later, in milliseconds since 1970
 * @param write false: only counts them
 */
export async function replayReports(
  ledger: Ledger,
  owner: Owner,
  since: number,
  write: boolean,
  told: (count: number) => void,
): Promise<number> {
  const found = new Map<string, Report>()
  // All is read before anything is written: what is written comes at the end of what is read.
  let cursor: string | undefined
  for (let more = true; more; ) {
    const page = await ledger.reports(owner, cursor, pageSize)
    for (const report of page.reports) if (report.at >= since) found.set(report.id, report)
    cursor = page.cursor
    more = page.more || page.reports.length === pageSize
    told(found.size)
  }
  if (write && found.size > 0) await ledger.append(owner, [...found.values()])
  return found.size
}
