import { isMap, type JsonMap } from '../../cloudformation/index.ts'
import { hoursAMonth, type Prices } from './prices.ts'
import type { StackProperties } from './properties.ts'
import { webhookPart } from './webhooks.ts'

/** A part of the fixed cost: so many of something, each for so much a month. */
export interface Part {
  readonly part: string
  /** What is counted, such as a class of instances; empty if the part says it. */
  readonly unit: string
  readonly count: number
  /** `undefined`: the price is unknown. */
  readonly dollarsEach: number | undefined
}

/** What a resource costs without any traffic. */
type Billing = (properties: JsonMap, of: StackProperties, price: Prices) => readonly Part[]

function times(price: number | undefined, count: number): number | undefined {
  return price === undefined ? undefined : price * count
}

const monthly = (hourly: number | undefined) => times(hourly, hoursAMonth)

const zones = 2

const database: Billing = (properties, of, price) => {
  const instanceClass = of.text(properties.DBInstanceClass)
  const gigabytes = of.number(properties.AllocatedStorage)
  // A standby in the other zone is a second instance with a second disk.
  const count = of.text(properties.MultiAZ) === 'true' ? 2 : 1
  const disk = times(price.diskGigabyteMonth, gigabytes)
  return [
    { part: 'database', unit: instanceClass, count, dollarsEach: monthly(price.databaseHour[instanceClass]) },
    { part: 'database', unit: `${gigabytes} GB of disk`, count, dollarsEach: disk },
    // RDS makes a secret for a master password that it manages.
    ...(of.text(properties.ManageMasterUserPassword) === 'true' ? secret(properties, of, price) : []),
  ]
}

const registry: Billing = (properties, of, price) => {
  const node = of.text(properties.CacheNodeType)
  const count = of.number(properties.NumNodeGroups, 1) * (1 + of.number(properties.ReplicasPerNodeGroup))
  return [{ part: 'registry', unit: node, count, dollarsEach: monthly(price.registryHour[node]) }]
}

const secret: Billing = (_properties, _of, price) => [{ part: 'secrets', unit: '', count: 1, dollarsEach: price.secretMonth }]

const address = (count: number, price: Prices): Part => ({
  part: 'public IPv4 addresses',
  unit: '',
  count,
  dollarsEach: monthly(price.publicAddressHour),
})

const balancer: Billing = (_properties, _of, price) => [
  { part: 'load balancer', unit: '', count: 1, dollarsEach: monthly(price.balancerHour) },
  address(zones, price),
]

const endpoint: Billing = (properties, of, price) => {
  // Gateway endpoints, of S3 and DynamoDB, are free.
  if (of.text(properties.VpcEndpointType) !== 'Interface') return []
  const subnets = of.value(properties.SubnetIds)
  const count = Array.isArray(subnets) ? subnets.length : subnets === undefined ? 1 : zones
  return [{ part: 'interface endpoints', unit: 'zone', count, dollarsEach: monthly(price.endpointHour) }]
}

const service: Billing = (_properties, { values }, price) => {
  const { TaskCpu, TaskMegabytes, MinTasks, SecondCarrierQueue = '' } = values
  const [cpu, gigabytes, count] = [Number(TaskCpu) / 1024, Number(TaskMegabytes) / 1024, Number(MinTasks)]
  const [cpuHour, gigabyteHour] = [times(price.fargateCpuHour, cpu), times(price.fargateGigabyteHour, gigabytes)]
  const hour = cpuHour === undefined || gigabyteHour === undefined ? undefined : cpuHour + gigabyteHour
  const unit = `Fargate task of ${cpu} vCPU and ${gigabytes} GB`
  const task: Part = { part: 'containers', unit, count, dollarsEach: monthly(hour) }
  // The gateway polls nothing.
  if (!Object.hasOwn(values, 'SandboxQueue')) return [task]
  // A worker pauses longer and longer while a queue is empty (docs/operate.md, "Idle cost").
  const requests = 90 * hoursAMonth
  const queues = SecondCarrierQueue === '' ? 2 : 3
  const polling = { part: 'polling of queues by containers', unit: `${requests.toLocaleString('en')} requests` }
  return [task, { ...polling, count: count * queues, dollarsEach: times(price.queueRequest, requests) }]
}

/**
 * Lambda polls a queue with five pollers, each with a wait of 20 seconds, whether a message comes or not. It keeps all five if a
 * maximum concurrency is set (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
 */
const pollerRequests = 5 * ((hoursAMonth * 3_600) / 20)

const trigger: Billing = (_properties, _of, price) => [
  {
    part: 'polling of queues by Lambda',
    unit: `${pollerRequests.toLocaleString('en')} requests`,
    count: 1,
    dollarsEach: times(price.queueRequest, pollerRequests),
  },
]

/** An alarm is billed by the metrics that it reads, and costs more if it reads them more often than each minute. */
const alarm: Billing = (properties, of, price) => {
  const metrics = of.list(properties.Metrics).filter((one) => isMap(one) && one.MetricStat !== undefined).length
  const isFast = of.number(properties.Period, 60) < 60
  const unit = isFast ? 'metric, more often than each minute' : 'metric'
  return [{ part: 'alarms', unit, count: Math.max(metrics, 1), dollarsEach: isFast ? price.fastAlarmMonth : price.alarmMonth }]
}

const customMetrics: Billing = (properties, of, price) => [
  {
    part: 'metrics of logs',
    unit: '',
    count: of.list(properties.MetricTransformations).length,
    dollarsEach: price.metricMonth,
  },
]

/**
 * A rule for events of AWS is free (https://aws.amazon.com/eventbridge/pricing/). The one that starts the function of webhooks each minute is what that costs without an
 * event.
 */
const schedule: Billing = (properties, of, price) => {
  const starts = of.list(properties.Targets).some((target) => isMap(target) && target.Id === 'webhooks')
  return starts ? [webhookPart(price)] : []
}

const firewall: Billing = (properties, of, price) => [
  { part: 'firewall', unit: 'web ACL', count: 1, dollarsEach: price.aclMonth },
  { part: 'firewall', unit: 'rule', count: of.list(properties.Rules).length, dollarsEach: price.ruleMonth },
]

/** What each resource type costs without traffic. A function returns no part if the resource is of a kind that is free. */
export const billings: Readonly<Record<string, Billing>> = {
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::EC2::EIP': (_properties, _of, price) => [address(1, price)],
  'AWS::EC2::NatGateway': (_properties, _of, price) => [
    { part: 'NAT gateways', unit: '', count: 1, dollarsEach: monthly(price.natHour) },
  ],
  'AWS::EC2::VPCEndpoint': endpoint,
  'AWS::ECS::Service': service,
  'AWS::ElastiCache::ReplicationGroup': registry,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::KMS::Key': (_properties, _of, price) => [{ part: 'keys (KMS)', unit: '', count: 1, dollarsEach: price.keyMonth }],
  'AWS::Events::Rule': schedule,
  'AWS::Lambda::EventSourceMapping': trigger,
  'AWS::Logs::MetricFilter': customMetrics,
  'AWS::RDS::DBInstance': database,
  'AWS::SecretsManager::Secret': secret,
  'AWS::WAFv2::WebACL': firewall,
}
