import type { IAMClient } from '@aws-sdk/client-iam'
import { apigw } from '../../../domain/next-step.ts'
import { Problem } from '../../../domain/problem.ts'
import { requireMfaDocument } from './require-mfa.ts'
import type { PlanStep } from './steps.ts'

/** The state before a step, in enough detail to restore it manually. */
export type PriorState = Readonly<Record<string, unknown>>

/** Records the previous state. Called and awaited before a change. */
export type RecordState = (before: PriorState) => Promise<void>

type StepOf<Kind extends PlanStep['do']> = Extract<PlanStep, { do: Kind }>

function changed(what: string): Problem {
  return new Problem('audit-input-invalid', `${what} after the plan was created.`, { next: apigw('audit iam', '--plan', 'FILE') })
}

const sameInstantMs = 1_000

async function deactivateKey(
  iam: IAMClient,
  { user, created }: StepOf<'deactivate-key'>,
  recordState: RecordState,
): Promise<void> {
  const { ListAccessKeysCommand, UpdateAccessKeyCommand } = await import('@aws-sdk/client-iam')
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: user }))
  const key = AccessKeyMetadata.find(
    ({ CreateDate }) => CreateDate !== undefined && Math.abs(CreateDate.getTime() - Date.parse(created)) < sameInstantMs,
  )
  if (key?.AccessKeyId === undefined) throw changed(`The key of ${user} was deleted`)
  const { AccessKeyId } = key
  await recordState({
    undo: `aws iam update-access-key --user-name ${user} --access-key-id ${AccessKeyId} --status Active`,
    status: key.Status,
  })
  await iam.send(new UpdateAccessKeyCommand({ UserName: user, AccessKeyId, Status: 'Inactive' }))
}

async function deletePassword(iam: IAMClient, { user }: StepOf<'delete-password'>, recordState: RecordState): Promise<void> {
  const { DeleteLoginProfileCommand } = await import('@aws-sdk/client-iam')
  await recordState({
    undo: `aws iam create-login-profile --user-name ${user} --password-reset-required --cli-input-json file://password.json`,
  })
  await iam.send(new DeleteLoginProfileCommand({ UserName: user }))
}

async function detachPolicy(
  iam: IAMClient,
  { from, name, policy }: StepOf<'detach-policy'>,
  recordState: RecordState,
): Promise<void> {
  const { DetachRolePolicyCommand, DetachUserPolicyCommand } = await import('@aws-sdk/client-iam')
  await recordState({ undo: `aws iam attach-${from}-policy --${from}-name ${name} --policy-arn ${policy}` })
  if (from === 'user') await iam.send(new DetachUserPolicyCommand({ UserName: name, PolicyArn: policy }))
  else await iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: policy }))
}

async function deletePolicy(iam: IAMClient, { policy }: StepOf<'delete-policy'>, recordState: RecordState): Promise<void> {
  const {
    DeletePolicyCommand,
    DeletePolicyVersionCommand,
    GetPolicyCommand,
    GetPolicyVersionCommand,
    ListPolicyVersionsCommand,
  } = await import('@aws-sdk/client-iam')
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: policy }))
  if ((Policy?.AttachmentCount ?? 0) > 0 || (Policy?.PermissionsBoundaryUsageCount ?? 0) > 0)
    throw changed(`${policy} was attached`)
  const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn: policy }))
  const documents: Record<string, string> = {}
  for (const { VersionId = '' } of Versions) {
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn: policy, VersionId }))
    documents[VersionId] = decodeURIComponent(PolicyVersion?.Document ?? '')
  }
  const undo = `aws iam create-policy --policy-name ${Policy?.PolicyName} --path ${Policy?.Path} --policy-document file://document.json`
  await recordState({ undo, inForce: Policy?.DefaultVersionId, documents })
  for (const { VersionId, IsDefaultVersion } of Versions) {
    if (IsDefaultVersion !== true) await iam.send(new DeletePolicyVersionCommand({ PolicyArn: policy, VersionId }))
  }
  await iam.send(new DeletePolicyCommand({ PolicyArn: policy }))
}

