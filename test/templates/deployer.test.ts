import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { functionOf, isMap, type Json, readSections, scalarText } from '../../src/operations/cloudformation/index.ts'
import { type Decision, decide, type Policy, strictPolicy, value } from '../../src/operations/policy/index.ts'
import { mapOf, stacks } from './stacks.ts'

const account = '123456789012'
const region = 'ap-northeast-2'
const values: Readonly<Record<string, string>> = {
  Stage: 'prod',
  GitHubRepository: 'acme@12/messaging@34',
  GitHubEnvironment: 'production',
  GitLabProject: 'acme/messaging',
  GitLabBranch: 'main',
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::AccountId': account,
}

/** The value with the parameters of a deployment; `!If` takes its first branch. */
function filled(json: Json): Json {
  const [name, of] = functionOf(json) ?? []
  if (name === 'Fn::Sub') return String(of).replaceAll(/\$\{([^}]+)\}/g, (_all, key: string) => values[key] ?? '')
  if (name === 'Fn::If' && Array.isArray(of)) return filled(of[1])
  if (name === 'Ref') return values[scalarText(of) ?? ''] ?? String(of)
  if (Array.isArray(json)) return json.map(filled)
  return isMap(json) ? Object.fromEntries(Object.entries(json).map(([key, one]) => [key, filled(one)])) : json
}

const path = join(import.meta.dirname, '../../templates/policies/deployer.yaml')
const template = readSections(readFileSync(path, 'utf8'), { name: path, code: 'config-invalid' })
const resources = Object.entries(mapOf(template.Resources)).map(([id, one]) => {
  const { Type, Properties } = mapOf(one)
  return { id, type: String(Type), properties: mapOf(Properties) }
})
/** The policies of the role that deploys; `Show` is that of the other. */
const documents = resources
  .filter(({ id, type }) => type === 'AWS::IAM::ManagedPolicy' && id !== 'Show')
  .map((one) => ({ id: one.id, document: filled(one.properties.PolicyDocument ?? null) }))
const policies: readonly Policy[] = documents.map(({ id, document }) => strictPolicy({ name: id, document }))

type Keys = Readonly<Record<string, string>>

function verdict(action: string, resource: string, keys: Keys = {}): Decision['verdict'] {
  const context = new Map(Object.entries({ 'aws:requestedregion': region, ...keys }).map(([key, one]) => [key, value(one)]))
  return decide({ identity: policies, boundary: undefined, scps: [], context: new Map() }, { action, resource, context }).verdict
}

const arn = (service: string, rest: string, where = `${region}:${account}`) => `arn:aws:${service}:${where}:${rest}`
const iam = (rest: string) => arn('iam', rest, `:${account}`)
const stack = (name: string) => arn('cloudformation', `stack/${name}/1a2b`)
const viaCloudFormation: Keys = { 'aws:calledvia': 'cloudformation.amazonaws.com' }
const boundary: Keys = { 'iam:permissionsboundary': iam('policy/apigw-prod-boundary') }

