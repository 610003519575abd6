import type { RefusalCase } from './refusal-case.ts'

const balancer = 'AWS::ElasticLoadBalancingV2::LoadBalancer'
const listener = 'AWS::ElasticLoadBalancingV2::Listener'
const rule = 'AWS::ElasticLoadBalancingV2::ListenerRule'
const targets = 'AWS::ElasticLoadBalancingV2::TargetGroup'
const task = 'AWS::ECS::TaskDefinition'
const service = 'AWS::ECS::Service'
const api = 'AWS::ApiGateway::RestApi'
const acl = 'AWS::WAFv2::WebACL'
const certificate = 'AWS::CertificateManager::Certificate'
const arn = (rest: string) => `arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:${rest}`
const mine = arn('listener/app/a/1/2')
const subnets = [
  ['AWS::EC2::Subnet', 'subnet-1', { AvailabilityZone: 'a' }],
  ['AWS::EC2::Subnet', 'subnet-2', { AvailabilityZone: 'b' }],
] as const
const inTwo = { Subnets: ['subnet-1', 'subnet-2'] }
const certificateArn = 'arn:aws:acm:ap-northeast-2:123456789012:certificate/1'
const https = { Protocol: 'HTTPS', Certificates: [{ CertificateArn: certificateArn }] }
const forward = (target: string) => [{ Type: 'forward', TargetGroupArn: target }]
const digest = `sha256:${'0'.repeat(64)}`
const image = `123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/apigw-prod@${digest}`

