import type { IgnoreRule, Severity } from '../../../domain/alerting.ts'
import { alternativesOf, asksForFacts, factsMember, namedIn } from './alternatives.ts'
import { type Activity, activityIn } from './event.ts'
import { defaultOwn, factsOf } from './facts.ts'
import { compiledPattern, ruleProblem } from './faults.ts'
import { hasExpired, rulesOf } from './ignore.ts'
import { type Json, textAt } from './json.ts'
import { type Rule, rank } from './rule.ts'

export interface Match {
  readonly rule: Rule
  readonly severity: Severity
}

/** A match together with the ignore rule that speaks of it. */
export interface Held extends Match {
  readonly ignore: IgnoreRule
}

export interface Outcome {
  /** Worst first. A rule with a threshold is here from its first event on: who counts decides when it alerts. */
  readonly matches: readonly Match[]
  /** What an ignore rule kept out of `matches`. */
  readonly held: readonly Held[]
  /** What is in `matches` only because its ignore rule has run out. */
  readonly expired: readonly Held[]
}

export interface Matcher {
  /**
   * Rules that an event matches. Takes any value, and never throws.
   * @param event a CloudTrail record, a GuardDuty finding, or either wrapped by EventBridge
   * @param now milliseconds since 1970, for ignore rules that run out
   */
  matchesOf(event: unknown, now: number): Outcome
}

export interface MatcherOptions {
  /** What the parts of this pipeline are called, or begin with. */
  readonly own?: readonly string[]
}

/** What patterns are matched with. Facts cost a walk through the request, so they are computed when asked for. */
interface Subject {
  readonly detail: Json
  readonly withFacts: () => Json
}

interface Compiled {
  readonly rule: Rule
  readonly holds: (subject: Subject) => boolean
}

type Holds = Compiled['holds']

function compiled(pattern: Json, place: string): Holds {
  const test = compiledPattern(pattern, place)
  return asksForFacts(pattern) ? ({ withFacts }) => test(withFacts()) : ({ detail }) => test(detail)
}

/** Rules by the name of the call, beside those that a call of any name may match. */
class RuleIndex {
  private readonly named = new Map<string, Compiled[]>()
  private readonly others: Compiled[] = []

  add(one: Compiled): void {
    const names = alternativesOf(one.rule.pattern).map(namedIn)
    if (names.includes(undefined)) this.others.push(one)
    else
      for (const name of new Set(names.flatMap((some) => some ?? [])))
        this.named.set(name, [...(this.named.get(name) ?? []), one])
  }

  candidates(name: string | undefined): readonly Compiled[] {
    const named = name === undefined ? undefined : this.named.get(name)
    return named === undefined ? this.others : [...named, ...this.others]
  }
}

interface CompiledIgnore {
  readonly ignore: IgnoreRule
  readonly concerns: (rule: Rule, subject: Subject) => boolean
}

function compiledIgnore(ignore: IgnoreRule, place: string, known: ReadonlySet<string>): CompiledIgnore {
  const named = rulesOf(ignore)
  const strange = named?.find((id) => !known.has(id))
  if (strange !== undefined) throw ruleProblem(`${place}, rule`, `there is no rule "${strange}"`)
  const holds: Holds = ignore.pattern === undefined ? () => true : compiled(ignore.pattern, place)
  return { ignore, concerns: (rule, subject) => (named === undefined || named.includes(rule.id)) && holds(subject) }
}

function subjectOf({ source, detail }: Activity, own: readonly string[]): Subject {
  let facts: Json | undefined
  return {
    detail,
    withFacts: () => {
      facts ??= source === 'cloudtrail' ? { ...detail, [factsMember]: factsOf(detail, own) } : detail
      return facts
    },
  }
}

function byWorst(left: Match, right: Match): number {
  return rank(left.severity) - rank(right.severity)
}

const nothing: Outcome = { matches: [], held: [], expired: [] }

/**
 * Makes rules and ignore rules ready for events.
 * @throws Problem `rule-invalid` for a pattern that is not valid, an id that two rules have, and an ignore rule that
 * names no rule
 */
export function compileRules(
  rules: readonly Rule[],
  ignores: readonly IgnoreRule[],
  { own = defaultOwn }: MatcherOptions = {},
): Matcher {
  const indexes = { cloudtrail: new RuleIndex(), guardduty: new RuleIndex() }
  const known = new Set<string>()
  for (const rule of rules) {
    if (known.has(rule.id)) throw ruleProblem(rule.id, 'two rules have this id')
    known.add(rule.id)
    indexes[rule.source].add({ rule, holds: compiled(rule.pattern, rule.id) })
  }
  const compiledIgnores = ignores.map((ignore, index) =>
    compiledIgnore(ignore, `ignore rule ${index + 1} (${ignore.owner})`, known),
  )

  return {
    matchesOf(event, now) {
      const activity = activityIn(event)
      if (activity === undefined) return nothing
      const subject = subjectOf(activity, own)
      const candidates = indexes[activity.source].candidates(textAt(activity.detail, 'eventName'))
      const found = candidates.filter(({ holds }) => holds(subject)).map(({ rule }) => ({ rule, severity: rule.severity }))
      const matches: Match[] = []
      const held: Held[] = []
      const expired: Held[] = []
      for (const match of found.sort(byWorst)) {
        const speaking = compiledIgnores.filter(({ concerns }) => concerns(match.rule, subject))
        const holding = speaking.find(({ ignore }) => !hasExpired(ignore, now))
        if (holding !== undefined) held.push({ ...match, ignore: holding.ignore })
        else {
          matches.push(match)
          if (speaking[0] !== undefined) expired.push({ ...match, ignore: speaking[0].ignore })
        }
      }
      return { matches, held, expired }
    },
  }
}
