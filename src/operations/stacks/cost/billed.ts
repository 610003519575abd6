import { hoursAMonth } from '../../../domain/aws-prices.ts'
import type { Charge } from '../../../domain/cost-charges.ts'
import { quantityOf } from '../../../domain/dollars.ts'
import { isMap, type JsonMap } from '../../cloudformation/index.ts'
import type { StackProperties } from './properties.ts'
import { webhookPart } from './webhooks.ts'

/** A part of the fixed cost: so many of something. */
export interface Part {
  /** As AWS's bill names it, such as `SQS`. */
  readonly service: string
  readonly part: string
  /** What is counted, such as a class of instances; empty if the part says it. */
  readonly unit: string
  readonly count: number
  /** What one is billed for in a month. `undefined`: nothing is known of its price. */
  readonly charges: readonly Charge[] | undefined
}

/** What a resource is billed for without any traffic. */
type Billing = (properties: JsonMap, of: StackProperties) => readonly Part[]

type PlainKey = Exclude<Charge, { readonly machine: string }>['key']

const once = (key: PlainKey): Charge => ({ key, quantity: quantityOf(1) })
const hourly = (key: PlainKey): Charge => ({ key, quantity: quantityOf(hoursAMonth) })

const zones = 2

/** What amounts are billed, unless the template says one of them in a form that is not understood: then nothing is known. */
function sized(charges: readonly (readonly [key: PlainKey, amount: number])[]): Part['charges'] {
  if (!charges.every(([, amount]) => Number.isFinite(amount))) return undefined
  return charges.map(([key, amount]) => ({ key, quantity: quantityOf(amount) }))
}

const database: Billing = (properties, of) => {
  const machine = of.text(properties.DBInstanceClass)
  const gigabytes = of.number(properties.AllocatedStorage)
  // A standby in the other zone is a second instance with a second disk.
  const count = of.text(properties.MultiAZ) === 'true' ? 2 : 1
  const named = { service: 'RDS', part: 'database', count }
  return [
    { ...named, unit: machine, charges: [{ key: 'databaseHour', machine, quantity: quantityOf(hoursAMonth) }] },
    { ...named, unit: `${gigabytes} GB of disk`, charges: sized([['diskGigabyteMonth', gigabytes]]) },
    // RDS makes a secret for a master password that it manages.
    ...(of.text(properties.ManageMasterUserPassword) === 'true' ? secret(properties, of) : []),
  ]
}

const registry: Billing = (properties, of) => {
  const machine = of.text(properties.CacheNodeType)
  const count = of.number(properties.NumNodeGroups, 1) * (1 + of.number(properties.ReplicasPerNodeGroup))
  const charges: readonly Charge[] = [{ key: 'registryHour', machine, quantity: quantityOf(hoursAMonth) }]
  return [{ service: 'ElastiCache', part: 'registry', unit: machine, count, charges }]
}

const secret: Billing = () => [
  { service: 'Secrets Manager', part: 'secrets', unit: '', count: 1, charges: [once('secretMonth')] },
]

const address = (count: number): Part => ({
  service: 'VPC',
  part: 'public IPv4 addresses',
  unit: '',
  count,
  charges: [hourly('publicAddressHour')],
})

const balancer: Billing = () => [
  { service: 'Load balancing', part: 'load balancer', unit: '', count: 1, charges: [hourly('balancerHour')] },
  address(zones),
]

const endpoint: Billing = (properties, of) => {
  // Gateway endpoints, of S3 and DynamoDB, are free.
  if (of.text(properties.VpcEndpointType) !== 'Interface') return []
  const subnets = of.value(properties.SubnetIds)
  const count = Array.isArray(subnets) ? subnets.length : subnets === undefined ? 1 : zones
  return [{ service: 'VPC', part: 'interface endpoints', unit: 'zone', count, charges: [hourly('endpointHour')] }]
}

/** A worker pauses longer and longer while a queue is empty (docs/operate.md, "Idle cost"). */
const pausedPolls = 90 * hoursAMonth