describe('the deployer calls itself', () => {
  const bucket = `arn:aws:s3:::apigw-artifacts-${account}-${region}`
  const stackActions = [
    ...['CreateChangeSet', 'DeleteChangeSet', 'DeleteStack', 'DescribeChangeSet', 'DescribeStackEvents', 'DescribeStacks'],
    ...['DescribeStackResourceDrifts', 'DescribeStackResources', 'DetectStackDrift', 'ExecuteChangeSet', 'GetTemplate'],
    ...['ListChangeSets', 'ListStackResources', 'UpdateTerminationProtection'],
  ]
  test.each(stackActions)('cloudformation:%s on stacks of the stage, and of no other', (action) => {
    expect(verdict(`cloudformation:${action}`, stack('apigw-prod-data'))).toBe('allowed')
    for (const other of ['apigw-dev-data', 'apigw-prod2-data', 'apigw-people', 'apigw-deployer-prod', 'billing']) {
      expect(verdict(`cloudformation:${action}`, stack(other)), other).toBe('denied')
    }
  })
  test('what the code names where it calls AWS', () => {
    const allowed: readonly (readonly [action: string, resource: string])[] = [
      ['s3:CreateBucket', bucket],
      ['s3:ListBucket', bucket],
      ['s3:GetBucketPolicy', bucket],
      ['s3:PutBucketPolicy', bucket],
      ['s3:PutBucketPublicAccessBlock', bucket],
      ['s3:PutEncryptionConfiguration', bucket],
      ['s3:PutLifecycleConfiguration', bucket],
      ['s3:GetObject', `${bucket}/deployments/prod.json`],
      ['s3:PutObject', `${bucket}/deployments/prod.json`],
      ['sqs:GetQueueUrl', arn('sqs', 'apigw-prod-carrier-a')],
      ['cloudwatch:DescribeAlarmHistory', arn('cloudwatch', 'alarm:apigw-prod-gateway-GatewayReleaseFails-1AB')],
      ['cloudwatch:DescribeAlarms', '*'],
      ['servicequotas:GetServiceQuota', '*'],
      ['servicequotas:GetAWSDefaultServiceQuota', '*'],
      ['ec2:DescribeVpcs', '*'],
      ['ec2:DescribeAddresses', '*'],
      ['cloudformation:DescribeStackDriftDetectionStatus', '*'],
      ['ecr:GetAuthorizationToken', '*'],
      ['ecr:DescribeImages', arn('ecr', 'repository/apigw-prod')],
      ['ecr:InitiateLayerUpload', arn('ecr', 'repository/apigw-prod')],
      ['ecr:PutImage', arn('ecr', 'repository/apigw-prod')],
      ['sts:GetCallerIdentity', '*'],
    ]
    expect(allowed.filter(([action, resource]) => verdict(action, resource) !== 'allowed')).toEqual([])
  })
})

