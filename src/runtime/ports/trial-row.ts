import { randomId } from '../../domain/ids.ts'
import { type CarrierEngine, type CarrierSession, Refusal, type Value } from '../sql/index.ts'
import type { Row } from './database.ts'
import type { Layout } from './layout.ts'

/** Inserts a row under a new id and rolls back. @returns `true` if the table accepted it, otherwise why not */
export async function insertAndRollBack(
  { name }: CarrierEngine,
  transaction: (run: (session: CarrierSession) => Promise<true>) => Promise<true>,
  layout: Layout,
  row: Row,
): Promise<true | Error> {
  const accepted = new Error('the row was accepted')
  const { status, done } = layout.result
  const values = layout.valuesOf({ ...row, message: { ...row.message, id: randomId(), ref: randomId() } })
  let columns = layout.columns.map((column, at): [string, Value] => [column, values[at] ?? null])
  // PostgreSQL has no reader of uncommitted rows, so the trial is the very statement of a real row.
  if (name !== 'postgres') {
    columns = columns.filter(([column]) => column.toLowerCase() !== status.toLowerCase())
    columns.push([status, done[0] ?? null])
  }
  try {
    return await transaction(async (session) => {
      await session.insert(
        layout.table,
        columns.map(([column]) => column),
        [columns.map(([, value]) => value)],
        name === 'postgres' ? layout.types : undefined,
      )
      if (name === 'postgres') await session.run('SET CONSTRAINTS ALL IMMEDIATE')
      throw accepted
    })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.cause === accepted ? true : error
  }
}

/** A row without a message, to test whether a table accepts any. */
export function inventedRow(): Row {
  const now = Date.now()
  const message = {
    id: randomId(),
    to: '+821000000000',
    from: '+821000000000',
    type: 'sms' as const,
    text: 'apigw',
    acceptedAt: now,
  }
  return { customer: 'apigw', environment: 'live', message }
}
