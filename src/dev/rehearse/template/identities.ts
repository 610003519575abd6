import { createHash } from 'node:crypto'
import type { Json, JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Place } from './resource.ts'

/** A resource whose physical id is asked for. `property` resolves one of its properties. */
export interface Identified {
  readonly stack: string
  readonly logicalId: string
  readonly type: string
  readonly place: Place
  /** The stack's own ARN. */
  readonly stackId: string
  property(name: string): Json | undefined
}

/** The same digits for the same resource in every run. */
export function digits(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('/')).digest('hex')
}

function own({ stack, logicalId }: Identified): string {
  return digits(stack, logicalId)
}

function arn(service: string, { place: { region, account } }: Identified, rest: string): string {
  return `arn:aws:${service}:${region}:${account}:${rest}`
}

/** The name that a template fixes, else the one that CloudFormation makes of the stack, the logical id and some letters. */
function named(property: string): (of: Identified) => string {
  return (of) => {
    const given = of.property(property)
    return typeof given === 'string' ? given : `${of.stack}-${of.logicalId}-${own(of).slice(0, 12).toUpperCase()}`
  }
}

function lower(property: string): (of: Identified) => string {
  return (of) => named(property)(of).toLowerCase()
}

function short(prefix: string): (of: Identified) => string {
  return (of) => `${prefix}-${own(of).slice(0, 17)}`
}

type Reading = (of: Identified) => string

interface Identity {
  /** What `Ref` gives (the "Return values" of each type in the CloudFormation template reference). */
  readonly ref: Reading
  readonly attributes?: Readonly<Record<string, (of: Identified) => Json>>
}

const queueName = named('QueueName')
const roleName = named('RoleName')
const bucketName = lower('BucketName')
const functionName = named('FunctionName')
const functionNamed = (of: Identified): string => String(of.property('FunctionName'))
/** Lambda counts versions. Here the number comes from the name in the template, which differs for each version. */
const versionNumber: Reading = (of) => String(1 + Number.parseInt(own(of).slice(0, 6), 16))
const versionArn: Reading = (of) => arn('lambda', of, `function:${functionNamed(of)}:${versionNumber(of)}`)
const aliasArn: Reading = (of) => arn('lambda', of, `function:${functionNamed(of)}:${String(of.property('Name'))}`)
const logGroupName = named('LogGroupName')
const databaseName = lower('DBInstanceIdentifier')
const repositoryName = lower('RepositoryName')
const ruleName = named('Name')
const tableName = named('TableName')
const streamName = named('DeliveryStreamName')
const balancerName: Reading = (of) => {
  const given = of.property('Name')
  return typeof given === 'string' ? given : `${of.stack.slice(0, 8)}-${of.logicalId.slice(0, 6)}-${own(of).slice(0, 12)}`
}
const registryName = (of: Identified): string => `${lower('ReplicationGroupId')(of).slice(0, 15)}${own(of).slice(0, 12)}`
const keyId: Reading = (of) => {
  const d = own(of)
  return `${d.slice(0, 8)}-${d.slice(8, 12)}-4${d.slice(13, 16)}-a${d.slice(17, 20)}-${d.slice(20, 32)}`
}
const secretArn: Reading = (of) => arn('secretsmanager', of, `secret:${named('Name')(of)}-${own(of).slice(0, 6)}`)
const balancerPath: Reading = (of) => `app/${balancerName(of)}/${own(of).slice(0, 16)}`
const roleArn: Reading = (of) => `arn:aws:iam::${of.place.account}:role/${roleName(of)}`
const queueUrl: Reading = (of) => `https://sqs.${of.place.region}.amazonaws.com/${of.place.account}/${queueName(of)}`
const endpointNetworkInterfaces = (of: Identified): Json => {
  const subnets = of.property('SubnetIds')
  return (Array.isArray(subnets) ? subnets : []).map((subnet) => `eni-${digits(own(of), String(subnet)).slice(0, 17)}`)
}
const firstNumber = (value: Json | undefined, otherwise: string): string =>
  typeof value === 'number' || typeof value === 'string' ? String(value) : otherwise
