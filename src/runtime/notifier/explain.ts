import type { Severity } from '../../domain/alerting.ts'
import { isRecord, recordOf } from '../../domain/record.ts'
import { timeOf } from './describe/activity.ts'
import { textAt } from './describe/actor.ts'
import type { TrailRecord } from './read/signal.ts'
import type { Rule } from './rules/index.ts'

/** The events behind an alarm. */
export interface Explanation {
  readonly records: readonly TrailRecord[]
  /** The rule under which events are reported if no other rule matches. */
  readonly rule?: Rule
  /** Why there are no events. */
  readonly note?: string
}

export type Explanations = (alarm: TrailRecord) => Promise<Explanation>

/** A metric filter of the trail's log group. */
export interface MetricFilter {
  readonly metric: string
  readonly pattern: string
  readonly title: string
  readonly severity: Severity
}

type Search = (query: { pattern: string; from: number; to: number; most: number }) => Promise<string[]>

/** More would add nothing, and each is a message or a line of a digest. */
const maxEvents = 25
/** CloudTrail brings an event to the log group within about five minutes of the call, mostly; it is filed under its own time. */
const lateMs = 15 * 60_000

function recordIn(message: string): TrailRecord[] {
  try {
    const value: unknown = JSON.parse(message)
    return isRecord(value) ? [value] : []
  } catch {
    return []
  }
}

/**
 * Looks for the events behind an alarm, with the very pattern that raised it. An alarm that cannot be explained is still
 * reported: the search never fails a report.
 */
export function explainer(filters: readonly MetricFilter[], search: Search | undefined, now: () => number): Explanations {
  return async (alarm) => {
    const metric = textAt(alarm, 'Trigger.MetricName')
    const filter = filters.find((one) => one.metric === metric)
    if (filter === undefined || search === undefined) return { records: [] }
    const to = timeOf(alarm.StateChangeTime, now())
    const periodMs = Number(recordOf(alarm.Trigger).Period) * 1_000
    const from = to - (Number.isFinite(periodMs) ? Math.min(periodMs, 86_400_000) : 0) - lateMs
    const rule: Rule = {
      id: `cis-${filter.metric.toLowerCase()}`,
      severity: filter.severity,
      title: filter.title,
      why: `The alarm ${textAt(alarm, 'AlarmName') ?? ''} counts it.`,
      fix: 'Confirm with the actor that this was intended.',
      cis: [],
      source: 'cloudtrail',
      pattern: {},
      digest: false,
    }
    try {
      const messages = await search({ pattern: filter.pattern, from, to: to + 60_000, most: maxEvents })
      const records = messages.flatMap(recordIn)
      return records.length > 0
        ? { records, rule }
        : { records, note: 'No event was found in the log group that explains it; look there.' }
    } catch (error) {
      return {
        records: [],
        note: `The log group could not be searched (${error instanceof Error ? error.name : 'unknown'}); look there.`,
      }
    }
  }
}
