import type { Account } from '../../../src/operations/audit/account/account.ts'
import { accountFrom, checkedDetails } from '../../../src/operations/audit/account/details.ts'

/** Builders for accounts in the format of `aws iam get-account-authorization-details`. */

export const account = '123456789012'
export const now = Date.parse('2026-11-24T00:00:00Z')

type JsonObject = Record<string, unknown>
type Many = string | readonly string[]

export const allow = (Action: Many, Resource: Many = '*', more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
export const deny = (Action: Many, Resource: Many = '*', more: JsonObject = {}): JsonObject => ({
  Effect: 'Deny',
  Action,
  Resource,
  ...more,
})
export const when = (Condition: JsonObject): JsonObject => ({ Condition })
export const document = (...Statement: JsonObject[]): JsonObject => ({ Version: '2012-10-17', Statement })

export const userArn = (name: string): string => `arn:aws:iam::${account}:user/${name}`
export const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`
export const policyArn = (name: string): string => `arn:aws:iam::${account}:policy/${name}`
export const groupArn = (name: string): string => `arn:aws:iam::${account}:group/${name}`
export const accountRoot = `arn:aws:iam::${account}:root`
export const administratorAccess = 'arn:aws:iam::aws:policy/AdministratorAccess'

const inlineList = (statements: readonly JsonObject[]): JsonObject[] =>
  statements.length === 0 ? [] : [{ PolicyName: 'inline', PolicyDocument: document(...statements) }]
const attached = (arns: readonly string[]): JsonObject[] => arns.map((PolicyArn) => ({ PolicyArn }))

interface Extra {
  readonly policies?: readonly string[]
  readonly boundary?: string
  readonly groups?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  readonly profile?: boolean
  readonly lastUsed?: string | null
  readonly created?: string
  readonly path?: string
}

const common = ({ policies = [], boundary, tags = {}, created }: Extra): JsonObject => ({
  AttachedManagedPolicies: attached(policies),
  Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  ...(boundary !== undefined && { PermissionsBoundary: { PermissionsBoundaryArn: boundary } }),
  ...(created !== undefined && { CreateDate: created }),
})

export const user = (name: string, statements: readonly JsonObject[] = [], extra: Extra = {}): JsonObject => ({
  Arn: userArn(name),
  UserName: name,
  Path: '/',
  UserPolicyList: inlineList(statements),
  GroupList: extra.groups ?? [],
  ...common(extra),
})

export const service = (name: string, more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Principal: { Service: `${name}.amazonaws.com` },
  Action: 'sts:AssumeRole',
  ...more,
})
export const trusting = (AWS: Many, more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action: 'sts:AssumeRole',
  ...more,
})

export const role = (
  name: string,
  trust: JsonObject | readonly JsonObject[],
  statements: readonly JsonObject[] = [],
  extra: Extra = {},
): JsonObject => ({
  Arn: `arn:aws:iam::${account}:role${extra.path ?? '/'}${name}`,
  RoleName: name,
  Path: extra.path ?? '/',
  AssumeRolePolicyDocument: document(...(Array.isArray(trust) ? trust : [trust])),
  RolePolicyList: inlineList(statements),
  InstanceProfileList: extra.profile ? [{ Arn: `arn:aws:iam::${account}:instance-profile/${name}` }] : [],
  ...(extra.lastUsed !== undefined && { RoleLastUsed: extra.lastUsed === null ? {} : { LastUsedDate: extra.lastUsed } }),
  ...common(extra),
})

export const group = (name: string, statements: readonly JsonObject[] = [], policies: readonly string[] = []): JsonObject => ({
  Arn: groupArn(name),
  GroupName: name,
  GroupPolicyList: inlineList(statements),
  AttachedManagedPolicies: attached(policies),
})

export const policy = (
  name: string,
  statements: readonly JsonObject[],
  extra: { attachments?: number; arn?: string; older?: readonly JsonObject[] } = {},
): JsonObject => ({
  Arn: extra.arn ?? policyArn(name),
  PolicyName: name,
  DefaultVersionId: 'v2',
  AttachmentCount: extra.attachments ?? 1,
  PolicyVersionList: [
    { VersionId: 'v2', IsDefaultVersion: true, Document: document(...statements) },
    ...(extra.older === undefined ? [] : [{ VersionId: 'v1', IsDefaultVersion: false, Document: document(...extra.older) }]),
  ],
})

/** Sorts the parts into the lists of the account details. */
export function details(...parts: readonly JsonObject[]): JsonObject {
  return {
    UserDetailList: parts.filter((part) => 'UserName' in part),
    GroupDetailList: parts.filter((part) => 'GroupName' in part),
    RoleDetailList: parts.filter((part) => 'RoleName' in part),
    Policies: parts.filter((part) => 'PolicyName' in part),
  }
}

export function accountOf(...parts: readonly JsonObject[]): Account {
  const found = accountFrom(checkedDetails(details(...parts), 'test'), { source: 'account', readAt: now })
  return { ...found, id: account }
}
