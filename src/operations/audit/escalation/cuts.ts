import { accessMove } from './access.ts'
import { isActive, Targets } from './candidates.ts'
import { Capabilities } from './capabilities.ts'
import type { Node, PrincipalGraph } from './graph.ts'
import { directLink, each } from './links.ts'
import { pairLink } from './pairs.ts'
import type { Escalation, EscalationPath } from './search.ts'

/** The principal without a statement. */
function without<T extends Node>(node: T, place: string): T {
  const identity = node.identity.map((policy) => ({
    ...policy,
    statements: policy.statements.filter((one) => one.place !== place),
  }))
  return { ...node, identity }
}

/** Adds to each path the statement to change, and whether that closes every path of the principal. */
export function withCuts(
  graph: PrincipalGraph,
  admins: readonly Node[],
  allTargets: Targets,
  paths: ReadonlyMap<string, EscalationPath>,
): Map<string, Escalation> {
  const reached = new Targets([...admins, ...graph.nodes.filter(({ arn }) => paths.has(arn))], graph.account.id)
  const found = new Map<string, Escalation>()
  for (const [arn, path] of paths) {
    const [{ move }] = path.hops
    const node = graph.byArn.get(arn)
    const [action = ''] = move.actions
    const own = move.by.filter((place) => node?.identity.some(({ statements }) => statements.some((one) => one.place === place)))
    const place = own[0] ?? move.by[0]
    const complete =
      node !== undefined && closes(node, path, own, (one, skip) => isClosed(one, skip, reached, allTargets, graph, paths))
    found.set(arn, { ...path, cut: { action, place, complete } })
  }
  return found
}

/** Whether every path is closed without one of the statements, or without the entry in the trust policy. */
function closes(
  node: Node,
  path: EscalationPath,
  own: readonly string[],
  isShut: (node: Node, skip: string | undefined) => boolean,
): boolean {
  if (own.length > 0) return own.some((one) => isShut(without(node, one), undefined))
  return !isActive(node) && isShut(node, path.hops[0].to)
}

/** Whether a principal no longer reaches an administrator, other than through a path that includes the principal itself. */
function isClosed(
  node: Node,
  skip: string | undefined,
  reached: Targets,
  allTargets: Targets,
  graph: PrincipalGraph,
  paths: ReadonlyMap<string, EscalationPath>,
): boolean {
  const actor = { node, capabilities: new Capabilities(node, graph) }
  if (actor.capabilities.active && directLink(actor, allTargets, graph) !== undefined) return false
  for (const target of each(reached.of(actor), reached.usedBy(actor))) {
    if (target.arn === node.arn || target.arn === skip) continue
    if (paths.get(target.arn)?.hops.some(({ from }) => from === node.arn)) continue
    if (accessMove(actor, target, graph) !== undefined) return false
  }
  return pairLink(actor, { all: allTargets, reached, graph, certain: false }) === undefined
}
