import {
  type Caller,
  type Decision,
  decideIn,
  type ExplainedStatement,
  explainStatements,
  lookUp,
  matchCaller,
  mergeContexts,
  otherValue,
  type Policy,
  type RequestContext,
  withRegion,
} from '../../policy/index.ts'
import { type Account, type Principal, subjectOf, targetContext } from '../account/account.ts'
import { checkAction, checkResource, contextFrom, principalNamed, type Question } from './question.ts'

/** Policies that the account's data does not contain. */
export interface MorePolicies {
  readonly rcps: readonly Policy[]
  readonly session: readonly Policy[] | undefined
  /** The policy of the resource. */
  readonly resource: Policy | undefined
}

type Effect = 'allows' | 'depends' | 'denies' | 'silent'

/** The policies of one kind that apply to the request, and what they say together. */
export interface ExplainedLayer {
  readonly kind: 'identity' | 'group' | 'boundary' | 'scp' | 'rcp' | 'session' | 'resource'
  readonly name: string
  readonly effect: Effect
  readonly statements: readonly ExplainedStatement[]
}

/** Why a principal may or may not use an action, as `--json` prints it. */
export interface Explanation {
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly verdict: 'allowed' | 'denied' | 'depends'
  /** The sentence that says what decided. */
  readonly because: string
  /** The conditions that the verdict depends on. */
  readonly on: readonly string[]
  /** The condition keys that would decide, and what is not known about them. */
  readonly openKeys: readonly string[]
  /** The values of keys that the caller controls, with which the verdict holds. `null`: the key is left out. */
  readonly choices: Readonly<Record<string, string | null>>
  readonly layers: readonly ExplainedLayer[]
}

function effectOf(statements: readonly ExplainedStatement[]): Effect {
  const has = (effect: 'Allow' | 'Deny', applies: 'yes' | 'maybe'): boolean =>
    statements.some((one) => one.effect === effect && one.applies === applies)
  if (has('Deny', 'yes')) return 'denies'
  if (has('Deny', 'maybe')) return 'depends'
  if (has('Allow', 'yes')) return 'allows'
  return has('Allow', 'maybe') ? 'depends' : 'silent'
}

interface ResourceSide {
  readonly statements: readonly ExplainedStatement[]
  readonly effect: Effect
  /** Whether it allows the principal itself, so that its own policies need not. */
  readonly directly: boolean
}

function resourceSide(
  policy: Policy,
  caller: Caller,
  request: { action: string; resource: string; context: RequestContext },
): ResourceSide {
  const statements = explainStatements([policy], request, caller)
  const effect = effectOf(statements)
  const places = new Set(
    statements
      .filter((one) => one.effect === 'Allow' && one.applies === (effect === 'allows' ? 'yes' : 'maybe'))
      .map(({ place }) => place),
  )
  const directly = policy.statements.some(
    ({ place, principals }) => places.has(place) && principals !== undefined && matchCaller(principals, caller) === 'directly',
  )
  return { statements, effect, directly }
}

/** Whether the policy of the resource must allow the request, even in one account: role trust, and keys of KMS. */
function mustAllow(action: string): boolean {
  // https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html, and for roles
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
  return /^sts:(?:assumerole|setsourceidentity|tagsession)/i.test(action) || /^kms:/i.test(action)
}

function grantedBy(side: ResourceSide | undefined, { type }: Principal, isForeign: boolean): 'identity' | 'all' | undefined {
  if (side === undefined || isForeign || !side.directly || side.effect === 'silent' || side.effect === 'denies') return undefined
  // A boundary still limits a role that the policy of the resource names by its ARN. It does not limit such a user.
  return type === 'user' ? 'all' : 'identity'
}

function openOf(statements: readonly ExplainedStatement[]): string[] {
  return statements
    .filter(({ applies }) => applies === 'maybe')
    .flatMap(({ effect, conditions }) => {
      const open = conditions.filter(({ holds }) => holds === 'maybe').map(({ text }) => text)
      return open.length === 0 ? [] : [effect === 'Deny' ? `not: ${open.join(' and ')}` : open.join(' and ')]
    })
}

function layersOf(
  principal: Principal,
  account: Account,
  more: MorePolicies,
  request: { action: string; resource: string; context: RequestContext },
  side: ResourceSide | undefined,
): ExplainedLayer[] {
  const layer = (kind: ExplainedLayer['kind'], name: string, policies: readonly Policy[]): ExplainedLayer => {
    const statements = explainStatements(policies, request)
    return { kind, name, effect: effectOf(statements), statements }
  }
  const own = principal.grants.filter(({ group }) => group === undefined).map(({ policy }) => policy)
  const scps = subjectOf(principal, account).scps
  return [
    layer('identity', `policies of ${principal.name}`, own),
    ...principal.groups.map((name) =>
      layer(
        'group',
        `policies of the group ${name}`,
        principal.grants.filter(({ group }) => group === name).map(({ policy }) => policy),
      ),
    ),
    ...(principal.boundary === undefined
      ? []
      : [layer('boundary', `permissions boundary ${principal.boundary.name}`, [principal.boundary])]),
    ...scps.map((level, at) => layer('scp', `service control policies, level ${at + 1}`, level)),
    ...(more.rcps.length === 0 ? [] : [layer('rcp', 'resource control policies', more.rcps)]),
    ...(more.session === undefined ? [] : [layer('session', 'session policy', more.session)]),
    ...(side === undefined
      ? []
      : [{ kind: 'resource' as const, name: 'policy of the resource', effect: side.effect, statements: side.statements }]),
  ]
}

