import { better } from '../../policy/index.ts'
import { accessMove, type Move, moveFrom } from './access.ts'
import type { Targets } from './candidates.ts'
import { type Actor, Capabilities } from './capabilities.ts'
import type { Node, PrincipalGraph } from './graph.ts'
import { each, type Link, linkInto } from './links.ts'
import { easiest, rewriteStep } from './rewrite.ts'
import { type Change, mayChange, otherChanges, selfChanges } from './self-changes.ts'
import { type End, type EndedMove, lastStep, movesOver } from './states.ts'

/**
 * Paths over two principals: the first changes the second, and then acts as it. It puts a user into a group and makes an access key for the
 * user, or lifts the boundary of a role that it may assume. The second may change itself as well, and in its new state act as a
 * third. The same holds for a principal that gains, by changing itself, the right to act as one that has a path.
 */

/** What is known when the search begins: everybody, and those who are administrators or have a path. */
export interface Reached {
  readonly all: Targets
  readonly reached: Targets
  readonly graph: PrincipalGraph
  /** Whether only links without open conditions count. */
  readonly certain: boolean
}

function capable(node: Node, graph: PrincipalGraph): Actor {
  return { node, capabilities: new Capabilities(node, graph) }
}

/** The end of a state: administrator access, or a principal that has it or has a path to it. */
function endOf(node: Node, { reached, graph, certain }: Reached): End | undefined {
  const last = lastStep(node, graph)
  if (last !== undefined && !(certain && last.on.length > 0)) return last
  const link = linkInto(capable(node, graph), reached, graph, certain)
  return link && { ...link.move, next: link.next }
}

/** The changes of a second principal: the first makes them, or the second itself, as which the first can act. */
function* changesOf(actor: Node, node: Node, graph: PrincipalGraph): Generator<Change> {
  for (const kind of otherChanges) {
    const own = [...kind(node, node, graph)]
    for (const [at, change] of [...kind(actor, node, graph)].entries()) {
      const second = own[at]
      const decision = second === undefined ? change.decision : better(change.decision, second.decision)
      yield { ...change, decision, words: change.words.replaceAll(/\bits\b/g, `${node.principal.name}'s`) }
    }
  }
}

function linkOf(move: EndedMove | undefined): Link | undefined {
  return move && { move, next: move.next }
}

/** Changes itself, and then acts as one that has a path. */
function ownLink({ node: actor }: Actor, known: Reached): Link | undefined {
  const { graph, certain } = known
  if (!mayChange(actor, 'itself')) return undefined
  const changes = (node: Node): Change[] => selfChanges.flatMap((kind) => [...kind(node, node, graph)])
  return linkOf(easiest(movesOver({ start: actor, changes, endOf: (node) => endOf(node, known), certain }, graph)))
}

function secondLink(actor: Actor, second: Node, known: Reached): Link | undefined {
  const { graph, certain } = known
  const ends = (node: Node): End | undefined => {
    const access = accessMove(actor, node, graph)
    if (access === undefined || (certain && access.on.length > 0)) return undefined
    const rewritten = rewriteStep(actor.node, node, graph)
    const end = rewritten === undefined || (certain && rewritten.on.length > 0) ? endOf(node, known) : moveFrom(rewritten)
    return end && combined(access, end)
  }
  const changes = (node: Node): Iterable<Change> => changesOf(actor.node, node, graph)
  const move = easiest(movesOver({ start: second, changes, endOf: ends, certain }, graph))
  return linkOf(move && { ...move, id: 'pairs', words: `${second.principal.name}: ${move.words}` })
}

function combined(access: Move, end: End): End {
  return {
    actions: [...new Set([...access.actions, ...end.actions])],
    on: [...new Set([...access.on, ...end.on])],
    by: [...new Set([...access.by, ...end.by])],
    words: end.words === '' ? access.words : `${access.words}, then ${end.words}`,
    next: end.next,
  }
}

/** A link over a change of the actor itself, or of a second principal that the actor then acts as. */
export function pairLink(actor: Actor, known: Reached): Link | undefined {
  if (!actor.capabilities.active) return undefined
  const own = ownLink(actor, known)
  if (own !== undefined && own.move.on.length === 0) return own
  let best = own
  if (!mayChange(actor.node, 'others')) return best
  for (const second of each(known.all.of(actor), known.all.usedBy(actor))) {
    if (second.admin.verdict === 'yes') continue
    const access = accessMove(actor, second, known.graph)
    if (access === undefined || (known.certain && access.on.length > 0)) continue
    const link = secondLink(actor, second, known)
    if (link === undefined || (best !== undefined && link.move.on.length >= best.move.on.length)) continue
    best = link
    if (link.move.on.length === 0) return link
  }
  return best
}
