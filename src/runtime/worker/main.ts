import { Problem } from '../../domain/problem.ts'
import { openDatabase, openQueue, tableName } from '../ports/index.ts'
import { errorFields, log, main, numberFrom, required } from '../process.ts'
import { consume, type WorkerEvent } from './consume.ts'

/** Reads `carrier-a=carrier_a,sandbox=sandbox`: which queue goes into which table. */
function pairsOf(text: string): { queueName: string; table: string }[] {
  return text.split(',').map((pair) => {
    const [queueName, table, more] = pair.trim().split('=')
    if (queueName && table && more === undefined) return { queueName, table: tableName(table) }
    throw new Problem('config-invalid', `APIGW_QUEUES has "${pair}" where QUEUE=TABLE was expected.`)
  })
}

function observe(event: WorkerEvent): void {
  const { kind, ...fields } = event
  if (event.kind === 'failed') log(kind, { ...fields, ...errorFields(event.error) })
  else log(kind, fields)
}

/** The worker as a process of its own: what a container starts. It is configured by its environment alone. */
await main(async () => {
  const pairs = pairsOf(required('APIGW_QUEUES'))
  const database = await openDatabase(required('APIGW_DATABASE'), process.env.APIGW_DATABASE_PASSWORD)
  await database.prepare([...new Set(pairs.map((pair) => pair.table))])
  const queue = openQueue({ endpoint: process.env.APIGW_SQS_ENDPOINT, region: process.env.AWS_REGION })
  const waitSeconds = numberFrom('APIGW_WAIT_SECONDS', 20)
  const idleMaxMs = numberFrom('APIGW_IDLE_MAX_MS', 20_000)
  const consumers = pairs.map((pair) => consume({ queue, database, ...pair, waitSeconds, idleMaxMs, observe }))
  log('consuming', { queues: pairs.map((pair) => pair.queueName) })
  return async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()))
    queue.close()
    await database.close()
  }
})
