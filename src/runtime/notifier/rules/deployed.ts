import type { EventPattern } from './event-pattern.ts'
import { plainNames } from './match.ts'
import type { Rule } from './rule.ts'

/** EventBridge's limit (quotas, "Event pattern size"). */
export const patternLength = 2_048

/** What CloudTrail calls its events on EventBridge. */
const kinds = [
  'AWS API Call via CloudTrail',
  'AWS Console Sign In via CloudTrail',
  'AWS Service Event via CloudTrail',
  'AWS Console Action via CloudTrail',
]

function trailPattern(detail: EventPattern): EventPattern {
  return { 'detail-type': kinds, detail }
}

function length(pattern: EventPattern): number {
  return JSON.stringify(pattern).length
}

/** A rule's pattern without what only the notifier knows: it fits whatever the rule fits, and more. */
function deployable({ apigw: _, ...rest }: Rule['pattern']): EventPattern {
  return rest
}

/** Names in as few patterns as hold them. */
function byNames(names: readonly string[]): EventPattern[] {
  const found: string[][] = []
  for (const name of names) {
    const last = found.at(-1)
    if (last !== undefined && length(trailPattern({ eventName: [...last, name] })) <= patternLength) last.push(name)
    else found.push([name])
  }
  return found.map((eventName) => trailPattern({ eventName }))
}

/** Whole patterns, several in one where they fit. */
function byAlternatives(patterns: readonly EventPattern[]): EventPattern[] {
  const found: EventPattern[][] = []
  for (const pattern of patterns) {
    const last = found.at(-1)
    if (last !== undefined && length(trailPattern({ $or: [...last, pattern] })) <= patternLength) last.push(pattern)
    else found.push([pattern])
  }
  return found.map((some) => trailPattern(some.length === 1 ? (some[0] ?? {}) : { $or: some }))
}

/**
 * What EventBridge has to look for so that every rule sees what it fits: a little more than that, decided again by the
 * notifier. Rules that name their events are looked for by those names, the others by their own patterns.
 */
export function deployedPatterns(rules: readonly Rule[]): EventPattern[] {
  const trail = rules.filter(({ source }) => source === 'cloudtrail')
  const names = [...new Set(trail.flatMap(({ pattern }) => plainNames(pattern) ?? []))].sort()
  const others = trail.filter(({ pattern }) => plainNames(pattern) === undefined).map(({ pattern }) => deployable(pattern))
  const findings = rules.some(({ source }) => source === 'guardduty') ? [{ 'detail-type': ['GuardDuty Finding'] }] : []
  return [...byNames(names), ...byAlternatives(others), ...findings]
}
