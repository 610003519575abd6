import {
  allowPatterns,
  type Decision,
  decide,
  decideAnywhere,
  mergeContexts,
  type RequestContext,
  value,
} from '../../policy/index.ts'
import { type Group, type PolicyGrant, type Principal, targetContext } from '../account/account.ts'
import { adminOf, withFullAccess } from './admin.ts'
import { allowsSteps } from './candidates.ts'
import { kindOf } from './catalogue.ts'
import type { Node, PrincipalGraph } from './graph.ts'

/** A change that a principal makes to itself, or to a second one that it then acts as. */
export interface Change {
  /** Whether it only adds rights, so that nothing is lost by making it first. */
  readonly adds: boolean
  readonly action: string
  readonly decision: Decision
  readonly words: string
  /** The principal after it. Only worked out for what is allowed. */
  readonly node: () => Node
}
function changed(node: Node, graph: PrincipalGraph, more: Partial<Principal>, context: RequestContext = node.context): Node {
  const principal = { ...node.principal, ...more }
  const subject = {
    ...node,
    principal,
    context,
    boundary: principal.boundary,
    identity: principal.grants.map(({ policy }) => policy),
  }
  const { id } = graph.account
  return { ...subject, admin: adminOf(subject, id), adminWithFullAccess: adminOf(withFullAccess(subject), id) }
}

function denies({ policy }: PolicyGrant): boolean {
  return policy.statements.some(({ effect }) => effect === 'Deny')
}

function onlyDenies({ policy }: PolicyGrant): boolean {
  return policy.statements.every(({ effect }) => effect === 'Deny')
}

function kindName({ type }: Node): string {
  return type === 'user' ? 'User' : 'Role'
}

/** Takes a policy with a Deny off the principal. One of a group goes when the principal leaves the group. */
function* withoutDenials(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  const { grants, groups } = node.principal
  const about = targetContext(node.principal)
  for (const grant of grants.filter((one) => one.group === undefined && denies(one))) {
    const { policy, how } = grant
    const action = `iam:${how === 'inline' ? 'Delete' : 'Detach'}${kindName(node)}Policy`
    const context = policy.arn === undefined ? about : mergeContexts(about, new Map([['iam:policyarn', value(policy.arn)]]))
    yield {
      adds: onlyDenies(grant),
      action,
      decision: decide(actor, { action, resource: node.arn, context }),
      words: `${how === 'inline' ? 'delete' : 'detach'} its policy ${policy.name}`,
      node: () => changed(node, graph, { grants: grants.filter((one) => one !== grant) }),
    }
  }
  for (const name of new Set(grants.filter(denies).flatMap(({ group }) => group ?? []))) {
    const action = 'iam:RemoveUserFromGroup'
    yield {
      adds: grants.every((one) => one.group !== name || onlyDenies(one)),
      action,
      decision: decide(actor, { action, resource: groupArn(name, graph) }),
      words: `leave the group ${name}`,
      node: () =>
        changed(node, graph, {
          grants: grants.filter(({ group }) => group !== name),
          groups: groups.filter((one) => one !== name),
        }),
    }
  }
}

function groupArn(name: string, { account }: PrincipalGraph): string {
  return account.groups.find((group) => group.name === name)?.arn ?? `arn:${account.partition}:iam::${account.id}:group/${name}`
}

/** Whether a group allows something that a path needs, so that a member may have a next step. */
function leadsOn({ grants }: Group): boolean {
  return grants.some(({ policy }) => allowsSteps(policy))
}

function* joined(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  if (node.type === 'role') return
  const action = 'iam:AddUserToGroup'
  for (const group of graph.account.groups) {
    if (node.principal.groups.includes(group.name) || !leadsOn(group)) continue
    yield {
      adds: !group.grants.some(denies),
      action,
      decision: decide(actor, { action, resource: group.arn }),
      words: `join the group ${group.name}`,
      node: () =>
        changed(node, graph, {
          grants: [...node.principal.grants, ...group.grants.map((grant) => ({ ...grant, group: group.name }))],
          groups: [...node.principal.groups, group.name],
        }),
    }
  }
}

