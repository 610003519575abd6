import { type IgnoreRule, type Severity, severities } from '../../../domain/alerting.ts'
import { compilePattern, type Fits } from './event-pattern.ts'
import { factsOf } from './facts.ts'
import type { Rule } from './rule.ts'

/** A rule that fits an event. */
export interface Match {
  readonly rule: string
  readonly severity: Severity
}

export interface Matches {
  /** The worst first. */
  readonly matches: readonly Match[]
  /** What would have fitted, and was held back by somebody's word. */
  readonly ignored: readonly Match[]
}

/** Rules, ready to be held against events. */
export interface Ruleset {
  rule(id: string): Rule | undefined
  /** @param event a record of CloudTrail, an event of EventBridge, or a finding; of anything else nothing is known */
  matchesOf(event: unknown, now: number): Matches
}

interface Compiled {
  readonly rule: Rule
  readonly fits: Fits
}

interface Ignore {
  readonly rules: readonly string[] | undefined
  readonly fits: Fits | undefined
  /** Milliseconds since 1970: the end of its last day. */
  readonly until: number
}

const dayMs = 86_400_000
const trailPrefix = 'apigw-trail'

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The names that a pattern wants, where it names them plainly: rules are then found by name instead of by trying. */
export function plainNames({ eventName }: Rule['pattern']): readonly string[] | undefined {
  return Array.isArray(eventName) && eventName.every((one) => typeof one === 'string') ? eventName : undefined
}

function compiledIgnore({ rule, pattern, expires }: IgnoreRule): Ignore {
  return {
    rules: rule === undefined ? undefined : [rule].flat(),
    fits: pattern === undefined ? undefined : compilePattern(pattern),
    until: Date.parse(expires) + dayMs,
  }
}

/** What of an event the rules look at. */
function detailOf(event: unknown): { source: Rule['source']; detail: Readonly<Record<string, unknown>> } | undefined {
  if (!isObject(event)) return undefined
  const detail = isObject(event.detail) ? event.detail : event
  if (event['detail-type'] === 'GuardDuty Finding') return { source: 'guardduty', detail }
  return typeof detail.eventName === 'string' ? { source: 'cloudtrail', detail } : undefined
}

/**
 * Makes rules ready.
 * @param prefix what the names of the trail's own parts begin with
 * @throws PatternError of an ignore rule
 */
export function compileRules(rules: readonly Rule[], ignores: readonly IgnoreRule[] = [], prefix = trailPrefix): Ruleset {
  const byId = new Map(rules.map((rule) => [rule.id, rule]))
  const byName = new Map<string, Compiled[]>()
  const others: Compiled[] = []
  for (const rule of rules) {
    const compiled = { rule, fits: compilePattern(rule.pattern) }
    const names = rule.source === 'cloudtrail' ? plainNames(rule.pattern) : undefined
    if (names === undefined) others.push(compiled)
    else for (const name of new Set(names)) byName.set(name, [...(byName.get(name) ?? []), compiled])
  }
  const ignoring = ignores.map(compiledIgnore)

  function candidates(source: Rule['source'], name: unknown): Compiled[] {
    const named = typeof name === 'string' ? (byName.get(name) ?? []) : []
    return [...named, ...others].filter(({ rule }) => rule.source === source)
  }

  function matchesOf(event: unknown, now: number): Matches {
    const known = detailOf(event)
    if (known === undefined) return { matches: [], ignored: [] }
    const { source, detail } = known
    const some = candidates(source, detail.eventName)
    if (some.length === 0) return { matches: [], ignored: [] }
    const whole = { ...detail, apigw: factsOf(detail, prefix) }
    const found = some
      .filter(({ fits }) => fits(whole))
      .map(({ rule: { id: rule, severity } }) => ({ rule, severity }))
      .sort(
        (one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity) || (one.rule < other.rule ? -1 : 1),
      )
    const holds = ignoring.filter(({ until, fits }) => now < until && (fits?.(whole) ?? true))
    const isHeld = ({ rule }: Match): boolean => holds.some(({ rules: ids }) => ids === undefined || ids.includes(rule))
    return { matches: found.filter((one) => !isHeld(one)), ignored: found.filter(isHeld) }
  }

  return { rule: (id) => byId.get(id), matchesOf }
}
