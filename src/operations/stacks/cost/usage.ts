import type { Prices } from './prices.ts'
import { endpointReadsAMonth } from './webhooks.ts'

/** A cost that depends on traffic. */
export interface Usage {
  readonly what: string
  readonly unit: string
  /** `null`: the price is unknown. */
  readonly dollars: number | null
}

type UsageOf = (price: Prices) => readonly Usage[]

const million = 1_000_000

function each(what: string, unit: string, price: number | undefined, times = 1): Usage {
  return { what, unit, dollars: price === undefined ? null : Number((price * times).toPrecision(6)) }
}

const logs: UsageOf = (price) => [each('log ingestion', 'GB', price.logGigabyte)]

/** What the traffic of each resource type costs, also of types that have a fixed cost as well. */
export const usages: Readonly<Record<string, UsageOf>> = {
  'AWS::ApiGateway::RestApi': (price) => [each('API calls', 'million', price.apiCall, million)],
  // One metric for each method that is called, prorated by the hour
  // (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html).
  'AWS::ApiGateway::Stage': (price) => [each('detailed metrics of the API', 'metric and month', price.metricMonth)],
  'AWS::DynamoDB::Table': (price) => [
    each('writes to tables', 'million units', price.tableWrite, million),
    each('reads of tables', 'million units', price.tableRead, million),
    each('storage of tables', 'GB and month', undefined),
  ],
  'AWS::EC2::FlowLog': logs,
  'AWS::ECR::Repository': () => [each('container images', 'GB and month', undefined)],
  'AWS::ElastiCache::ReplicationGroup': () => [each('snapshots of the registry', 'GB and month', undefined)],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': (price) => [
    each('load balancer capacity', 'LCU and hour', price.balancerUnitHour),
    each('traffic to the internet', 'GB', price.internetGigabyte),
    each('traffic between zones', 'GB', price.zoneGigabyte),
  ],
  'AWS::GuardDuty::Detector': () => [each('GuardDuty', 'million events', undefined)],
  'AWS::KinesisFirehose::DeliveryStream': () => [each('access logs by Firehose', 'GB', undefined)],
  'AWS::Events::Rule': (price) => [
    each('an endpoint for webhooks, without events', 'month', price.tableRead, endpointReadsAMonth),
  ],
  'AWS::Lambda::Function': (price) => [
    each('function calls', 'million', price.functionCall, million),
    each('function time', 'million GB-seconds', price.functionGigabyteSecond, million),
  ],
  'AWS::Logs::LogGroup': logs,
  'AWS::RDS::DBInstance': () => [each('backups beyond the size of the disk', 'GB and month', undefined)],
  'AWS::S3::Bucket': (price) => [each('images and logs in S3', 'GB and month', price.bucketGigabyteMonth)],
  'AWS::SNS::Topic': () => [each('alerts by SNS', 'million', undefined)],
  'AWS::SQS::Queue': (price) => [each('queue requests', 'million', price.queueRequest, million)],
  'AWS::WAFv2::LoggingConfiguration': () => [each('firewall logs', 'GB', undefined)],
  'AWS::WAFv2::WebACL': (price) => [each('firewall requests', 'million', price.firewallRequest, million)],
}

/** Types that cost nothing themselves, with the reason. */
const free: readonly (readonly [reason: string, types: readonly string[]])[] = [
  [
    'networks, routes and rules are not billed, what goes through gateways and endpoints is (https://aws.amazon.com/vpc/pricing/)',
    [
      'AWS::EC2::InternetGateway',
      'AWS::EC2::NetworkAcl',
      'AWS::EC2::NetworkAclEntry',
      'AWS::EC2::Route',
      'AWS::EC2::RouteTable',
      'AWS::EC2::SecurityGroup',
      'AWS::EC2::SecurityGroupEgress',
      'AWS::EC2::SecurityGroupIngress',
      'AWS::EC2::Subnet',
      'AWS::EC2::SubnetNetworkAclAssociation',
      'AWS::EC2::SubnetRouteTableAssociation',
      'AWS::EC2::VPC',
      'AWS::EC2::VPCGatewayAttachment',
    ],
  ],
  ['IAM is free (https://aws.amazon.com/iam/)', ['AWS::IAM::Group', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Role']],
  [
    'findings on outside access are free (https://aws.amazon.com/iam/access-analyzer/pricing/)',
    ['AWS::AccessAnalyzer::Analyzer'],
  ],
  [
    'public certificates are free (https://aws.amazon.com/certificate-manager/pricing/)',
    ['AWS::CertificateManager::Certificate'],
  ],
  [
    'budgets without actions are free (https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/)',
    ['AWS::Budgets::Budget'],
  ],
  [
    'aliases to a load balancer are free; no stack makes the zone (https://aws.amazon.com/route53/pricing/)',
    ['AWS::Route53::RecordSet'],
  ],
  [
    'shifting calls between versions of functions is free (https://aws.amazon.com/codedeploy/pricing/)',
    ['AWS::CodeDeploy::Application', 'AWS::CodeDeploy::DeploymentGroup'],
  ],
  [
    'scaling is free, and its alarms are part of it',
    ['AWS::ApplicationAutoScaling::ScalableTarget', 'AWS::ApplicationAutoScaling::ScalingPolicy'],
  ],
  [
    'a setting of something that has a line of its own',
    [
      'AWS::ApiGateway::BasePathMapping',
      'AWS::ApiGateway::Deployment',
      'AWS::ApiGateway::DomainName',
      'AWS::ECS::Cluster',
      'AWS::ECS::TaskDefinition',
      'AWS::ElastiCache::ParameterGroup',
      'AWS::ElastiCache::SubnetGroup',
      'AWS::ElasticLoadBalancingV2::Listener',
      'AWS::ElasticLoadBalancingV2::ListenerRule',
      'AWS::ElasticLoadBalancingV2::TargetGroup',
      'AWS::Lambda::Alias',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::Lambda::Permission',
      'AWS::Lambda::Url',
      'AWS::Lambda::Version',
      'AWS::RDS::DBParameterGroup',
      'AWS::RDS::DBSubnetGroup',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::Subscription',
      'AWS::SNS::TopicPolicy',
      'AWS::SQS::QueuePolicy',
      'AWS::WAFv2::WebACLAssociation',
    ],
  ],
]

/** The reason why each of these types costs nothing. */
export const freeTypes: ReadonlyMap<string, string> = new Map(
  free.flatMap(([reason, types]) => types.map((type) => [type, reason] as const)),
)