interface Verdict {
  readonly verdict: Explanation['verdict']
  readonly because: string
  readonly on: readonly string[]
}

function verdictOf(own: Decision, side: ResourceSide | undefined, action: string, isForeign: boolean): Verdict {
  const denied = (because: string): Verdict => ({ verdict: 'denied', because, on: [] })
  const denying = side?.statements.find(({ effect, applies }) => effect === 'Deny' && applies === 'yes')
  if (denying !== undefined) return denied(`an explicit Deny in ${denying.place}`)
  if (own.verdict === 'denied') return denied(own.explicit ? `an explicit Deny in ${own.blocked}` : `it is ${own.blocked}`)
  if (side?.effect === 'silent' && (isForeign || mustAllow(action))) {
    return denied(
      isForeign
        ? 'the policy of the resource, which is of a different account, does not allow it'
        : 'the policy of the resource does not allow it, and it must',
    )
  }
  if (side === undefined && mustAllow(action)) {
    const open = `the ${/^kms:/i.test(action) ? 'policy of the key' : 'trust policy of the role'} allows it`
    return {
      verdict: 'depends',
      because: 'the policy of the resource must allow it as well, and it is not known',
      on: [...own.on, open],
    }
  }
  if (side === undefined && isForeign) {
    return {
      verdict: 'depends',
      because: 'the policy of the resource, which is of a different account, must allow it as well',
      on: ['the policy of the resource allows it'],
    }
  }
  const counts = side !== undefined && (side.directly || side.effect !== 'allows' || isForeign || mustAllow(action))
  const on = [...new Set([...own.on, ...(counts ? openOf(side.statements) : [])])]
  const by = [
    ...own.by,
    ...(side?.statements.filter(({ effect, applies }) => effect === 'Allow' && applies === 'yes').map(({ place }) => place) ??
      []),
  ]
  if (on.length > 0) return { verdict: 'depends', because: 'conditions are open that decide', on }
  return { verdict: 'allowed', because: `allowed by ${by.join(' and ')}`, on: [] }
}

/** The choices of the caller that the verdict needs. */
function choicesIn(before: RequestContext, after: RequestContext): Record<string, string | null> {
  const chosen: [string, string | null][] = []
  for (const [key, state] of after) {
    if (before.has(key) || lookUp(before, key).kind !== 'chosen') continue
    const text = state.kind === 'values' ? state.values.join(', ') : null
    chosen.push([key, text === otherValue ? 'a value that no policy names' : text])
  }
  return Object.fromEntries(chosen)
}

function accountIn(resource: string): string | undefined {
  return /^\d{12}$/.exec(resource.split(':')[4] ?? '')?.[0]
}

/**
 * Says which statements decide whether a principal may use an action on a resource, and which condition keys are open.
 * @throws Problem `audit-question` if a name does not exist, with the nearest ones
 */
export async function explainRequest(account: Account, question: Question, more: MorePolicies): Promise<Explanation> {
  const principal = principalNamed(question.principal, account)
  const action = await checkAction(question.action)
  const resource = checkResource(question.resource)
  const target = [...account.users, ...account.roles].find(({ arn }) => arn === resource)
  const given = mergeContexts(target === undefined ? new Map() : targetContext(target), contextFrom(question.context))
  const subject = { ...subjectOf(principal, account), session: more.session, rcps: more.rcps }
  const isForeign = (accountIn(resource) ?? principal.account) !== principal.account
  const policy = more.resource ?? (/^sts:assumerole$/i.test(action) ? target?.trust : undefined)
  const caller: Caller = { kind: 'AWS', arn: principal.arn, account: principal.account }
  const before = withRegion(mergeContexts(subject.context, given), action.toLowerCase())
  const first = policy === undefined ? undefined : resourceSide(policy, caller, { action, resource, context: before })
  const { decision, context } = decideIn(subject, {
    action,
    resource,
    context: given,
    granted: grantedBy(first, principal, isForeign),
  })
  const request = { action, resource, context: mergeContexts(mergeContexts(before, context), given) }
  const side = policy === undefined ? undefined : resourceSide(policy, caller, request)
  const layers = layersOf(principal, account, more, request, side)
  const found = verdictOf(decision, side, action, isForeign)
  const open = layers.flatMap(({ statements }) =>
    statements.filter(({ applies }) => applies === 'maybe').flatMap(({ conditions }) => conditions),
  )
  return {
    principal: principal.arn,
    action,
    resource,
    ...found,
    openKeys:
      found.verdict === 'denied' ? [] : [...new Set(open.filter(({ holds }) => holds === 'maybe').map(({ words }) => words))],
    choices: found.verdict === 'denied' ? {} : choicesIn(before, context),
    layers,
  }
}
