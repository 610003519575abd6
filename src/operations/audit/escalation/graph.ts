import { type KeyState, type RoleTrust, serviceMayAssume, type Trust, trustOf } from '../../policy/index.ts'
import {
  type Account,
  type Credentials,
  isAwsOwned,
  type ManagedPolicy,
  type PrincipalSubject,
  subjectOf,
} from '../account/account.ts'
import { type Admin, adminOf, withFullAccess } from './admin.ts'
import { webIdentities } from './catalogue.ts'
import { LiveResources } from './live-resources.ts'

/** A principal with cached results for the search. */
export interface Node extends PrincipalSubject {
  readonly admin: Admin
  /** Whether it would be an administrator with full access policies. A boundary or SCP may prevent that. */
  readonly adminWithFullAccess: Admin
}

export type RoleNode = Node & {
  readonly trustPolicy: RoleTrust
  /** How the role trusts a service. The result is cached. */
  readonly trusts: (service: string) => Trust
}

/** The principals and policies of the account, for the search. Nodes are sorted by ARN. */
export interface PrincipalGraph {
  readonly account: Account
  readonly nodes: readonly Node[]
  readonly byArn: ReadonlyMap<string, Node>
  readonly credentials: ReadonlyMap<string, Credentials>
  /** Customer managed policies by ARN. */
  readonly policies: ReadonlyMap<string, ManagedPolicy>
  readonly live: LiveResources
  /** The ARNs of the managed policies that grant administrator access. */
  readonly adminPolicies: readonly string[]
  /** ARNs of principals with more states than were looked at. Their paths may be incomplete, and the audit says so. */
  readonly unsearched: Set<string>
}

export function isRole(node: Node): node is RoleNode {
  return 'trusts' in node
}

/**
 * How a role trusts a service, or an identity pool of Cognito: anyone who sets the roles of a pool chooses the pool that the role names
 * (https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html).
 */
function trustIn(service: string, role: RoleTrust, account: string): Trust {
  if (service !== webIdentities.cognito) return serviceMayAssume(role, service, account)
  const claims: [string, KeyState][] = ['aud', 'amr', 'sub'].map((claim) => [`${service}:${claim}`, { kind: 'chosen' }])
  const caller = { kind: 'Federated', provider: service } as const
  return trustOf(role.trust, role.arn, caller, 'sts:AssumeRoleWithWebIdentity', new Map(claims))
}

function nodeOf(subject: PrincipalSubject, id: string): Node | RoleNode {
  const admin = adminOf(subject, id)
  const isFree = subject.boundary === undefined && subject.scps.length === 0
  const adminWithFullAccess: Admin = isFree ? { verdict: 'yes', on: [], by: undefined } : adminOf(withFullAccess(subject), id)
  const { trust } = subject.principal
  const base = { ...subject, admin, adminWithFullAccess }
  if (trust === undefined) return base
  const trustPolicy = { arn: subject.arn, trust }
  const known = new Map<string, Trust>()
  const trusts = (service: string): Trust => {
    const found = known.get(service) ?? trustIn(service, trustPolicy, subject.account)
    // A role trusts few services, and that it does not trust one is seen quickly.
    if (found.named !== 'no') known.set(service, found)
    return found
  }
  return { ...base, trustPolicy, trusts }
}

export function graphOf(account: Account): PrincipalGraph {
  const nodes = [...account.users, ...account.roles]
    .map((principal) => nodeOf(subjectOf(principal, account), account.id))
    .sort((a, b) => (a.arn < b.arn ? -1 : 1))
  const alone = { boundary: undefined, scps: [], context: new Map() }
  const adminPolicies = account.policies
    .filter(({ policy }) => adminOf({ ...alone, identity: [policy] }, account.id).verdict === 'yes')
    .map(({ arn }) => arn)
  return {
    account,
    nodes,
    byArn: new Map(nodes.map((node) => [node.arn, node])),
    credentials: new Map((account.facts.credentials ?? []).map((one) => [one.arn, one])),
    policies: new Map(account.policies.filter(({ awsManaged }) => !awsManaged).map((policy) => [policy.arn, policy])),
    live: new LiveResources(account.facts),
    adminPolicies: [...new Set([`arn:${account.partition}:iam::aws:policy/AdministratorAccess`, ...adminPolicies])],
    unsearched: new Set(),
  }
}

/** Whether a principal can be modified or used. AWS-managed roles cannot. */
export function isTargetable(node: Node): boolean {
  return !isAwsOwned(node.principal)
}
