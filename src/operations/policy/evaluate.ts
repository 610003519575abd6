import { choicesFor } from './choices.ts'
import { conditionText, conditionTruth } from './condition.ts'
import { mergeContexts, type RequestContext, withRegion } from './context.ts'
import type { ElementPatterns, Policy, Statement } from './document.ts'
import { arnMatches, matches, overlapArn } from './match.ts'
import { both, either, not, type Truth } from './truth.ts'
import { resolveVariables } from './variables.ts'

/** All policies that apply to a principal, and its request context. */
export interface Subject {
  /** Attached, inline and group policies. IAM evaluates their union. */
  readonly identity: readonly Policy[]
  readonly boundary: Policy | undefined
  /** Service control policies by level. Each level must allow the request. */
  readonly scps: readonly (readonly Policy[])[]
  /** Session policies. Not set if the session has none. */
  readonly session?: readonly Policy[] | undefined
  readonly context: RequestContext
}

export interface PolicyRequest {
  readonly action: string
  /** An ARN, or `*` for an action without resource-level permissions. */
  readonly resource: string
  readonly context?: RequestContext | undefined
  /** Set if a resource-based policy in the same account allows the request. With `all`, boundaries do not limit it. */
  readonly granted?: 'identity' | 'all' | undefined
}

export interface Decision {
  readonly verdict: 'allowed' | 'conditional' | 'denied'
  /** The conditions that it depends on. */
  readonly on: readonly string[]
  /** The statements that allow the request. */
  readonly by: readonly string[]
  /** The statement that denies the request, or the policy type that does not allow it. */
  readonly blocked: string | undefined
  readonly explicit: boolean
}

/** Whether a statement covers an action. */
export function coversAction({ actions }: Statement, action: string): boolean {
  const found = actions.values.some((pattern) => pattern === action || matches(pattern, action))
  return found !== actions.not
}

function resourceTruth(
  { values, not: others }: ElementPatterns,
  resource: string,
  context: RequestContext,
  variables: boolean,
): Truth {
  let truth: Truth = 'no'
  for (const value of values) {
    const resolved = variables ? resolveVariables(value, context) : { pattern: value, certain: true }
    if (resolved !== undefined && arnMatches(resolved.pattern, resource))
      truth = either(truth, resolved.certain ? 'yes' : 'maybe')
    if (truth === 'yes') break
  }
  return others ? not(truth) : truth
}

interface Applicability {
  readonly truth: Truth
  /** The conditions that cannot be evaluated. */
  readonly open: readonly string[]
}

/** Whether a statement applies to a request, and the conditions that this depends on. */
export function applies(statement: Statement, resource: string, context: RequestContext): Applicability {
  let truth = resourceTruth(statement.resources, resource, context, statement.variables)
  const open = truth === 'maybe' ? [`the variables in ${statement.place}`] : []
  for (const condition of statement.conditions) {
    if (truth === 'no') return { truth, open: [] }
    const one = conditionTruth(condition, context)
    if (one === 'maybe') open.push(conditionText(condition))
    truth = both(truth, one)
  }
  return { truth, open }
}

interface Layer {
  readonly name: string
  readonly statements: readonly Statement[]
}

function statementsFor(policies: readonly Policy[], action: string): Statement[] {
  return policies.flatMap(({ statements }) => statements.filter((statement) => coversAction(statement, action)))
}

function layersOf(subject: Subject, action: string, granted: PolicyRequest['granted']): { must: Layer[]; may: Layer[] } {
  const layer = (name: string, policies: readonly Policy[]): Layer => ({ name, statements: statementsFor(policies, action) })
  const must = subject.scps.map((level) => layer('a service control policy', level))
  const may: Layer[] = []
  const boundary = subject.boundary && layer(`the permissions boundary ${subject.boundary.name}`, [subject.boundary])
  if (boundary !== undefined) (granted === 'all' ? may : must).push(boundary)
  if (subject.session !== undefined) must.push(layer('the session policy', subject.session))
  const identity = layer('any identity policy', subject.identity)
  ;(granted === undefined ? must : may).push(identity)
  return { must, may }
}

function denial(blocked: string, explicit: boolean): Decision {
  return { verdict: 'denied', on: [], by: [], blocked, explicit }
}

