import { choicesFor } from './choices.ts'
import type { Context } from './context.ts'
import { value } from './context.ts'
import type { Policy, PrincipalChoice, Statement } from './document.ts'
import { applies, type Decision, decide, isAbout, type Subject } from './evaluate.ts'

/** Who asks for a role. */
export type Caller =
  | { readonly kind: 'AWS'; readonly arn: string; readonly account: string }
  | { readonly kind: 'Service'; readonly service: string }
  | { readonly kind: 'Federated'; readonly provider: string }

/** How a trust policy names a caller: himself, his whole account (his own policies decide then), or not at all. */
export type Named = 'directly' | 'account' | 'no'

function namesAws(text: string, { arn, account }: { arn: string; account: string }): Named {
  if (text === '*' || text === arn) return 'directly'
  if (text === account || /^arn:[^:]+:iam::(\d{12}):root$/.exec(text)?.[1] === account) return 'account'
  // A session of a role: the one who takes the role chooses the session's name.
  const session = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(text)
  return session !== null && session[1] === account && arn.endsWith(`/${session[2]}`) && arn.includes(':role/')
    ? 'directly'
    : 'no'
}

function namesCaller(kind: string, text: string, caller: Caller): Named {
  if (kind === '*') return 'directly'
  if (kind !== caller.kind) return 'no'
  if (caller.kind === 'AWS') return namesAws(text, caller)
  const wanted = caller.kind === 'Service' ? caller.service : caller.provider
  return text === '*' || text.toLowerCase() === wanted.toLowerCase() ? 'directly' : 'no'
}

function named({ entries, not }: PrincipalChoice, caller: Caller): Named {
  const found = new Set(entries.map(({ kind, value: text }) => namesCaller(kind, text, caller)))
  if (not) return found.has('directly') || found.has('account') ? 'no' : 'directly'
  return found.has('directly') ? 'directly' : found.has('account') ? 'account' : 'no'
}

export interface Trust {
  readonly named: Named
  readonly on: readonly string[]
  readonly by: string | undefined
}

const nobody: Trust = { named: 'no', on: [], by: undefined }

function trustOnce(statements: readonly { statement: Statement; how: Named }[], role: string, context: Context): Trust {
  const on: string[] = []
  for (const { statement } of statements.filter(({ statement: { effect } }) => effect === 'Deny')) {
    const { truth, open } = applies(statement, role, context)
    if (truth === 'yes') return nobody
    if (truth === 'maybe') on.push(`not: ${open.join(' and ')}`)
  }
  let best: Trust = nobody
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

/** Whether a role's trust policy lets a caller take it. */
export function trustOf(trust: Policy, role: string, caller: Caller, action: string, context: Context): Trust {
  const statements = trust.statements
    .filter((statement) => statement.principals !== undefined && isAbout(statement, action.toLowerCase()))
    .map(
      (statement) =>
        ({ statement, how: statement.principals === undefined ? 'no' : named(statement.principals, caller) }) as const,
    )
    .filter(({ how }) => how !== 'no')
  if (statements.length === 0) return nobody
  let best = nobody
  const all = statements.map(({ statement }) => statement)
  for (const chosen of choicesFor(all, context)) {
    const found = trustOnce(statements, role, chosen)
    if (isBetter(found, best)) best = found
  }
  return best
}

export interface RoleTrust {
  readonly arn: string
  readonly trust: Policy
}

/** A principal that may ask for a role. */
export interface Asker extends Subject {
  readonly arn: string
  readonly account: string
  readonly type: 'user' | 'role'
}

/**
 * Whether a principal may take a role of his own account: the trust policy must name him, or his account and then his
 * own policies must allow it. Trust policies are an exception to the rule that either side is enough
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-resource.html).
 */
export function mayAssume(asker: Asker, role: RoleTrust, context?: Context): Decision {
  const action = 'sts:AssumeRole'
  const trust = trustOf(role.trust, role.arn, { kind: 'AWS', arn: asker.arn, account: asker.account }, action, asker.context)
  if (trust.named === 'no') {
    return { verdict: 'denied', on: [], by: [], blocked: `the trust policy of ${role.arn} does not name it`, explicit: false }
  }
  // A role that is named by its ARN stays within its boundary; a user that is named does not.
  const granted = trust.named === 'account' ? undefined : asker.type === 'user' ? 'all' : 'identity'
  const own = decide(asker, { action, resource: role.arn, context, granted })
  if (own.verdict === 'denied') return own
  const on = [...new Set([...own.on, ...trust.on])]
  const by = [...(trust.by === undefined ? [] : [trust.by]), ...own.by]
  return { ...own, verdict: on.length === 0 ? 'allowed' : 'conditional', on, by }
}

/** Whether a service of this account may take a role: what `iam:PassRole` then hands to it. */
export function serviceMayAssume(role: RoleTrust, service: string, account: string): Trust {
  // Whoever makes the function or the task chooses its name, and it is of this account.
  const context: Context = new Map([
    ['aws:sourceaccount', value(account)],
    ['aws:sourcearn', { kind: 'chosen' }],
    ['aws:principalisawsservice', value('true')],
  ])
  return trustOf(role.trust, role.arn, { kind: 'Service', service }, 'sts:AssumeRole', context)
}
