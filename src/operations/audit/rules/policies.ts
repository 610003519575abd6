import type { Policy } from '../../policy/index.ts'
import type { Account } from '../account/account.ts'

/** A customer policy and the resource that it belongs to. */
export interface PolicyLocation {
  readonly resource: string
  readonly policy: Policy
}

/** All customer managed and inline policies, without duplicates. */
export function ownPolicies({ users, roles, groups, policies }: Account): PolicyLocation[] {
  const managed = policies.filter(({ awsManaged }) => !awsManaged).map(({ arn, policy }) => ({ resource: arn, policy }))
  const inline = [...users, ...roles].flatMap(({ arn, grants }) =>
    grants.filter(({ how, group }) => how === 'inline' && group === undefined).map(({ policy }) => ({ resource: arn, policy })),
  )
  const ofGroups = groups.flatMap(({ arn, grants }) =>
    grants.filter(({ how }) => how === 'inline').map(({ policy }) => ({ resource: arn, policy })),
  )
  return [...managed, ...inline, ...ofGroups]
}

/** All customer managed, inline and trust policies. */
export function allPolicies(account: Account): PolicyLocation[] {
  const trusts = account.roles.flatMap(({ arn, trust }) => (trust === undefined ? [] : [{ resource: arn, policy: trust }]))
  return [...ownPolicies(account), ...trusts]
}
