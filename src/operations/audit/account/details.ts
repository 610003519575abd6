import * as z from 'zod'
import { checkedDocument } from '../../../domain/document.ts'
import { Problem } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import { type Policy, readPolicy } from '../../policy/index.ts'
import { type Account, type Group, type ManagedPolicy, noFacts, type PolicyGrant, type Principal } from './account.ts'
import { knownPolicy } from './known-policies.ts'

/**
 * The output of `aws iam get-account-authorization-details`
 * (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html). Only the fields
 * that the audit uses are validated, so new fields do no harm.
 */
const document = z.unknown()
const text = z.string()
const list = <T extends z.ZodType>(of: T) =>
  z
    .array(of)
    .nullish()
    .transform((value) => value ?? [])
const inline = z.object({ PolicyName: text, PolicyDocument: document })
const attached = z.object({ PolicyName: text.optional(), PolicyArn: text })
const tag = z.object({ Key: text, Value: text })
const boundary = z.object({ PermissionsBoundaryArn: text.optional() }).nullish()
const date = z.union([text, z.date()]).nullish()
const user = z.object({
  Arn: text,
  UserName: text,
  Path: text.default('/'),
  CreateDate: date,
  UserPolicyList: list(inline),
  AttachedManagedPolicies: list(attached),
  GroupList: list(text),
  Tags: list(tag),
  PermissionsBoundary: boundary,
})
const group = z.object({ Arn: text, GroupName: text, GroupPolicyList: list(inline), AttachedManagedPolicies: list(attached) })
const role = z.object({
  Arn: text,
  RoleName: text,
  Path: text.default('/'),
  CreateDate: date,
  AssumeRolePolicyDocument: document,
  RolePolicyList: list(inline),
  AttachedManagedPolicies: list(attached),
  InstanceProfileList: list(z.object({ Arn: text })),
  RoleLastUsed: z.object({ LastUsedDate: date }).nullish(),
  Tags: list(tag),
  PermissionsBoundary: boundary,
})
const named = z.object({
  Arn: text,
  // All fields of ManagedPolicyDetail are optional in the API reference. The ARN ends with the name.
  PolicyName: text.optional(),
  DefaultVersionId: text.optional(),
  AttachmentCount: z.number().default(0),
  PermissionsBoundaryUsageCount: z.number().default(0),
  UpdateDate: date,
  PolicyVersionList: list(z.object({ VersionId: text, IsDefaultVersion: z.boolean().optional(), Document: document })),
})
const policy = named.transform(({ PolicyName, ...found }) => ({
  ...found,
  PolicyName: PolicyName ?? found.Arn.split('/').at(-1) ?? found.Arn,
}))
const details = z.object({
  UserDetailList: list(user),
  GroupDetailList: list(group),
  RoleDetailList: list(role),
  Policies: list(policy),
})

export type Details = z.infer<typeof details>

function instant(value: z.infer<typeof date>): number | undefined {
  if (value === null || value === undefined) return undefined
  const found = new Date(value).getTime()
  return Number.isNaN(found) ? undefined : found
}

/** Managed policies by ARN. Each document is parsed once, even if many principals use it. */
class PolicyStore {
  readonly #byArn = new Map<string, ManagedPolicy>()

  constructor(policies: Details['Policies']) {
    for (const found of policies) {
      const [inForce, ...others] = found.PolicyVersionList.toSorted(
        (a, b) => Number(isInForce(b, found)) - Number(isInForce(a, found)),
      )
      const { Arn: arn, PolicyName: name } = found
      this.#byArn.set(arn, {
        arn,
        name,
        policy: readPolicy({ name, arn, document: inForce?.Document }),
        others: others.map(({ VersionId, Document }) => ({
          version: VersionId,
          policy: readPolicy({ name: `${name} (${VersionId})`, arn, document: Document }),
        })),
        attachments: found.AttachmentCount,
        boundaryUses: found.PermissionsBoundaryUsageCount,
        updated: instant(found.UpdateDate),
        awsManaged: /^arn:[^:]+:iam::aws:/.test(arn),
      })
    }
  }

  get all(): readonly ManagedPolicy[] {
    return [...this.#byArn.values()]
  }

  find(arn: string): Policy | undefined {
    return this.#byArn.get(arn)?.policy ?? knownPolicy(arn)
  }
}

function isInForce(
  { VersionId, IsDefaultVersion }: Details['Policies'][number]['PolicyVersionList'][number],
  { DefaultVersionId }: Details['Policies'][number],
): boolean {
  return IsDefaultVersion ?? VersionId === DefaultVersionId
}

function grantsOf(
  owner: string,
  inlines: readonly z.infer<typeof inline>[],
  attachments: readonly z.infer<typeof attached>[],
  store: PolicyStore,
  groupName?: string,
): { grants: PolicyGrant[]; unread: string[] } {
  const grants: PolicyGrant[] = inlines.map(({ PolicyName, PolicyDocument }) => ({
    policy: readPolicy({ name: `${PolicyName} of ${owner}`, document: PolicyDocument }),
    how: 'inline',
    group: groupName,
  }))
  const unread: string[] = []
  for (const { PolicyArn } of attachments) {
    const found = store.find(PolicyArn)
    if (found === undefined) unread.push(PolicyArn)
    else grants.push({ policy: found, how: 'attached', group: groupName })
  }
  return { grants, unread }
}

