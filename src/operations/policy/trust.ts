import { choicesFor } from './choices.ts'
import type { RequestContext } from './context.ts'
import { value } from './context.ts'
import type { Policy, PrincipalPatterns, Statement } from './document.ts'
import { applies, coversAction, type Decision, decide, type Subject } from './evaluate.ts'

/** The caller of an AssumeRole request. */
export type Caller =
  | { readonly kind: 'AWS'; readonly arn: string; readonly account: string }
  | { readonly kind: 'Service'; readonly service: string }
  | { readonly kind: 'Federated'; readonly provider: string }

/** How a trust policy matches a caller: directly, by its account (its identity policies then decide), or not at all. */
export type TrustMatch = 'directly' | 'account' | 'no'

function matchAws(text: string, { arn, account }: { arn: string; account: string }): TrustMatch {
  if (text === '*' || text === arn) return 'directly'
  if (text === account || /^arn:[^:]+:iam::(\d{12}):root$/.exec(text)?.[1] === account) return 'account'
  // A role session. The caller of AssumeRole sets the session name.
  const session = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(text)
  return session !== null && session[1] === account && arn.endsWith(`/${session[2]}`) && arn.includes(':role/')
    ? 'directly'
    : 'no'
}

function matchEntry(kind: string, text: string, caller: Caller): TrustMatch {
  if (kind === '*') return 'directly'
  if (kind !== caller.kind) return 'no'
  if (caller.kind === 'AWS') return matchAws(text, caller)
  const name = caller.kind === 'Service' ? caller.service : caller.provider
  // Some services have a name of their own in China, which the others take as well.
  const given = caller.kind === 'Service' ? text.replace(/\.amazonaws\.com\.cn$/, '.amazonaws.com') : text
  return text === '*' || given.toLowerCase() === name.toLowerCase() ? 'directly' : 'no'
}

/** How the principals of a statement match a caller. */
export function matchCaller({ entries, not }: PrincipalPatterns, caller: Caller): TrustMatch {
  let best: TrustMatch = 'no'
  for (const { kind, value: text } of entries) {
    const found = matchEntry(kind, text, caller)
    if (found !== 'no') best = found
    if (found === 'directly') break
  }
  if (not) return best === 'no' ? 'directly' : 'no'
  return best
}

export interface Trust {
  readonly named: TrustMatch
  readonly on: readonly string[]
  readonly by: string | undefined
}

const untrusted: Trust = { named: 'no', on: [], by: undefined }

function evaluateTrust(
  statements: readonly { statement: Statement; how: TrustMatch }[],
  role: string,
  context: RequestContext,
): Trust {
  const on: string[] = []
  for (const { statement } of statements.filter(({ statement: { effect } }) => effect === 'Deny')) {
    const { truth, open } = applies(statement, role, context)
    if (truth === 'yes') return untrusted
    if (truth === 'maybe') on.push(`not: ${open.join(' and ')}`)
  }
  let best: Trust = untrusted
  for (const { statement, how } of statements) {
    if (statement.effect !== 'Allow') continue
    const { truth, open } = applies(statement, role, context)
    if (truth === 'no') continue
    const trust: Trust = { named: how, on: [...on, ...open], by: statement.place }
    if (isBetter(trust, best)) best = trust
  }
  return best
}

function isBetter(one: Trust, than: Trust): boolean {
  if (than.named === 'no') return one.named !== 'no'
  if (one.on.length !== than.on.length) return one.on.length < than.on.length
  return one.named === 'directly' && than.named === 'account'
}

/** Whether the trust policy of a role allows a caller to assume it. */
export function trustOf(trust: Policy, role: string, caller: Caller, action: string, context: RequestContext): Trust {
  const statements = trust.statements
    .filter((statement) => statement.principals !== undefined && coversAction(statement, action.toLowerCase()))
    .map(
      (statement) =>
        ({ statement, how: statement.principals === undefined ? 'no' : matchCaller(statement.principals, caller) }) as const,
    )
    .filter(({ how }) => how !== 'no')
  if (statements.length === 0) return untrusted
  let best = untrusted
  const all = statements.map(({ statement }) => statement)
  for (const chosen of choicesFor(all, context)) {
    const found = evaluateTrust(statements, role, chosen)
    if (isBetter(found, best)) best = found
  }
  return best
}

export interface RoleTrust {
  readonly arn: string
  readonly trust: Policy
}

/** A principal in the account as the caller of AssumeRole. */
export interface CallingPrincipal extends Subject {
  readonly arn: string
  readonly account: string
  readonly type: 'user' | 'role'
}

/**
 * Whether a principal can assume a role in its own account. The trust policy must name the principal, or it must name the
 * account and the identity policies must allow the call. For other resource-based policies, either side is enough
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-resource.html).
 */
export function mayAssume(caller: CallingPrincipal, role: RoleTrust, context?: RequestContext): Decision {
  const action = 'sts:AssumeRole'
  const trust = trustOf(role.trust, role.arn, { kind: 'AWS', arn: caller.arn, account: caller.account }, action, caller.context)
  if (trust.named === 'no') {
    return {
      verdict: 'denied',
      on: [],
      by: [],
      blocked: `the trust policy of ${role.arn} does not name the principal`,
      explicit: false,
    }
  }
  // A boundary still limits a role that the trust policy names by ARN. It does not limit such a user.
  const granted = trust.named === 'account' ? undefined : caller.type === 'user' ? 'all' : 'identity'
  const own = decide(caller, { action, resource: role.arn, context, granted })
  if (own.verdict === 'denied') return own
  const on = [...new Set([...own.on, ...trust.on])]
  const by = [...(trust.by === undefined ? [] : [trust.by]), ...own.by]
  return { ...own, verdict: on.length === 0 ? 'allowed' : 'conditional', on, by }
}

/** Whether a service can assume a role on behalf of this account, once the role is passed to it. */
export function serviceMayAssume(role: RoleTrust, service: string, account: string): Trust {
  const caller = { kind: 'Service', service } as const
  if (!role.trust.statements.some(({ principals }) => principals !== undefined && matchCaller(principals, caller) !== 'no'))
    return untrusted
  // The function or task is in this account, and its creator chooses the name.
  const context: RequestContext = new Map([
    ['aws:sourceaccount', value(account)],
    ['aws:sourcearn', { kind: 'chosen' }],
    ['aws:principalisawsservice', value('true')],
  ])
  return trustOf(role.trust, role.arn, caller, 'sts:AssumeRole', context)
}