/** The best Allow in a layer, with its open conditions. `undefined` if no statement allows the request. */
function allowOf(
  { statements }: Layer,
  resource: string,
  context: RequestContext,
): { on: readonly string[]; by: string } | undefined {
  let best: { on: readonly string[]; by: string } | undefined
  for (const statement of statements) {
    if (statement.effect !== 'Allow') continue
    const { truth, open } = applies(statement, resource, context)
    if (truth === 'yes') return { on: [], by: statement.place }
    if (truth === 'maybe') best ??= { on: open, by: statement.place }
  }
  return best
}

/** Evaluates a request in which all keys that the caller controls have a value. */
function evaluateOnce(must: readonly Layer[], may: readonly Layer[], resource: string, context: RequestContext): Decision {
  const on: string[] = []
  for (const { statements } of [...must, ...may]) {
    for (const statement of statements) {
      if (statement.effect !== 'Deny') continue
      const { truth, open } = applies(statement, resource, context)
      if (truth === 'yes') return denial(statement.place, true)
      if (truth === 'maybe') on.push(`not: ${open.join(' and ')}`)
    }
  }
  const by: string[] = []
  for (const layer of must) {
    const allow = allowOf(layer, resource, context)
    if (allow === undefined) return denial(`not allowed by ${layer.name}`, false)
    on.push(...allow.on)
    by.push(allow.by)
  }
  return { verdict: on.length === 0 ? 'allowed' : 'conditional', on: [...new Set(on)], by, blocked: undefined, explicit: false }
}

const rank = { allowed: 2, conditional: 1, denied: 0 } as const

export function better(left: Decision, right: Decision): Decision {
  return rank[right.verdict] > rank[left.verdict] ? right : left
}

/**
 * Evaluates a request as IAM would, as far as the context is known
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
 */
export function decide(subject: Subject, request: PolicyRequest): Decision {
  const action = request.action.toLowerCase()
  const { must, may } = layersOf(subject, action, request.granted)
  // Most requests end here: the principal has no Allow for the action.
  const silent = must.find(({ statements }) => !statements.some(({ effect }) => effect === 'Allow'))
  if (silent !== undefined) return denial(`not allowed by ${silent.name}`, false)
  const base = withRegion(mergeContexts(subject.context, request.context), action)
  let best: Decision | undefined
  for (const context of choicesFor(
    [...must, ...may].flatMap(({ statements }) => statements),
    base,
  )) {
    const decision = evaluateOnce(must, may, request.resource, context)
    best = best === undefined ? decision : better(best, decision)
    if (best.verdict === 'allowed') break
  }
  return best ?? denial('no statement allows it', false)
}

export interface Reach extends Decision {
  /** A resource for which the decision is valid. */
  readonly resource: string
}

/** The resource patterns of a statement; `*` for `NotResource`. */
function patternsOf({ resources, variables }: Statement, context: RequestContext): string[] {
  if (resources.not) return ['*']
  if (!variables) return [...resources.values]
  return resources.values.flatMap((value) => resolveVariables(value, context)?.pattern ?? [])
}

/** The resource patterns on which the identity policies allow an action, including conditional Allows. */
export function allowPatterns(subject: Subject, action: string): string[] {
  const found = statementsFor(subject.identity, action.toLowerCase())
    .filter(({ effect }) => effect === 'Allow')
    .flatMap((statement) => patternsOf(statement, subject.context))
  return found.includes('*') ? ['*'] : [...new Set(found)]
}

/** Sample resources of a type that match a pattern. */
function witnesses(pattern: string, kind: string): string[] {
  if (kind === '*') return arnMatches(pattern, '*') ? ['*'] : []
  const shared = overlapArn(pattern, kind)
  return [...(shared === undefined ? [] : [shared]), ...(pattern === '*' ? [kind.replaceAll('*', 'apigw')] : [])]
}

/**
 * Whether a principal can perform an action on at least one resource of a type, for example to create one.
 * @param kind an ARN with wildcards, or `*` for an action without resource-level permissions
 */
export function decideAnywhere(subject: Subject, action: string, kind: string, context?: RequestContext): Reach {
  let best: Reach = { ...denial('not allowed by any identity policy', false), resource: kind }
  for (const resource of new Set(allowPatterns(subject, action).flatMap((pattern) => witnesses(pattern, kind)))) {
    const decision = decide(subject, { action, resource, context })
    if (rank[decision.verdict] > rank[best.verdict]) best = { ...decision, resource }
    if (best.verdict === 'allowed') break
  }
  return best
}
