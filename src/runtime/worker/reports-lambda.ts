import { Problem } from '../../domain/problem.ts'
import { Eraser } from '../erasure/index.ts'
import { frozenSince } from '../frozen.ts'
import { type Database, openLedger } from '../ports/index.ts'
import { type DriveOptions, driveOnce } from './drivers/driver.ts'
import { driven } from './drivers/index.ts'
import { observe, openCarriers } from './environment.ts'
import { eraseOnce } from './erase.ts'
import { answers } from './fresh.ts'
import { Releaser } from './release.ts'
import { ReportPump } from './reports.ts'

interface ReportJob {
  readonly database: Database
  readonly pump: ReportPump
  readonly releaser: Releaser
  readonly eraser: Eraser
  readonly drivers: readonly DriveOptions[]
}

async function openReportJob(): Promise<ReportJob> {
  const { env } = process
  const ledger = openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region: env.AWS_REGION, table: env.APIGW_LEDGER_TABLE })
  if (ledger === undefined) throw new Problem('config-invalid', 'The environment variable APIGW_LEDGER_TABLE is missing.')
  const { database, carriers } = await openCarriers(1)
  const drivers = driven(carriers).map((one) => ({ database, ...one }))
  const parts = { database, ledger, carriers, observe }
  return { database, pump: new ReportPump(parts), releaser: new Releaser(parts), eraser: new Eraser(parts), drivers }
}

let reportJob: Promise<ReportJob> | undefined
const frozen = frozenSince()
/** Time that one round may take, so that it ends before Lambda ends it. */
const spareMs = 10_000

/**
 * What a schedule calls: releases held messages, runs the drivers of carriers, such as the sandbox, and carries outcomes into the
 * ledger until there is nothing more to do, or the function's time is over.
 */
export async function handler(_event: unknown, context: { getRemainingTimeInMillis(): number }): Promise<{ reports: number }> {
  reportJob ??= openReportJob()
  try {
    const known = await reportJob
    if (frozen.begin() && !(await answers(known.database))) {
      void known.database.close().catch(() => undefined)
      reportJob = openReportJob()
    }
    const { pump, releaser, eraser, drivers } = await reportJob
    const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - spareMs))
    let reports = 0
    for (let some = -1; some !== 0 && context.getRemainingTimeInMillis() > spareMs; ) {
      const released = await releaser.once()
      const driven = await Promise.all(drivers.map((one) => driveOnce(one, signal)))
      const pumped = await pump.once()
      reports += pumped
      some = pumped + released + driven.reduce((sum, rows) => sum + rows, 0)
    }
    await eraseOnce(eraser, observe, Math.min(5_000, context.getRemainingTimeInMillis() - spareMs))
    await releaser.tellLate()
    await pump.tellLag()
    return { reports }
  } catch (error) {
    await reportJob.catch(() => {
      reportJob = undefined
    })
    throw error
  } finally {
    frozen.end()
  }
}
