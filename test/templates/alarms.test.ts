import { describe, expect, it } from 'vitest'
import { compileMetricFilter } from '../../src/runtime/notifier/rules/metric-filter.ts'
import { listOf, mapOf, type Properties, stackNamed, within } from './stacks.ts'
import { everyOf, everyResource, type Located, target } from './templates.ts'

/**
 * The dimensions that each metric has. A metric with other dimensions never has data, and its alarm never fires.
 * AWS/Lambda: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 * AWS/SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 * AWS/RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/dimensions.html
 * AWS/ElastiCache: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.html
 * AWS/DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
 * AWS/ApplicationELB: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 * AWS/ApiGateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
 * AWS/ECS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
 * AWS/Firehose: https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
 * AWS/CertificateManager: https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
 * AWS/Logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
 */
const dimensionsOf: Readonly<Record<string, readonly string[]>> = {
  // Of one version, while it shares an alias with another.
  'AWS/Lambda Errors of a version': ['ExecutedVersion', 'FunctionName', 'Resource'],
  'AWS/Lambda Errors': ['FunctionName'],
  'AWS/Lambda Invocations': ['FunctionName'],
  'AWS/Lambda Throttles': ['FunctionName'],
  'AWS/SQS ApproximateAgeOfOldestMessage': ['QueueName'],
  'AWS/SQS ApproximateNumberOfMessagesNotVisible': ['QueueName'],
  'AWS/SQS ApproximateNumberOfMessagesVisible': ['QueueName'],
  'AWS/SQS NumberOfMessagesDeleted': ['QueueName'],
  'AWS/RDS CPUCreditBalance': ['DBInstanceIdentifier'],
  'AWS/RDS CPUUtilization': ['DBInstanceIdentifier'],
  'AWS/RDS DatabaseConnections': ['DBInstanceIdentifier'],
  'AWS/RDS FreeStorageSpace': ['DBInstanceIdentifier'],
  'AWS/RDS FreeableMemory': ['DBInstanceIdentifier'],
  'AWS/ElastiCache CPUCreditBalance': ['CacheClusterId', 'CacheNodeId'],
  'AWS/ElastiCache DatabaseMemoryUsagePercentage': ['CacheClusterId', 'CacheNodeId'],
  'AWS/ElastiCache EngineCPUUtilization': ['CacheClusterId', 'CacheNodeId'],
  'AWS/ElastiCache Evictions': ['CacheClusterId', 'CacheNodeId'],
  'AWS/DynamoDB ReadThrottleEvents': ['TableName'],
  'AWS/DynamoDB WriteThrottleEvents': ['TableName'],
  'AWS/ApplicationELB HTTPCode_ELB_5XX_Count': ['LoadBalancer'],
  'AWS/ApplicationELB HTTPCode_Target_5XX_Count': ['LoadBalancer'],
  'AWS/ApplicationELB HealthyHostCount': ['LoadBalancer', 'TargetGroup'],
  'AWS/ApplicationELB RejectedConnectionCount': ['LoadBalancer'],
  'AWS/ApplicationELB UnHealthyHostCount': ['LoadBalancer', 'TargetGroup'],
  'AWS/ApiGateway 5XXError': ['ApiName', 'Stage'],
  'AWS/ECS CPUUtilization': ['ClusterName', 'ServiceName'],
  'AWS/ECS MemoryUtilization': ['ClusterName', 'ServiceName'],
  'AWS/Firehose DeliveryToS3.DataFreshness': ['DeliveryStreamName'],
  'AWS/CertificateManager DaysToExpiry': ['CertificateArn'],
  'AWS/Logs IncomingLogEvents': ['LogGroupName'],
}

/** What each resource of a type has to be watched for. */
const watched: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Function': ['Errors', 'Throttles'],
  'AWS::RDS::DBInstance': ['FreeStorageSpace', 'CPUUtilization', 'DatabaseConnections', 'FreeableMemory', 'CPUCreditBalance'],
  'AWS::ElastiCache::ReplicationGroup': [
    'DatabaseMemoryUsagePercentage',
    'Evictions',
    'EngineCPUUtilization',
    'CPUCreditBalance',
  ],
  'AWS::DynamoDB::Table': ['ReadThrottleEvents', 'WriteThrottleEvents'],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ['HTTPCode_ELB_5XX_Count', 'HTTPCode_Target_5XX_Count'],
  'AWS::ElasticLoadBalancingV2::TargetGroup': ['UnHealthyHostCount', 'HealthyHostCount'],
  'AWS::ApiGateway::Stage': ['5XXError'],
  'AWS::ECS::Service': ['MemoryUtilization', 'CPUUtilization'],
  'AWS::KinesisFirehose::DeliveryStream': ['DeliveryToS3.DataFreshness'],
}

