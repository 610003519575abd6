import { openLedger, openQueue } from '../ports/index.ts'
import { log, main, numberFrom } from '../process.ts'
import { consume } from './consume.ts'
import { drive } from './drivers/driver.ts'
import { driven } from './drivers/index.ts'
import { observe, openCarriers } from './environment.ts'
import { eraseAsked } from './erase.ts'
import { releaseHeld } from './release.ts'
import { pumpReports } from './reports.ts'

/** The worker as a process of its own: what a container starts. It is configured by its environment alone. */
await main(async () => {
  const { env } = process
  const { database, carriers } = await openCarriers(4)
  const queue = openQueue({ endpoint: env.APIGW_SQS_ENDPOINT, region: env.AWS_REGION })
  const ledger = openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region: env.AWS_REGION, table: env.APIGW_LEDGER_TABLE })
  const settings = {
    waitSeconds: numberFrom('APIGW_WAIT_SECONDS', 20),
    idleMaxMs: numberFrom('APIGW_IDLE_MAX_MS', 20_000),
    receivers: numberFrom('APIGW_RECEIVERS', 4),
  }
  const failed = (name: string) => (error: unknown) => observe({ kind: 'failed', queue: name, error, retryMs: 0 })
  const consumers = carriers.map((carrier) => consume({ queue, database, carrier, ledger, ...settings, observe }))
  const drivers = driven(carriers).map(({ carrier, driver }) =>
    drive({ database, carrier, driver, failed: failed(carrier.queue) }),
  )
  const pump = ledger && pumpReports({ database, ledger, carriers, observe })
  const releaser = ledger && releaseHeld({ database, ledger, carriers, observe })
  const eraser = ledger && eraseAsked({ database, ledger, carriers }, observe)
  const names = carriers.map((carrier) => carrier.queue)
  log('consuming', { queues: names, reports: pump !== undefined, releases: releaser !== undefined })
  return async () => {
    await Promise.all([...consumers, ...drivers].map((part) => part.stop()))
    await eraser?.stop()
    await releaser?.stop()
    await pump?.stop()
    queue.close()
    await database.close()
  }
})
