import {
  type Account,
  type Credentials,
  isAwsOwned,
  type Judged,
  judged,
  type ManagedPolicy,
  type Workload,
} from '../account/account.ts'
import { type RoleTrust, serviceMayAssume, type Trust } from '../policy/trust.ts'
import { type Admin, adminOf, rewritten } from './admin.ts'

/** A principal with what the search asks of it again and again. */
export interface Node extends Judged {
  readonly admin: Admin
  /** Whether it would be an administrator if its policies were rewritten; boundaries and the organization may forbid it. */
  readonly whenRewritten: Admin
}

export type RoleNode = Node & {
  readonly trustPolicy: RoleTrust
  /** How the role trusts a service; answered once. */
  readonly trusts: (service: string) => Trust
}

/** The account as a place to move in. Lists are sorted by ARN. */
export interface World {
  readonly account: Account
  readonly nodes: readonly Node[]
  readonly byArn: ReadonlyMap<string, Node>
  readonly credentials: ReadonlyMap<string, Credentials>
  /** Customer-managed policies that somebody may rewrite, by ARN. */
  readonly policies: ReadonlyMap<string, ManagedPolicy>
  readonly workloads: ReadonlyMap<string, readonly Workload[]> | undefined
  /** ARNs of policies that make an administrator of whoever has them. */
  readonly adminPolicies: readonly string[]
}

export function isRole(node: Node): node is RoleNode {
  return 'trusts' in node
}

function nodeOf(subject: Judged, id: string): Node | RoleNode {
  const admin = adminOf(subject, id)
  const isFree = subject.boundary === undefined && subject.scps.length === 0
  const whenRewritten: Admin = isFree ? { verdict: 'yes', on: [], by: undefined } : adminOf(rewritten(subject), id)
  const { trust } = subject.principal
  const base = { ...subject, admin, whenRewritten }
  if (trust === undefined) return base
  const trustPolicy = { arn: subject.arn, trust }
  const known = new Map<string, Trust>()
  const trusts = (service: string): Trust => {
    const found = known.get(service) ?? serviceMayAssume(trustPolicy, service, subject.account)
    known.set(service, found)
    return found
  }
  return { ...base, trustPolicy, trusts }
}

export function worldOf(account: Account): World {
  const nodes = [...account.users, ...account.roles]
    .map((principal) => nodeOf(judged(principal, account), account.id))
    .sort((a, b) => (a.arn < b.arn ? -1 : 1))
  const { workloads } = account.facts
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
    workloads: workloads && Map.groupBy(workloads, ({ role }) => role),
    adminPolicies: [...new Set([`arn:${account.partition}:iam::aws:policy/AdministratorAccess`, ...adminPolicies])],
  }
}

/** Roles of AWS itself cannot be rewritten, and nobody is given keys of them. */
export function isMovable(node: Node): boolean {
  return !isAwsOwned(node.principal)
}
