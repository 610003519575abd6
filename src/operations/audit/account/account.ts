import type { Policy, Subject } from '../../policy/index.ts'
import { absent, type KeyState, type RequestContext, value } from '../../policy/index.ts'

/** A policy that applies to a principal or a group. */
export interface PolicyGrant {
  readonly policy: Policy
  readonly how: 'attached' | 'inline'
  /** The group that the policy comes from, if any. */
  readonly group: string | undefined
}

export interface Principal {
  readonly arn: string
  readonly name: string
  readonly type: 'user' | 'role'
  readonly account: string
  readonly path: string
  readonly created: number | undefined
  readonly grants: readonly PolicyGrant[]
  readonly boundary: Policy | undefined
  readonly tags: ReadonlyMap<string, string>
  /** The names of a user's groups. */
  readonly groups: readonly string[]
  /** Only for a role. */
  readonly trust: Policy | undefined
  /** The instance profiles that contain the role. */
  readonly instanceProfiles: readonly string[]
  /** When a role was last used. `null` if never, `undefined` if unknown. */
  readonly lastUsed: number | null | undefined
  /** The attached policies whose document is not available. */
  readonly unread: readonly string[]
}

export interface Group {
  readonly arn: string
  readonly name: string
  readonly grants: readonly PolicyGrant[]
  readonly members: readonly string[]
}

export interface ManagedPolicy {
  readonly arn: string
  readonly name: string
  readonly policy: Policy
  /** The non-default versions. */
  readonly others: readonly { readonly version: string; readonly policy: Policy }[]
  readonly attachments: number
  readonly boundaryUses: number
  readonly updated: number | undefined
  readonly awsManaged: boolean
}

/** A row of the credential report (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html). */
export interface Credentials {
  readonly user: string
  readonly arn: string
  readonly created: number | undefined
  /** `undefined` if the report has no value, as for the root user. */
  readonly password: boolean | undefined
  readonly passwordUsed: number | undefined
  readonly passwordChanged: number | undefined
  readonly mfa: boolean
  readonly keys: readonly {
    readonly slot: 1 | 2
    readonly active: boolean
    readonly rotated: number | undefined
    readonly used: number | undefined
  }[]
  readonly certificates: number
}

/** From `aws iam get-account-password-policy`. */
export interface PasswordPolicy {
  readonly minimumLength: number
  readonly symbols: boolean
  readonly numbers: boolean
  readonly uppercase: boolean
  readonly lowercase: boolean
  readonly reusePrevention: number
  readonly maxAgeDays: number
}

/** The kinds of resources of other services on which escalation paths depend. */
export const workloadKinds = [
  'function',
  'triggered-function',
  'stack',
  'stack-set',
  'cluster',
  'container-instance',
  'exec-task',
  'task-definition',
  'instance',
  'managed-instance',
  'state-machine',
  'project',
  'dev-endpoint',
  'glue-session',
  'glue-job',
  'notebook',
  'app-runner-service',
  'emr-cluster',
  'identity-pool',
] as const
export type WorkloadKind = (typeof workloadKinds)[number]

/** A resource of another service, such as a function or a stack. */
export interface Workload {
  readonly arn: string
  readonly kind: WorkloadKind
  /** The ARN of the role that it has, if any. */
  readonly role?: string | undefined
}

/** The regions of the account. */
export interface Regions {
  /** Those of which resources were read. */
  readonly read: readonly string[]
  /** Those that the account has not enabled, so that no one can use a resource there. */
  readonly notEnabled: readonly string[]
  /** Those that the run was asked to leave out. */
  readonly leftOut: readonly string[]
}

/** Data that only a live run or its saved file contains. `undefined` if it was not read. */
export interface Facts {
  readonly credentials: readonly Credentials[] | undefined
  readonly credentialsAt: number | undefined
  /** `null` if the account has none. */
  readonly passwordPolicy: PasswordPolicy | null | undefined
  /** `aws iam get-account-summary` */
  readonly summary: ReadonlyMap<string, number> | undefined
  readonly certificates: readonly { readonly name: string; readonly arn: string; readonly expires: number }[] | undefined
  readonly providers: readonly { readonly arn: string; readonly kind: 'oidc' | 'saml' }[] | undefined
  readonly workloads: readonly Workload[] | undefined
  /** The kinds of which every resource was read, in every region that the account has enabled. */
  readonly workloadKinds: readonly WorkloadKind[] | undefined
  readonly regions: Regions | undefined
  readonly sshKeys: readonly { readonly user: string; readonly id: string }[] | undefined
}

