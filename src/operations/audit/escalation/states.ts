import type { Move } from './access.ts'
import type { Node, PrincipalGraph } from './graph.ts'
import { easiest, joinSteps, rewriteStep } from './rewrite.ts'
import { type Change, mayChange, selfChanges } from './self-changes.ts'

/**
 * What a principal can do to itself before it becomes an administrator: leave what denies, join what allows, lift its boundary, tag
 * itself, take an older version of its policy, call through a service. Each change leads to a state with rights of its own, so what
 * counts is what the principal may do after it. A second principal that it can act as is changed in the same ways (`pairs.ts`).
 */

/** A state, and how it was reached from the first. */
interface State {
  readonly node: Node
  readonly actions: readonly string[]
  readonly on: readonly string[]
  readonly by: readonly string[]
  readonly words: readonly string[]
}

/** What makes the principal an administrator in a state, or lets it act as one. */
export interface End extends Omit<Move, 'id'> {
  /** The principal that it acts as. Not set if the end is administrator access itself. */
  readonly next?: Node | undefined
}

/** A way over states to an end. */
export interface EndedMove extends Move {
  readonly next: Node | undefined
}

/** A search over the states of one principal. */
export interface StateSearch {
  readonly start: Node
  readonly changes: (node: Node) => Iterable<Change>
  readonly endOf: (node: Node) => End | undefined
  /** Whether only changes without open conditions count. */
  readonly certain: boolean
}

/** The most states of one principal that are looked at one by one. Real accounts stay far below: each change happens once. */
const maxStates = 500

/** Names a state by its rights. */
function nameOf({ principal, boundary, context }: Node): string {
  const grants = principal.grants.map(
    ({ policy, group }) => `${group ?? ''} ${policy.arn ?? policy.name} ${policy.statements[0]?.place ?? ''}`,
  )
  const chosen = [...context].filter(([key, { kind }]) => key.startsWith('aws:principaltag/') && kind === 'chosen').length
  return JSON.stringify([grants.toSorted(), boundary?.statements.length, chosen, context.get('aws:viaawsservice')])
}

function endIn(state: State, { endOf }: StateSearch): EndedMove | undefined {
  const end = endOf(state.node)
  if (end === undefined) return undefined
  const { actions, on, by, words } = state
  return {
    id: 'states',
    actions: [...new Set([...actions, ...end.actions])],
    on: [...new Set([...on, ...end.on])],
    by: [...new Set([...by, ...end.by])],
    words: [...words, ...(end.words === '' ? [] : [end.words])].join(', then '),
    next: end.next,
  }
}

function after(state: State, { action, decision, words, node }: Change): State {
  return {
    node: node(),
    actions: [...new Set([...state.actions, action])],
    on: [...new Set([...state.on, ...decision.on])],
    by: [...new Set([...state.by, ...decision.by.slice(-1)])],
    words: [...state.words, words],
  }
}

function allowed({ decision }: Change, { certain }: StateSearch): boolean {
  return decision.verdict === 'allowed' || (!certain && decision.verdict === 'conditional')
}

function* next(state: State, search: StateSearch): Generator<State> {
  for (const change of search.changes(state.node)) if (allowed(change, search)) yield after(state, change)
}

/** Makes every change that only adds rights, until none is left. Whatever can be reached before can be reached after. */
function grown(state: State, search: StateSearch): State {
  const seen = new Set([nameOf(state.node)])
  let at = state
  for (let more = true; more; ) {
    more = false
    for (const change of search.changes(at.node)) {
      if (!change.adds || !allowed(change, search)) continue
      const changed = after(at, change)
      if (seen.has(nameOf(changed.node))) continue
      seen.add(nameOf(changed.node))
      at = changed
      more = true
      break
    }
  }
  return at
}

/** The ends of the first wave that has one without conditions, and `undefined` if there are too many states. */
function waves(first: State, search: StateSearch, step: (state: State) => State): EndedMove[] | undefined {
  const seen = new Set([nameOf(first.node)])
  let wave = [first]
  const moves: EndedMove[] = []
  while (wave.length > 0) {
    if (seen.size >= maxStates) return moves.length > 0 ? moves : undefined
    const later: State[] = []
    for (const state of wave.flatMap((one) => [...next(one, search)].map(step))) {
      const name = nameOf(state.node)
      if (seen.has(name)) continue
      seen.add(name)
      const end = endIn(state, search)
      if (end === undefined) later.push(state)
      else moves.push(end)
    }
    if (moves.some(({ on }) => on.length === 0)) break
    wave = later
  }
  return moves
}

/**
 * The shortest ways over states, with at least one change, to an end. With too many states, changes that only add rights are made
 * all at once: that finds a longer path, and only the others multiply the states.
 */
export function movesOver(search: StateSearch, graph: PrincipalGraph): EndedMove[] {
  const start: State = { node: search.start, actions: [], on: [], by: [], words: [] }
  const moves = waves(start, search, (state) => state)
  if (moves !== undefined) return moves
  const all = grown(start, search)
  const end = all === start ? undefined : endIn(all, search)
  const found = end === undefined ? waves(all, search, (state) => grown(state, search)) : [end]
  if (found === undefined) graph.unsearched.add(search.start.arn)
  return found ?? []
}

/** What a principal does as the last step in a state: nothing if it is an administrator, or a change of its own rights. */
export function lastStep(node: Node, graph: PrincipalGraph): End | undefined {
  if (node.admin.verdict !== 'no') return { actions: [], on: node.admin.on, by: [], words: '' }
  const last = easiest([rewriteStep(node, node, graph), ...joinSteps(node, graph)].filter((step) => step !== undefined))
  if (last === undefined) return undefined
  return { actions: [last.action], on: last.on, by: last.by === undefined ? [] : [last.by], words: last.words }
}

/** The shortest ways on which a principal changes itself, at least once, until it is an administrator. */
export function stateMoves(actor: Node, graph: PrincipalGraph): Move[] {
  if (!mayChange(actor, 'itself')) return []
  const changes = (node: Node) => selfChanges.flatMap((changesOf) => [...changesOf(node, node, graph)])
  return movesOver({ start: actor, changes, endOf: (node) => lastStep(node, graph), certain: false }, graph)
}