/** A stand-in for a boundary whose document is not available. It makes every Allow conditional. */
function unreadBoundary(arn: string): Policy {
  const Condition = { StringEquals: { [`permissions boundary ${arn} (document not read)`]: 'allows this' } }
  return readPolicy({ name: arn, arn, document: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', Condition }] } })
}

function boundaryOf(value: z.infer<typeof boundary>, store: PolicyStore, unread: string[]): Policy | undefined {
  const arn = value?.PermissionsBoundaryArn
  if (arn === undefined) return undefined
  const found = store.find(arn)
  if (found === undefined) unread.push(arn)
  return found ?? unreadBoundary(arn)
}

function groupOf(
  found: Details['GroupDetailList'][number],
  store: PolicyStore,
  members: readonly string[],
): Group & { unread: string[] } {
  const { Arn: arn, GroupName: name } = found
  const { grants, unread } = grantsOf(`group ${name}`, found.GroupPolicyList, found.AttachedManagedPolicies, store, name)
  return { arn, name, grants, members, unread }
}

const accountOf = (arn: string): string => arn.split(':')[4] ?? ''
const tagsOf = (tags: readonly z.infer<typeof tag>[]): ReadonlyMap<string, string> =>
  new Map(tags.map(({ Key, Value }) => [Key, Value]))

function userOf(
  found: Details['UserDetailList'][number],
  store: PolicyStore,
  groups: ReadonlyMap<string, Group & { unread: string[] }>,
): Principal {
  const { Arn: arn, UserName: name } = found
  const { grants, unread } = grantsOf(name, found.UserPolicyList, found.AttachedManagedPolicies, store)
  const of = found.GroupList.flatMap((groupName) => groups.get(groupName) ?? [])
  return {
    arn,
    name,
    type: 'user',
    account: accountOf(arn),
    path: found.Path,
    created: instant(found.CreateDate),
    grants: [...grants, ...of.flatMap((one) => one.grants)],
    boundary: boundaryOf(found.PermissionsBoundary, store, unread),
    tags: tagsOf(found.Tags),
    groups: found.GroupList,
    trust: undefined,
    instanceProfiles: [],
    lastUsed: undefined,
    unread: [...unread, ...of.flatMap((one) => one.unread)],
  }
}

function roleOf(found: Details['RoleDetailList'][number], store: PolicyStore): Principal {
  const { Arn: arn, RoleName: name } = found
  const { grants, unread } = grantsOf(name, found.RolePolicyList, found.AttachedManagedPolicies, store)
  return {
    arn,
    name,
    type: 'role',
    account: accountOf(arn),
    path: found.Path,
    created: instant(found.CreateDate),
    grants,
    boundary: boundaryOf(found.PermissionsBoundary, store, unread),
    tags: tagsOf(found.Tags),
    groups: [],
    trust: readPolicy({ name: `the trust policy of ${name}`, document: found.AssumeRolePolicyDocument, resourceBased: true }),
    instanceProfiles: found.InstanceProfileList.map(({ Arn }) => Arn),
    lastUsed:
      found.RoleLastUsed === undefined || found.RoleLastUsed === null
        ? undefined
        : (instant(found.RoleLastUsed.LastUsedDate) ?? null),
    unread,
  }
}

/** Validates one or more pages of account details. @throws Problem `audit-input-invalid` with the field */
export function checkedDetails(value: unknown, where: string): Details {
  const pages = Array.isArray(value) ? value : [value]
  const whole: Details = { UserDetailList: [], GroupDetailList: [], RoleDetailList: [], Policies: [] }
  for (const page of pages) {
    const known = Object.keys(recordOf(page))
    if (!known.some((name) => name in whole)) {
      throw new Problem(
        'audit-input-invalid',
        `${where} is not the output of get-account-authorization-details: it has none of its lists.`,
        {
          next: 'aws iam get-account-authorization-details > account.json',
        },
      )
    }
    const read = checkedDocument(details, page, {
      name: where,
      code: 'audit-input-invalid',
      next: 'aws iam get-account-authorization-details > account.json',
    })
    whole.UserDetailList.push(...read.UserDetailList)
    whole.GroupDetailList.push(...read.GroupDetailList)
    whole.RoleDetailList.push(...read.RoleDetailList)
    whole.Policies.push(...read.Policies)
  }
  return whole
}

/** Builds an account from its authorization details. */
export function accountFrom(found: Details, options: { source: Account['source']; readAt: number }): Account {
  const store = new PolicyStore(found.Policies)
  const members = new Map<string, string[]>()
  for (const { UserName, GroupList } of found.UserDetailList) {
    for (const name of GroupList) {
      const known = members.get(name)
      if (known === undefined) members.set(name, [UserName])
      else known.push(UserName)
    }
  }
  const groups = new Map(
    found.GroupDetailList.map((one) => [one.GroupName, groupOf(one, store, members.get(one.GroupName) ?? [])] as const),
  )
  const users = found.UserDetailList.map((one) => userOf(one, store, groups))
  const roles = found.RoleDetailList.map((one) => roleOf(one, store))
  const first =
    users[0]?.arn ?? roles[0]?.arn ?? found.GroupDetailList[0]?.Arn ?? found.Policies.find(({ Arn }) => /::\d/.test(Arn))?.Arn
  const unread = new Set([...users, ...roles].flatMap((principal) => principal.unread))
  return {
    ...options,
    id: first === undefined ? '' : accountOf(first),
    partition: first?.split(':')[1] ?? 'aws',
    users,
    roles,
    groups: [...groups.values()],
    policies: store.all,
    scps: [],
    facts: noFacts,
    missing: [...unread].sort().map((arn) => `the policy document of ${arn}`),
  }
}
