import { apigw, step } from '../../../domain/next-step.ts'
import { type HeldState, heldState } from '../../schema/index.ts'
import { type Check, failed, type Places } from '../check.ts'

const name = 'held messages'
/** A message is due a minute before its time: beyond that it is late. */
const maxLateMs = 120_000

/** Whether held messages are handed over in time. */
export async function checkHeld({ database, carriers = [] }: Places, now: number = Date.now()): Promise<Check[]> {
  if (database === undefined) return []
  try {
    return (await heldState(database, carriers)).map((state) => heldResult(state, now))
  } catch (error) {
    return [failed(name, error, step`start the database, or fix the carriers file: ${apigw('doctor', '--carriers', 'FILE')}`)]
  }
}

export function heldResult({ queue, count, oldestDueAt }: HeldState, now: number): Check {
  const lateMs = oldestDueAt === undefined ? 0 : now - oldestDueAt
  const detail = `${queue}: ${count} held`
  if (lateMs <= maxLateMs) return { name, state: 'ok', detail }
  const late = `${detail}, and the oldest was due ${Math.round(lateMs / 1000)} s ago`
  return { name, state: 'warn', detail: late, fix: step`check the worker's log: ${apigw('logs', 'worker')}` }
}
