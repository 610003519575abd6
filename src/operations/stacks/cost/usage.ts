import { type PriceKey, type Prices, priceUnits } from '../../../domain/aws-prices.ts'
import { rateText } from '../../../domain/dollars.ts'
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

/** @param per for how many the price is said; absent: for as many as AWS says it */
function each(prices: Prices, what: string, unit: string, key: PriceKey, per: number = priceUnits[key][0]): Usage {
  // The first tier, which is the dearest.
  const rate = prices.of(key)?.tiers[0]?.rate
  return { what, unit, dollars: rate === undefined ? null : Number(rateText(rate, per)) }
}

function unpriced(what: string, unit: string): Usage {
  return { what, unit, dollars: null }
}

const logs: UsageOf = (prices) => [each(prices, 'log ingestion', 'GB', 'logGigabyte')]

/** What the traffic of each resource type costs, also of types that have a fixed cost as well. */
export const usages: Readonly<Record<string, UsageOf>> = {
  'AWS::ApiGateway::RestApi': (prices) => [each(prices, 'API calls', 'million', 'apiCall')],
  // One metric for each method that is called, prorated by the hour
  // (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html).
  'AWS::ApiGateway::Stage': (prices) => [each(prices, 'detailed metrics of the API', 'metric and month', 'metricMonth')],
  'AWS::DynamoDB::Table': (prices) => [
    each(prices, 'writes to tables', 'million units', 'tableWrite'),
    each(prices, 'reads of tables', 'million units', 'tableRead'),
    each(prices, 'storage of tables', 'GB and month', 'tableGigabyteMonth'),
  ],
  'AWS::EC2::FlowLog': logs,
  'AWS::ECR::Repository': () => [unpriced('container images', 'GB and month')],
  'AWS::ElastiCache::ReplicationGroup': () => [unpriced('snapshots of the registry', 'GB and month')],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': (prices) => [
    each(prices, 'load balancer capacity', 'LCU and hour', 'balancerUnitHour'),
    each(prices, 'traffic to the internet', 'GB', 'internetGigabyte'),
    each(prices, 'traffic between zones', 'GB', 'zoneGigabyte'),
  ],
  'AWS::Events::Rule': (prices) => [
    each(prices, 'an endpoint for webhooks, without events', 'month', 'tableRead', endpointReadsAMonth),
  ],
  'AWS::GuardDuty::Detector': () => [unpriced('GuardDuty', 'million events')],
  'AWS::KinesisFirehose::DeliveryStream': () => [unpriced('access logs by Firehose', 'GB')],
  'AWS::Lambda::Function': (prices) => [
    each(prices, 'function calls', 'million', 'functionCall'),
    each(prices, 'function time', 'million GB-seconds', 'functionGigabyteSecond', million),
  ],
  'AWS::Logs::LogGroup': logs,
  'AWS::RDS::DBInstance': () => [unpriced('backups beyond the size of the disk', 'GB and month')],
  'AWS::S3::Bucket': (prices) => [each(prices, 'images and logs in S3', 'GB and month', 'bucketGigabyteMonth')],
  'AWS::SNS::Topic': () => [unpriced('alerts by SNS', 'million')],
  'AWS::SQS::Queue': (prices) => [each(prices, 'queue requests', 'million', 'queueRequest')],
  'AWS::WAFv2::LoggingConfiguration': () => [unpriced('firewall logs', 'GB')],
  'AWS::WAFv2::WebACL': (prices) => [each(prices, 'firewall requests', 'million', 'firewallRequest')],
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
