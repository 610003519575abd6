import { absent, type Context, type Known, value } from '../policy/context.ts'
import type { Policy } from '../policy/document.ts'
import type { Subject } from '../policy/evaluate.ts'

/** A policy as a principal has it. */
export interface Held {
  readonly policy: Policy
  readonly how: 'attached' | 'inline'
  /** The group that it came by. */
  readonly group: string | undefined
}

export interface Principal {
  readonly arn: string
  readonly name: string
  readonly type: 'user' | 'role'
  readonly account: string
  readonly path: string
  readonly created: number | undefined
  readonly held: readonly Held[]
  readonly boundary: Policy | undefined
  readonly tags: ReadonlyMap<string, string>
  /** Of a user: the groups' names. */
  readonly groups: readonly string[]
  /** Of a role. */
  readonly trust: Policy | undefined
  /** Instance profiles that carry the role. */
  readonly instanceProfiles: readonly string[]
  /** When a role was last used: `null` never, `undefined` not known. */
  readonly lastUsed: number | null | undefined
  /** Policies that are attached to it and whose text is not known. */
  readonly unread: readonly string[]
}

export interface Group {
  readonly arn: string
  readonly name: string
  readonly held: readonly Held[]
  readonly members: readonly string[]
}

export interface ManagedPolicy {
  readonly arn: string
  readonly name: string
  readonly policy: Policy
  /** Versions that are not in force. */
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
  /** `undefined` where the report does not say, as for root. */
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

/** As `aws iam get-account-password-policy` gives it. */
export interface PasswordPolicy {
  readonly minimumLength: number
  readonly symbols: boolean
  readonly numbers: boolean
  readonly uppercase: boolean
  readonly lowercase: boolean
  readonly reusePrevention: number
  readonly maxAgeDays: number
}

/** Something that runs as a role. */
export interface Workload {
  readonly arn: string
  readonly kind: 'function' | 'stack'
  readonly role: string
}

/** Parts that only a live run, or what it saved, knows. `undefined`: not read. */
export interface Facts {
  readonly credentials: readonly Credentials[] | undefined
  readonly credentialsAt: number | undefined
  /** `null`: the account has none. */
  readonly passwordPolicy: PasswordPolicy | null | undefined
  /** `aws iam get-account-summary` */
  readonly summary: ReadonlyMap<string, number> | undefined
  readonly certificates: readonly { readonly name: string; readonly arn: string; readonly expires: number }[] | undefined
  readonly providers: readonly { readonly arn: string; readonly kind: 'oidc' | 'saml' }[] | undefined
  readonly workloads: readonly Workload[] | undefined
  readonly sshKeys: readonly { readonly user: string; readonly id: string }[] | undefined
}

/** What was read of an account: everything that the audit judges. */
export interface Account {
  readonly id: string
  readonly partition: string
  /** A template is audited before anybody uses it: what is used, and how the account is set up, is not asked. */
  readonly source: 'account' | 'template'
  readonly users: readonly Principal[]
  readonly roles: readonly Principal[]
  readonly groups: readonly Group[]
  readonly policies: readonly ManagedPolicy[]
  readonly scps: readonly (readonly Policy[])[]
  readonly facts: Facts
  /** What could not be read, in words. */
  readonly missing: readonly string[]
  /** When it was read, in milliseconds since 1970. */
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
  sshKeys: undefined,
}

/** What is known of every request by a principal. */
function contextOf(principal: Principal, now: number): Context {
  const { arn, account, type, name, tags } = principal
  const known: [string, Known][] = [
    ['aws:principalarn', value(arn)],
    ['aws:principalaccount', value(account)],
    ['aws:principaltype', value(type === 'user' ? 'User' : 'AssumedRole')],
    ['aws:resourceaccount', value(account)],
    ['aws:currenttime', value(new Date(now).toISOString())],
    ['aws:epochtime', value(String(Math.floor(now / 1_000)))],
    ['aws:username', type === 'user' ? value(name) : absent],
    // Says that the other tags are known: a tag that is not among these is absent.
    ['aws:principaltag/', absent],
  ]
  for (const [key, text] of tags) known.push([`aws:principaltag/${key.toLowerCase()}`, value(text)])
  return new Map(known)
}

/** What is known of a request whose resource is a principal: its tags and its boundary. */
export function targetContext({ tags, boundary }: Principal): Context {
  const known: [string, Known][] = [
    ['aws:resourcetag/', absent],
    ['iam:permissionsboundary', boundary?.arn === undefined ? absent : value(boundary.arn)],
  ]
  for (const [key, text] of tags) {
    known.push([`aws:resourcetag/${key.toLowerCase()}`, value(text)], [`iam:resourcetag/${key.toLowerCase()}`, value(text)])
  }
  return new Map(known)
}

export interface Judged extends Subject {
  readonly arn: string
  readonly account: string
  readonly type: 'user' | 'role'
  readonly principal: Principal
}

/** A principal as the evaluator takes it. */
export function judged(principal: Principal, account: Account): Judged {
  const { arn, type, boundary, held } = principal
  return {
    arn,
    type,
    principal,
    account: principal.account,
    identity: held.map(({ policy }) => policy),
    boundary,
    // Service-linked roles are not subject to service control policies.
    scps: isServiceLinked(principal) ? [] : account.scps,
    context: contextOf(principal, account.readAt),
  }
}

export function isServiceLinked({ path }: Principal): boolean {
  return path.startsWith('/aws-service-role/')
}

/** Roles that AWS itself makes and manages: nobody can change what they may do. */
export function isAwsOwned(principal: Principal): boolean {
  return isServiceLinked(principal) || principal.path.startsWith('/aws-reserved/')
}
