import { quantity } from '../../../domain/quantity.ts'
import type { Audit, EscalationPath, PrincipalVerdict } from '../audit.ts'

/** Principals that are shown as one: the same kind, on the same way to the same place. */
export interface GraphNode {
  readonly id: string
  readonly kind: 'user' | 'role' | 'administrator'
  readonly label: string
  /** The ARNs. Empty for the administrator access itself. */
  readonly members: readonly string[]
  /** The steps to the end. */
  readonly distance: number
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** The IDs in the catalogue of paths. */
  readonly ids: readonly string[]
  readonly actions: readonly string[]
  /** What happens, of the first of its principals. */
  readonly words: string
  /** The conditions, if the step depends on some. */
  readonly on: readonly string[]
}

/** Who reaches administrator access, and by which steps. */
export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** Groups of principals that are not shown, because the picture would have too many. */
  readonly leftOut: number
}

const target = 'administrator'
/** So many principals are shown as they are. With more, those that are equal are shown as one. */
const singlesUpTo = 60
/** A picture with more cannot be read. */
const maxNodes = 200

interface Step {
  readonly principal: PrincipalVerdict
  readonly path: EscalationPath
  readonly next: string
}

function firstSteps({ principals }: Audit): Map<string, Step> {
  const steps = new Map<string, Step>()
  for (const principal of principals) {
    const [path] = principal.escalation.paths
    if (path !== undefined) steps.set(principal.arn, { principal, path, next: path.steps[0]?.to ?? target })
  }
  return steps
}

interface Place {
  readonly key: string
  readonly distance: number
}

/** Names the group of a principal: alone, or together with those that are equal up to the end of the path. */
function placesOf(
  steps: ReadonlyMap<string, Step>,
  byArn: ReadonlyMap<string, PrincipalVerdict>,
  alone: boolean,
): Map<string, Place> {
  const places = new Map<string, Place>([[target, { key: target, distance: 0 }]])
  const visit = (start: string): void => {
    const way: string[] = []
    let at = start
    while (!places.has(at) && !way.includes(at)) {
      way.push(at)
      at = steps.get(at)?.next ?? target
    }
    for (const arn of way.reverse()) {
      const step = steps.get(arn)
      const type = byArn.get(arn)?.type ?? 'role'
      // An administrator at the end of a path, or a circle, which has none.
      const next = step === undefined ? undefined : places.get(step.next)
      const own =
        step === undefined
          ? `${type} administrators`
          : JSON.stringify([type, step.path.ids[0], step.path.conditions.length > 0, next?.key])
      places.set(arn, { key: alone ? arn : own, distance: (next?.distance ?? 0) + 1 })
    }
  }
  for (const [arn, { next }] of steps) {
    visit(next)
    visit(arn)
  }
  return places
}

function shortName(arn: string): string {
  return arn.split(/[:/]/).at(-1) ?? arn
}

function nodeOf(key: string, arns: readonly string[], distance: number, byArn: ReadonlyMap<string, PrincipalVerdict>): GraphNode {
  const [first = ''] = arns
  const kind = byArn.get(first)?.type ?? 'role'
  const isEnd = byArn.get(first)?.escalation.paths.length === 0
  const label =
    arns.length === 1
      ? `${kind} ${shortName(first)}`
      : `${quantity(arns.length, isEnd ? `administrator ${kind}` : kind)}, such as ${shortName(first)}`
  return { id: key, kind, label, members: arns, distance }
}

/** The graph of who reaches administrator access. Only principals on a path are in it; equal ones are shown as one in large accounts. */
export function graphFrom(audit: Audit): Graph {
  const steps = firstSteps(audit)
  if (steps.size === 0) return { nodes: [], edges: [], leftOut: 0 }
  const byArn = new Map(audit.principals.map((one) => [one.arn, one]))
  const onPaths = new Set([...steps].flatMap(([arn, { next }]) => [arn, next]))
  const places = placesOf(steps, byArn, onPaths.size <= singlesUpTo)
  const groups = Map.groupBy(
    [...places].filter(([arn]) => arn !== target),
    ([, { key }]) => key,
  )
  const all = [...groups].map(([key, members]) =>
    nodeOf(key, members.map(([arn]) => arn).toSorted(), Math.min(...members.map(([, { distance }]) => distance)), byArn),
  )
  const shown = all
    .toSorted((a, b) => a.distance - b.distance || b.members.length - a.members.length || (a.label < b.label ? -1 : 1))
    .slice(0, maxNodes)
  const end: GraphNode = { id: target, kind: 'administrator', label: 'administrator access', members: [], distance: 0 }
  const ids = new Map([end, ...shown].map((node, at) => [node.id, `n${at}`]))
  const idOf = (key: string): string | undefined => ids.get(places.get(key)?.key ?? '')
  const edges = shown.flatMap(({ members: [first = ''] }): GraphEdge[] => {
    const step = steps.get(first)
    const from = idOf(first)
    const to = step === undefined ? ids.get(target) : idOf(step.next)
    if (from === undefined || to === undefined) return []
    if (step === undefined) return [{ from, to, ids: [], actions: [], words: 'is administrator', on: [] }]
    const { path } = step
    return [
      {
        from,
        to,
        ids: path.ids.slice(0, 1),
        actions: path.steps[0]?.actions ?? [],
        words: path.steps[0]?.words ?? '',
        on: path.conditions,
      },
    ]
  })
  return {
    nodes: [end, ...shown].map((node) => ({ ...node, id: ids.get(node.id) ?? node.id })),
    edges,
    leftOut: all.length - shown.length,
  }
}