/** For each resource type, calls that CloudFormation makes to create, change and delete one. */
const calls: Readonly<Record<string, readonly (readonly [actions: string, resource: string])[]>> = {
  'AWS::ApiGateway::BasePathMapping': [
    ['apigateway:POST apigateway:DELETE', 'arn:aws:apigateway:ap-northeast-2::/domainnames/api.example.com/basepathmappings'],
  ],
  'AWS::ApiGateway::DomainName': [['apigateway:POST apigateway:DELETE', 'arn:aws:apigateway:ap-northeast-2::/domainnames']],
  'AWS::ApiGateway::Deployment': [['apigateway:POST', 'arn:aws:apigateway:ap-northeast-2::/restapis/a/deployments']],
  'AWS::ApiGateway::RestApi': [['apigateway:POST apigateway:DELETE', 'arn:aws:apigateway:ap-northeast-2::/restapis']],
  'AWS::ApiGateway::Stage': [['apigateway:PATCH', 'arn:aws:apigateway:ap-northeast-2::/restapis/a/stages/live']],
  'AWS::ApplicationAutoScaling::ScalableTarget': [['application-autoscaling:RegisterScalableTarget', '*']],
  'AWS::ApplicationAutoScaling::ScalingPolicy': [['application-autoscaling:PutScalingPolicy', '*']],
  'AWS::CertificateManager::Certificate': [['acm:RequestCertificate acm:DescribeCertificate acm:DeleteCertificate', '*']],
  'AWS::CloudWatch::Alarm': [
    ['cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms', arn('cloudwatch', 'alarm:apigw-prod-data-DatabaseDisk-1AB')],
  ],
  'AWS::CodeDeploy::Application': [
    [
      'codedeploy:CreateApplication codedeploy:DeleteApplication codedeploy:RegisterApplicationRevision',
      arn('codedeploy', 'application:apigw-prod-gateway-Releases-1AB'),
    ],
  ],
  'AWS::CodeDeploy::DeploymentGroup': [
    [
      'codedeploy:CreateDeploymentGroup codedeploy:UpdateDeploymentGroup codedeploy:DeleteDeploymentGroup',
      arn('codedeploy', 'deploymentgroup:apigw-prod-gateway-Releases-1AB/apigw-prod-gateway-GatewayReleases-1AB'),
    ],
  ],
  'AWS::DynamoDB::Table': [
    [
      'dynamodb:CreateTable dynamodb:UpdateTable dynamodb:DescribeTable dynamodb:TagResource dynamodb:UpdateTimeToLive dynamodb:UpdateContinuousBackups',
      arn('dynamodb', 'table/apigw-prod-data-Ledger-1AB'),
    ],
  ],
  'AWS::EC2::EIP': [['ec2:AllocateAddress ec2:ReleaseAddress ec2:AssociateAddress', '*']],
  'AWS::EC2::FlowLog': [['ec2:CreateFlowLogs ec2:DeleteFlowLogs', '*']],
  'AWS::EC2::InternetGateway': [['ec2:CreateInternetGateway ec2:DeleteInternetGateway ec2:CreateTags', '*']],
  'AWS::EC2::NatGateway': [['ec2:CreateNatGateway ec2:DeleteNatGateway', '*']],
  'AWS::EC2::NetworkAcl': [['ec2:CreateNetworkAcl ec2:DeleteNetworkAcl', '*']],
  'AWS::EC2::NetworkAclEntry': [['ec2:CreateNetworkAclEntry ec2:ReplaceNetworkAclEntry', '*']],
  'AWS::EC2::Route': [['ec2:CreateRoute ec2:DeleteRoute', '*']],
  'AWS::EC2::RouteTable': [['ec2:CreateRouteTable ec2:DeleteRouteTable', '*']],
  'AWS::EC2::SecurityGroup': [['ec2:CreateSecurityGroup ec2:DeleteSecurityGroup', '*']],
  'AWS::EC2::SecurityGroupEgress': [['ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress', '*']],
  'AWS::EC2::SecurityGroupIngress': [['ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress', '*']],
  'AWS::EC2::Subnet': [['ec2:CreateSubnet ec2:ModifySubnetAttribute ec2:DeleteSubnet', '*']],
  'AWS::EC2::SubnetNetworkAclAssociation': [['ec2:ReplaceNetworkAclAssociation', '*']],
  'AWS::EC2::SubnetRouteTableAssociation': [['ec2:AssociateRouteTable ec2:DisassociateRouteTable', '*']],
  'AWS::EC2::VPC': [['ec2:CreateVpc ec2:ModifyVpcAttribute ec2:DeleteVpc', '*']],
  'AWS::EC2::VPCEndpoint': [['ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints', '*']],
  'AWS::EC2::VPCGatewayAttachment': [['ec2:AttachInternetGateway ec2:DetachInternetGateway', '*']],
  'AWS::ECR::Repository': [
    [
      'ecr:CreateRepository ecr:DeleteRepository ecr:PutLifecyclePolicy ecr:PutImageTagMutability ecr:PutImageScanningConfiguration ecr:TagResource',
      arn('ecr', 'repository/apigw-prod'),
    ],
  ],
  'AWS::ECS::Cluster': [['ecs:CreateCluster ecs:DeleteCluster', arn('ecs', 'cluster/apigw-prod-gateway-Cluster-1AB')]],
  'AWS::ECS::Service': [['ecs:CreateService ecs:UpdateService', arn('ecs', 'service/apigw-prod-gateway-Cluster-1AB/Service')]],
  'AWS::ECS::TaskDefinition': [['ecs:RegisterTaskDefinition ecs:DeregisterTaskDefinition', '*']],
  'AWS::ElastiCache::ParameterGroup': [['elasticache:CreateCacheParameterGroup elasticache:ModifyCacheParameterGroup', '*']],
  'AWS::ElastiCache::ReplicationGroup': [
    ['elasticache:CreateReplicationGroup elasticache:ModifyReplicationGroup elasticache:DeleteReplicationGroup', '*'],
  ],
  'AWS::ElastiCache::SubnetGroup': [['elasticache:CreateCacheSubnetGroup elasticache:DeleteCacheSubnetGroup', '*']],
  'AWS::ElasticLoadBalancingV2::Listener': [
    ['elasticloadbalancing:CreateListener', arn('elasticloadbalancing', 'loadbalancer/app/apigw-prod/1')],
    ['elasticloadbalancing:ModifyListener', arn('elasticloadbalancing', 'listener/app/apigw-prod/1/2')],
  ],
  'AWS::ElasticLoadBalancingV2::ListenerRule': [
    ['elasticloadbalancing:CreateRule', arn('elasticloadbalancing', 'listener/app/apigw-prod/1/2')],
    ['elasticloadbalancing:DeleteRule', arn('elasticloadbalancing', 'listener-rule/app/apigw-prod/1/2/3')],
  ],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': [
    ['elasticloadbalancing:CreateLoadBalancer', arn('elasticloadbalancing', 'loadbalancer/app/apigw-prod/1')],
  ],
  'AWS::ElasticLoadBalancingV2::TargetGroup': [
    ['elasticloadbalancing:CreateTargetGroup', arn('elasticloadbalancing', 'targetgroup/apigw-prod-api/1')],
  ],
  'AWS::Events::Rule': [['events:PutRule events:PutTargets events:DeleteRule', arn('events', 'rule/apigw-prod-reports')]],
  'AWS::KinesisFirehose::DeliveryStream': [
    [
      'firehose:CreateDeliveryStream firehose:UpdateDestination firehose:DeleteDeliveryStream',
      arn('firehose', 'deliverystream/amazon-apigateway-apigw-prod'),
    ],
  ],
  'AWS::Lambda::Alias': [
    ['lambda:CreateAlias lambda:UpdateAlias lambda:DeleteAlias', arn('lambda', 'function:apigw-prod-worker')],
    [
      'codedeploy:CreateDeployment codedeploy:GetDeployment',
      arn('codedeploy', 'deploymentgroup:apigw-prod-gateway-Releases-1AB/apigw-prod-gateway-GatewayReleases-1AB'),
    ],
    ['codedeploy:GetDeploymentConfig', arn('codedeploy', 'deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes')],
  ],
  'AWS::Lambda::EventInvokeConfig': [['lambda:PutFunctionEventInvokeConfig', arn('lambda', 'function:apigw-prod-reports')]],
  'AWS::Lambda::EventSourceMapping': [['lambda:CreateEventSourceMapping lambda:DeleteEventSourceMapping', '*']],
  'AWS::Lambda::Function': [
    ['lambda:CreateFunction lambda:UpdateFunctionCode lambda:GetFunction', arn('lambda', 'function:apigw-prod-worker')],
  ],
  'AWS::Lambda::Permission': [['lambda:AddPermission lambda:RemovePermission', arn('lambda', 'function:apigw-prod-worker')]],
  'AWS::Lambda::Version': [
    ['lambda:PublishVersion', arn('lambda', 'function:apigw-prod-worker')],
    ['lambda:DeleteFunction', arn('lambda', 'function:apigw-prod-worker:7')],
  ],
  'AWS::Lambda::Url': [['lambda:CreateFunctionUrlConfig', arn('lambda', 'function:apigw-prod-admin')]],
  'AWS::Logs::LogGroup': [
    ['logs:CreateLogGroup logs:PutRetentionPolicy logs:DeleteLogGroup', arn('logs', 'log-group:/apigw/prod/worker')],
    ['logs:CreateLogGroup', arn('logs', 'log-group:aws-waf-logs-apigw-prod')],
  ],
  'AWS::Logs::MetricFilter': [['logs:PutMetricFilter logs:DeleteMetricFilter', arn('logs', 'log-group:/apigw/prod/worker')]],
  'AWS::RDS::DBInstance': [
    ['rds:CreateDBInstance rds:ModifyDBInstance rds:DeleteDBInstance', arn('rds', 'db:apigw-prod-data-database-1ab')],
    ['rds:CreateDBSnapshot', arn('rds', 'snapshot:apigw-prod-data-snapshot-database-1ab')],
    ['secretsmanager:CreateSecret secretsmanager:TagResource', arn('secretsmanager', 'secret:rds!db-1')],
  ],
  'AWS::RDS::DBParameterGroup': [['rds:CreateDBParameterGroup', arn('rds', 'pg:apigw-prod-data-mariadbparameters-1ab')]],
  'AWS::RDS::DBSubnetGroup': [['rds:CreateDBSubnetGroup', arn('rds', 'subgrp:apigw-prod-data-databasesubnets-1ab')]],
  'AWS::Route53::RecordSet': [['route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/Z123']],
  'AWS::S3::Bucket': [
    [
      's3:CreateBucket s3:PutEncryptionConfiguration s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock s3:PutLifecycleConfiguration s3:PutBucketTagging',
      'arn:aws:s3:::apigw-prod-data-media-1ab',
    ],
  ],
  'AWS::S3::BucketPolicy': [['s3:PutBucketPolicy s3:DeleteBucketPolicy', 'arn:aws:s3:::apigw-prod-data-media-1ab']],
  'AWS::SQS::Queue': [
    ['sqs:CreateQueue sqs:SetQueueAttributes sqs:GetQueueAttributes sqs:TagQueue', arn('sqs', 'apigw-prod-carrier-a')],
    ['sqs:CreateQueue', arn('sqs', 'sandbox-apigw-prod')],
  ],
  'AWS::SQS::QueuePolicy': [['sqs:SetQueueAttributes', arn('sqs', 'apigw-prod-carrier-a-dlq')]],
  'AWS::SecretsManager::Secret': [
    ['secretsmanager:CreateSecret secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:apigw-prod-registry-password-1')],
    ['secretsmanager:GetRandomPassword', '*'],
  ],
  'AWS::WAFv2::LoggingConfiguration': [['wafv2:PutLoggingConfiguration', '*']],
  'AWS::WAFv2::WebACL': [['wafv2:CreateWebACL wafv2:UpdateWebACL', '*']],
  'AWS::WAFv2::WebACLAssociation': [
    ['wafv2:AssociateWebACL', '*'],
    ['elasticloadbalancing:SetWebAcl', arn('elasticloadbalancing', 'loadbalancer/app/apigw-prod/1')],
    ['apigateway:SetWebACL', 'arn:aws:apigateway:ap-northeast-2::/restapis/a/stages/direct'],
  ],
  'Custom::DatabaseUser': [['lambda:InvokeFunction', arn('lambda', 'function:apigw-prod-database-user')]],
  'Custom::EndpointAddresses': [['lambda:InvokeFunction', arn('lambda', 'function:apigw-prod-endpoint-addresses')]],
  'Custom::IpSets': [['lambda:InvokeFunction', arn('lambda', 'function:apigw-prod-ip-sets')]],
}

