import { apigw, step } from '../../../domain/next-step.ts'
import { maxOutcomesRead, type ReportLag, reportLag } from '../../schema/index.ts'
import { type Check, failed, type Places } from '../check.ts'

const name = 'reports'
/** Same as the default of `AlertSeconds`, the alarm of the worker stack. */
const maxLagMs = 600_000

/** How far each carrier's reports lag behind its outcomes. */
export async function checkReports({ database, carriers = [] }: Places, now: number = Date.now()): Promise<Check[]> {
  if (database === undefined) return []
  try {
    return (await reportLag(database, carriers)).map((lag) => lagResult(lag, now))
  } catch (error) {
    return [failed(name, error, step`start the database, or fix the carriers file: ${apigw('doctor', '--carriers', 'FILE')}`)]
  }
}

export function lagResult({ queue, outcomes, oldestAt }: ReportLag, now: number): Check {
  if (oldestAt === undefined) return { name, state: 'ok', detail: `${queue}: each outcome has its report` }
  const ageMs = Math.max(0, now - oldestAt)
  const count = outcomes < maxOutcomesRead ? String(outcomes) : `${maxOutcomesRead} or more`
  const detail = `${queue}: ${count} ${outcomes === 1 ? 'outcome' : 'outcomes'} without a report, the oldest ${Math.round(ageMs / 1000)} s old`
  if (ageMs <= maxLagMs) return { name, state: 'ok', detail }
  return { name, state: 'warn', detail, fix: step`check the worker's log: ${apigw('logs', 'worker')}` }
}
