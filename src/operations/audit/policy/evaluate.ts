import { choicesFor } from './choices.ts'
import { conditionText, conditionTruth } from './condition.ts'
import { type Context, layered } from './context.ts'
import type { Choice, Policy, Statement } from './document.ts'
import { arnMatches, commonArn, matches } from './match.ts'
import { both, either, not, type Truth } from './truth.ts'
import { filled } from './variables.ts'

/** Everything that bears on what a principal may do. */
export interface Subject {
  /** Attached, inline and of groups, together: IAM adds them up. */
  readonly identity: readonly Policy[]
  readonly boundary: Policy | undefined
  /** Service control policies: one of each level must allow. */
  readonly scps: readonly (readonly Policy[])[]
  /** Of a role session; absent: the session is not narrowed. */
  readonly session?: readonly Policy[] | undefined
  readonly context: Context
}

export interface Request {
  readonly action: string
  /** An ARN, or `*` for a call that has no resource. */
  readonly resource: string
  readonly context?: Context | undefined
  /** What a resource-based policy of the same account grants: `all` needs no identity policy and no boundary. */
  readonly granted?: 'identity' | 'all' | undefined
}

export interface Decision {
  readonly verdict: 'allowed' | 'conditional' | 'denied'
  /** What it depends on. */
  readonly on: readonly string[]
  /** Statements that allow it. */
  readonly by: readonly string[]
  /** What forbids it: a statement, or a layer that does not allow it. */
  readonly blocked: string | undefined
  readonly explicit: boolean
}

/** What a statement says of the action: nothing, when it is about others. */
export function isAbout({ actions }: Statement, action: string): boolean {
  const found = actions.values.some((pattern) => pattern === action || matches(pattern, action))
  return found !== actions.not
}

function resourceTruth({ values, not: others }: Choice, resource: string, context: Context, variables: boolean): Truth {
  let truth: Truth = 'no'
  for (const value of values) {
    const wanted = variables ? filled(value, context) : { pattern: value, certain: true }
    if (wanted !== undefined && arnMatches(wanted.pattern, resource)) truth = either(truth, wanted.certain ? 'yes' : 'maybe')
    if (truth === 'yes') break
  }
  return others ? not(truth) : truth
}

interface Applied {
  readonly truth: Truth
  /** The conditions that are not known. */
  readonly open: readonly string[]
}

/** Whether a statement applies to a request, and what that depends on. */
export function applies(statement: Statement, resource: string, context: Context): Applied {
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

function aboutAction(policies: readonly Policy[], action: string): Statement[] {
  return policies.flatMap(({ statements }) => statements.filter((statement) => isAbout(statement, action)))
}

function layersOf(subject: Subject, action: string, granted: Request['granted']): { must: Layer[]; may: Layer[] } {
  const layer = (name: string, policies: readonly Policy[]): Layer => ({ name, statements: aboutAction(policies, action) })
  const must = subject.scps.map((level) => layer('a service control policy', level))
  const may: Layer[] = []
  const boundary = subject.boundary && layer(`the permissions boundary ${subject.boundary.name}`, [subject.boundary])
  if (boundary !== undefined) (granted === 'all' ? may : must).push(boundary)
  if (subject.session !== undefined) must.push(layer('the session policy', subject.session))
  const identity = layer('any policy', subject.identity)
  ;(granted === undefined ? must : may).push(identity)
  return { must, may }
}

function denial(blocked: string, explicit: boolean): Decision {
  return { verdict: 'denied', on: [], by: [], blocked, explicit }
}

/** The layer's allow: certain, or on what it depends; `undefined` where nothing allows. */
function allowOf({ statements }: Layer, resource: string, context: Context): { on: readonly string[]; by: string } | undefined {
  let best: { on: readonly string[]; by: string } | undefined
  for (const statement of statements) {
    if (statement.effect !== 'Allow') continue
    const { truth, open } = applies(statement, resource, context)
    if (truth === 'yes') return { on: [], by: statement.place }
    if (truth === 'maybe') best ??= { on: open, by: statement.place }
  }
  return best
}

/** One request of which everything that the caller chooses is chosen. */
function decideOnce(must: readonly Layer[], may: readonly Layer[], resource: string, context: Context): Decision {
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
    if (allow === undefined) return denial(`${layer.name} does not allow it`, false)
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
 * What IAM would answer, as far as it is known
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
 */
export function decide(subject: Subject, request: Request): Decision {
  const action = request.action.toLowerCase()
  const { must, may } = layersOf(subject, action, request.granted)
  // Most questions end here: nothing that the principal has speaks of the action.
  const silent = must.find(({ statements }) => !statements.some(({ effect }) => effect === 'Allow'))
  if (silent !== undefined) return denial(`${silent.name} does not allow it`, false)
  const base = layered(subject.context, request.context)
  let best: Decision | undefined
  for (const context of choicesFor(
    [...must, ...may].flatMap(({ statements }) => statements),
    base,
  )) {
    const decision = decideOnce(must, may, request.resource, context)
    best = best === undefined ? decision : better(best, decision)
    if (best.verdict === 'allowed') break
  }
  return best ?? denial('nothing allows it', false)
}

export interface Reach extends Decision {
  /** A resource for which it holds. */
  readonly resource: string
}

/** Patterns of the resources for which a statement speaks; `*` where it names those that are not meant. */
function patternsOf({ resources, variables }: Statement, context: Context): string[] {
  if (resources.not) return ['*']
  if (!variables) return [...resources.values]
  return resources.values.flatMap((value) => filled(value, context)?.pattern ?? [])
}

/** Patterns of the resources for which a principal's own policies allow an action, by a condition perhaps. */
export function allowPatterns(subject: Subject, action: string): string[] {
  const found = aboutAction(subject.identity, action.toLowerCase())
    .filter(({ effect }) => effect === 'Allow')
    .flatMap((statement) => patternsOf(statement, subject.context))
  return found.includes('*') ? ['*'] : [...new Set(found)]
}

/** Resources of a kind that a pattern takes in, to try. */
function witnesses(pattern: string, kind: string): string[] {
  if (kind === '*') return arnMatches(pattern, '*') ? ['*'] : []
  const shared = commonArn(pattern, kind)
  return [...(shared === undefined ? [] : [shared]), ...(pattern === '*' ? [kind.replaceAll('*', 'apigw')] : [])]
}

/**
 * Whether a principal may do something to any resource of a kind, such as to make one.
 * @param kind an ARN with wildcards, or `*` for a call that has no resource
 */
export function decideAnywhere(subject: Subject, action: string, kind: string, context?: Context): Reach {
  let best: Reach = { ...denial('any policy does not allow it', false), resource: kind }
  for (const resource of new Set(allowPatterns(subject, action).flatMap((pattern) => witnesses(pattern, kind)))) {
    const decision = decide(subject, { action, resource, context })
    if (rank[decision.verdict] > rank[best.verdict]) best = { ...decision, resource }
    if (best.verdict === 'allowed') break
  }
  return best
}