/**
 * Lambda polls a queue with five pollers, each with a wait of 20 seconds, whether a message comes or not. It keeps all five if a
 * maximum concurrency is set (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
 */
const triggerPolls = 5 * ((hoursAMonth * 3_600) / 20)

function polling(by: string, requests: number, count: number): Part {
  const unit = `${requests.toLocaleString('en')} requests`
  const charges: readonly Charge[] = [{ key: 'queueRequest', quantity: quantityOf(requests) }]
  return { service: 'SQS', part: `polling of queues by ${by}`, unit, count, charges }
}

const service: Billing = (_properties, { values }) => {
  const { TaskCpu, TaskMegabytes, MinTasks, SecondCarrierQueue = '' } = values
  const [cpu, gigabytes, count] = [Number(TaskCpu) / 1024, Number(TaskMegabytes) / 1024, Number(MinTasks)]
  const unit = `Fargate task of ${cpu} vCPU and ${gigabytes} GB`
  const charges = sized([
    ['fargateCpuHour', cpu * hoursAMonth],
    ['fargateGigabyteHour', gigabytes * hoursAMonth],
  ])
  const task: Part = { service: 'Fargate', part: 'containers', unit, count, charges }
  // The gateway polls nothing.
  if (!Object.hasOwn(values, 'SandboxQueue')) return [task]
  const queues = SecondCarrierQueue === '' ? 2 : 3
  return [task, polling('containers', pausedPolls, count * queues)]
}

const trigger: Billing = () => [polling('Lambda', triggerPolls, 1)]

/** An alarm is billed by the metrics that it reads, and costs more if it reads them more often than each minute. */
const alarm: Billing = (properties, of) => {
  const metrics = of.list(properties.Metrics).filter((one) => isMap(one) && one.MetricStat !== undefined).length
  const isFast = of.number(properties.Period, 60) < 60
  const unit = isFast ? 'metric, more often than each minute' : 'metric'
  const charges = [once(isFast ? 'fastAlarmMonth' : 'alarmMonth')]
  return [{ service: 'CloudWatch', part: 'alarms', unit, count: Math.max(metrics, 1), charges }]
}

const customMetrics: Billing = (properties, of) => [
  {
    service: 'CloudWatch',
    part: 'metrics of logs',
    unit: '',
    count: of.list(properties.MetricTransformations).length,
    charges: [once('metricMonth')],
  },
]

/**
 * A rule for events of AWS is free (https://aws.amazon.com/eventbridge/pricing/). The one that starts the function of webhooks each minute is what that costs without an
 * event.
 */
const schedule: Billing = (properties, of) => {
  const starts = of.list(properties.Targets).some((target) => isMap(target) && target.Id === 'webhooks')
  return starts ? [webhookPart()] : []
}

const firewall: Billing = (properties, of) => [
  { service: 'WAF', part: 'firewall', unit: 'web ACL', count: 1, charges: [once('aclMonth')] },
  {
    service: 'WAF',
    part: 'firewall',
    unit: 'rule',
    count: of.list(properties.Rules).length,
    charges: [once('ruleMonth')],
  },
]

/** What each resource type is billed for without traffic. A function returns no part if the resource is of a kind that is free. */
export const billings: Readonly<Record<string, Billing>> = {
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::EC2::EIP': () => [address(1)],
  'AWS::EC2::NatGateway': () => [{ service: 'VPC', part: 'NAT gateways', unit: '', count: 1, charges: [hourly('natHour')] }],
  'AWS::EC2::VPCEndpoint': endpoint,
  'AWS::ECS::Service': service,
  'AWS::ElastiCache::ReplicationGroup': registry,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::KMS::Key': () => [{ service: 'KMS', part: 'keys (KMS)', unit: '', count: 1, charges: [once('keyMonth')] }],
  'AWS::Events::Rule': schedule,
  'AWS::Lambda::EventSourceMapping': trigger,
  'AWS::Logs::MetricFilter': customMetrics,
  'AWS::RDS::DBInstance': database,
  'AWS::SecretsManager::Secret': secret,
  'AWS::WAFv2::WebACL': firewall,
}
