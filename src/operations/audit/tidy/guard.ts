import { type Account, type Held, judged, type Principal } from '../account/account.ts'
import { adminOf } from '../escalation/admin.ts'
import { type PlanStep, touched } from './steps.ts'

/** Who asks, as STS names him: a user, or a session of a role. */
export interface Asking {
  readonly arn: string
}

function isCaller({ arn }: Asking, kind: string, name: string): boolean {
  const session = /:assumed-role\/([^/]+)\//.exec(arn)?.[1]
  if (session !== undefined) return kind === 'role' && session === name
  return kind === 'user' && arn.includes(':user/') && arn.endsWith(`/${name}`)
}

/** Whether the caller's rights come by a group or a policy that a step takes away. */
function feedsCaller(step: PlanStep, asking: Asking, account: Account): boolean {
  const caller = [...account.users, ...account.roles].find(({ type, name }) => isCaller(asking, type, name))
  if (caller === undefined) return false
  if (step.do === 'delete-group') return caller.groups.includes(step.group)
  return step.do === 'delete-policy' && caller.held.some(({ policy }) => policy.arn === step.policy)
}

function administrators(account: Account): Principal[] {
  return [...account.users, ...account.roles].filter(
    (principal) => adminOf(judged(principal, account), account.id).verdict !== 'no',
  )
}

/** The account as it would be after a step, as far as administrators are concerned. */
export function accountAfter(account: Account, step: PlanStep): Account {
  const isGone = ({ type, name }: Principal): boolean => {
    const of = touched(step)
    // Without credentials a user is nobody; whom a changed trust policy keeps out is not known.
    const takes = ['delete-role', 'delete-password', 'deactivate-key', 'tighten-trust'].includes(step.do)
    return takes && of?.kind === type && of.name === name
  }
  const keeps = ({ policy, group }: Held, { type, name }: Principal): boolean => {
    if (step.do === 'delete-policy') return policy.arn !== step.policy
    if (step.do === 'delete-group') return group !== step.group
    if (step.do === 'detach-policy')
      return !(step.from === type && step.name === name && policy.arn === step.policy && group === undefined)
    return true
  }
  const changed = (principals: readonly Principal[]): Principal[] =>
    principals.filter((one) => !isGone(one)).map((one) => ({ ...one, held: one.held.filter((held) => keeps(held, one)) }))
  return { ...account, users: changed(account.users), roles: changed(account.roles) }
}

/** Why a step is not carried out: it would lock out the caller, or leave nobody who may do everything. */
export function refusal(step: PlanStep, asking: Asking, account: Account): string | undefined {
  const of = touched(step)
  if (asking.arn.endsWith(':root')) return lastAdministrator(step, account)
  if (of !== undefined && isCaller(asking, of.kind, of.name))
    return 'it would take something from yourself: let a colleague do it'
  if (feedsCaller(step, asking, account)) return 'your own rights hang on it: let a colleague do it'
  return lastAdministrator(step, account)
}

function lastAdministrator(step: PlanStep, account: Account): string | undefined {
  const before = administrators(account)
  if (before.length === 0) return undefined
  const left = administrators(accountAfter(account, step))
  return left.length === 0
    ? `it would leave nobody who may do everything: ${before.map(({ name }) => name).join(', ')} is the last`
    : undefined
}