const databasePort = (of: Identified): string =>
  firstNumber(of.property('Port'), String(of.property('Engine')).startsWith('postgres') ? '5432' : '3306')

/**
 * What a resource is called once it exists, by type. A type that is not here has a name made of the stack's and its own, and
 * no attribute.
 */
const identities: Readonly<Record<string, Identity>> = {
  'AWS::EC2::VPC': { ref: short('vpc') },
  'AWS::EC2::Subnet': { ref: short('subnet') },
  'AWS::EC2::RouteTable': { ref: short('rtb') },
  'AWS::EC2::InternetGateway': { ref: short('igw') },
  'AWS::EC2::NatGateway': { ref: short('nat') },
  'AWS::EC2::NetworkAcl': { ref: short('acl') },
  'AWS::EC2::SecurityGroup': { ref: short('sg'), attributes: { GroupId: short('sg') } },
  'AWS::EC2::VPCEndpoint': { ref: short('vpce'), attributes: { NetworkInterfaceIds: endpointNetworkInterfaces } },
  'AWS::EC2::EIP': {
    ref: (of) => `203.0.113.${Number.parseInt(own(of).slice(0, 2), 16)}`,
    attributes: { AllocationId: short('eipalloc') },
  },
  'AWS::SQS::Queue': {
    ref: queueUrl,
    attributes: { Arn: (of) => arn('sqs', of, queueName(of)), QueueName: queueName, QueueUrl: queueUrl },
  },
  'AWS::SNS::Topic': {
    ref: (of) => arn('sns', of, named('TopicName')(of)),
    attributes: { TopicArn: (of) => arn('sns', of, named('TopicName')(of)), TopicName: named('TopicName') },
  },
  'AWS::IAM::Role': { ref: roleName, attributes: { Arn: roleArn, RoleId: (of) => `AROA${own(of).slice(0, 17).toUpperCase()}` } },
  'AWS::IAM::ManagedPolicy': {
    ref: (of) => `arn:aws:iam::${of.place.account}:policy/${named('ManagedPolicyName')(of)}`,
    attributes: { PolicyArn: (of) => `arn:aws:iam::${of.place.account}:policy/${named('ManagedPolicyName')(of)}` },
  },
  'AWS::IAM::Group': {
    ref: named('GroupName'),
    attributes: { Arn: (of) => `arn:aws:iam::${of.place.account}:group/${named('GroupName')(of)}` },
  },
  'AWS::Lambda::Function': { ref: functionName, attributes: { Arn: (of) => arn('lambda', of, `function:${functionName(of)}`) } },
  'AWS::Lambda::Url': {
    ref: (of) => String(of.property('TargetFunctionArn')),
    attributes: { FunctionUrl: (of) => `https://${own(of).slice(0, 32)}.lambda-url.${of.place.region}.on.aws/` },
  },
  'AWS::Lambda::EventSourceMapping': { ref: keyId, attributes: { Id: keyId } },
  'AWS::Lambda::Version': { ref: versionArn, attributes: { FunctionArn: versionArn, Version: versionNumber } },
  'AWS::Lambda::Alias': { ref: aliasArn, attributes: { AliasArn: aliasArn } },
  'AWS::CodeDeploy::Application': { ref: named('ApplicationName') },
  'AWS::CodeDeploy::DeploymentGroup': { ref: named('DeploymentGroupName') },
  'AWS::Logs::LogGroup': { ref: logGroupName, attributes: { Arn: (of) => arn('logs', of, `log-group:${logGroupName(of)}:*`) } },
  'AWS::S3::Bucket': {
    ref: bucketName,
    attributes: {
      Arn: (of) => `arn:aws:s3:::${bucketName(of)}`,
      DomainName: (of) => `${bucketName(of)}.s3.amazonaws.com`,
      RegionalDomainName: (of) => `${bucketName(of)}.s3.${of.place.region}.amazonaws.com`,
    },
  },
  'AWS::SecretsManager::Secret': { ref: secretArn, attributes: { Id: secretArn } },
  'AWS::KMS::Key': { ref: keyId, attributes: { Arn: (of) => arn('kms', of, `key/${keyId(of)}`), KeyId: keyId } },
  'AWS::KMS::Alias': { ref: (of) => String(of.property('AliasName')) },
  'AWS::DynamoDB::Table': { ref: tableName, attributes: { Arn: (of) => arn('dynamodb', of, `table/${tableName(of)}`) } },
  'AWS::ECR::Repository': {
    ref: repositoryName,
    attributes: {
      Arn: (of) => arn('ecr', of, `repository/${repositoryName(of)}`),
      RepositoryUri: (of) => `${of.place.account}.dkr.ecr.${of.place.region}.amazonaws.com/${repositoryName(of)}`,
    },
  },
  'AWS::RDS::DBInstance': {
    ref: databaseName,
    attributes: {
      DBInstanceArn: (of) => arn('rds', of, `db:${databaseName(of)}`),
      'Endpoint.Address': (of) => `${databaseName(of)}.${own(of).slice(0, 12)}.${of.place.region}.rds.amazonaws.com`,
      'Endpoint.Port': databasePort,
      'MasterUserSecret.SecretArn': (of) => arn('secretsmanager', of, `secret:rds!db-${keyId(of)}-${own(of).slice(0, 6)}`),
      DbiResourceId: (of) => `db-${own(of).slice(0, 26).toUpperCase()}`,
    },
  },
  'AWS::RDS::DBParameterGroup': { ref: lower('DBParameterGroupName') },
  'AWS::RDS::DBSubnetGroup': { ref: lower('DBSubnetGroupName') },
  'AWS::ElastiCache::ReplicationGroup': {
    ref: registryName,
    attributes: {
      'ConfigurationEndPoint.Address': (of) => `clustercfg.${registryName(of)}.${own(of).slice(0, 6)}.apn2.cache.amazonaws.com`,
      'ConfigurationEndPoint.Port': (of) => firstNumber(of.property('Port'), '6379'),
      'PrimaryEndPoint.Address': (of) => `master.${registryName(of)}.${own(of).slice(0, 6)}.apn2.cache.amazonaws.com`,
      'PrimaryEndPoint.Port': (of) => firstNumber(of.property('Port'), '6379'),
    },
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    ref: (of) => arn('elasticloadbalancing', of, `loadbalancer/${balancerPath(of)}`),
    attributes: {
      LoadBalancerArn: (of) => arn('elasticloadbalancing', of, `loadbalancer/${balancerPath(of)}`),
      DNSName: (of) => `${balancerName(of)}-${own(of).slice(0, 9)}.${of.place.region}.elb.amazonaws.com`,
      LoadBalancerFullName: balancerPath,
      LoadBalancerName: balancerName,
      CanonicalHostedZoneID: () => 'ZWKZPGTI48KDX',
    },
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    ref: (of) =>
      String(of.property('LoadBalancerArn'))
        .replace(':loadbalancer/', ':listener/')
        .concat(`/${own(of).slice(0, 16)}`),
  },
  'AWS::ElasticLoadBalancingV2::ListenerRule': {
    ref: (of) =>
      String(of.property('ListenerArn'))
        .replace(':listener/', ':listener-rule/')
        .concat(`/${own(of).slice(0, 16)}`),
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    ref: (of) => arn('elasticloadbalancing', of, `targetgroup/${named('Name')(of)}/${own(of).slice(0, 16)}`),
    attributes: {
      TargetGroupFullName: (of) => `targetgroup/${named('Name')(of)}/${own(of).slice(0, 16)}`,
      TargetGroupName: named('Name'),
    },
  },
  'AWS::ECS::Cluster': {
    ref: named('ClusterName'),
    attributes: { Arn: (of) => arn('ecs', of, `cluster/${named('ClusterName')(of)}`) },
  },
  'AWS::ECS::Service': {
    ref: (of) => arn('ecs', of, `service/${String(of.property('Cluster'))}/${named('ServiceName')(of)}`),
    attributes: { Name: named('ServiceName') },
  },
  'AWS::ECS::TaskDefinition': { ref: (of) => arn('ecs', of, `task-definition/${named('Family')(of)}:1`) },
  'AWS::Events::Rule': { ref: ruleName, attributes: { Arn: (of) => arn('events', of, `rule/${ruleName(of)}`) } },
  'AWS::CloudWatch::Alarm': {
    ref: named('AlarmName'),
    attributes: { Arn: (of) => arn('cloudwatch', of, `alarm:${named('AlarmName')(of)}`) },
  },
  'AWS::KinesisFirehose::DeliveryStream': {
    ref: streamName,
    attributes: { Arn: (of) => arn('firehose', of, `deliverystream/${streamName(of)}`) },
  },
  'AWS::ApiGateway::RestApi': {
    ref: (of) => own(of).slice(0, 10),
    attributes: { RestApiId: (of) => own(of).slice(0, 10), RootResourceId: (of) => own(of).slice(10, 20) },
  },
  'AWS::ApiGateway::Deployment': { ref: (of) => own(of).slice(0, 6) },
  'AWS::ApiGateway::DomainName': {
    ref: named('DomainName'),
    attributes: {
      RegionalDomainName: (of) => `d-${own(of).slice(0, 10)}.execute-api.${of.place.region}.amazonaws.com`,
      RegionalHostedZoneId: () => 'Z20JF4UZKIW1U8',
    },
  },
  'AWS::ApiGateway::Stage': { ref: named('StageName') },
  'AWS::WAFv2::WebACL': {
    ref: (of) => `${named('Name')(of)}|${keyId(of)}|REGIONAL`,
    attributes: { Arn: (of) => arn('wafv2', of, `regional/webacl/${named('Name')(of)}/${keyId(of)}`), Id: keyId },
  },
  'AWS::CertificateManager::Certificate': { ref: (of) => arn('acm', of, `certificate/${keyId(of)}`) },
  'AWS::CloudTrail::Trail': {
    ref: named('TrailName'),
    attributes: { Arn: (of) => arn('cloudtrail', of, `trail/${named('TrailName')(of)}`) },
  },
  'AWS::GuardDuty::Detector': { ref: (of) => own(of).slice(0, 32) },
  'AWS::AccessAnalyzer::Analyzer': {
    ref: (of) => arn('access-analyzer', of, `analyzer/${named('AnalyzerName')(of)}`),
    attributes: { Arn: (of) => arn('access-analyzer', of, `analyzer/${named('AnalyzerName')(of)}`) },
  },
  'AWS::ApplicationAutoScaling::ScalingPolicy': { ref: (of) => arn('autoscaling', of, `scalingPolicy:${keyId(of)}`) },
  'AWS::Route53::RecordSet': { ref: (of) => String(of.property('Name')) },
  'AWS::Budgets::Budget': { ref: named('BudgetName') },
}

/** What `Ref` gives for a resource. */
export function physicalIdOf(of: Identified): string {
  return identities[of.type]?.ref(of) ?? `${of.stack}-${of.logicalId}-${own(of).slice(0, 12).toUpperCase()}`
}

/** What `Fn::GetAtt` gives for a resource; undefined if its type has no such attribute here. */
export function attributeOf(of: Identified, name: string): Json | undefined {
  return identities[of.type]?.attributes?.[name]?.(of)
}

/** What a custom resource would answer, by attribute, where no function is run. */
export type CustomAnswers = (resource: { readonly type: string; readonly properties: JsonMap }) => JsonMap
