import { better, type Decision, decide, mergeContexts, value } from '../../policy/index.ts'
import { targetContext } from '../account/account.ts'
import { adminOf } from './admin.ts'
import { isTargetable, type Node, type PrincipalGraph } from './graph.ts'

/** A single action of an escalation, and its conditions. */
export interface Step {
  /** The ID in the catalogue. */
  readonly id: string
  readonly action: string
  readonly resource: string
  readonly on: readonly string[]
  /** The statement that allows it. */
  readonly by: string | undefined
  readonly words: string
}

function step(id: string, action: string, resource: string, { on, by }: Decision, words: string): Step {
  return { id, action, resource, on, by: by.at(-1), words }
}

/** The option with the fewest open conditions. */
export function easiest<T extends { readonly on: readonly string[] }>(options: readonly T[]): T | undefined {
  return options.reduce<T | undefined>(
    (best, option) => (best === undefined || option.on.length < best.on.length ? option : best),
    undefined,
  )
}

const ids = {
  user: { attach: 'iam-008', put: 'iam-007' },
  role: { attach: 'iam-009', put: 'iam-005' },
} as const
const others = {
  user: { attach: 'iam-015', put: 'iam-018', version: 'iam-016' },
  role: { attach: 'iam-014', put: 'iam-017', version: 'iam-016' },
} as const

/** Whether the actor can attach at least one policy that grants administrator access. */
function attach(actor: Node, action: string, target: Node, graph: PrincipalGraph): Decision | undefined {
  const about = targetContext(target.principal)
  let best: Decision | undefined
  for (const arn of graph.adminPolicies) {
    const context = mergeContexts(about, new Map([['iam:policyarn', value(arn)]]))
    const found = decide(actor, { action, resource: target.arn, context })
    best = best === undefined ? found : better(best, found)
    if (best.verdict === 'allowed') break
  }
  return best?.verdict === 'denied' ? undefined : best
}

function versionSteps(actor: Node, target: Node, graph: PrincipalGraph, self: boolean): Step[] {
  const id = self ? 'iam-001' : others[target.type].version
  return target.principal.grants.flatMap(({ policy, how }) => {
    const { arn } = policy
    const managed = how === 'attached' && arn !== undefined ? graph.policies.get(arn) : undefined
    if (managed === undefined) return []
    const found: Step[] = []
    const make = decide(actor, { action: 'iam:CreatePolicyVersion', resource: managed.arn })
    if (make.verdict !== 'denied') {
      found.push(step(id, 'iam:CreatePolicyVersion', managed.arn, make, `create a new version of ${managed.name}`))
    }
    const adminVersion = managed.others.find(
      (one) => adminOf({ ...target, identity: [one.policy] }, graph.account.id).verdict === 'yes',
    )
    if (adminVersion !== undefined) {
      const set = decide(actor, { action: 'iam:SetDefaultPolicyVersion', resource: managed.arn })
      if (set.verdict !== 'denied') {
        found.push(
          step(
            id,
            'iam:SetDefaultPolicyVersion',
            managed.arn,
            set,
            `set ${adminVersion.version} of ${managed.name} as the default version`,
          ),
        )
      }
    }
    return found
  })
}

function groupSteps(actor: Node, target: Node, graph: PrincipalGraph): Step[] {
  const { partition, id: account, groups } = graph.account
  return target.principal.groups.flatMap((name) => {
    const arn = groups.find((group) => group.name === name)?.arn ?? `arn:${partition}:iam::${account}:group/${name}`
    const options = [
      ['iam-011', 'iam:PutGroupPolicy', new Map()],
      ['iam-010', 'iam:AttachGroupPolicy', new Map([['iam:policyarn', value(graph.adminPolicies[0] ?? '')]])],
    ] as const
    return options.flatMap(([id, action, context]) => {
      const found = decide(actor, { action, resource: arn, context })
      return found.verdict === 'denied' ? [] : [step(id, action, arn, found, `add a policy to the group ${name}`)]
    })
  })
}

/** The easiest step for an actor to change the permissions of a principal, which may be the actor itself. */
export function rewriteStep(actor: Node, target: Node, graph: PrincipalGraph): Step | undefined {
  if (!isTargetable(target) || target.adminWithFullAccess.verdict === 'no') return undefined
  const self = actor.arn === target.arn
  const id = self ? ids[target.type] : others[target.type]
  const kind = target.type === 'user' ? 'User' : 'Role'
  const targetName = self ? 'itself' : target.principal.name
  const steps: Step[] = []
  const put = decide(actor, {
    action: `iam:Put${kind}Policy`,
    resource: target.arn,
    context: targetContext(target.principal),
  })
  if (put.verdict !== 'denied')
    steps.push(step(id.put, `iam:Put${kind}Policy`, target.arn, put, `add an inline policy to ${targetName}`))
  const attached = attach(actor, `iam:Attach${kind}Policy`, target, graph)
  if (attached !== undefined) {
    steps.push(
      step(
        id.attach,
        `iam:Attach${kind}Policy`,
        target.arn,
        attached,
        `attach a policy with administrator access to ${targetName}`,
      ),
    )
  }
  steps.push(...versionSteps(actor, target, graph, self), ...groupSteps(actor, target, graph))
  const best = easiest(steps)
  return best && { ...best, on: [...new Set([...best.on, ...target.adminWithFullAccess.on])] }
}

/** Steps that add the actor to a group with administrator access. */
export function joinSteps(actor: Node, { account }: PrincipalGraph): Step[] {
  if (actor.type === 'role') return []
  return account.groups.flatMap(({ name, arn, grants }) => {
    if (actor.principal.groups.includes(name)) return []
    const add = decide(actor, { action: 'iam:AddUserToGroup', resource: arn })
    if (add.verdict === 'denied') return []
    const admin = adminOf({ ...actor, identity: [...actor.identity, ...grants.map(({ policy }) => policy)] }, account.id)
    if (admin.verdict === 'no') return []
    const found = step('iam-013', 'iam:AddUserToGroup', arn, add, `join the group ${name}`)
    return [{ ...found, on: [...found.on, ...admin.on] }]
  })
}