async function deleteGroup(iam: IAMClient, { group }: StepOf<'delete-group'>, recordState: RecordState): Promise<void> {
  const sdk = await import('@aws-sdk/client-iam')
  const { Users = [] } = await iam.send(new sdk.GetGroupCommand({ GroupName: group }))
  if (Users.length > 0) throw changed(`A user was added to the group ${group}`)
  const { AttachedPolicies = [] } = await iam.send(new sdk.ListAttachedGroupPoliciesCommand({ GroupName: group }))
  const { PolicyNames = [] } = await iam.send(new sdk.ListGroupPoliciesCommand({ GroupName: group }))
  const inline: Record<string, string> = {}
  for (const PolicyName of PolicyNames) {
    const { PolicyDocument = '' } = await iam.send(new sdk.GetGroupPolicyCommand({ GroupName: group, PolicyName }))
    inline[PolicyName] = decodeURIComponent(PolicyDocument)
  }
  const attached = AttachedPolicies.flatMap(({ PolicyArn }) => PolicyArn ?? [])
  await recordState({
    undo: `aws iam create-group --group-name ${group}, then restore the policies listed here`,
    attached,
    inline,
  })
  for (const PolicyArn of attached) await iam.send(new sdk.DetachGroupPolicyCommand({ GroupName: group, PolicyArn }))
  for (const PolicyName of PolicyNames) await iam.send(new sdk.DeleteGroupPolicyCommand({ GroupName: group, PolicyName }))
  await iam.send(new sdk.DeleteGroupCommand({ GroupName: group }))
}

const unusedMs = 45 * 86_400_000

async function deleteRole(iam: IAMClient, { role }: StepOf<'delete-role'>, recordState: RecordState): Promise<void> {
  const sdk = await import('@aws-sdk/client-iam')
  const { Role } = await iam.send(new sdk.GetRoleCommand({ RoleName: role }))
  const used = Role?.RoleLastUsed?.LastUsedDate?.getTime() ?? 0
  if (Date.now() - used < unusedMs) throw changed(`The role ${role} was used`)
  const { AttachedPolicies = [] } = await iam.send(new sdk.ListAttachedRolePoliciesCommand({ RoleName: role }))
  const { PolicyNames = [] } = await iam.send(new sdk.ListRolePoliciesCommand({ RoleName: role }))
  const { InstanceProfiles = [] } = await iam.send(new sdk.ListInstanceProfilesForRoleCommand({ RoleName: role }))
  const inline: Record<string, string> = {}
  for (const PolicyName of PolicyNames) {
    const { PolicyDocument = '' } = await iam.send(new sdk.GetRolePolicyCommand({ RoleName: role, PolicyName }))
    inline[PolicyName] = decodeURIComponent(PolicyDocument)
  }
  const attached = AttachedPolicies.flatMap(({ PolicyArn }) => PolicyArn ?? [])
  const profiles = InstanceProfiles.flatMap(({ InstanceProfileName }) => InstanceProfileName ?? [])
  await recordState({
    undo: `aws iam create-role --role-name ${role} --path ${Role?.Path} --assume-role-policy-document file://trust.json, then restore the policies listed here`,
    trust: decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''),
    description: Role?.Description,
    tags: Role?.Tags,
    boundary: Role?.PermissionsBoundary?.PermissionsBoundaryArn,
    attached,
    inline,
    profiles,
  })
  for (const PolicyArn of attached) await iam.send(new sdk.DetachRolePolicyCommand({ RoleName: role, PolicyArn }))
  for (const PolicyName of PolicyNames) await iam.send(new sdk.DeleteRolePolicyCommand({ RoleName: role, PolicyName }))
  for (const InstanceProfileName of profiles) {
    await iam.send(new sdk.RemoveRoleFromInstanceProfileCommand({ RoleName: role, InstanceProfileName }))
  }
  await iam.send(new sdk.DeleteRoleCommand({ RoleName: role }))
}

