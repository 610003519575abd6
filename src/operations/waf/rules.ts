import type { Rule, Statement } from '@aws-sdk/client-wafv2'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** The action of a rule. A rule group blocks by its own rules, unless the web ACL overrides it to count. */
export type Mode = 'allow' | 'block' | 'count' | 'captcha' | 'challenge' | 'other'

export interface RuleLine {
  readonly name: string
  readonly priority: number
  readonly mode: Mode
  /** A description of what it matches. */
  readonly what: string
  readonly metric: string
  /** Whether request sampling is on. */
  readonly sampled: boolean
  /** Names of the IP sets that it matches. */
  readonly ipSets: readonly string[]
  /** Requests per window and address, for a rate-based rule. */
  readonly rate: { readonly limit: number; readonly windowSeconds: number } | null
}

const defaultWindowSeconds = 300

export function modeOf({ Action, OverrideAction }: Rule): Mode {
  if (OverrideAction !== undefined) return OverrideAction.Count === undefined ? 'block' : 'count'
  if (Action?.Allow !== undefined) return 'allow'
  if (Action?.Block !== undefined) return 'block'
  if (Action?.Count !== undefined) return 'count'
  if (Action?.Captcha !== undefined) return 'captcha'
  return Action?.Challenge === undefined ? 'other' : 'challenge'
}

/** Every IP set that a statement references, including nested statements. */
export function ipSetsOf(statement: Statement | undefined): string[] {
  if (statement === undefined) return []
  const { IPSetReferenceStatement: own, OrStatement, AndStatement, NotStatement, RateBasedStatement } = statement
  const inner = [
    ...(OrStatement?.Statements ?? []),
    ...(AndStatement?.Statements ?? []),
    NotStatement?.Statement,
    RateBasedStatement?.ScopeDownStatement,
  ]
  return [...(own?.ARN === undefined ? [] : [own.ARN]), ...inner.flatMap(ipSetsOf)]
}

/** The IP sets that a statement matches directly, without those that it negates or only scopes down by. */
export function ownIpSetsOf(statement: Statement | undefined): string[] {
  const { IPSetReferenceStatement: own, OrStatement } = statement ?? {}
  return [...(own?.ARN === undefined ? [] : [own.ARN]), ...(OrStatement?.Statements ?? []).flatMap(ownIpSetsOf)]
}

/** arn:aws:wafv2:REGION:ACCOUNT:regional/ipset/NAME/ID */
function setNameIn(arn: string): string {
  return arn.split('/')[2] ?? arn
}

function whatOf(rule: Rule): string {
  const {
    ManagedRuleGroupStatement: managed,
    RateBasedStatement: rate,
    RuleGroupReferenceStatement: group,
  } = rule.Statement ?? {}
  if (managed !== undefined) return `managed rules ${managed.Name}`
  if (rate !== undefined) return `more than ${rate.Limit} requests in ${rate.EvaluationWindowSec ?? defaultWindowSeconds} s`
  if (group !== undefined) return `rule group ${group.ARN?.split('/')[2] ?? ''}`
  const sets = ipSetsOf(rule.Statement).map(setNameIn)
  return sets.length === 0 ? 'requests that match its own statement' : `addresses of ${sets.join(', ')}`
}

export function ruleLine(rule: Rule): RuleLine {
  const rate = rule.Statement?.RateBasedStatement
  return {
    name: rule.Name ?? '',
    priority: rule.Priority ?? 0,
    mode: modeOf(rule),
    what: whatOf(rule),
    metric: rule.VisibilityConfig?.MetricName ?? '',
    sampled: rule.VisibilityConfig?.SampledRequestsEnabled ?? false,
    ipSets: ownIpSetsOf(rule.Statement).map(setNameIn),
    rate: rate === undefined ? null : { limit: rate.Limit ?? 0, windowSeconds: rate.EvaluationWindowSec ?? defaultWindowSeconds },
  }
}

/** The two modes that a rule can be switched between. */
export type SwitchableMode = 'block' | 'count'

/**
 * The rule in a different mode, otherwise unchanged.
 * @throws Problem `rule-unknown` if its mode is neither count nor block
 */
export function inMode(rule: Rule, to: SwitchableMode): Rule {
  const mode = modeOf(rule)
  if (mode !== 'block' && mode !== 'count') {
    throw new Problem('rule-unknown', `The rule ${rule.Name} neither counts nor blocks; its mode is "${mode}".`, {
      next: apigw('waf status'),
    })
  }
  if (mode === to) return rule
  if (rule.OverrideAction !== undefined) return { ...rule, OverrideAction: to === 'count' ? { Count: {} } : { None: {} } }
  return { ...rule, Action: to === 'count' ? { Count: {} } : { Block: {} } }
}

/** Whether a rule has a custom response, which is lost in count mode. */
export function hasCustomResponse(rule: Rule): boolean {
  return rule.Action?.Block?.CustomResponse !== undefined
}

/**
 * The named rules, or all for which `otherwise` holds if none is named.
 * @throws Problem `rule-unknown`, with the existing rules
 */
export function rulesNamed(rules: readonly Rule[], names: readonly string[], otherwise: (rule: Rule) => boolean): Rule[] {
  if (names.length === 0) return rules.filter(otherwise)
  return names.map((name) => {
    const found = rules.find((rule) => rule.Name === name)
    if (found !== undefined) return found
    const known = rules.map((rule) => rule.Name).join(', ')
    throw new Problem('rule-unknown', `The web ACL has no rule "${name}". Its rules: ${known || 'none'}.`, {
      next: apigw('waf status'),
    })
  })
}
