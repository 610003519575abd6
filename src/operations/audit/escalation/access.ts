import { type Decision, decide, decideAnywhere, mayAssume, mergeContexts, value } from '../../policy/index.ts'
import { targetContext } from '../account/account.ts'
import { type ExistingPassRolePath, existingPassRolePaths, kindOf, type NewPassRolePath, newPassRolePaths } from './catalogue.ts'
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

/** Caches whether an actor can perform an action at all. */
export class Capabilities {
  readonly #actor: Node
  readonly #account: string
  readonly #known = new Map<string, Decision>()

  constructor(actor: Node, account: string) {
    this.#actor = actor
    this.#account = account
  }

  anywhere(action: string): Decision {
    let found = this.#known.get(action)
    if (found === undefined) {
      found = decideAnywhere(this.#actor, action, kindOf(action, this.#account))
      this.#known.set(action, found)
    }
    return found
  }

  /** The decisions for all actions, or `undefined` if one is denied. */
  all(actions: readonly string[]): Decision[] | undefined {
    const found: Decision[] = []
    for (const action of actions) {
      const decision = this.anywhere(action)
      if (decision.verdict === 'denied') return undefined
      found.push(decision)
    }
    return found
  }
}

/** What puts a role without an instance profile into one. */
const profileActions = ['iam:CreateInstanceProfile', 'iam:AddRoleToInstanceProfile']

function passMove(
  actor: Node,
  capabilities: Capabilities,
  role: RoleNode,
  path: NewPassRolePath,
  live: LiveResources,
): Move | undefined {
  const needsProfile = path.profile === true && role.principal.instanceProfiles.length === 0
  const required = needsProfile ? [...profileActions, ...path.actions] : path.actions
  const decisions = capabilities.all(required)
  if (decisions === undefined) return undefined
  const there = existing(actor, path, live)
  if (there === undefined) return undefined
  const moves = path.services.flatMap((service) => {
    const trust = role.trusts(service)
    if (trust.named === 'no') return []
    const context = mergeContexts(
      targetContext(role.principal),
      new Map([
        ['iam:passedtoservice', value(service)],
        ['iam:associatedresourcearn', { kind: 'chosen' } as const],
      ]),
    )
    const pass = decide(actor, { action: 'iam:PassRole', resource: role.arn, context })
    if (pass.verdict === 'denied') return []
    const open = [...trust.on, ...there.open]
    const actions = ['iam:PassRole', ...required]
    return [moveOf(path.id, actions, [pass, ...decisions, ...there.decisions], `pass ${role.principal.name} to ${service}`, open)]
  })
  return easiest(moves)
}

function useMove(
  actor: Node,
  capabilities: Capabilities,
  role: RoleNode,
  path: ExistingPassRolePath,
  graph: PrincipalGraph,
): Move | undefined {
  if (path.profile && role.principal.instanceProfiles.length === 0) return undefined
  const decisions = capabilities.all(path.actions)
  if (decisions === undefined) return undefined
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

/** The easiest way for an actor to act as another principal. */
export function accessMove(actor: Node, capabilities: Capabilities, target: Node, graph: PrincipalGraph): Move | undefined {
  if (!isTargetable(target) || actor.arn === target.arn) return undefined
  if (!isRole(target)) return easiest(userMoves(actor, target, graph))
  const trusted = easiest(trustMoves(actor, target))
  if (trusted !== undefined && trusted.on.length === 0) return trusted
  const passed = newPassRolePaths.flatMap((path) => passMove(actor, capabilities, target, path, graph.live) ?? [])
  const best = easiest([...(trusted === undefined ? [] : [trusted]), ...passed])
  if (best !== undefined && best.on.length === 0) return best
  const used = existingPassRolePaths.flatMap((path) => useMove(actor, capabilities, target, path, graph) ?? [])
  return easiest([...(best === undefined ? [] : [best]), ...used])
}
