import { apigw, step } from '../../../domain/next-step.ts'
import { type CarrierState, schemaStatus } from '../../schema/index.ts'
import { type Check, failed, type Places } from '../check.ts'

const name = 'schema'

/** One check per fault of a carrier's table, or one that it accepts all rows. */
function carrierChecks({ queue, table, faults }: CarrierState): Check[] {
  const of = `table ${queue}`
  if (faults.length === 0) return [{ name: of, state: 'ok', detail: `${table} accepts the worker's rows` }]
  return faults.map(({ detail, fix, keepsOut }): Check => {
    if (keepsOut === 'some') return { name: of, state: 'warn', detail: `${detail}; rows that need it are rejected`, fix }
    return { name: of, state: 'fail', detail: `${detail}; the worker does not read the queue`, fix }
  })
}

/** Whether the carriers' database has all migrations, and its tables accept the worker's rows. */
export async function checkSchema({ database, carriers = [] }: Places, onAws: boolean): Promise<Check[]> {
  if (database === undefined) {
    if (!onAws) return []
    return [
      {
        name,
        state: 'skipped',
        detail: 'the database is inside the VPC and --database is not set; a worker does not start on an older schema',
        fix: step`from inside the VPC, run ${apigw('doctor', '--database', 'ADDRESS')}; or check the worker's log: ${apigw('logs', 'worker')}`,
      },
    ]
  }
  try {
    const { pending, database: shown, carriers: tables } = await schemaStatus(database, carriers)
    const faults = tables.flatMap(carrierChecks)
    if (pending.length === 0) return [{ name, state: 'ok', detail: `${shown} is up to date` }, ...faults]
    const steps = pending.map(({ version, name: step }) => `${version} ${step}`).join(', ')
    return [
      { name, state: 'fail', detail: `${shown} lacks ${steps}`, fix: apigw('schema apply') },
      ...faults.filter(({ state }) => state !== 'ok'),
    ]
  } catch (error) {
    return [failed(name, error, 'start it, or fix its address: --database or APIGW_DATABASE')]
  }
}
