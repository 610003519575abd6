import { type Decision, decide, mayAssume, mergeContexts, value } from '../../policy/index.ts'
import { targetContext } from '../account/account.ts'
import type { Actor, OpenPath } from './capabilities.ts'
import type { ExistingPassRolePath, NewPassRolePath } from './catalogue.ts'
import { isRole, isTargetable, type Node, type PrincipalGraph, type RoleNode } from './graph.ts'
import { existing, type LiveResources, usesOf } from './live-resources.ts'
import { easiest, type Step } from './rewrite.ts'

/** The actions that give an actor access to a principal. */
export interface Move {
  readonly id: string
  readonly actions: readonly string[]
  readonly on: readonly string[]
  readonly by: readonly string[]
  readonly words: string
}

function moveOf(
  id: string,
  actions: readonly string[],
  decisions: readonly Decision[],
  words: string,
  more: readonly string[] = [],
): Move {
  return {
    id,
    actions,
    on: [...new Set([...decisions.flatMap(({ on }) => on), ...more])],
    by: [...new Set(decisions.flatMap(({ by }) => by.at(-1) ?? []))],
    words,
  }
}

export function moveFrom({ id, action, on, by, words }: Step): Move {
  return { id, actions: [action], on, by: by === undefined ? [] : [by], words }
}

/** @param passes whether the actor may pass the role, by service */
function passMove(
  { node, target: role }: { readonly node: Node; readonly target: RoleNode },
  { path, required, decisions }: OpenPath<NewPassRolePath>,
  passes: (service: string) => Decision,
  live: LiveResources,
): Move | undefined {
  const there = existing(node, path, live)
  if (there === undefined) return undefined
  const moves = path.services.flatMap((service) => {
    const trust = role.trusts(service)
    if (trust.named === 'no') return []
    const pass = passes(service)
    if (pass.verdict === 'denied') return []
    const open = [...trust.on, ...there.open]
    const actions = ['iam:PassRole', ...required]
    return [moveOf(path.id, actions, [pass, ...decisions, ...there.decisions], `pass ${role.principal.name} to ${service}`, open)]
  })
  return easiest(moves)
}

/** The decisions whether the actor may pass a role, by service. Several paths lead through one service. */
function passesOf(actor: Node, role: RoleNode): (service: string) => Decision {
  const known = new Map<string, Decision>()
  return (service) => {
    let found = known.get(service)
    if (found === undefined) {
      const context = mergeContexts(
        targetContext(role.principal),
        new Map([
          ['iam:passedtoservice', value(service)],
          ['iam:associatedresourcearn', { kind: 'chosen' } as const],
        ]),
      )
      found = decide(actor, { action: 'iam:PassRole', resource: role.arn, context })
      known.set(service, found)
    }
    return found
  }
}

function useMove(
  actor: Node,
  role: RoleNode,
  { path, decisions }: OpenPath<ExistingPassRolePath>,
  graph: PrincipalGraph,
): Move | undefined {
  if (path.profile && role.principal.instanceProfiles.length === 0) return undefined
  if (!path.services.some((service) => role.trusts(service).named !== 'no')) return undefined
  const uses = usesOf(actor, role.arn, path, graph.live).map((use) =>
    moveOf(
      path.id,
      path.actions,
      [...decisions, ...use.decisions],
      `use ${use.arn}, which has the role ${role.principal.name}`,
      use.open,
    ),
  )
  if (uses.length > 0) return easiest(uses)
  if (path.kind !== undefined && graph.live.isComplete(path.kind)) return undefined
  const open = [`${path.thing} has the role ${role.principal.name}`, ...(path.besides === undefined ? [] : [path.besides])]
  return moveOf(path.id, path.actions, decisions, `use ${path.thing} that has the role ${role.principal.name}`, open)
}

