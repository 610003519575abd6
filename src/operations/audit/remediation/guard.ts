import { type Account, type PolicyGrant, type Principal, subjectOf } from '../account/account.ts'
import { adminOf } from '../escalation/admin.ts'
import { affectedPrincipal, type PlanStep } from './steps.ts'

/** The caller identity from STS: a user or a role session. */
export interface CallerIdentity {
  readonly arn: string
}

function isCaller({ arn }: CallerIdentity, kind: string, name: string): boolean {
  const session = /:assumed-role\/([^/]+)\//.exec(arn)?.[1]
  if (session !== undefined) return kind === 'role' && session === name
  return kind === 'user' && arn.includes(':user/') && arn.endsWith(`/${name}`)
}

/** Whether the caller gets permissions from a group or a policy that the step deletes. */
function affectsCaller(step: PlanStep, caller: CallerIdentity, account: Account): boolean {
  const principal = [...account.users, ...account.roles].find(({ type, name }) => isCaller(caller, type, name))
  if (principal === undefined) return false
  if (step.do === 'delete-group') return principal.groups.includes(step.group)
  return step.do === 'delete-policy' && principal.grants.some(({ policy }) => policy.arn === step.policy)
}

function administrators(account: Account): Principal[] {
  return [...account.users, ...account.roles].filter(
    (principal) => adminOf(subjectOf(principal, account), account.id).verdict !== 'no',
  )
}

/** The account after a step, as far as it affects administrators. */
export function accountAfter(account: Account, step: PlanStep): Account {
  const isGone = ({ type, name }: Principal): boolean => {
    const of = affectedPrincipal(step)
    // A user without credentials is not an administrator, and a new trust policy may exclude every caller.
    const takes = ['delete-role', 'delete-password', 'deactivate-key', 'tighten-trust'].includes(step.do)
    return takes && of?.kind === type && of.name === name
  }
  const keeps = ({ policy, group }: PolicyGrant, { type, name }: Principal): boolean => {
    if (step.do === 'delete-policy') return policy.arn !== step.policy
    if (step.do === 'delete-group') return group !== step.group
    if (step.do === 'detach-policy')
      return !(step.from === type && step.name === name && policy.arn === step.policy && group === undefined)
    return true
  }
  const changed = (principals: readonly Principal[]): Principal[] =>
    principals.filter((one) => !isGone(one)).map((one) => ({ ...one, grants: one.grants.filter((grant) => keeps(grant, one)) }))
  return { ...account, users: changed(account.users), roles: changed(account.roles) }
}

/** The reason to refuse a step that would lock out the caller or remove the last administrator. */
export function refusalReason(step: PlanStep, caller: CallerIdentity, account: Account): string | undefined {
  const of = affectedPrincipal(step)
  if (caller.arn.endsWith(':root')) return lastAdministrator(step, account)
  if (of !== undefined && isCaller(caller, of.kind, of.name))
    return 'it would change your own access: ask a colleague to apply it'
  if (affectsCaller(step, caller, account)) return 'your own permissions depend on it: ask a colleague to apply it'
  return lastAdministrator(step, account)
}

function lastAdministrator(step: PlanStep, account: Account): string | undefined {
  const before = administrators(account)
  if (before.length === 0) return undefined
  const left = administrators(accountAfter(account, step))
  return left.length === 0 ? `it would remove the last administrator: ${before.map(({ name }) => name).join(', ')}` : undefined
}