/** Without a dead-letter queue of its own, a queue is one: what is in it was given up. */
function metricsFor({ resource }: Located): readonly string[] {
  if (resource.type !== 'AWS::SQS::Queue') return watched[resource.type] ?? []
  if (resource.properties.RedrivePolicy === undefined) return ['ApproximateNumberOfMessagesVisible']
  // Messages of tests may wait; those that were given up raise an alarm.
  return resource.name === 'SandboxQueue' ? [] : ['ApproximateAgeOfOldestMessage', 'NumberOfMessagesDeleted']
}

/**
 * Not watched:
 * - `trail.Alerts`: `trail.ErrorsAlarm` fires, because the notifier fails when its table does.
 */
const exempt = ['trail.Alerts']

interface Metric {
  readonly alarm: Located
  /** Namespace and name. */
  readonly metric: string
  readonly dimensions: ReadonlyMap<string, Properties[string]>
}

/** The metrics of an alarm, in both forms that CloudWatch has. */
function metricsIn(alarm: Located): Metric[] {
  const { properties } = alarm.resource
  const stats = [...within(properties.Metrics ?? [])]
    .map((one) => mapOf(mapOf(one).MetricStat).Metric)
    .filter((one) => one !== undefined)
  return [...(properties.MetricName === undefined ? [] : [properties]), ...stats].map((one): Metric => {
    const { Namespace, MetricName, Dimensions } = mapOf(one)
    const dimensions = listOf(Dimensions).map((dimension): [string, Properties[string]] => {
      const { Name, Value } = mapOf(dimension)
      return [String(Name), Value ?? '']
    })
    return { alarm, metric: `${String(Namespace)} ${String(MetricName)}`, dimensions: new Map(dimensions) }
  })
}

/** The ids of the resources in a value of a dimension. A name in a text, such as `${Registry}-0001-001`, counts too. */
function resourcesIn(template: string, value: Properties[string] | undefined): string[] {
  return [...within(value ?? '')].flatMap((one) => {
    const [text] = listOf(mapOf(one)['Fn::Sub'])
    const inText = [...String(text ?? '').matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => target(template, { Ref: name }))
    return [target(template, one), ...inText]
  })
}

const alarms = everyOf('AWS::CloudWatch::Alarm')
const metrics = alarms.flatMap(metricsIn)
const ofAws = metrics.filter(({ metric }) => metric.startsWith('AWS/'))
const starts = (alarm: Located): string[] =>
  listOf(alarm.resource.properties.AlarmActions).map((action) => target(alarm.template, action))

describe('each alarm', () => {
  it.each(ofAws.map((one) => ({ ...one, name: `${one.alarm.id} ${one.metric}` })))(
    '$name has the dimensions of its metric',
    ({ metric, dimensions }) => {
      const of = dimensions.has('ExecutedVersion') ? ' of a version' : ''
      expect([...dimensions.keys()].sort()).toEqual(dimensionsOf[`${metric}${of}`])
    },
  )

  it.each(alarms)('$id reaches people, or starts a scaling policy', (alarm) => {
    const people = ['security.AlertTopic', 'trail.Topic', 'trail.OperatorsTopic', 'trail-global.OperatorsTopic']
    const scaling = everyOf('AWS::ApplicationAutoScaling::ScalingPolicy').map(({ id }) => id)
    expect(starts(alarm)).toHaveLength(1)
    expect([...people, ...scaling]).toEqual(expect.arrayContaining(starts(alarm)))
  })

  it.each(alarms)('$id says what happened, and what missing data means', ({ resource: { properties } }) => {
    expect(properties.AlarmDescription).toBeDefined()
    expect(properties.TreatMissingData).toBeDefined()
  })
})

