import type { Move } from './access.ts'
import type { Node, PrincipalGraph } from './graph.ts'
import { easiest, joinSteps, rewriteStep } from './rewrite.ts'
import { mayChange, selfChanges } from './self-changes.ts'

/**
 * What a principal can do to itself before it becomes an administrator: leave what denies, join what allows, lift its boundary, tag
 * itself, take an older version of its policy, call through a service. Each change leads to a state with rights of its own, so what
 * counts is what the principal may do after it.
 */

/** A state, and how it was reached from the first. */
interface State {
  readonly node: Node
  readonly actions: readonly string[]
  readonly on: readonly string[]
  readonly by: readonly string[]
  readonly words: readonly string[]
}
/** The most states of one principal that are looked at. Real accounts stay far below: each change happens once. */
const maxStates = 500
/** Names a state by its rights. */
function nameOf({ principal, boundary, context }: Node): string {
  const grants = principal.grants.map(
    ({ policy, group }) => `${group ?? ''} ${policy.arn ?? policy.name} ${policy.statements[0]?.place ?? ''}`,
  )
  const chosen = [...context].filter(([key, { kind }]) => key.startsWith('aws:principaltag/') && kind === 'chosen').length
  return JSON.stringify([grants.toSorted(), boundary?.statements.length, chosen, context.get('aws:viaawsservice')])
}

/** How the principal becomes an administrator in a state, if it does. */
function endOf({ node, actions, on, by, words }: State, graph: PrincipalGraph): Move | undefined {
  const base = { id: 'states', actions, on, by, words: words.join(', then ') }
  if (node.admin.verdict !== 'no') return { ...base, on: [...on, ...node.admin.on] }
  const last = easiest([rewriteStep(node, node, graph), ...joinSteps(node, graph)].filter((step) => step !== undefined))
  if (last === undefined) return undefined
  return {
    ...base,
    actions: [...new Set([...actions, last.action])],
    on: [...new Set([...on, ...last.on])],
    by: [...new Set([...by, ...(last.by === undefined ? [] : [last.by])])],
    words: `${base.words}, then ${last.words}`,
  }
}

function* next(state: State, graph: PrincipalGraph): Generator<State> {
  for (const changesOf of selfChanges) {
    for (const { action, decision, words, node } of changesOf(state.node, graph)) {
      if (decision.verdict === 'denied') continue
      yield {
        node: node(),
        actions: [...new Set([...state.actions, action])],
        on: [...new Set([...state.on, ...decision.on])],
        by: [...new Set([...state.by, ...decision.by.slice(-1)])],
        words: [...state.words, words],
      }
    }
  }
}
/** The shortest ways on which a principal changes itself, at least once, until it is an administrator. */
export function stateMoves(actor: Node, graph: PrincipalGraph): Move[] {
  if (!mayChange(actor)) return []
  const seen = new Set([nameOf(actor)])
  let wave: State[] = [{ node: actor, actions: [], on: [], by: [], words: [] }]
  const moves: Move[] = []
  while (wave.length > 0 && seen.size < maxStates) {
    const later: State[] = []
    for (const state of wave.flatMap((one) => [...next(one, graph)])) {
      const name = nameOf(state.node)
      if (seen.has(name)) continue
      seen.add(name)
      const end = endOf(state, graph)
      if (end === undefined) later.push(state)
      else moves.push(end)
    }
    if (moves.some(({ on }) => on.length === 0)) break
    wave = later
  }
  return moves
}