const each = Object.entries(calls).flatMap(([type, all]) =>
  all.flatMap(([actions, resource]) => actions.split(' ').map((action) => ({ type, action, resource }))),
)

describe('CloudFormation does with the rights of the deployer', () => {
  test('what each resource type of the stacks needs, and nothing of it is allowed outside of a stack', () => {
    const refused = each.filter(({ action, resource }) => verdict(action, resource, viaCloudFormation) !== 'allowed')
    expect(refused).toEqual([])
    const direct = each.filter(({ action, resource }) => verdict(action, resource) !== 'denied')
    expect(direct).toEqual([])
  })
  test('every resource type is in the list, except those of administrators', () => {
    const byAdministrators = ['AWS::IAM::Role', 'AWS::IAM::ManagedPolicy']
    const types = stacks
      .filter(({ name }) => name !== 'security')
      .flatMap(({ template: of }) => Object.values(mapOf(of.Resources)).map((one) => String(mapOf(one).Type)))
    expect([...new Set(types)].filter((type) => calls[type] === undefined && !byAdministrators.includes(type))).toEqual([])
    expect(Object.keys(calls).filter((type) => !types.includes(type))).toEqual([])
  })
  test('roles of the stage, only with its boundary', () => {
    const role = iam('role/apigw-prod-worker-WorkerRole-1AB')
    for (const action of ['iam:CreateRole', 'iam:PutRolePolicy', 'iam:AttachRolePolicy']) {
      expect(verdict(action, role, { ...viaCloudFormation, ...boundary })).toBe('allowed')
      expect(verdict(action, role, boundary)).toBe('denied')
      const other = { 'iam:permissionsboundary': iam('policy/apigw-dev-boundary') }
      expect(verdict(action, role, { ...viaCloudFormation, ...other })).toBe('denied')
      expect(verdict(action, iam('role/apigw-dev-worker-Role-1'), { ...viaCloudFormation, ...boundary })).toBe('denied')
    }
    expect(verdict('iam:DeleteRolePermissionsBoundary', role, viaCloudFormation)).toBe('denied')
  })
  test('pass them to the services of the stage, and no other role', () => {
    const role = iam('role/apigw-prod-worker-WorkerRole-1AB')
    const to = (service: string) => ({ ...viaCloudFormation, 'iam:passedtoservice': `${service}.amazonaws.com` })
    for (const service of ['codedeploy', 'lambda', 'ecs-tasks', 'firehose', 'vpc-flow-logs']) {
      expect(verdict('iam:PassRole', role, to(service))).toBe('allowed')
    }
    expect(verdict('iam:PassRole', role, to('ec2'))).toBe('denied')
    for (const other of ['apigw-break-glass', 'apigw-deployer-prod', 'apigw-dev-worker-1', 'admin']) {
      expect(verdict('iam:PassRole', iam(`role/${other}`), to('lambda'))).toBe('denied')
    }
  })
})

