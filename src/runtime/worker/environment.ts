import type { Carrier } from '../../domain/carrier.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Database, openDatabase, secretFrom } from '../ports/index.ts'
import { errorFields, log, numberFrom, required } from '../process.ts'
import { loadCarriers } from './carriers.ts'
import type { WorkerEvent } from './events.ts'

/** A worker's database and the carriers that it serves. */
export interface CarrierDatabase {
  readonly database: Database
  readonly carriers: readonly Carrier[]
}

/** One line of the log for what a worker did. */
export function observe(event: WorkerEvent): void {
  const { kind, ...fields } = event
  log(kind, 'error' in event ? { ...fields, ...errorFields(event.error) } : fields)
}

/** @throws Problem `schema-outdated`: a worker writes into no tables that it does not know */
async function checkSchema(database: Database): Promise<void> {
  const [step] = await database.pending()
  if (step === undefined) return
  throw new Problem('schema-outdated', `The database lacks step ${step.version} of the schema: ${step.name}.`, {
    next: apigw('schema apply'),
  })
}

/**
 * The carriers and their database as the environment describes them, in a container and on Lambda alike.
 * @param connections where the environment does not say how many
 * @throws Problem `config-invalid`, `carrier-invalid`, `schema-outdated`, `database-unavailable`
 */
export async function openCarriers(connections: number): Promise<CarrierDatabase> {
  const { env } = process
  const carriers = loadCarriers(env.APIGW_CARRIERS)
  const database = await openDatabase(required('APIGW_DATABASE'), {
    password: await secretFrom(env, 'APIGW_DATABASE_PASSWORD'),
    connections: numberFrom('APIGW_DATABASE_CONNECTIONS', connections),
    // A function has 30 seconds in all, and needs some of them for a second try.
    timeoutMs: numberFrom('APIGW_DATABASE_TIMEOUT_MS', env.AWS_LAMBDA_FUNCTION_NAME === undefined ? 30_000 : 8_000),
  })
  try {
    if (env.APIGW_SCHEMA === 'apply') await database.migrate(carriers)
    await checkSchema(database)
    return { database, carriers }
  } catch (error) {
    // A function is tried again in the same process, and must not leave connections behind.
    await database.close()
    throw error
  }
}
