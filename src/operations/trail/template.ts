import { stringify } from 'yaml'
import type { DeployedPattern } from '../../runtime/notifier/index.ts'

/** A metric filter and its alarm, verbatim from the benchmark: Security Hub compares the pattern's text. */
export interface CisFilter {
  readonly metric_name: string
  readonly filter_pattern: string
  readonly metric_namespace: string
  readonly metric_value: string
  readonly alarm_name: string
  readonly alarm_description: string
  readonly alarm_comparison_operator: string
  readonly alarm_evaluation_periods: string
  readonly alarm_period: string
  readonly alarm_statistic: string
  readonly alarm_treat_missing_data: string
  readonly alarm_threshold: string
}

const topic = { Ref: 'Topic' }

/** Logical ids may contain only letters and digits. */
function logicalId(kind: string, name: string | number): string {
  return `${kind}${String(name).replace(/[^A-Za-z0-9]/g, '')}`
}

function cisResources(filter: CisFilter): Record<string, unknown> {
  return {
    [logicalId('Filter', filter.metric_name)]: {
      Type: 'AWS::Logs::MetricFilter',
      Properties: {
        LogGroupName: { 'Fn::If': ['OwnTrail', { Ref: 'EventsLogGroup' }, { Ref: 'AdoptLogGroup' }] },
        FilterPattern: filter.filter_pattern,
        MetricTransformations: [
          { MetricName: filter.metric_name, MetricNamespace: filter.metric_namespace, MetricValue: filter.metric_value },
        ],
      },
    },
    [logicalId('Alarm', filter.metric_name)]: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: { 'Fn::Sub': `\${Prefix}-${filter.alarm_name}` },
        AlarmDescription: filter.alarm_description,
        Namespace: filter.metric_namespace,
        MetricName: filter.metric_name,
        Statistic: filter.alarm_statistic,
        Period: Number(filter.alarm_period),
        EvaluationPeriods: Number(filter.alarm_evaluation_periods),
        Threshold: Number(filter.alarm_threshold),
        ComparisonOperator: filter.alarm_comparison_operator,
        TreatMissingData: filter.alarm_treat_missing_data,
        AlarmActions: [topic],
      },
    },
  }
}

/** EventBridge retries for a day and sends undelivered events to the dead-letter queue. */
function eventRetries(queue: string): Record<string, unknown> {
  return {
    RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
    DeadLetterConfig: { Arn: { 'Fn::GetAtt': [queue, 'Arn'] } },
  }
}

function eventRule({ name, pattern, reads }: DeployedPattern, target: Record<string, unknown>): Record<string, unknown> {
  return {
    [logicalId('Events', name)]: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: { 'Fn::Sub': `\${Prefix}-${name}` },
        Description: 'Events that the rules of the activity trail evaluate',
        EventPattern: pattern,
        // A rule that is only ENABLED receives no read-only calls, and root sign-ins count as such:
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
        State: reads ? 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' : 'ENABLED',
        Targets: [target],
      },
    },
  }
}

/**
 * Appends resources to a template whose last section is Resources, one per line. Block style would exceed CloudFormation's
 * limit for a template in a request, and then even a dry run would need a bucket.
 */
function withResources(base: string, resources: readonly Record<string, unknown>[]): string {
  const flow = { lineWidth: 0, aliasDuplicateObjects: false, collectionStyle: 'flow', flowCollectionPadding: false } as const
  const entries = resources.flatMap((some) => Object.entries(some))
  return `${base.trimEnd()}\n\n${entries.map(([id, resource]) => `  ${id}: ${stringify(resource, flow)}`).join('')}`
}

/** The template of the trail: templates/trail/trail.yaml with the rules' event patterns and the benchmark's filters. */
export function trailTemplate(base: string, patterns: readonly DeployedPattern[], filters: readonly CisFilter[]): string {
  const target = { Id: 'alerts', Arn: topic, ...eventRetries('DeadLetters') }
  return withResources(base, [...patterns.map((pattern) => eventRule(pattern, target)), ...filters.map(cisResources)])
}

/** The template that forwards events of global services to the trail's region. */
export function globalTemplate(base: string, patterns: readonly DeployedPattern[]): string {
  const target = {
    Id: 'home',
    Arn: { 'Fn::Sub': 'arn:${AWS::Partition}:events:${HomeRegion}:${AWS::AccountId}:event-bus/default' },
    RoleArn: { 'Fn::GetAtt': ['ForwardRole', 'Arn'] },
    ...eventRetries('Undelivered'),
  }
  return withResources(
    base,
    patterns.map((pattern) => eventRule(pattern, target)),
  )
}
