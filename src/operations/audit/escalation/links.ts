import { allowPatterns } from '../../policy/index.ts'
import { accessMove, type Capabilities, type Move, moveFrom } from './access.ts'
import type { Targets } from './candidates.ts'
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
export function directLink(actor: Node, capabilities: Capabilities, targets: Targets, graph: PrincipalGraph): Link | undefined {
  const moves: Move[] = []
  const self = rewriteStep(actor, actor, graph)
  if (self !== undefined) moves.push(moveFrom(self))
  moves.push(...selfEscalationSteps(actor, graph).map(moveFrom))
  if (easiest(moves)?.on.length !== 0) moves.push(...stateMoves(actor, graph), ...permissionSetMoves(capabilities, graph))
  const best = easiest(moves)
  if (best !== undefined && best.on.length === 0) return { move: best, next: undefined }
  if (!isRewriter(actor)) return best && { move: best, next: undefined }
  const seen = new Set<string>()
  for (const target of targets.of(actor)) {
    if (seen.has(target.arn) || target.admin.verdict === 'yes') continue
    seen.add(target.arn)
    const rewrite = rewriteStep(actor, target, graph)
    const access = rewrite && accessMove(actor, capabilities, target, graph)
    if (rewrite === undefined || access === undefined) continue
    moves.push(joined(access, moveFrom(rewrite)))
    if (moves.at(-1)?.on.length === 0) break
  }
  const found = easiest(moves)
  return found && { move: found, next: undefined }
}

const rewriting = ['User', 'Role', 'Group'].flatMap((kind) => [`iam:Put${kind}Policy`, `iam:Attach${kind}Policy`])

/** Whether an actor can change the policies of other principals. A quick check before all targets are tried. */
function isRewriter(actor: Node): boolean {
  const actions = [...rewriting, 'iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion']
  return actions.some((action) => allowPatterns(actor, action).length > 0)
}

export interface Actor {
  readonly node: Node
  readonly capabilities: Capabilities
}

/** The best link to one of the targets. With `certain`, only links without conditions count. */
export function linkInto(actor: Actor, targets: Targets, graph: PrincipalGraph, certain: boolean): Link | undefined {
  const seen = new Set<string>()
  let best: Link | undefined
  for (const target of targets.of(actor.node)) {
    if (seen.has(target.arn)) continue
    seen.add(target.arn)
    const move = accessMove(actor.node, actor.capabilities, target, graph)
    if (move === undefined || (certain && move.on.length > 0)) continue
    if (move.on.length === 0) return { move, next: target }
    if (best === undefined || move.on.length < best.move.on.length) best = { move, next: target }
  }
  return best
}