function trustMoves(actor: Node, role: RoleNode): Move[] {
  const moves: Move[] = []
  const context = targetContext(role.principal)
  const assume = mayAssume(actor, role.trustPolicy, context)
  if (assume.verdict !== 'denied') moves.push(moveOf('sts-001', ['sts:AssumeRole'], [assume], `assume ${role.principal.name}`))
  const update = decide(actor, { action: 'iam:UpdateAssumeRolePolicy', resource: role.arn, context })
  if (update.verdict !== 'denied') {
    // Once the trust policy names the actor, only a Deny in its own policies can prevent the call.
    const enter = decide(actor, {
      action: 'sts:AssumeRole',
      resource: role.arn,
      context,
      granted: actor.type === 'user' ? 'all' : 'identity',
    })
    if (enter.verdict !== 'denied') {
      const words = `change the trust policy of ${role.principal.name}`
      moves.push({
        ...moveOf('iam-012', ['iam:UpdateAssumeRolePolicy'], [update], words),
        on: [...new Set([...update.on, ...enter.on])],
      })
    }
  }
  return moves
}

function userMoves(actor: Node, user: Node, graph: PrincipalGraph): Move[] {
  const known = graph.credentials.get(user.arn)
  const context = targetContext(user.principal)
  const { name } = user.principal
  const moves: Move[] = []
  const ask = (id: string, actions: readonly string[], words: string): void => {
    const decisions = actions.map((action) => decide(actor, { action, resource: user.arn, context }))
    if (decisions.every(({ verdict }) => verdict !== 'denied')) moves.push(moveOf(id, actions, decisions, words))
  }
  const isFull = known !== undefined && known.keys.filter(({ rotated }) => rotated !== undefined).length >= 2
  if (isFull) ask('iam-003', ['iam:DeleteAccessKey', 'iam:CreateAccessKey'], `replace an access key of ${name}`)
  else ask('iam-002', ['iam:CreateAccessKey'], `create an access key for ${name}`)
  if (known?.password !== true) ask('iam-004', ['iam:CreateLoginProfile'], `create a console password for ${name}`)
  if (known?.password !== false) ask('iam-006', ['iam:UpdateLoginProfile'], `change the console password of ${name}`)
  return moves
}

/** The easiest of the paths with fewer conditions than `best` or `fewer`. Paths that cannot be easier are not worked out. */
function easiestPath<P>(
  paths: readonly OpenPath<P>[],
  best: Move | undefined,
  fewer: number,
  moveOn: (path: OpenPath<P>) => Move | undefined,
): Move | undefined {
  for (const path of paths) {
    if (path.fewest >= Math.min(fewer, best?.on.length ?? fewer)) continue
    const move = moveOn(path)
    if (move !== undefined && (best === undefined || move.on.length < best.on.length)) best = move
  }
  return best
}

/** The easiest way for an actor to use something that runs with a role. */
export function useMoves(
  { node, capabilities }: Actor,
  target: Node,
  graph: PrincipalGraph,
  fewer = Number.POSITIVE_INFINITY,
  best?: Move,
): Move | undefined {
  if (!isRole(target) || !isTargetable(target) || node.arn === target.arn) return best
  return easiestPath(capabilities.useWays, best, fewer, (path) => useMove(node, target, path, graph))
}

/**
 * The easiest way for an actor to act as another principal.
 * @param fewer moves with this many conditions or more are of no interest, so what cannot have fewer is not worked out
 */
export function accessMove(
  actor: Actor,
  target: Node,
  graph: PrincipalGraph,
  fewer = Number.POSITIVE_INFINITY,
): Move | undefined {
  const { node, capabilities } = actor
  if (!isTargetable(target) || node.arn === target.arn) return undefined
  if (!isRole(target)) return easiest(userMoves(node, target, graph))
  const trusted = easiest(trustMoves(node, target))
  const passes = passesOf(node, target)
  const passed = capabilities.covers('iam:passrole', target.arn)
    ? easiestPath(capabilities.passWays(target.principal.instanceProfiles.length > 0), trusted, fewer, (path) =>
        passMove({ node, target }, path, passes, graph.live),
      )
    : trusted
  return useMoves(actor, target, graph, fewer, passed)
}
