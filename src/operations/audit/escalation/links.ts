import { accessMove, type Move, moveFrom, useMoves } from './access.ts'
import type { Targets } from './candidates.ts'
import type { Actor } from './capabilities.ts'
import type { Node, PrincipalGraph } from './graph.ts'
import { permissionSetMoves } from './permission-sets.ts'
import { easiest, rewriteStep } from './rewrite.ts'
import { selfEscalationSteps } from './self-escalation.ts'
import { stateMoves } from './states.ts'

/** A step towards administrator access. `next` is not set if the step itself grants it. */
export interface Link {
  readonly move: Move
  readonly next: Node | undefined
}

function joined(first: Move, second: Move): Move {
  return {
    id: second.id,
    actions: [...new Set([...first.actions, ...second.actions])],
    on: [...new Set([...first.on, ...second.on])],
    by: [...new Set([...first.by, ...second.by])],
    words: `${second.words}, then ${first.words}`,
  }
}

/** A path that does not depend on an existing administrator. */
export function directLink(actor: Actor, targets: Targets, graph: PrincipalGraph): Link | undefined {
  const { node } = actor
  const moves: Move[] = []
  const self = rewriteStep(node, node, graph)
  if (self !== undefined) moves.push(moveFrom(self))
  moves.push(...selfEscalationSteps(node, graph).map(moveFrom))
  if (easiest(moves)?.on.length !== 0) moves.push(...stateMoves(node, graph), ...permissionSetMoves(actor.capabilities, graph))
  const best = easiest(moves)
  if (best !== undefined && best.on.length === 0) return { move: best, next: undefined }
  if (!isRewriter(actor)) return best && { move: best, next: undefined }
  for (const target of each(targets.of(actor), targets.usedBy(actor))) {
    if (target.admin.verdict === 'yes') continue
    const rewrite = rewriteStep(node, target, graph)
    const access = rewrite && accessMove(actor, target, graph)
    if (rewrite === undefined || access === undefined) continue
    moves.push(joined(access, moveFrom(rewrite)))
    if (moves.at(-1)?.on.length === 0) break
  }
  const found = easiest(moves)
  return found && { move: found, next: undefined }
}

/** Each principal of the lists, once. */
export function* each(...lists: readonly Iterable<Node>[]): Generator<Node> {
  const seen = new Set<Node>()
  for (const list of lists) {
    for (const node of list) {
      if (seen.has(node)) continue
      seen.add(node)
      yield node
    }
  }
}

const rewriting = ['User', 'Role', 'Group'].flatMap((kind) => [`iam:Put${kind}Policy`, `iam:Attach${kind}Policy`])

/** Whether an actor can change the policies of other principals. A quick check before all targets are tried. */
function isRewriter({ capabilities }: Actor): boolean {
  const actions = [...rewriting, 'iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion']
  return actions.some((action) => capabilities.patterns(action.toLowerCase()).length > 0)
}

/** The best link to one of the targets. With `certain`, only links without conditions count. */
export function linkInto(actor: Actor, targets: Targets, graph: PrincipalGraph, certain: boolean): Link | undefined {
  let best: Link | undefined
  let fewer = certain ? 1 : Number.POSITIVE_INFINITY
  const better = (move: Move | undefined, next: Node): boolean => {
    if (move === undefined || move.on.length >= fewer) return false
    best = { move, next }
    fewer = move.on.length
    return fewer === 0
  }
  const seen = new Set<Node>()
  for (const target of targets.of(actor)) {
    if (seen.has(target)) continue
    seen.add(target)
    if (better(accessMove(actor, target, graph, fewer), target)) return best
  }
  if (!actor.capabilities.active || actor.capabilities.fewestUse >= fewer) return best
  for (const target of targets.usedBy(actor)) {
    if (seen.has(target)) continue
    seen.add(target)
    if (better(useMoves(actor, target, graph, fewer), target)) return best
    if (actor.capabilities.fewestUse >= fewer) return best
  }
  return best
}
