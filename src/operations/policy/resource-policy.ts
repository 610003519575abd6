import type { RequestContext } from './context.ts'
import type { Policy } from './document.ts'
import { applies, coversAction } from './evaluate.ts'
import { type Caller, matchCaller } from './trust.ts'

/** What the policy of a resource says of a request. */
export interface ResourceDecision {
  /** `account`: it leaves the decision to the identity policies of the caller's account. */
  readonly effect: 'allow' | 'account' | 'deny' | 'silent'
  /** The statement that decides. */
  readonly by: string | undefined
}

/**
 * What a resource-based policy, or the policy of a VPC endpoint, says of a request whose context is known. A condition that
 * cannot be evaluated counts as false in an Allow, and as true in a Deny.
 */
export function decideByResource(
  policy: Policy,
  caller: Caller,
  request: { readonly action: string; readonly resource: string; readonly context: RequestContext },
): ResourceDecision {
  let best: ResourceDecision = { effect: 'silent', by: undefined }
  for (const statement of policy.statements) {
    if (statement.principals === undefined || !coversAction(statement, request.action.toLowerCase())) continue
    const named = matchCaller(statement.principals, caller)
    const { truth } = applies(statement, request.resource, request.context)
    if (named === 'no' || truth === 'no') continue
    if (statement.effect === 'Deny') return { effect: 'deny', by: statement.place }
    if (truth === 'maybe') continue
    if (named === 'directly') best = { effect: 'allow', by: statement.place }
    else if (best.effect === 'silent') best = { effect: 'account', by: statement.place }
  }
  return best
}
