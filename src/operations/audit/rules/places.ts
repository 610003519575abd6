import type { Account } from '../account/account.ts'
import type { Policy } from '../policy/document.ts'

/** A policy that somebody of the account wrote, and where it is. */
export interface Place {
  readonly resource: string
  readonly policy: Policy
}

/** Every policy of the account's own, once. */
export function ownPolicies({ users, roles, groups, policies }: Account): Place[] {
  const managed = policies.filter(({ awsManaged }) => !awsManaged).map(({ arn, policy }) => ({ resource: arn, policy }))
  const inline = [...users, ...roles].flatMap(({ arn, held }) =>
    held.filter(({ how, group }) => how === 'inline' && group === undefined).map(({ policy }) => ({ resource: arn, policy })),
  )
  const ofGroups = groups.flatMap(({ arn, held }) =>
    held.filter(({ how }) => how === 'inline').map(({ policy }) => ({ resource: arn, policy })),
  )
  return [...managed, ...inline, ...ofGroups]
}

/** The same and the trust policies of roles. */
export function allPolicies(account: Account): Place[] {
  const trusts = account.roles.flatMap(({ arn, trust }) => (trust === undefined ? [] : [{ resource: arn, policy: trust }]))
  return [...ownPolicies(account), ...trusts]
}
