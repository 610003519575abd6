import { type Decision, decide } from '../../policy/index.ts'
import type { Facts, Workload, WorkloadKind } from '../account/account.ts'
import type { ExistingPassRolePath, NewPassRolePath } from './catalogue.ts'
import type { Node } from './graph.ts'

/** The resources of other services that were read. What was not read stays a condition. */
export class LiveResources {
  readonly #byRole: ReadonlyMap<string, readonly Workload[]>
  readonly #byKind: ReadonlyMap<WorkloadKind, readonly Workload[]>
  readonly #known: ReadonlySet<string>
  readonly #complete: ReadonlySet<WorkloadKind>

  constructor({ workloads = [], workloadKinds = [] }: Pick<Facts, 'workloads' | 'workloadKinds'>) {
    this.#byRole = Map.groupBy(workloads, ({ role }) => role ?? '')
    this.#byKind = Map.groupBy(workloads, ({ kind }) => kind)
    this.#known = new Set(workloads.map(({ kind, arn }) => `${kind} ${arn}`))
    this.#complete = new Set(workloadKinds)
  }

  /** Whether every resource of a kind was read. */
  isComplete(kind: WorkloadKind): boolean {
    return this.#complete.has(kind)
  }

  with(kind: WorkloadKind, role: string): readonly Workload[] {
    return this.#byRole.get(role)?.filter((one) => one.kind === kind) ?? []
  }

  of(kind: WorkloadKind): readonly Workload[] {
    return this.#byKind.get(kind) ?? []
  }

  has(kind: WorkloadKind, arn: string): boolean {
    return this.#known.has(`${kind} ${arn}`)
  }
}

/** A resource that an actor can use, the decisions for it, and what is still open. */
export interface Use {
  readonly arn: string
  readonly decisions: readonly Decision[]
  readonly open: readonly string[]
}

/** The decisions for the actions on a resource itself, or `undefined` if one is denied. */
function decisionsAt(actor: Node, actions: readonly string[], arn: string): Decision[] | undefined {
  const decisions = actions.map((action) => decide(actor, { action, resource: arn }))
  return decisions.some(({ verdict }) => verdict === 'denied') ? undefined : decisions
}

/** The resources with a role that an actor can take over. */
export function usesOf(actor: Node, role: string, path: ExistingPassRolePath, live: LiveResources): Use[] {
  const { kind, besides, met } = path
  if (kind === undefined) return []
  return live.with(kind, role).flatMap(({ arn }) => {
    const decisions = decisionsAt(actor, path.at ?? path.actions, arn)
    if (decisions === undefined) return []
    const isMet = besides === undefined || (met !== undefined && live.has(met, arn))
    return [{ arn, decisions, open: isMet ? [] : [besides] }]
  })
}

/**
 * What a path needs to exist already: the decisions for the first such resource that was read, a condition if it is not known, or
 * `undefined` if there is none.
 */
export function existing(actor: Node, path: NewPassRolePath, live: LiveResources): Pick<Use, 'decisions' | 'open'> | undefined {
  const { exists, kind, at = [], besides } = path
  const open = besides === undefined ? [] : [besides]
  if (exists === undefined) return { decisions: [], open }
  if (kind !== undefined) {
    for (const { arn } of live.of(kind)) {
      const decisions = decisionsAt(actor, at, arn)
      if (decisions !== undefined) return { decisions, open }
    }
    if (live.isComplete(kind)) return undefined
  }
  return { decisions: [], open: [`${exists} exists`, ...open] }
}
