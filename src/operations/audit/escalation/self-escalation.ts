import { absent, decide, decideAnywhere, type KeyState, type RequestContext, value } from '../../policy/index.ts'
import { adminOf, withFullAccess } from './admin.ts'
import type { Node, PrincipalGraph } from './graph.ts'
import { easiest, joinSteps, type Step } from './rewrite.ts'

/** The action that creates a new principal, and those of which one lets its creator act as it. The creator can leave out a boundary. */
const createActions = {
  user: { create: 'iam:CreateUser', enter: ['iam:CreateAccessKey', 'iam:CreateLoginProfile'] },
  role: { create: 'iam:CreateRole', enter: [] },
} as const

function newPrincipalContext(graph: PrincipalGraph): RequestContext {
  return new Map<string, KeyState>([
    ['iam:permissionsboundary', absent],
    ['iam:policyarn', value(graph.adminPolicies[0] ?? '')],
    ['aws:resourcetag/', absent],
  ])
}

/** Steps that create a new administrator. The catalogue does not list them, since they change no existing principal. */
function newPrincipalSteps(actor: Node, graph: PrincipalGraph): Step[] {
  const { id: account, partition } = graph.account
  const context = newPrincipalContext(graph)
  // SCPs also apply to a new principal.
  if (
    adminOf(withFullAccess({ identity: [], boundary: undefined, scps: actor.scps, context: new Map() }), account).verdict === 'no'
  )
    return []
  return (['user', 'role'] as const).flatMap((type) => {
    const { create, enter } = createActions[type]
    const creation = decideAnywhere(actor, create, `arn:${partition}:iam::${account}:${type}/*`, context)
    if (creation.verdict === 'denied') return []
    const kind = type === 'user' ? 'User' : 'Role'
    const grantOptions = [`iam:Put${kind}Policy`, `iam:Attach${kind}Policy`]
      .map((action) => ({ action, ...decide(actor, { action, resource: creation.resource, context }) }))
      .filter(({ verdict }) => verdict !== 'denied')
    const grant = easiest(grantOptions)
    const entries = enter
      .map((action) => decide(actor, { action, resource: creation.resource, context }))
      .filter(({ verdict }) => verdict !== 'denied')
    if (grant === undefined || (enter.length > 0 && entries.length === 0)) return []
    const entry = easiest(entries)
    const on = [...new Set([creation, grant, ...(entry === undefined ? [] : [entry])].flatMap((decision) => decision.on))]
    return [
      {
        id: `new-${type}`,
        action: grant.action,
        resource: creation.resource,
        on,
        by: grant.by.at(-1),
        words: `create a ${type} with administrator access`,
      },
    ]
  })
}

/** Escalation steps that do not change the policies of an existing principal. */
export function selfEscalationSteps(actor: Node, graph: PrincipalGraph): Step[] {
  return [...joinSteps(actor, graph), ...newPrincipalSteps(actor, graph)]
}