export const front: readonly RefusalCase[] = [
  { what: 'a load balancer with a name of 33 characters', type: balancer, properties: { Name: 'a'.repeat(33) }, says: /'Name'/ },
  {
    what: 'a load balancer in one subnet',
    type: balancer,
    properties: { Subnets: ['subnet-1'] },
    existing: subnets,
    says: /two different Availability Zones/,
  },
  {
    what: 'a load balancer without a way to the internet',
    type: balancer,
    properties: inTwo,
    existing: subnets,
    says: /has no internet gateway/,
  },
  {
    what: 'a load balancer that may not write its logs',
    type: balancer,
    properties: {
      ...inTwo,
      Scheme: 'internal',
      LoadBalancerAttributes: [
        { Key: 'access_logs.s3.enabled', Value: 'true' },
        { Key: 'access_logs.s3.bucket', Value: 'logs' },
      ],
    },
    existing: subnets,
    says: /Access Denied for bucket: logs/,
  },
  {
    what: 'more load balancers than the quota',
    type: balancer,
    properties: { ...inTwo, Scheme: 'internal' },
    quotas: { loadBalancers: 0 },
    existing: subnets,
    says: /maximum number of load balancers/,
  },
  {
    what: 'a load balancer that is protected',
    type: balancer,
    when: 'deleted',
    existing: [[balancer, 'it', { LoadBalancerAttributes: [{ Key: 'deletion_protection.enabled', Value: 'true' }] }]],
    says: /deletion protection is enabled/,
  },
  {
    what: 'a second listener on a port',
    type: listener,
    properties: { LoadBalancerArn: 'a', Port: 443 },
    existing: [[listener, 'other', { LoadBalancerArn: 'a', Port: '443' }]],
    says: /already exists on this port/,
  },
  { what: 'TLS without a certificate', type: listener, properties: { Protocol: 'HTTPS' }, says: /certificate must be specified/ },
  {
    what: 'a certificate that is not issued yet',
    type: listener,
    properties: https,
    facts: { certificates: new Map([[certificateArn, 'PENDING_VALIDATION']]) },
    says: /PENDING_VALIDATION/,
  },
  {
    what: 'a certificate that does not exist',
    type: listener,
    properties: https,
    facts: { certificates: new Map() },
    says: /is not valid/,
  },
  {
    what: 'a certificate of another region',
    type: listener,
    properties: { Protocol: 'HTTPS', Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1' }] },
    says: /is not valid/,
  },
  { what: 'a rule of no listener', type: rule, properties: { ListenerArn: mine, Priority: 1 }, says: /listeners not found/ },
  {
    what: 'a rule with priority 0',
    type: rule,
    properties: { ListenerArn: mine, Priority: 0 },
    existing: [[listener, mine]],
    says: /between 1 and 50000/,
  },
  {
    what: 'two rules with a priority',
    type: rule,
    properties: { ListenerArn: mine, Priority: 100 },
    existing: [
      [listener, mine],
      [rule, 'other', { ListenerArn: mine, Priority: '100' }],
    ],
    says: /Priority '100' is currently in use/,
  },
  {
    what: 'targets of two load balancers',
    type: rule,
    properties: { ListenerArn: mine, Priority: 1, Actions: forward('tg-1') },
    existing: [
      [listener, mine],
      [rule, 'other', { ListenerArn: arn('listener/app/b/1/2'), Priority: 1, Actions: forward('tg-1') }],
    ],
    says: /more than one load balancer/,
  },
  { what: 'targets with a name of 33 characters', type: targets, properties: { Name: 'a'.repeat(33) }, says: /'Name'/ },
  {
    what: 'a health check that takes longer than its interval',
    type: targets,
    properties: { HealthCheckIntervalSeconds: 10, HealthCheckTimeoutSeconds: 10 },
    says: /must be smaller than the interval/,
  },
  {
    what: 'targets that a rule names',
    type: targets,
    when: 'deleted',
    existing: [[rule, 'other', { Actions: forward('it') }]],
    says: /in use by a listener or a rule/,
  },
  { what: 'a cluster with a space', type: 'AWS::ECS::Cluster', properties: { ClusterName: 'a b' }, says: /ClusterName/ },
  {
    what: 'a cluster with a service',
    type: 'AWS::ECS::Cluster',
    when: 'deleted',
    existing: [[service, 'other', { Cluster: 'it' }]],
    says: /while Services are active/,
  },
  {
    what: 'a task of a size that Fargate does not have',
    type: task,
    properties: { RequiresCompatibilities: ['FARGATE'], Cpu: '512', Memory: '8192' },
    says: /No Fargate configuration.*512 CPU, 8192 memory/,
  },
  {
    what: 'containers that need more than their task',
    type: task,
    properties: { Memory: '1024', ContainerDefinitions: [{ Memory: 2_048 }] },
    says: /exceeds that of the task/,
  },
  {
    what: 'a container that takes five minutes to stop',
    type: task,
    properties: { ContainerDefinitions: [{ StopTimeout: 300 }] },
    says: /120 seconds/,
  },
  { what: 'a service with a space', type: service, properties: { ServiceName: 'a b' }, says: /ServiceName/ },
  { what: 'a service in no cluster', type: service, properties: { Cluster: 'gone' }, says: /Cluster not found/ },
  {
    what: 'a service that cannot roll',
    type: service,
    properties: { DeploymentConfiguration: { MinimumHealthyPercent: 100, MaximumPercent: 100 } },
    says: /has to be greater/,
  },
  {
    what: 'a service in no subnet',
    type: service,
    properties: { NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-1'], SecurityGroups: [] } } },
    says: /'subnet-1' does not exist/,
  },
  {
    what: 'a service whose targets no rule names',
    type: service,
    properties: { LoadBalancers: [{ TargetGroupArn: 'tg-1' }] },
    says: /does not have an associated load balancer/,
  },
  {
    what: 'a service whose image was not pushed',
    type: service,
    properties: { TaskDefinition: 'task:1' },
    existing: [
      [task, 'task:1', { ContainerDefinitions: [{ Image: image }] }],
      ['AWS::ECR::Repository', 'apigw-prod'],
    ],
    says: /CannotPullContainerError/,
  },
  {
    what: 'a private API without a policy',
    type: api,
    properties: { EndpointConfiguration: { Types: ['PRIVATE'] } },
    says: /resource policy/,
  },
  {
    what: 'an API behind no endpoint',
    type: api,
    properties: { EndpointConfiguration: { VpcEndpointIds: ['vpce-1'] } },
    says: /vpce-1 does not exist/,
  },
  {
    what: 'an API that waits for a minute',
    type: api,
    properties: { Body: { paths: { '/': { timeoutInMillis: 60_000 } } } },
    says: /29000 ms/,
  },
  {
    what: 'a deployment of no methods',
    type: 'AWS::ApiGateway::Deployment',
    properties: { RestApiId: 'api' },
    existing: [[api, 'api', {}]],
    says: /doesn't contain any methods/,
  },
  {
    what: 'a deployment that a stage shows',
    type: 'AWS::ApiGateway::Deployment',
    when: 'deleted',
    properties: { RestApiId: 'api' },
    existing: [['AWS::ApiGateway::Stage', 'live', { RestApiId: 'api', DeploymentId: 'it' }]],
    says: /Active stages/,
  },
  {
    what: 'a second stage of a name',
    type: 'AWS::ApiGateway::Stage',
    properties: { RestApiId: 'api', StageName: 'live' },
    existing: [['AWS::ApiGateway::Stage', 'other', { RestApiId: 'api', StageName: 'live' }]],
    says: /Stage already exists/,
  },
  {
    what: 'logs into a stream with another name',
    type: 'AWS::ApiGateway::Stage',
    properties: { AccessLogSetting: { DestinationArn: 'arn:aws:firehose:ap-northeast-2:1:deliverystream/logs' } },
    says: /amazon-apigateway-/,
  },
  {
    what: 'a regional domain with a certificate of another region',
    type: 'AWS::ApiGateway::DomainName',
    properties: { DomainName: 'a.b', RegionalCertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1' },
    says: /Certificate must be in 'ap-northeast-2'/,
  },
  {
    what: 'a domain that an API is mapped to',
    type: 'AWS::ApiGateway::DomainName',
    when: 'deleted',
    id: 'a.b',
    existing: [['AWS::ApiGateway::BasePathMapping', 'm', { DomainName: 'a.b' }]],
    says: /has base path mappings/,
  },
  {
    what: 'two APIs at one path of a domain',
    type: 'AWS::ApiGateway::BasePathMapping',
    properties: { DomainName: 'a.b' },
    existing: [
      ['AWS::ApiGateway::DomainName', 'a.b'],
      ['AWS::ApiGateway::BasePathMapping', 'other', { DomainName: 'a.b' }],
    ],
    says: /Base path already exists/,
  },
  {
    what: 'a private API at a domain of the region',
    type: 'AWS::ApiGateway::BasePathMapping',
    properties: { DomainName: 'a.b', RestApiId: 'api' },
    existing: [
      ['AWS::ApiGateway::DomainName', 'a.b'],
      [api, 'api', { EndpointConfiguration: { Types: ['PRIVATE'] } }],
    ],
    says: /private API cannot be mapped/,
  },
  { what: 'a firewall with a space', type: acl, properties: { Name: 'a b' }, says: /'Name'/ },
  {
    what: 'two rules of a firewall with a priority',
    type: acl,
    properties: { Rules: [{ Priority: 1 }, { Priority: 1 }] },
    says: /same priority/,
  },
  {
    what: 'a rate of five',
    type: acl,
    properties: { Rules: [{ Priority: 1, Statement: { RateBasedStatement: { Limit: 5 } } }] },
    says: /between 10/,
  },
  {
    what: 'a second firewall of a name',
    type: acl,
    properties: { Name: 'a', Scope: 'REGIONAL' },
    existing: [[acl, 'other', { Name: 'a', Scope: 'REGIONAL' }]],
    says: /duplicate/,
  },
  {
    what: 'a firewall of a load balancer',
    type: acl,
    when: 'deleted',
    id: 'a|1|REGIONAL',
    properties: { Scope: 'REGIONAL' },
    existing: [['AWS::WAFv2::WebACLAssociation', 'other', { WebACLArn: 'arn:aws:wafv2:ap-northeast-2:1:regional/webacl/a/1' }]],
    says: /associated with another resource/,
  },
  {
    what: 'a second firewall of a load balancer',
    type: 'AWS::WAFv2::WebACLAssociation',
    properties: { ResourceArn: 'a' },
    existing: [['AWS::WAFv2::WebACLAssociation', 'other', { ResourceArn: 'a' }]],
    says: /already has a web ACL/,
  },
  {
    what: 'firewall logs in a group with another name',
    type: 'AWS::WAFv2::LoggingConfiguration',
    properties: { LogDestinationConfigs: ['arn:aws:logs:ap-northeast-2:1:log-group:waf'] },
    says: /aws-waf-logs-/,
  },
  {
    what: 'firewall logs twice',
    type: 'AWS::WAFv2::LoggingConfiguration',
    properties: { ResourceArn: 'a' },
    existing: [['AWS::WAFv2::LoggingConfiguration', 'other', { ResourceArn: 'a' }]],
    says: /already has a logging/,
  },
  {
    what: 'addresses that a firewall names',
    type: 'AWS::WAFv2::IPSet',
    when: 'deleted',
    existing: [[acl, 'other', { Rules: [{ Arn: 'it' }] }]],
    says: /used by another resource/,
  },
  {
    what: 'a name in a zone that does not exist',
    type: 'AWS::Route53::RecordSet',
    properties: { HostedZoneId: 'Z1', Name: 'a.example.com' },
    facts: { hostedZones: new Map() },
    says: /No hosted zone found with ID: Z1/,
  },
  {
    what: 'a name in the zone of another domain',
    type: 'AWS::Route53::RecordSet',
    properties: { HostedZoneId: 'Z1', Name: 'a.example.org' },
    facts: { hostedZones: new Map([['Z1', 'example.com']]) },
    says: /not permitted in zone/,
  },
  {
    what: 'a name that exists',
    type: 'AWS::Route53::RecordSet',
    properties: { HostedZoneId: 'Z1', Name: 'a', Type: 'A' },
    existing: [['AWS::Route53::RecordSet', 'other', { HostedZoneId: 'Z1', Name: 'a', Type: 'A' }]],
    says: /already exists/,
  },
  {
    what: 'a certificate without a zone for its record',
    type: certificate,
    properties: { DomainName: 'a.example.com', ValidationMethod: 'DNS' },
    says: /no hosted zone is given/,
  },
  {
    what: 'a certificate of a listener',
    type: certificate,
    when: 'deleted',
    existing: [[listener, 'other', { Certificates: [{ CertificateArn: 'it' }] }]],
    says: /in use/,
  },
  {
    what: 'fewer tasks than the least',
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    properties: { MinCapacity: 5, MaxCapacity: 4 },
    says: /cannot be less/,
  },
  {
    what: 'scaling of no service',
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    properties: { ResourceId: 'service/a/b' },
    says: /ECS service doesn't exist/,
  },
  {
    what: 'scaling of a service twice',
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    properties: { ResourceId: 'a' },
    existing: [['AWS::ApplicationAutoScaling::ScalableTarget', 'other', { ResourceId: 'a' }]],
    says: /already exists/,
  },
  {
    what: 'two policies of a name',
    type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    properties: { PolicyName: 'a', ScalingTargetId: 't' },
    existing: [['AWS::ApplicationAutoScaling::ScalingPolicy', 'other', { PolicyName: 'a', ScalingTargetId: 't' }]],
    says: /already exists/,
  },
  {
    what: 'a stream with a name of 65 characters',
    type: 'AWS::KinesisFirehose::DeliveryStream',
    properties: { DeliveryStreamName: 'a'.repeat(65) },
    says: /DeliveryStreamName/,
  },
  {
    what: 'a stream into no bucket',
    type: 'AWS::KinesisFirehose::DeliveryStream',
    properties: { S3DestinationConfiguration: { BucketARN: 'arn:aws:s3:::gone' } },
    says: /bucket does not exist: gone/,
  },
]
