import { Problem } from '../../domain/problem.ts'
import { openDatabase, openLedger } from '../ports/index.ts'
import { errorFields, log, required } from '../process.ts'
import { loadCarriers } from './carriers.ts'
import type { WorkerEvent } from './events.ts'
import { type PumpParts, pumpOnce } from './reports.ts'

function observe(event: WorkerEvent): void {
  const { kind, ...fields } = event
  log(kind, event.kind === 'failed' ? { ...fields, ...errorFields(event.error) } : fields)
}

async function open(): Promise<PumpParts> {
  const { env } = process
  const carriers = loadCarriers(env.APIGW_CARRIERS)
  const ledger = openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region: env.AWS_REGION, table: env.APIGW_LEDGER_TABLE })
  if (ledger === undefined) throw new Problem('config-invalid', 'The environment variable APIGW_LEDGER_TABLE is missing.')
  const database = await openDatabase(required('APIGW_DATABASE'), { password: env.APIGW_DATABASE_PASSWORD, connections: 1 })
  return { database, ledger, carriers, observe }
}

let opened: Promise<PumpParts> | undefined
/** Time that one round may take, so that it ends before Lambda ends it. */
const spareMs = 10_000

/** What a schedule calls: carries outcomes into the ledger until there are none, or the function's time is over. */
export async function handler(_event: unknown, context: { getRemainingTimeInMillis(): number }): Promise<{ reports: number }> {
  opened ??= open()
  const parts = await opened
  let reports = 0
  for (let some = -1; some !== 0 && context.getRemainingTimeInMillis() > spareMs; reports += some) some = await pumpOnce(parts)
  return { reports }
}
