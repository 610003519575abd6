import { allowPatterns, arnMatches, type Decision, decideAnywhere } from '../../policy/index.ts'
import { isActive } from './candidates.ts'
import { type ExistingPassRolePath, existingPassRolePaths, kindOf, type NewPassRolePath, newPassRolePaths } from './catalogue.ts'
import type { Node, PrincipalGraph } from './graph.ts'

/** A principal that looks for a path, and what it may do. */
export interface Actor {
  readonly node: Node
  readonly capabilities: Capabilities
}

/** A path of the catalogue whose actions the actor may use. */
export interface OpenPath<P> {
  readonly path: P
  /** The actions besides `iam:PassRole`. */
  readonly required: readonly string[]
  readonly decisions: readonly Decision[]
  /** A move on this path has at least so many conditions. */
  readonly fewest: number
}

/** What puts a role without an instance profile into one. */
const profileActions = ['iam:CreateInstanceProfile', 'iam:AddRoleToInstanceProfile']

/**
 * What an actor may do at all, worked out when it is first asked for and once for all targets: an account has thousands of pairs of
 * principals, and most of what decides about a pair depends on the actor alone.
 */
export class Capabilities {
  readonly #actor: Node
  readonly #graph: PrincipalGraph
  readonly #known = new Map<string, Decision>()
  readonly #patterns = new Map<string, readonly string[]>()
  #active: boolean | undefined
  #profiled: readonly OpenPath<NewPassRolePath>[] | undefined
  #unprofiled: readonly OpenPath<NewPassRolePath>[] | undefined
  #uses: readonly OpenPath<ExistingPassRolePath>[] | undefined

  constructor(actor: Node, graph: PrincipalGraph) {
    this.#actor = actor
    this.#graph = graph
  }

  /** Whether the actor has at least one permission that an escalation path uses. */
  get active(): boolean {
    this.#active ??= isActive(this.#actor)
    return this.#active
  }

  /** The resource patterns on which the actor's policies allow an action, in lower case. */
  patterns(action: string): readonly string[] {
    let found = this.#patterns.get(action)
    if (found === undefined) {
      found = allowPatterns(this.#actor, action)
      this.#patterns.set(action, found)
    }
    return found
  }

  /** Whether the actor's policies may allow an action on a resource. The exact decision may still deny it. */
  covers(action: string, resource: string): boolean {
    return this.patterns(action).some((pattern) => arnMatches(pattern, resource))
  }

  /** The paths on which the actor can pass a role. A role without an instance profile needs one for some. */
  passWays(hasProfile: boolean): readonly OpenPath<NewPassRolePath>[] {
    if (hasProfile) {
      this.#profiled ??= this.#newPaths(true)
      return this.#profiled
    }
    this.#unprofiled ??= this.#newPaths(false)
    return this.#unprofiled
  }

  /** The paths on which the actor can use something that exists. */
  get useWays(): readonly OpenPath<ExistingPassRolePath>[] {
    this.#uses ??= existingPassRolePaths.flatMap((path) => {
      const isRead = path.kind !== undefined && this.#graph.live.of(path.kind).length > 0
      const besides = path.besides === undefined ? 0 : 1
      // What is needed besides may have been read as well.
      const least = path.met === undefined ? besides : 0
      return this.#openPath(path, path.actions, isRead ? least : 1 + besides) ?? []
    })
    return this.#uses
  }

  /** The fewest conditions that using something has. Infinite if the actor can use nothing. */
  get fewestUse(): number {
    return this.useWays.reduce((fewest, path) => Math.min(fewest, path.fewest), Number.POSITIVE_INFINITY)
  }

  #newPaths(hasProfile: boolean): OpenPath<NewPassRolePath>[] {
    return newPassRolePaths.flatMap((path) => {
      const required = path.profile === true && !hasProfile ? [...profileActions, ...path.actions] : path.actions
      // What has to exist may have been read.
      const exists = path.exists === undefined || path.kind !== undefined ? 0 : 1
      return this.#openPath(path, required, exists + (path.besides === undefined ? 0 : 1)) ?? []
    })
  }

  /** The decisions for all actions, or `undefined` if one is denied. */
  all(actions: readonly string[]): Decision[] | undefined {
    const decisions: Decision[] = []
    for (const action of actions) {
      const decision = this.#anywhere(action)
      if (decision.verdict === 'denied') return undefined
      decisions.push(decision)
    }
    return decisions
  }

  #openPath<P>(path: P, required: readonly string[], more: number): OpenPath<P> | undefined {
    const decisions = this.all(required)
    if (decisions === undefined) return undefined
    return { path, required, decisions, fewest: new Set(decisions.flatMap(({ on }) => on)).size + more }
  }

  #anywhere(action: string): Decision {
    let found = this.#known.get(action)
    if (found === undefined) {
      found = decideAnywhere(this.#actor, action, kindOf(action, this.#graph.account.id))
      this.#known.set(action, found)
    }
    return found
  }
}