async function setPasswordPolicy(iam: IAMClient, recordState: RecordState): Promise<void> {
  const { GetAccountPasswordPolicyCommand, NoSuchEntityException, UpdateAccountPasswordPolicyCommand } = await import(
    '@aws-sdk/client-iam'
  )
  const before = await iam.send(new GetAccountPasswordPolicyCommand({})).catch((error: unknown) => {
    if (error instanceof NoSuchEntityException) return undefined
    throw error
  })
  const old = before?.PasswordPolicy
  await recordState({
    undo: old === undefined ? 'aws iam delete-account-password-policy' : 'aws iam update-account-password-policy',
    before: old ?? null,
  })
  await iam.send(
    new UpdateAccountPasswordPolicyCommand({
      MinimumPasswordLength: Math.max(14, old?.MinimumPasswordLength ?? 0),
      PasswordReusePrevention: 24,
      RequireSymbols: true,
      RequireNumbers: true,
      RequireUppercaseCharacters: true,
      RequireLowercaseCharacters: true,
      AllowUsersToChangePassword: true,
      ...(old?.MaxPasswordAge !== undefined && old.MaxPasswordAge > 0 && { MaxPasswordAge: old.MaxPasswordAge }),
    }),
  )
}

const mfaName = 'apigw-require-mfa'

/** Uses a group, so that the requirement can be reviewed and removed in one place. */
async function requireMfa(
  iam: IAMClient,
  { user }: StepOf<'require-mfa'>,
  account: string,
  recordState: RecordState,
): Promise<void> {
  const sdk = await import('@aws-sdk/client-iam')
  await recordState({ undo: `aws iam remove-user-from-group --group-name ${mfaName} --user-name ${user}` })
  const unlessThere = async (make: Promise<unknown>): Promise<void> => {
    await make.catch((error: unknown) => {
      if (!(error instanceof sdk.EntityAlreadyExistsException)) throw error
    })
  }
  await unlessThere(iam.send(new sdk.CreateGroupCommand({ GroupName: mfaName })))
  await unlessThere(iam.send(new sdk.CreatePolicyCommand({ PolicyName: mfaName, PolicyDocument: await requireMfaDocument() })))
  await iam.send(new sdk.AttachGroupPolicyCommand({ GroupName: mfaName, PolicyArn: `arn:aws:iam::${account}:policy/${mfaName}` }))
  await iam.send(new sdk.AddUserToGroupCommand({ GroupName: mfaName, UserName: user }))
}

async function tightenTrust(iam: IAMClient, { role, trust }: StepOf<'tighten-trust'>, recordState: RecordState): Promise<void> {
  const { GetRoleCommand, UpdateAssumeRolePolicyCommand } = await import('@aws-sdk/client-iam')
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: role }))
  await recordState({
    undo: `aws iam update-assume-role-policy --role-name ${role} --policy-document file://trust.json`,
    trust: decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''),
  })
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: role, PolicyDocument: JSON.stringify(trust) }))
}

/** Executes a step after recording the previous state. */
export async function executeStep(iam: IAMClient, step: PlanStep, account: string, recordState: RecordState): Promise<void> {
  switch (step.do) {
    case 'deactivate-key':
      return deactivateKey(iam, step, recordState)
    case 'delete-password':
      return deletePassword(iam, step, recordState)
    case 'detach-policy':
      return detachPolicy(iam, step, recordState)
    case 'delete-policy':
      return deletePolicy(iam, step, recordState)
    case 'delete-group':
      return deleteGroup(iam, step, recordState)
    case 'delete-role':
      return deleteRole(iam, step, recordState)
    case 'set-password-policy':
      return setPasswordPolicy(iam, recordState)
    case 'require-mfa':
      return requireMfa(iam, step, account, recordState)
    case 'tighten-trust':
      return tightenTrust(iam, step, recordState)
  }
}
