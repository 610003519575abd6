import { isAwsOwned } from '../account/account.ts'
import type { Node } from '../escalation/world.ts'
import { decide } from '../policy/evaluate.ts'
import type { View } from './rule.ts'

/** Principals that a rule about single permissions looks at: an administrator has them all, and is told of elsewhere. */
export function judgedPrincipals({ world }: View): Node[] {
  return world.nodes.filter((node) => node.admin.verdict !== 'yes' && !isAwsOwned(node.principal))
}

/** An ARN that no policy means in particular: what is allowed on it is allowed on everything. */
export function anything(action: string, account: string): string {
  const [service = ''] = action.split(':')
  const names: Readonly<Record<string, string>> = {
    iam: `arn:aws:iam::${account}:role/apigw-audit/anything`,
    sts: `arn:aws:iam::${account}:role/apigw-audit/anything`,
    s3: 'arn:aws:s3:::apigw-audit-anything/key',
  }
  return names[service] ?? `arn:aws:${service}:us-east-1:${account}:apigw-audit/anything`
}

/** The statement that allows an action on everything, without a condition; `undefined` where none does. */
export function allowedOnAll(node: Node, action: string, account: string): string | undefined {
  const { verdict, by } = decide(node, { action, resource: anything(action, account) })
  return verdict === 'allowed' ? by.at(-1) : undefined
}

/** Those of some actions that a principal may do to everything, and the statements that allow it. */
export function openActions(node: Node, actions: readonly string[], account: string): { actions: string[]; by: string[] } {
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
