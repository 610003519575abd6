import { judgedPrincipals, openActions } from '../judge.ts'
import { type Found, type Rule, some, type View } from '../rule.ts'

/** Actions that open a resource to others (access level "Permissions management"). Those of IAM are escalations. */
const exposing = [
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

/** Actions that answer with credentials or make some. */
const credentials = [
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

/** Actions that read what others may hide. */
const reading = [
  's3:GetObject',
  'ssm:GetParameter',
  'ssm:GetParameters',
  'ssm:GetParametersByPath',
  'secretsmanager:GetSecretValue',
  'dynamodb:Scan',
  'rds:CopyDBSnapshot',
  'ec2:CopySnapshot',
] as const

function* open(view: View, actions: readonly string[], does: string): Generator<Found> {
  for (const node of judgedPrincipals(view)) {
    const found = openActions(node, actions, view.account.id)
    if (found.actions.length === 0) continue
    const { name, arn } = node.principal
    yield {
      resource: arn,
      title: `${name} may ${does}`,
      evidence: [`on everything: ${some(found.actions)}`, ...found.by],
      fix: `Name the resources instead of "*" in: ${some(found.by, 3)}`,
    }
  }
}

const guide = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege'

export const resourceExposure: Rule = {
  id: 'resource-exposure',
  severity: 'high',
  level: 'principal',
  title: 'May open any resource to others',
  why: 'One call makes a bucket, a queue or a key public.',
  references: [guide],
  templates: true,
  find: (view) => open(view, exposing, 'open any resource to others'),
}

export const credentialExposure: Rule = {
  id: 'credential-exposure',
  severity: 'high',
  level: 'principal',
  title: 'May get the credentials of others',
  why: 'What is done with them is done in the name of others.',
  references: [guide],
  templates: true,
  find: (view) => open(view, credentials, 'get the credentials of others'),
}

export const dataExfiltration: Rule = {
  id: 'data-exfiltration',
  severity: 'medium',
  level: 'principal',
  title: 'May read all data of a kind',
  why: 'A leaked key then leaks everything, secrets included.',
  references: [guide],
  templates: true,
  find: (view) => open(view, reading, 'read all data'),
}
