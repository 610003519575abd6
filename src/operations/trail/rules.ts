import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { compileRules, reportedIn, signalOf } from '../../runtime/notifier/index.ts'
import { allRules, type TrailChoices } from './settings.ts'

/** A rule that an event matches. */
interface MatchedRule {
  readonly rule: string
  readonly severity: string
  /** It alerts from the event of this number within the time on; `null`: with each. */
  readonly threshold: { readonly count: number; readonly within: string; readonly by: readonly string[] } | null
}

/** The rules that match one event. */
export interface Matched {
  /** The line of the input, from 1. */
  readonly line: number
  readonly event: string | null
  readonly actor: string | null
  readonly matches: readonly MatchedRule[]
  /** Matching rules that an ignore rule suppressed. */
  readonly ignored: readonly string[]
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Unwraps an event from a CloudTrail record, an EventBridge event or an SNS notification. */
function unwrapped(value: unknown): unknown[] {
  return reportedIn(value, () => '').map(({ body }) => body)
}

/**
 * Matches events against the rules, one JSON event per line. Also accepts CloudTrail log files (an object with `Records`).
 * @yields one result per event, in line order
 * @throws Problem `input-invalid`, which names the line
 */
export async function* matchLines(
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
  choices: TrailChoices,
  now: number,
): AsyncGenerator<Matched> {
  const rules = compileRules(allRules(choices), choices.ignore ?? [])
  let line = 0
  for await (const text of lines) {
    line++
    if (text.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new Problem('input-invalid', `${name}, line ${line}: not valid JSON.`, { next: 'provide one event per line', cause })
    }
    const { Records } = recordOf(value)
    const trailFile = Array.isArray(Records) && Records.every((record) => typeof recordOf(record).eventName === 'string')
    for (const event of trailFile ? Records : unwrapped(value)) {
      const { matches, held } = rules.matchesOf(event, now)
      const signal = signalOf({ id: '', body: event })
      const record: Readonly<Record<string, unknown>> = signal.kind === 'activity' ? signal.record : {}
      yield {
        line,
        event: textOf(record.eventName) ?? (signal.kind === 'finding' ? textOf(recordOf(signal.event.detail).type) : null),
        actor: textOf(recordOf(record.userIdentity).arn),
        matches: matches.map(({ rule, severity }) => ({ rule: rule.id, severity, threshold: rule.threshold ?? null })),
        ignored: held.map(({ rule }) => rule.id),
      }
    }
  }
}
