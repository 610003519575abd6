import { targetContext } from '../account/account.ts'
import { absent, type Context, type Known, value } from '../policy/context.ts'
import { type Decision, decide, decideAnywhere } from '../policy/evaluate.ts'
import { adminOf, rewritten } from './admin.ts'
import { easiest, joinSteps, rewriteStep, type Step } from './rewrite.ts'
import type { Node, World } from './world.ts'

/** Steps that remove the boundary of an actor that would otherwise be, or become, an administrator. */
function unboundSteps(actor: Node, world: World): Step[] {
  if (actor.boundary === undefined) return []
  const free: Node = {
    ...actor,
    boundary: undefined,
    whenRewritten: adminOf(rewritten({ ...actor, boundary: undefined }), world.account.id),
  }
  const isAdmin = adminOf(free, world.account.id).verdict === 'yes'
  const rewrite = isAdmin ? undefined : rewriteStep(free, free, world)
  if (!isAdmin && rewrite === undefined) return []
  const kind = actor.type === 'user' ? 'User' : 'Role'
  const words = `remove its permissions boundary${rewrite === undefined ? '' : `, then ${rewrite.words}`}`
  return ['Delete', 'Put'].flatMap((verb) => {
    const action = `iam:${verb}${kind}PermissionsBoundary`
    const { verdict, on, by } = decide(actor, { action, resource: actor.arn, context: targetContext(actor.principal) })
    if (verdict === 'denied') return []
    return [{ id: 'boundary', action, resource: actor.arn, on: [...on, ...(rewrite?.on ?? [])], by: by.at(-1), words }]
  })
}

/** The actions that create a new principal. Its creator can choose not to set a boundary. */
const making = {
  user: ['iam:CreateUser', 'iam:CreateAccessKey'],
  role: ['iam:CreateRole'],
} as const

function newcomerContext(world: World): Context {
  return new Map<string, Known>([
    ['iam:permissionsboundary', absent],
    ['iam:policyarn', value(world.adminPolicies[0] ?? '')],
    ['aws:resourcetag/', absent],
  ])
}

/** Steps that create a new administrator. The catalogue does not list them, since they change no existing principal. */
function newcomerSteps(actor: Node, world: World): Step[] {
  const { id: account, partition } = world.account
  const context = newcomerContext(world)
  // SCPs also apply to a new principal.
  if (adminOf(rewritten({ identity: [], boundary: undefined, scps: actor.scps, context: new Map() }), account).verdict === 'no')
    return []
  return (['user', 'role'] as const).flatMap((type) => {
    const [make, ...more] = making[type]
    const made = decideAnywhere(actor, make, `arn:${partition}:iam::${account}:${type}/*`, context)
    if (made.verdict === 'denied') return []
    const kind = type === 'user' ? 'User' : 'Role'
    const gives = [`iam:Put${kind}Policy`, `iam:Attach${kind}Policy`]
      .map((action) => ({ action, ...decide(actor, { action, resource: made.resource, context }) }))
      .filter(({ verdict }) => verdict !== 'denied')
    const give = easiest(gives)
    const others: Decision[] = more.map((action) => decide(actor, { action, resource: made.resource, context }))
    if (give === undefined || others.some(({ verdict }) => verdict === 'denied')) return []
    const on = [...new Set([made, give, ...others].flatMap((decision) => decision.on))]
    return [
      {
        id: `new-${type}`,
        action: give.action,
        resource: made.resource,
        on,
        by: give.by.at(-1),
        words: `create a ${type} with administrator access`,
      },
    ]
  })
}

/** Escalation steps that do not change the policies of an existing principal. */
export function freeingSteps(actor: Node, world: World): Step[] {
  return [...joinSteps(actor, world), ...unboundSteps(actor, world), ...newcomerSteps(actor, world)]
}
