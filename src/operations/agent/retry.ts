import { Problem } from '../../domain/problem.ts'
import { type FailedFilter, type FailedRow, failedRows, type OpenAgent, requeue } from '../../runtime/agent/index.ts'

export interface RetryRequest extends FailedFilter {
  /** Absent: the only table. */
  readonly table?: string | undefined
}

function tableOf({ tables }: OpenAgent, wanted: string | undefined) {
  const names = [...new Set(tables.map(({ table }) => table.name))]
  const found =
    wanted === undefined ? (names.length === 1 ? tables[0] : undefined) : tables.find(({ table }) => table.name === wanted)
  if (found !== undefined) return found.table
  throw new Problem(
    'input-invalid',
    wanted === undefined ? 'agent.yaml has several tables.' : `agent.yaml has no table "${wanted}".`,
    {
      next: `add --table ${names.join('|')}`,
    },
  )
}

/** The failed rows that a retry would send again. */
export async function rowsToRetry(agent: OpenAgent, { table, ...filter }: RetryRequest): Promise<FailedRow[]> {
  return failedRows(agent.engine, tableOf(agent, table).map, filter)
}

/** Makes failed rows ready again, as new messages. @returns how many */
export async function retryRows(agent: OpenAgent, { table, ...filter }: RetryRequest): Promise<number> {
  const found = tableOf(agent, table)
  await found.connect()
  return requeue(agent.engine, found.map, filter, found.now())
}
