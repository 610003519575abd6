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
  /** Resource control policies. Only their denials count: AWS attaches one that allows everything, and it cannot be detached. */
  readonly rcps?: readonly Policy[] | undefined
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

function concerns({ services }: Policy, action: string): boolean {
  return services === null || services.some((service) => action.startsWith(service) && action.charAt(service.length) === ':')
}

function statementsFor(policies: readonly Policy[], action: string): Statement[] {
  const found: Statement[] = []
  for (const policy of policies) {
    if (!concerns(policy, action)) continue
    for (const statement of policy.statements) if (coversAction(statement, action)) found.push(statement)
  }
  return found
}

/** Whether a statement of the policies allows the action on anything, whatever its conditions. */
function allowsSomewhere(policies: readonly Policy[], action: string): boolean {
  return policies.some(
    (policy) =>
      concerns(policy, action) &&
      policy.statements.some((statement) => statement.effect === 'Allow' && coversAction(statement, action)),
  )
}

const scpName = 'a service control policy'
const sessionName = 'the session policy'
const identityName = 'any identity policy'
const boundaryName = ({ name }: Policy): string => `the permissions boundary ${name}`

/** The first layer that allows nothing of the action. Most requests end here, so nothing is collected for it. */
function silentLayer({ scps, boundary, session, identity }: Subject, action: string, granted: PolicyRequest['granted']) {
  if (scps.some((level) => !allowsSomewhere(level, action))) return scpName
  if (boundary !== undefined && granted !== 'all' && !allowsSomewhere([boundary], action)) return boundaryName(boundary)
  if (session !== undefined && !allowsSomewhere(session, action)) return sessionName
  return granted === undefined && !allowsSomewhere(identity, action) ? identityName : undefined
}

function layersOf(subject: Subject, action: string, granted: PolicyRequest['granted']): { must: Layer[]; may: Layer[] } {
  const layer = (name: string, policies: readonly Policy[]): Layer => ({ name, statements: statementsFor(policies, action) })
  const must = subject.scps.map((level) => layer(scpName, level))
  const may: Layer[] = []
  const boundary = subject.boundary && layer(boundaryName(subject.boundary), [subject.boundary])
  if (boundary !== undefined) (granted === 'all' ? may : must).push(boundary)
  if (subject.session !== undefined) must.push(layer(sessionName, subject.session))
  const identity = layer(identityName, subject.identity)
  ;(granted === undefined ? must : may).push(identity)
  if (subject.rcps !== undefined) {
    const { name, statements } = layer('a resource control policy', subject.rcps)
    may.push({ name, statements: statements.filter(({ effect }) => effect === 'Deny') })
  }
  return { must, may }
}

function denial(blocked: string, explicit: boolean): Decision {
  return { verdict: 'denied', on: [], by: [], blocked, explicit }
}

const silences = new Map<string, Decision>(
  [scpName, sessionName, identityName].map((name) => [name, denial(`not allowed by ${name}`, false)]),
)

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
  return decideIn(subject, request).decision
}

/** The decision, and the request context that it is for: what the caller controls has the values that let most through. */
export function decideIn(
  subject: Subject,
  request: PolicyRequest,
): { readonly decision: Decision; readonly context: RequestContext } {
  const action = request.action.toLowerCase()
  const silent = silentLayer(subject, action, request.granted)
  if (silent !== undefined) {
    const decision = silences.get(silent) ?? denial(`not allowed by ${silent}`, false)
    return { decision, context: subject.context }
  }
  const { must, may } = layersOf(subject, action, request.granted)
  const statements = [...must, ...may].flatMap((layer) => layer.statements)
  if (!statements.some(dependsOnContext)) {
    return { decision: evaluateOnce(must, may, request.resource, subject.context), context: subject.context }
  }
  const base = withRegion(mergeContexts(subject.context, request.context), action)
  let best: { decision: Decision; context: RequestContext } | undefined
  for (const context of choicesFor(statements, base)) {
    const decision = evaluateOnce(must, may, request.resource, context)
    if (best === undefined || better(best.decision, decision) === decision) best = { decision, context }
    if (best.decision.verdict === 'allowed') break
  }
  return best ?? { decision: denial('no statement allows it', false), context: base }
}

function dependsOnContext({ conditions, variables }: Statement): boolean {
  return conditions.length > 0 || variables
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
  let best: Reach = { ...denial(`not allowed by ${identityName}`, false), resource: kind }
  for (const resource of new Set(allowPatterns(subject, action).flatMap((pattern) => witnesses(pattern, kind)))) {
    const decision = decide(subject, { action, resource, context })
    if (rank[decision.verdict] > rank[best.verdict]) best = { ...decision, resource }
    if (best.verdict === 'allowed') break
  }
  return best
}
