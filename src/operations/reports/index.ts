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

export type { Ledger } from '../../runtime/ports/index.ts'

export interface Reports {
  readonly reports: readonly Report[]
  readonly cursor: string
  readonly more: boolean
}

const pageSize = 500

/** Opens the ledger, runs `work` and closes the ledger. @throws Problem `input-missing` if no ledger is configured */
export async function withLedger<T>(place: LedgerPlace, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = openLedger(place)
  if (ledger === undefined) {
    throw new Problem('input-missing', 'No ledger table is configured.', {
      next: step`set APIGW_LEDGER_TABLE or ledgerTable in apigw.yaml, or start ${apigw('dev')}`,
    })
  }
  try {
    return await work(ledger)
  } finally {
    ledger.close()
  }
}

/** A customer's reports after a cursor, as the API returns them to the customer. */
export function listReports(ledger: Ledger, owner: Owner, cursor: string | undefined, limit: number): Promise<Reports> {
  return ledger.reports(owner, cursor, limit)
}

/**
 * Appends reports again after the newest, for a customer that has lost them. The customer then reads them with its current
 * cursor.
 * @param since only reports from this time on, in milliseconds since 1970
 * @param write false: only count them
 */
export async function replayReports(
  ledger: Ledger,
  owner: Owner,
  since: number,
  write: boolean,
  onProgress: (count: number) => void,
): Promise<number> {
  const found = new Map<string, Report>()
  // Reads everything before writing, because appended reports would be read again.
  let cursor: string | undefined
  for (let more = true; more; ) {
    const page = await ledger.reports(owner, cursor, pageSize)
    for (const report of page.reports) if (report.at >= since) found.set(report.id, report)
    cursor = page.cursor
    more = page.more || page.reports.length === pageSize
    onProgress(found.size)
  }
  if (write && found.size > 0) await ledger.append(owner, [...found.values()])
  return found.size
}
