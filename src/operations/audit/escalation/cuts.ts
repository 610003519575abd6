import { becomeMove, Capabilities } from './become.ts'
import { isActive, Targets } from './candidates.ts'
import { directLink } from './links.ts'
import type { Escalation, EscalationPath } from './search.ts'
import type { Node, World } from './world.ts'

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
  world: World,
  admins: readonly Node[],
  everybody: Targets,
  ways: ReadonlyMap<string, EscalationPath>,
): Map<string, Escalation> {
  const reached = new Targets([...admins, ...world.nodes.filter(({ arn }) => ways.has(arn))], world.account.id)
  const found = new Map<string, Escalation>()
  for (const [arn, way] of ways) {
    const [{ move }] = way.hops
    const node = world.byArn.get(arn)
    const [action = ''] = move.actions
    const own = move.by.filter((place) => node?.identity.some(({ statements }) => statements.some((one) => one.place === place)))
    const place = own[0] ?? move.by[0]
    const complete =
      node !== undefined && closes(node, way, own, (one, skip) => isClosed(one, skip, reached, everybody, world, ways))
    found.set(arn, { ...way, cut: { action, place, complete } })
  }
  return found
}

/** Whether every path is closed without one of the statements, or without the entry in the trust policy. */
function closes(
  node: Node,
  way: EscalationPath,
  own: readonly string[],
  isShut: (node: Node, skip: string | undefined) => boolean,
): boolean {
  if (own.length > 0) return own.some((one) => isShut(without(node, one), undefined))
  return !isActive(node) && isShut(node, way.hops[0].to)
}

/** Whether a principal no longer reaches an administrator, other than through a path that includes the principal itself. */
function isClosed(
  node: Node,
  skip: string | undefined,
  reached: Targets,
  everybody: Targets,
  world: World,
  ways: ReadonlyMap<string, EscalationPath>,
): boolean {
  const hands = new Capabilities(node, world.account.id)
  if (isActive(node) && directLink(node, hands, everybody, world) !== undefined) return false
  const seen = new Set<string>([node.arn])
  for (const target of reached.of(node)) {
    if (seen.has(target.arn) || target.arn === skip) continue
    seen.add(target.arn)
    if (ways.get(target.arn)?.hops.some(({ from }) => from === node.arn)) continue
    if (becomeMove(node, hands, target, world) !== undefined) return false
  }
  return true
}
