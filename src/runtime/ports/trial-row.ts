import { randomId } from '../../domain/ids.ts'
import { type CarrierEngine, type CarrierSession, Refusal } from '../sql/index.ts'
import type { Row } from './database.ts'
import type { Layout } from './layout.ts'
import { insertRows } from './sql-insert.ts'

/** Inserts a row under a new id and rolls back. @returns `true` if the table accepted it, otherwise why not */
export async function insertAndRollBack(
  engine: CarrierEngine,
  transaction: (run: (session: CarrierSession) => Promise<true>) => Promise<true>,
  layout: Layout,
  row: Row,
): Promise<true | Error> {
  const accepted = new Error('the row was accepted')
  const { status, done } = layout.result
  const trial = { ...row, message: { ...row.message, id: randomId(), ref: randomId() } }
  // PostgreSQL has no reader of uncommitted rows, so the trial is the very statement of a real row.
  const replaced = engine.name === 'postgres' ? undefined : { column: status, value: done[0] ?? null }
  try {
    return await transaction(async (session) => {
      await insertRows(session, engine, layout, [trial], replaced)
      if (engine.name === 'postgres') await session.run('SET CONSTRAINTS ALL IMMEDIATE')
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
