import { nonAdminPrincipals, unrestrictedActions } from '../permissions.ts'
import { listNames, type Rule, type RuleFinding, type RuleInput } from '../rule.ts'

/** Actions that can expose a resource (access level "Permissions management"). IAM actions count as escalation. */
const exposureActions = [
  's3:PutBucketPolicy',
  's3:PutBucketAcl',
  's3:PutObjectAcl',
  's3:PutAccessPointPolicy',
  's3:PutBucketPublicAccessBlock',
  's3:PutAccountPublicAccessBlock',
  'sqs:AddPermission',
  'sqs:SetQueueAttributes',
  'sns:AddPermission',
  'sns:SetTopicAttributes',
  'lambda:AddPermission',
  'lambda:AddLayerVersionPermission',
  'kms:PutKeyPolicy',
  'kms:CreateGrant',
  'secretsmanager:PutResourcePolicy',
  'ecr:SetRepositoryPolicy',
  'ec2:ModifySnapshotAttribute',
  'ec2:ModifyImageAttribute',
  'rds:ModifyDBSnapshotAttribute',
  'rds:ModifyDBClusterSnapshotAttribute',
  'dynamodb:PutResourcePolicy',
  'kinesis:PutResourcePolicy',
  'logs:PutResourcePolicy',
  'events:PutPermission',
  'glue:PutResourcePolicy',
  'backup:PutBackupVaultAccessPolicy',
  'elasticfilesystem:PutFileSystemPolicy',
  'ram:CreateResourceShare',
  'apigateway:UpdateRestApiPolicy',
] as const

/** Actions that return or create credentials. */
const credentialActions = [
  'iam:CreateAccessKey',
  'iam:CreateLoginProfile',
  'iam:CreateServiceSpecificCredential',
  'iam:ResetServiceSpecificCredential',
  'cognito-identity:GetCredentialsForIdentity',
  'connect:GetFederationToken',
  'ec2:GetPasswordData',
  'gamelift:GetComputeAuthToken',
  'lightsail:GetInstanceAccessDetails',
  'lightsail:GetRelationalDatabaseMasterUserPassword',
  'rds-db:connect',
  'redshift:GetClusterCredentials',
  'sso:GetRoleCredentials',
  'storagegateway:DescribeChapCredentials',
  'sts:GetFederationToken',
] as const

/** Actions that read sensitive data. */
const dataActions = [
  's3:GetObject',
  'ssm:GetParameter',
  'ssm:GetParameters',
  'ssm:GetParametersByPath',
  'secretsmanager:GetSecretValue',
  'dynamodb:Scan',
  'rds:CopyDBSnapshot',
  'ec2:CopySnapshot',
] as const

function* unrestricted(input: RuleInput, actions: readonly string[], does: string): Generator<RuleFinding> {
  for (const node of nonAdminPrincipals(input)) {
    const found = unrestrictedActions(node, actions, input.account.id)
    if (found.actions.length === 0) continue
    const { name, arn } = node.principal
    yield {
      resource: arn,
      title: `${name} can ${does}`,
      evidence: [`on all resources: ${listNames(found.actions)}`, ...found.by],
      fix: `Restrict Resource to specific ARNs in: ${listNames(found.by, 3)}`,
    }
  }
}

const guide = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege'

export const resourceExposure: Rule = {
  id: 'resource-exposure',
  severity: 'high',
  level: 'principal',
  title: 'Resource exposure',
  why: 'A single call can make a bucket, a queue or a key public.',
  references: [guide],
  templates: true,
  find: (input) => unrestricted(input, exposureActions, 'expose any resource to other accounts'),
}

export const credentialExposure: Rule = {
  id: 'credential-exposure',
  severity: 'high',
  level: 'principal',
  title: 'Credentials exposure',
  why: 'An attacker can act as another principal, and the logs show that principal.',
  references: [guide],
  templates: true,
  find: (input) => unrestricted(input, credentialActions, 'obtain the credentials of other principals'),
}

export const dataExfiltration: Rule = {
  id: 'data-exfiltration',
  severity: 'medium',
  level: 'principal',
  title: 'Data exfiltration',
  why: 'A leaked access key exposes all data of the service, including secrets.',
  references: [guide],
  templates: true,
  find: (input) => unrestricted(input, dataActions, 'read sensitive data on all resources'),
}
