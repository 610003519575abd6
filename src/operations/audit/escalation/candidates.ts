import { arnMatches, literalPrefix, type Policy } from '../../policy/index.ts'
import type { Actor } from './capabilities.ts'
import { existingPassRolePaths, newPassRolePaths, permissionSetPaths } from './catalogue.ts'
import { isRole, type Node, type RoleNode } from './graph.ts'

/**
 * Preselects actors and targets for the exact check in `accessMove`. Without it, the search would compare every pair of
 * principals.
 */

const userActions = ['iam:createaccesskey', 'iam:createloginprofile', 'iam:updateloginprofile'] as const
const passing = 'iam:passrole'
const useActions = [...new Set(existingPassRolePaths.flatMap(({ actions }) => actions.slice(0, 1)))].map((action) =>
  action.toLowerCase(),
)
const servicesByUse = new Map(
  useActions.map((action) => [
    action,
    new Set(
      existingPassRolePaths.filter(({ actions }) => actions[0]?.toLowerCase() === action).flatMap(({ services }) => services),
    ),
  ]),
)
const passServices = [...new Set(newPassRolePaths.flatMap(({ services }) => services))]

function trusts(role: RoleNode, service: string): boolean {
  return role.trusts(service).named !== 'no'
}

/** Whether a principal has at least one permission that an escalation path uses. */
export function isActive(actor: Node): boolean {
  return actor.identity.some(allowsSteps)
}

/** Whether a policy allows at least one action that an escalation path uses. */
export function allowsSteps({ statements }: Policy): boolean {
  return statements.some(({ effect, actions }) => effect === 'Allow' && (actions.not || actions.values.some(isRelevant)))
}

const grantActions = permissionSetPaths.flatMap(({ actions }) => actions.map((action) => action.toLowerCase()))
const relevantActions = [...userActions, passing, 'sts:assumerole', 'iam:', ...useActions, ...grantActions]
const relevance = new Map<string, boolean>()

function isRelevant(pattern: string): boolean {
  let found = relevance.get(pattern)
  if (found === undefined) {
    const prefix = literalPrefix(pattern)
    found = prefix.startsWith('iam:') || relevantActions.some((action) => action.startsWith(prefix) || action === pattern)
    relevance.set(pattern, found)
  }
  return found
}

/** Principals sorted by ARN, to find the matches of a pattern by prefix. */
export class SortedPrincipals<T extends Node> {
  readonly #nodes: readonly T[]

  constructor(nodes: readonly T[]) {
    this.#nodes = nodes.toSorted((a, b) => (a.arn < b.arn ? -1 : 1))
  }

  *matching(pattern: string): Generator<T> {
    if (pattern === '*') {
      yield* this.#nodes
      return
    }
    const prefix = literalPrefix(pattern)
    for (let at = this.#first(prefix); at < this.#nodes.length; at++) {
      const node = this.#nodes[at]
      if (node === undefined || !node.arn.startsWith(prefix)) return
      if (arnMatches(pattern, node.arn)) yield node
    }
  }

  #first(prefix: string): number {
    let low = 0
    let high = this.#nodes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#nodes[middle]?.arn ?? '') < prefix) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Target principals, indexed by how an actor can reach them. What few actors need is indexed when it is asked for. */
export class Targets {
  readonly #nodes: readonly Node[]
  readonly #allRoles: readonly RoleNode[]
  readonly #account: string
  readonly #byService = new Map<string, SortedPrincipals<RoleNode>>()
  readonly #byPrincipal = new Map<string, RoleNode[]>()
  #usersFound: SortedPrincipals<Node> | undefined
  #rolesFound: SortedPrincipals<RoleNode> | undefined
  #trustingFound: SortedPrincipals<RoleNode> | undefined
  #passableFound: SortedPrincipals<RoleNode> | undefined

  constructor(nodes: readonly Node[], account: string) {
    this.#nodes = nodes
    this.#account = account
    this.#allRoles = nodes.filter(isRole)
    for (const role of this.#allRoles) {
      for (const arn of directlyNamed(role)) {
        const known = this.#byPrincipal.get(arn)
        if (known === undefined) this.#byPrincipal.set(arn, [role])
        else known.push(role)
      }
    }
  }

  get #users(): SortedPrincipals<Node> {
    this.#usersFound ??= new SortedPrincipals(this.#nodes.filter((node) => !isRole(node)))
    return this.#usersFound
  }

  get #roles(): SortedPrincipals<RoleNode> {
    this.#rolesFound ??= new SortedPrincipals(this.#allRoles)
    return this.#rolesFound
  }

  get #trusting(): SortedPrincipals<RoleNode> {
    this.#trustingFound ??= new SortedPrincipals(this.#allRoles.filter((role) => trustsAccount(role, this.#account)))
    return this.#trustingFound
  }

  get #passable(): SortedPrincipals<RoleNode> {
    this.#passableFound ??= new SortedPrincipals(this.#allRoles.filter((role) => passServices.some((name) => trusts(role, name))))
    return this.#passableFound
  }

  #running(service: string): SortedPrincipals<RoleNode> {
    let found = this.#byService.get(service)
    if (found === undefined) {
      found = new SortedPrincipals(this.#allRoles.filter((role) => trusts(role, service)))
      this.#byService.set(service, found)
    }
    return found
  }

  /** Who a role among the targets names in its trust policy, as an ARN or `session:NAME`. */
  named(): Iterable<string> {
    return this.#byPrincipal.keys()
  }

  /** The possible targets of an actor, besides those that it reaches by using something. May contain duplicates. */
  *of({ node, capabilities }: Actor): Generator<Node> {
    yield* this.#byPrincipal.get(node.arn) ?? []
    yield* this.#byPrincipal.get(sessionName(node)) ?? []
    if (!capabilities.active) return
    for (const pattern of capabilities.patterns('sts:assumerole')) yield* this.#trusting.matching(pattern)
    for (const pattern of capabilities.patterns('iam:updateassumerolepolicy')) yield* this.#roles.matching(pattern)
    for (const pattern of capabilities.patterns(passing)) yield* this.#passable.matching(pattern)
    for (const action of userActions) {
      for (const pattern of capabilities.patterns(action)) yield* this.#users.matching(pattern)
    }
  }

  /** The roles that run what an actor can use. May contain duplicates. */
  *usedBy({ capabilities }: Actor): Generator<RoleNode> {
    if (!capabilities.active) return
    for (const [action, services] of servicesByUse) {
      if (capabilities.patterns(action).length === 0) continue
      for (const service of services) yield* this.#running(service).matching('*')
    }
  }
}

function trustsAccount(role: RoleNode, account: string): boolean {
  return role.trustPolicy.trust.statements.some(
    ({ effect, principals }) =>
      effect === 'Allow' &&
      principals !== undefined &&
      (principals.not ||
        principals.entries.some(
          ({ kind, value }) => kind === '*' || value === '*' || value === account || value.endsWith(`::${account}:root`),
        )),
  )
}

/** Role sessions contain the name of the role, without its path. */
export function sessionName({ arn, principal }: Node): string {
  return isSession(arn) ? arn : `session:${principal.name}`
}

function isSession(arn: string): boolean {
  return arn.includes(':assumed-role/')
}

function* directlyNamed(role: RoleNode): Generator<string> {
  for (const { effect, principals } of role.trustPolicy.trust.statements) {
    if (effect !== 'Allow' || principals === undefined) continue
    for (const { kind, value } of principals.entries) {
      if (kind !== 'AWS') continue
      yield isSession(value) ? `session:${value.split('/')[1] ?? ''}` : value
    }
  }
}