describe('the deployer may not', () => {
  test.each([
    ['iam:CreateUser', iam('user/apigw-prod-x')],
    ['iam:CreateAccessKey', iam('user/jane')],
    ['iam:AddUserToGroup', iam('group/apigw-prod-operators')],
    ['iam:AttachGroupPolicy', iam('group/apigw-prod-operators')],
    ['iam:CreatePolicy', iam('policy/apigw-prod-x')],
    ['iam:CreatePolicyVersion', iam('policy/apigw-prod-boundary')],
    ['iam:SetDefaultPolicyVersion', iam('policy/apigw-prod-boundary')],
    ['iam:PutRolePolicy', iam('role/apigw-deployer-prod')],
    ['iam:UpdateAssumeRolePolicy', iam('role/apigw-deployer-prod')],
    ['sts:AssumeRole', iam('role/apigw-break-glass')],
    ['cloudformation:ExecuteChangeSet', stack('apigw-prod-security')],
    ['cloudformation:DeleteStack', stack('apigw-prod-security')],
    ['dynamodb:DeleteTable', arn('dynamodb', 'table/apigw-dev-data-Ledger')],
    ['dynamodb:GetItem', arn('dynamodb', 'table/apigw-prod-data-Ledger')],
    ['dynamodb:Query', arn('dynamodb', 'table/apigw-prod-data-Ledger')],
    ['sqs:ReceiveMessage', arn('sqs', 'apigw-prod-carrier-a')],
    ['sqs:CreateQueue', arn('sqs', 'apigw-prod2-carrier-a')],
    ['rds:DeleteDBInstance', arn('rds', 'db:billing')],
    ['codedeploy:CreateDeployment', arn('codedeploy', 'deploymentgroup:billing/live')],
    ['lambda:InvokeFunction', arn('lambda', 'function:billing')],
    ['secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:apigw-dev-master-key-1')],
    ['secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:rds!db-1')],
    ['s3:GetObject', 'arn:aws:s3:::billing/a'],
    ['ecr:PutImage', arn('ecr', 'repository/apigw-dev')],
    ['ec2:RunInstances', '*'],
    ['ec2:CreateVpcPeeringConnection', '*'],
    ['kms:Decrypt', '*'],
    ['cloudtrail:StopLogging', '*'],
    ['guardduty:DeleteDetector', '*'],
  ])('%s on %s, not even by CloudFormation', (action, resource) => {
    expect(verdict(action, resource, viaCloudFormation)).toBe('denied')
    expect(verdict(action, resource)).toBe('denied')
  })
  test('work in another region', () => {
    expect(verdict('ec2:CreateVpc', '*', { ...viaCloudFormation, 'aws:requestedregion': 'us-east-1' })).toBe('denied')
  })
  test('read secrets of the stage itself', () => {
    expect(verdict('secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:apigw-prod-master-key-1'))).toBe('denied')
  })
})

