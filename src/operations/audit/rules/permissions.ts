import { decide } from '../../policy/index.ts'
import { isServiceLinked } from '../account/account.ts'
import type { Node } from '../escalation/graph.ts'
import type { RuleInput } from './rule.ts'

/** The principals for rules about individual permissions, also those of Identity Center. Administrators have a rule of their own. */
export function nonAdminPrincipals({ graph }: RuleInput): Node[] {
  return graph.nodes.filter((node) => node.admin.verdict !== 'yes' && !isServiceLinked(node.principal))
}

/** An ARN that no policy names. An action that is allowed on it is allowed on all resources. */
export function unnamedArn(action: string, account: string): string {
  const service = action.slice(0, action.indexOf(':'))
  if (service === 'iam' || service === 'sts') return `arn:aws:iam::${account}:role/apigw-audit/anything`
  return service === 's3'
    ? 'arn:aws:s3:::apigw-audit-anything/key'
    : `arn:aws:${service}:us-east-1:${account}:apigw-audit/anything`
}

/** The statement that allows an action on all resources without a condition, or `undefined`. */
export function allowedOnAll(node: Node, action: string, account: string): string | undefined {
  const { verdict, by } = decide(node, { action, resource: unnamedArn(action, account) })
  return verdict === 'allowed' ? by.at(-1) : undefined
}

/** The actions that a principal can perform on all resources, and the statements that allow them. */
export function unrestrictedActions(
  node: Node,
  actions: readonly string[],
  account: string,
): { actions: string[]; by: string[] } {
  const open: string[] = []
  const by = new Set<string>()
  for (const action of actions) {
    const place = allowedOnAll(node, action, account)
    if (place === undefined) continue
    open.push(action)
    by.add(place)
  }
  return { actions: open, by: [...by] }
}
