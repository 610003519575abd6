import { isSandboxQueue } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { type Database, openDatabase, openLedger, openQueue } from '../ports/index.ts'
import { errorFields, log, main, numberFrom, required } from '../process.ts'
import { loadCarriers } from './carriers.ts'
import { consume } from './consume.ts'
import type { WorkerEvent } from './events.ts'
import { pumpReports } from './reports.ts'
import { runSandbox } from './sandbox.ts'

function observe(event: WorkerEvent): void {
  const { kind, ...fields } = event
  if (event.kind === 'failed') log(kind, { ...fields, ...errorFields(event.error) })
  else log(kind, fields)
}

/** @throws Problem `schema-outdated`: a worker writes into no tables that it does not know */
async function checkSchema(database: Database): Promise<void> {
  const [step] = await database.pending()
  if (step === undefined) return
  throw new Problem('schema-outdated', `The database lacks step ${step.version} of the schema: ${step.name}.`, {
    next: 'apigw schema apply',
  })
}

/** The worker as a process of its own: what a container starts. It is configured by its environment alone. */
await main(async () => {
  const { env } = process
  const carriers = loadCarriers(env.APIGW_CARRIERS)
  const database = await openDatabase(required('APIGW_DATABASE'), {
    password: env.APIGW_DATABASE_PASSWORD,
    connections: numberFrom('APIGW_DATABASE_CONNECTIONS', 4),
  })
  if (env.APIGW_SCHEMA === 'apply') await database.migrate(carriers)
  await checkSchema(database)
  const queue = openQueue({ endpoint: env.APIGW_SQS_ENDPOINT, region: env.AWS_REGION })
  const ledger = openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region: env.AWS_REGION, table: env.APIGW_LEDGER_TABLE })
  const settings = {
    waitSeconds: numberFrom('APIGW_WAIT_SECONDS', 20),
    idleMaxMs: numberFrom('APIGW_IDLE_MAX_MS', 20_000),
    receivers: numberFrom('APIGW_RECEIVERS', 4),
  }
  const failed = (name: string) => (error: unknown) => observe({ kind: 'failed', queue: name, error, retryMs: 0 })
  const consumers = carriers.map((carrier) => consume({ queue, database, carrier, ledger, ...settings, observe }))
  const sandboxes = carriers
    .filter((carrier) => isSandboxQueue(carrier.queue))
    .map((carrier) => runSandbox({ database, carrier, failed: failed(carrier.queue) }))
  const pump = ledger && pumpReports({ database, ledger, carriers, observe })
  log('consuming', { queues: carriers.map((carrier) => carrier.queue), reports: pump !== undefined })
  return async () => {
    await Promise.all([...consumers, ...sandboxes].map((part) => part.stop()))
    await pump?.stop()
    queue.close()
    await database.close()
  }
})