/** Who may take a role: the claims of its statements, for GitHub and for GitLab. */
function trustedClaims(id: string) {
  const role = resources.find((one) => one.id === id)
  const statements = filled(mapOf(role?.properties.AssumeRolePolicyDocument).Statement ?? null)
  return (Array.isArray(statements) ? statements : []).map((one) => mapOf(one).Condition)
}
const [github, gitlab] = ['token.actions.githubusercontent.com', 'gitlab.com']
const aud = 'sts.amazonaws.com'

test('only the named environment of the repository, or the named branch of the project, takes the role that deploys', () => {
  expect(trustedClaims('Deployer')).toEqual([
    { StringEquals: { [`${github}:aud`]: aud, [`${github}:sub`]: 'repo:acme@12/messaging@34:environment:production' } },
    { StringEquals: { [`${gitlab}:aud`]: aud, [`${gitlab}:sub`]: 'project_path:acme/messaging:ref_type:branch:ref:main' } },
  ])
})

describe('the role of pull requests', () => {
  const show = filled(resources.find(({ id }) => id === 'Show')?.properties.PolicyDocument ?? null)
  const shows = [strictPolicy({ name: 'Show', document: show })]
  const may = (action: string, resource: string) =>
    decide({ identity: shows, boundary: undefined, scps: [], context: new Map() }, { action, resource, context: new Map() })
      .verdict

  test('is taken by them only, and by branches of the GitLab project', () => {
    expect(trustedClaims('Differ')).toEqual([
      { StringEquals: { [`${github}:aud`]: aud, [`${github}:sub`]: 'repo:acme@12/messaging@34:pull_request' } },
      {
        StringEquals: { [`${gitlab}:aud`]: aud },
        StringLike: { [`${gitlab}:sub`]: 'project_path:acme/messaging:ref_type:branch:ref:*' },
      },
    ])
  })
  test('shows change sets and executes none, and writes nothing that is deployed', () => {
    const bucket = `arn:aws:s3:::apigw-artifacts-${account}-${region}`
    for (const action of ['CreateChangeSet', 'DeleteChangeSet', 'DescribeChangeSet', 'DescribeStacks', 'GetTemplate']) {
      expect(may(`cloudformation:${action}`, stack('apigw-prod-data')), action).toBe('allowed')
      expect(may(`cloudformation:${action}`, stack('apigw-dev-data')), action).toBe('denied')
    }
    for (const action of ['ExecuteChangeSet', 'CreateStack', 'UpdateStack', 'DeleteStack', 'UpdateTerminationProtection']) {
      expect(may(`cloudformation:${action}`, stack('apigw-prod-data')), action).toBe('denied')
    }
    expect(may('s3:GetObject', `${bucket}/1.zip`)).toBe('allowed')
    expect(may('s3:PutObject', `${bucket}/1.zip`)).toBe('denied')
    expect(may('ecr:PutImage', arn('ecr', 'repository/apigw-prod'))).toBe('denied')
    expect(may('iam:PassRole', iam('role/apigw-prod-worker-WorkerRole-1AB'))).toBe('denied')
  })
})

test.each([
  ['acme/messaging', true],
  ['acme@12/messaging@34', true],
  ['acme/*', false],
  ['acme@12/messaging', false],
  ['*', false],
])('GitHubRepository %s is accepted: %s', (name, accepted) => {
  const { AllowedPattern } = mapOf(mapOf(template.Parameters).GitHubRepository)
  expect(new RegExp(String(AllowedPattern)).test(name)).toBe(accepted)
})

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
test.each(documents)('the policy $id fits the quota of IAM', ({ document }) => {
  expect(JSON.stringify(document).length).toBeLessThan(6_144)
})