/** The account data that the audit checks. */
export interface Account {
  readonly id: string
  readonly partition: string
  /** For a template, the rules about usage and account settings do not run. */
  readonly source: 'account' | 'template'
  readonly users: readonly Principal[]
  readonly roles: readonly Principal[]
  readonly groups: readonly Group[]
  readonly policies: readonly ManagedPolicy[]
  readonly scps: readonly (readonly Policy[])[]
  readonly facts: Facts
  /** Descriptions of the data that could not be read. */
  readonly missing: readonly string[]
  /** When the data was read, in milliseconds since 1970. */
  readonly readAt: number
}

export const noFacts: Facts = {
  credentials: undefined,
  credentialsAt: undefined,
  passwordPolicy: undefined,
  summary: undefined,
  certificates: undefined,
  providers: undefined,
  workloads: undefined,
  workloadKinds: undefined,
  regions: undefined,
  sshKeys: undefined,
}

/** The condition keys that are known for every request by a principal. */
function contextOf(principal: Principal, now: number): RequestContext {
  const { arn, account, type, name, tags } = principal
  const known: [string, KeyState][] = [
    ['aws:principalarn', value(arn)],
    ['aws:principalaccount', value(account)],
    ['aws:principaltype', value(type === 'user' ? 'User' : 'AssumedRole')],
    ['aws:resourceaccount', value(account)],
    ['aws:currenttime', value(new Date(now).toISOString())],
    ['aws:epochtime', value(String(Math.floor(now / 1_000)))],
    ['aws:username', type === 'user' ? value(name) : absent],
    // A session that starts now is newer than every revocation, and a key of a user has no session.
    ['aws:tokenissuetime', type === 'user' ? absent : value(new Date(now).toISOString())],
    // All tags are known, so a tag that is not listed is absent.
    ['aws:principaltag/', absent],
  ]
  for (const [key, text] of tags) known.push([`aws:principaltag/${key.toLowerCase()}`, value(text)])
  return new Map(known)
}

const plainTarget: RequestContext = new Map([
  ['aws:resourcetag/', absent],
  ['iam:permissionsboundary', absent],
])

/** The condition keys for a request whose resource is a principal: its tags and its boundary. */
export function targetContext({ tags, boundary }: Principal): RequestContext {
  if (tags.size === 0 && boundary === undefined) return plainTarget
  const known: [string, KeyState][] = [
    ['aws:resourcetag/', absent],
    ['iam:permissionsboundary', boundary?.arn === undefined ? absent : value(boundary.arn)],
  ]
  for (const [key, text] of tags) {
    known.push([`aws:resourcetag/${key.toLowerCase()}`, value(text)], [`iam:resourcetag/${key.toLowerCase()}`, value(text)])
  }
  return new Map(known)
}

export interface PrincipalSubject extends Subject {
  readonly arn: string
  readonly account: string
  readonly type: 'user' | 'role'
  readonly principal: Principal
}

/** A principal as input for the evaluator. */
export function subjectOf(principal: Principal, account: Account): PrincipalSubject {
  const { arn, type, boundary, grants } = principal
  return {
    arn,
    type,
    principal,
    account: principal.account,
    identity: grants.map(({ policy }) => policy),
    boundary,
    // Service-linked roles are not subject to service control policies.
    scps: isServiceLinked(principal) ? [] : account.scps,
    context: contextOf(principal, account.readAt),
  }
}

export function isServiceLinked({ path }: Principal): boolean {
  return path.startsWith('/aws-service-role/')
}

/** Roles that AWS creates and manages. Customers cannot change their permissions. */
export function isAwsOwned(principal: Principal): boolean {
  return isServiceLinked(principal) || principal.path.startsWith('/aws-reserved/')
}
