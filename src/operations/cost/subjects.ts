import type { DeployedResource, DeployedStack } from '../stacks/index.ts'

type Statistic = 'Sum' | 'SampleCount' | 'Average'

/** A figure of CloudWatch. */
export interface Metric {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly statistic: Statistic
}

export const subjectKinds = [
  ...(['queue', 'function', 'api', 'balancer', 'table'] as const),
  ...(['nat', 'endpoint', 'logs', 'bucket', 'firewall'] as const),
] as const
export type SubjectKind = (typeof subjectKinds)[number]

/** A resource whose use is billed, and the figures that say how much. */
export interface Subject {
  readonly kind: SubjectKind
  readonly name: string
  /** The id of the resource: of a queue its URL. */
  readonly id: string
  /** Of a function. */
  readonly gigabytes: number
  /** Of an endpoint: its zones. */
  readonly zones: number
  readonly metrics: Readonly<Record<string, Metric>>
}

function metrics(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  names: Readonly<Record<string, string>>,
  statistic: Statistic = 'Sum',
): Record<string, Metric> {
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, { namespace, name, dimensions, statistic }] as const),
  )
}

interface Surroundings {
  readonly region: string
  readonly vpc: string
  readonly zones: number
}

type Found = Pick<Subject, 'kind' | 'name' | 'metrics'> & Partial<Pick<Subject, 'gigabytes' | 'zones'>>
type Finder = (id: string, resource: DeployedResource, around: Surroundings) => Found | undefined

const queue: Finder = (id) => {
  const name = id.split('/').at(-1) ?? id
  const names = { sent: 'NumberOfMessagesSent', received: 'NumberOfMessagesReceived', deleted: 'NumberOfMessagesDeleted' }
  return { kind: 'queue', name, metrics: metrics('AWS/SQS', { QueueName: name }, { ...names, empty: 'NumberOfEmptyReceives' }) }
}

const lambda: Finder = (id, resource) => ({
  kind: 'function',
  name: id,
  gigabytes: Number(resource.text('MemorySize') ?? '128') / 1024,
  metrics: metrics('AWS/Lambda', { FunctionName: id }, { calls: 'Invocations', milliseconds: 'Duration' }),
})

const api: Finder = (_id, resource) => {
  const name = resource.text('Name')
  return name === undefined
    ? undefined
    : { kind: 'api', name, metrics: metrics('AWS/ApiGateway', { ApiName: name }, { calls: 'Count' }) }
}

const balancer: Finder = (id) => {
  const name = id.split(':loadbalancer/')[1] ?? id
  return { kind: 'balancer', name, metrics: metrics('AWS/ApplicationELB', { LoadBalancer: name }, { units: 'ConsumedLCUs' }) }
}

/**
 * What a Scan reads cannot be seen: consumed units are not counted by operation. That there were Scans can be, by the number of
 * successful ones (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).
 */
const table: Finder = (id) => {
  const names = { writes: 'ConsumedWriteCapacityUnits', reads: 'ConsumedReadCapacityUnits' }
  const scans = metrics(
    'AWS/DynamoDB',
    { TableName: id, Operation: 'Scan' },
    { scans: 'SuccessfulRequestLatency' },
    'SampleCount',
  )
  return { kind: 'table', name: id, metrics: { ...metrics('AWS/DynamoDB', { TableName: id }, names), ...scans } }
}

const nat: Finder = (id) => ({
  kind: 'nat',
  name: id,
  metrics: metrics('AWS/NATGateway', { NatGatewayId: id }, { out: 'BytesOutToDestination', in: 'BytesInFromDestination' }),
})

/** https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html: all four dimensions together. */
const endpoint: Finder = (id, resource, { vpc, zones }) => {
  if (resource.text('VpcEndpointType') !== 'Interface') return undefined
  const service = resource.text('ServiceName') ?? ''
  const dimensions = { 'Endpoint Type': 'Interface', 'Service Name': service, 'VPC Endpoint Id': id, 'VPC Id': vpc }
  const bytes = metrics('AWS/PrivateLinkEndpoints', dimensions, { bytes: 'BytesProcessed' })
  return { kind: 'endpoint', name: `${service} (${id})`, zones, metrics: bytes }
}

const logs: Finder = (id) => ({
  kind: 'logs',
  name: id,
  metrics: metrics('AWS/Logs', { LogGroupName: id }, { bytes: 'IncomingBytes' }),
})

const bucket: Finder = (id) => {
  const dimensions = { BucketName: id, StorageType: 'StandardStorage' }
  return { kind: 'bucket', name: id, metrics: metrics('AWS/S3', dimensions, { bytes: 'BucketSizeBytes' }, 'Average') }
}

const firewall: Finder = (_id, resource, { region }) => {
  const name = resource.text('VisibilityConfig.MetricName')
  if (name === undefined) return undefined
  const dimensions = { WebACL: name, Region: region, Rule: 'ALL' }
  const names = { allowed: 'AllowedRequests', blocked: 'BlockedRequests' }
  return { kind: 'firewall', name, metrics: metrics('AWS/WAFV2', dimensions, names) }
}

const finders: Readonly<Record<string, Finder>> = {
  'AWS::SQS::Queue': queue,
  'AWS::Lambda::Function': lambda,
  'AWS::ApiGateway::RestApi': api,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::DynamoDB::Table': table,
  'AWS::EC2::NatGateway': nat,
  'AWS::EC2::VPCEndpoint': endpoint,
  'AWS::Logs::LogGroup': logs,
  'AWS::S3::Bucket': bucket,
  'AWS::WAFv2::WebACL': firewall,
}

/** The resources of a stage whose use is billed. */
export function subjectsOf(stacks: readonly DeployedStack[], region: string): Subject[] {
  const resources = stacks.flatMap((stack) => stack.resources)
  const vpc = resources.find(({ type }) => type === 'AWS::EC2::VPC')?.physicalId ?? ''
  return stacks.flatMap(({ outline, resources: some }) => {
    const zones = outline.key === 'network' ? Number(outline.parameters.EndpointZones ?? 2) : 2
    return some.flatMap((resource): Subject[] => {
      const { physicalId: id, type } = resource
      const finder = Object.hasOwn(finders, type) ? finders[type] : undefined
      const found = id === undefined ? undefined : finder?.(id, resource, { region, vpc, zones })
      return id === undefined || found === undefined ? [] : [{ gigabytes: 0, zones: 0, id, ...found }]
    })
  })
}
