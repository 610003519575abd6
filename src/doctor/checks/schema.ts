import { schemaState } from '../../schema/index.ts'
import { type Check, failed, type Places } from '../check.ts'

const name = 'schema'

/** Whether the carriers' database has all steps of the schema. */
export async function checkSchema({ database }: Places, onAws: boolean): Promise<Check[]> {
  if (database === undefined) {
    if (!onAws) return []
    return [
      {
        name,
        state: 'skipped',
        detail: 'the database is inside the network, and none was named; a worker does not start on an older schema',
        fix: 'from inside: apigw doctor --database ADDRESS; or look at the worker: apigw logs worker',
      },
    ]
  }
  try {
    const { pending, database: shown } = await schemaState(database)
    if (pending.length === 0) return [{ name, state: 'ok', detail: `${shown} has all steps` }]
    const steps = pending.map(({ version, name: step }) => `${version} ${step}`).join(', ')
    return [{ name, state: 'fail', detail: `${shown} lacks ${steps}`, fix: 'apigw schema apply' }]
  } catch (error) {
    return [failed(name, error, 'start it, or correct its address: --database or APIGW_DATABASE')]
  }
}