/** Removes its boundary, or writes a new version of the policy that is the boundary. */
function* unbounded(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  const { boundary } = node
  if (boundary === undefined) return
  const free = (): Node => changed(node, graph, { boundary: undefined })
  for (const verb of ['Delete', 'Put']) {
    const action = `iam:${verb}${kindName(node)}PermissionsBoundary`
    const decision = decide(actor, { action, resource: node.arn, context: targetContext(node.principal) })
    yield { adds: true, action, decision, words: 'remove its permissions boundary', node: free }
  }
  const managed = boundary.arn === undefined ? undefined : graph.policies.get(boundary.arn)
  if (managed === undefined) return
  const action = 'iam:CreatePolicyVersion'
  const words = `rewrite its permissions boundary ${managed.name}`
  yield { adds: true, action, decision: decide(actor, { action, resource: managed.arn }), words, node: free }
  for (const other of managed.others) {
    const decision = decide(actor, { action: 'iam:SetDefaultPolicyVersion', resource: managed.arn })
    yield {
      adds: false,
      action: 'iam:SetDefaultPolicyVersion',
      decision,
      words: `set ${other.version} of its permissions boundary as the default version`,
      node: () => changed(node, graph, { boundary: other.policy }),
    }
  }
}

/** Takes an older version of a policy that is attached to it. */
function* rolledBack(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  const { grants } = node.principal
  for (const grant of grants) {
    const { arn } = grant.policy
    const managed = grant.how === 'attached' && arn !== undefined ? graph.policies.get(arn) : undefined
    for (const other of managed?.others ?? []) {
      if (managed === undefined || other.policy === grant.policy) continue
      const action = 'iam:SetDefaultPolicyVersion'
      yield {
        adds: false,
        action,
        decision: decide(actor, { action, resource: managed.arn }),
        words: `set ${other.version} of ${managed.name} as the default version`,
        node: () =>
          changed(node, graph, {
            grants: grants.map((one) =>
              one.policy.arn === arn ? { ...one, policy: { ...other.policy, arn: managed.arn } } : one,
            ),
          }),
      }
    }
  }
}

function conditionKeys(node: Node): Set<string> {
  return new Set(
    node.identity.flatMap(({ statements }) =>
      statements.flatMap(({ conditions }) => conditions.map(({ key }) => key.toLowerCase())),
    ),
  )
}

/** Chooses its own tags, on which conditions of its policies depend. */
function* tagged(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  const keys = [...conditionKeys(node)].filter((key) => key.startsWith('aws:principaltag/'))
  if (keys.length === 0) return
  const action = `iam:Tag${kindName(node)}`
  const context = mergeContexts(node.context, new Map(keys.map((key) => [key, { kind: 'chosen' } as const])))
  yield {
    adds: false,
    action,
    decision: decide(actor, { action, resource: node.arn, context: targetContext(node.principal) }),
    words: 'tag itself',
    node: () => changed(node, graph, {}, context),
  }
}

/**
 * Calls through CloudFormation, which makes calls with the caller's own rights
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html).
 */
function* throughService(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  const keys = conditionKeys(node)
  if (![...keys].some((key) => key === 'aws:viaawsservice' || key.startsWith('aws:calledvia'))) return
  const action = 'cloudformation:CreateStack'
  const service = value('cloudformation.amazonaws.com')
  const context = mergeContexts(
    node.context,
    new Map([
      ['aws:viaawsservice', value('true')],
      ['aws:calledvia', service],
      ['aws:calledviafirst', service],
      ['aws:calledvialast', service],
    ]),
  )
  yield {
    adds: false,
    action,
    decision: decideAnywhere(actor, action, kindOf(action, graph.account.id)),
    words: 'call through CloudFormation',
    node: () => changed(node, graph, {}, context),
  }
}
/** Every kind of change that a principal makes to itself. */
export const selfChanges: readonly ChangesOf[] = [withoutDenials, joined, unbounded, rolledBack, tagged, throughService]

/** Every kind of change that one principal makes to a second. */
export const otherChanges: readonly ChangesOf[] = [withoutDenials, joined, unbounded, rolledBack, tagged]

/** The changes that an actor can make to a principal, which may be itself. */
type ChangesOf = (actor: Node, node: Node, graph: PrincipalGraph) => Generator<Change>

const kinds = { user: ['User'], role: ['Role'] } as const

/** Whether a principal may change itself, or a second one, at all. A quick check: most may not. */
export function mayChange(actor: Node, whom: 'itself' | 'others'): boolean {
  const named = whom === 'itself' ? kinds[actor.type] : ['User', 'Role']
  const actions = [
    ...named.flatMap((kind) => [
      `iam:Delete${kind}Policy`,
      `iam:Detach${kind}Policy`,
      `iam:Delete${kind}PermissionsBoundary`,
      `iam:Put${kind}PermissionsBoundary`,
      `iam:Tag${kind}`,
    ]),
    'iam:RemoveUserFromGroup',
    'iam:AddUserToGroup',
    'iam:CreatePolicyVersion',
    'iam:SetDefaultPolicyVersion',
    ...(whom === 'itself' ? ['cloudformation:CreateStack'] : []),
  ]
  return actions.some((action) => allowPatterns(actor, action).length > 0)
}
