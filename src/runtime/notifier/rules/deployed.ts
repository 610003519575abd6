/**
 * The EventBridge patterns that bring to the notifier all that a rule may match. They let through more than the rules
 * match, since EventBridge knows no facts; the notifier decides. None of them is a catch-all: an account makes millions
 * of calls, and each that came would cost a Lambda.
 */

import { testSource } from '../read/signal.ts'
import { alternativesOf, factsMember, namedIn } from './alternatives.ts'
import { guardDutyDetailType, trailDetailTypes } from './event.ts'
import { ruleProblem } from './faults.ts'
import { type Json, member } from './json.ts'
import type { Rule } from './rule.ts'

export interface DeployedPattern {
  /** For the name of the rule in EventBridge. */
  readonly name: string
  readonly pattern: Json
  /**
   * Whether it is meant for calls that only read, which EventBridge delivers only to a rule in the state
   * `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`
   * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
   */
  readonly reads: boolean
}

/** Most characters of a pattern (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html). */
export const maxPattern = 2_048

/** Names of one service, and what was not reducible to names. */
interface Reduced {
  /** By the service, as JSON of what the pattern asks of `eventSource`. */
  readonly named: Map<string, Set<string>>
  readonly whole: Json[]
}

function reduced(rules: readonly Rule[]): Reduced {
  const named = new Map<string, Set<string>>()
  const whole: Json[] = []
  for (const { id, pattern } of rules) {
    for (const { [factsMember]: _, ...alternative } of alternativesOf(pattern)) {
      const names = namedIn(alternative)
      if (names === undefined) {
        if (Object.keys(alternative).length === 0)
          throw ruleProblem(`${id}, pattern`, 'asks for facts only: name the events that it looks at')
        whole.push(alternative)
        continue
      }
      const service = JSON.stringify(member(alternative, 'eventSource') ?? null)
      const known = named.get(service) ?? new Set()
      for (const name of names) known.add(name)
      named.set(service, known)
    }
  }
  return { named, whole }
}

function wrapped(branches: readonly Json[]): Json {
  const [only, ...more] = branches
  return { 'detail-type': trailDetailTypes, detail: only !== undefined && more.length === 0 ? only : { $or: branches } }
}

function length(branches: readonly Json[]): number {
  return JSON.stringify(wrapped(branches)).length
}

/** One branch per service, split if a service has too many names. */
function branchesOf(service: string, names: readonly string[]): Json[] {
  const source: unknown = JSON.parse(service)
  const branch: Json = { ...(source !== null && { eventSource: source }), eventName: names }
  if (length([branch]) <= maxPattern || names.length < 2) return [branch]
  const middle = Math.ceil(names.length / 2)
  return [...branchesOf(service, names.slice(0, middle)), ...branchesOf(service, names.slice(middle))]
}

/** Packs branches into as few patterns as the largest-first rule finds. */
function packed(branches: readonly Json[]): Json[] {
  const bins: Json[][] = []
  for (const branch of branches.toSorted((left, right) => length([right]) - length([left]))) {
    const bin = bins.find((one) => length([...one, branch]) <= maxPattern)
    if (bin === undefined) bins.push([branch])
    else bin.push(branch)
  }
  return bins.map(wrapped)
}

const reading = /^(?:Get|List|Describe|Head|Lookup|Search|Retrieve|Query|Scan|BatchGet)/

/**
 * The patterns to deploy for these rules, CloudTrail's first.
 * @throws Problem `rule-invalid` for a rule whose pattern would let everything through
 */
export function deployedPatterns(rules: readonly Rule[]): DeployedPattern[] {
  const { named, whole } = reduced(rules.filter(({ source }) => source === 'cloudtrail'))
  const services = [...named].map(([service, names]) => [service, [...names].sort()] as const).sort()
  const branches = (isRead: boolean): Json[] =>
    services.flatMap(([service, names]) => {
      const these = names.filter((name) => reading.test(name) === isRead)
      return these.length === 0 ? [] : branchesOf(service, these)
    })
  const once = [...new Map(whole.map((pattern) => [JSON.stringify(pattern), pattern])).values()]
  const numbered = (kind: string, patterns: readonly Json[]): DeployedPattern[] =>
    patterns.map((pattern, index) => ({ name: `${kind}-${index + 1}`, pattern, reads: kind === 'reads' }))
  return [
    ...numbered('writes', packed(branches(false))),
    ...numbered('reads', packed([...branches(true), ...once])),
    ...(rules.some(({ source }) => source === 'guardduty')
      ? [
          {
            name: 'guardduty',
            pattern: { source: ['aws.guardduty', testSource], 'detail-type': [guardDutyDetailType] },
            reads: false,
          },
        ]
      : []),
  ]
}