describe('each resource that keeps data or runs code', () => {
  const conditionOf = ({ resource }: Located) => resource.attributes.Condition
  /** Conditions that hold whenever another one does. */
  const wider: Readonly<Record<string, string>> = { MakeTable: 'HasTable' }
  /** An alarm that exists whenever the resource does. */
  const isThere = (alarm: Located, of: Located) =>
    [undefined, conditionOf(of), wider[String(conditionOf(of))]].includes(conditionOf(alarm))
  const toWatch = everyResource
    .filter(({ id }) => !exempt.includes(id))
    .flatMap((one) => metricsFor(one).map((metric) => ({ one, metric, name: `${one.id} ${metric}` })))

  /** API Gateway names an API and its stage by their names. */
  const isOf = ({ alarm, dimensions }: Metric, { id, resource }: Located) =>
    [...dimensions.values()].some((value) => resourcesIn(alarm.template, value).includes(id)) ||
    (resource.type === 'AWS::ApiGateway::Stage' && dimensions.get('Stage') === resource.properties.StageName)

  it.each(toWatch)('$name has an alarm that reaches people', ({ one, metric }) => {
    const found = metrics.filter(
      (candidate) =>
        candidate.metric.endsWith(` ${metric}`) &&
        // It has data only during a release.
        !candidate.dimensions.has('ExecutedVersion') &&
        isOf(candidate, one) &&
        isThere(candidate.alarm, one) &&
        starts(candidate.alarm).some((id) => /Topic$/.test(id)),
    )
    expect(found.map(({ alarm }) => alarm.id)).not.toEqual([])
  })

  it('are all found', () => {
    expect(toWatch.length).toBeGreaterThan(40)
    for (const type of Object.keys(watched))
      expect(
        toWatch.some(({ one }) => one.resource.type === type),
        type,
      ).toBe(true)
  })
})

describe('an outage of the database', () => {
  const { resources } = stackNamed('worker')
  const filter = resources.find(({ name }) => name === 'WorkerFaultLines')?.properties ?? {}
  const counts = compileMetricFilter(String(filter.FilterPattern))

  it.each([
    { event: 'failed', queue: 'apigw-prod-a', code: 'database-unavailable', retryMs: 0 },
    { event: 'refusing', queue: 'apigw-prod-a', rows: 20, retryMs: 250 },
    { event: 'unfit', queue: 'apigw-prod-a', detail: 'x', fix: 'y', keepsOut: 'all' },
  ])('is counted by its lines in the log: $event', (line) => expect(counts(line)).toBe(true))

  it.each([
    { event: 'flushed', queue: 'apigw-prod-a', written: 3, repeated: 0, milliseconds: 4 },
    { event: 'rejected', queue: 'apigw-prod-a', id: 'x', why: 'y' },
    { event: 'unfit', queue: 'apigw-prod-a', detail: 'x', fix: 'y', keepsOut: 'some' },
    { event: 'lag', queue: 'apigw-prod-a', lagMs: 3 },
  ])('is not seen in normal lines: $event', (line) => expect(counts(line)).toBe(false))

  it('raises an alarm within ten minutes, with one message in the queue', () => {
    const { properties } = resources.find(({ name }) => name === 'WorkerFaults') ?? { properties: {} as Properties }
    const again = Math.max(
      ...everyOf('AWS::SQS::Queue').map(({ resource }) => Number(resource.properties.VisibilityTimeout ?? 0)),
    )
    const window = Number(properties.Period) * Number(properties.EvaluationPeriods)
    // A message comes again after its visibility timeout, and each time there is a line.
    expect(again * Number(properties.DatapointsToAlarm)).toBeLessThan(window)
    expect(window).toBeLessThanOrEqual(600)
  })

  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  it('leaves a message to the function for long enough, at each of its triggers', () => {
    const triggers = everyOf('AWS::Lambda::EventSourceMapping')
    expect(triggers).toHaveLength(3)
    for (const { template, resource } of triggers) {
      const alias = everyResource.find(({ id }) => id === target(template, resource.properties.FunctionName))
      const lambda = everyResource.find(({ id }) => id === target(template, alias?.resource.properties.FunctionName))
      const needed = 6 * Number(lambda?.resource.properties.Timeout) + Number(resource.properties.MaximumBatchingWindowInSeconds)
      const imported = resourcesIn(template, resource.properties.EventSourceArn)
      const queue = everyResource.find(({ id, resource: { type } }) => type === 'AWS::SQS::Queue' && imported.includes(id))
      expect(Number(queue?.resource.properties.VisibilityTimeout)).toBeGreaterThanOrEqual(needed)
      expect(resource.properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures'])
    }
  })
})
