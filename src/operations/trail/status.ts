import { type AwsPlace, callAws } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { readWebhooks } from '../../runtime/notifier/index.ts'
import { describeStack, stackClients } from '../stacks/index.ts'
import type { TrailClients } from './clients.ts'
import { again, type Finding, fail, type Outputs, ok, warn } from './finding.ts'
import { functionName, prefix, trailStack } from './names.ts'
import { keyCheck, topicCheck } from './topic-checks.ts'
import { probeWebhook, storedWebhooks } from './webhooks.ts'

export interface Check extends Finding {
  readonly check: string
}

export function trailMissing(region: string): Problem {
  return new Problem('trail-missing', `The activity trail is not installed in ${region}.`, { next: again })
}

/** @throws Problem `trail-missing` if the trail is not installed in the region */
export async function installedOutputs(place: AwsPlace): Promise<Outputs> {
  const stacks = await stackClients(place)
  try {
    const stack = await describeStack(stacks, trailStack)
    if (stack !== undefined && Object.keys(stack.outputs).length > 0) return stack.outputs
    throw trailMissing(stacks.region)
  } finally {
    stacks.close()
  }
}

const staleMs = 3 * 3_600_000

function ago(time: Date | undefined, now: number): string {
  return time === undefined ? 'never' : `${quantity(Math.round((now - time.getTime()) / 60_000), 'minute')} ago`
}

async function trailChecks(clients: TrailClients, outputs: Outputs, now: number): Promise<Finding> {
  const { DescribeTrailsCommand, GetTrailStatusCommand } = await import('@aws-sdk/client-cloudtrail')
  const name = outputs.TrailName
  const { trailList = [] } = await callAws(clients.place, 'cloudtrail:DescribeTrails', () =>
    clients.cloudTrail.send(new DescribeTrailsCommand({})),
  )
  const trail = name
    ? trailList.find(({ Name }) => Name === name)
    : trailList.find(({ CloudWatchLogsLogGroupArn }) => CloudWatchLogsLogGroupArn?.includes(`:${outputs.LogGroup}:`))
  if (trail === undefined) return fail(`The trail ${name ?? ''} does not exist.`, again)
  const status = await callAws(clients.place, 'cloudtrail:GetTrailStatus', () =>
    clients.cloudTrail.send(new GetTrailStatusCommand({ Name: trail.TrailARN ?? trail.Name })),
  )
  const start = `aws cloudtrail start-logging --name ${trail.Name}`
  if (!status.IsLogging) return fail(`${trail.Name} is not logging.`, start)
  const error = status.LatestDeliveryError ?? status.LatestCloudWatchLogsDeliveryError
  if (error)
    return fail(
      `${trail.Name} cannot deliver: ${error}.`,
      `${again}; the stack restores the policies of its bucket, key and role`,
    )
  const latest = status.LatestCloudWatchLogsDeliveryTime ?? status.LatestDeliveryTime
  const weak = [
    ...(trail.IsMultiRegionTrail ? [] : ['not multi-region']),
    ...(trail.LogFileValidationEnabled ? [] : ['no log file validation']),
    ...(trail.KmsKeyId ? [] : ['no KMS key']),
  ]
  if (weak.length > 0)
    return warn(`${trail.Name}: ${weak.join(', ')}.`, name ? again : `aws cloudtrail update-trail --name ${trail.Name} …`)
  if (latest === undefined || now - latest.getTime() > staleMs)
    return warn(
      `${trail.Name} is logging; last delivery ${ago(latest, now)}.`,
      'wait 15 minutes after the installation, then run it again',
    )
  return ok(`${trail.Name} is logging; last delivery ${ago(latest, now)}.`)
}

async function subscriptionCheck(clients: TrailClients, outputs: Outputs): Promise<Finding> {
  const { ListSubscriptionsByTopicCommand } = await import('@aws-sdk/client-sns')
  const list = (TopicArn: string | undefined) =>
    callAws(clients.place, 'sns:ListSubscriptionsByTopic', () =>
      clients.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })),
    )
  const { Subscriptions: alerts = [] } = await list(outputs.TopicArn)
  if (!alerts.some(({ Protocol, Endpoint }) => Protocol === 'lambda' && Endpoint?.endsWith(`:${functionName}`))) {
    return fail('The notifier is not subscribed to the topic.', again)
  }
  const { Subscriptions: operators = [] } = await list(outputs.OperatorsTopicArn)
  if (operators.length === 0)
    return warn('The notifier is subscribed, but its own failures are not reported to anyone.', `${again} --email ADDRESS`)
  const pending = operators.filter(({ SubscriptionArn }) => SubscriptionArn === 'PendingConfirmation')
  if (pending.length > 0)
    return warn(
      'The email subscription for failures is not confirmed.',
      'open the confirmation link in the email from AWS Notifications',
    )
  return ok('The notifier is subscribed, and its failures are reported by email.')
}

async function eventRulesCheck(clients: TrailClients): Promise<Finding> {
  const { ListRulesCommand } = await import('@aws-sdk/client-eventbridge')
  const { Rules = [] } = await callAws(clients.place, 'events:ListRules', () =>
    clients.events.send(new ListRulesCommand({ NamePrefix: prefix })),
  )
  if (Rules.length < 2) return fail('The EventBridge rules of the trail are missing.', again)
  const off = Rules.filter(({ State }) => State === 'DISABLED').map(({ Name }) => Name)
  return off.length > 0
    ? fail(`Disabled: ${off.join(', ')}.`, `aws events enable-rule --name ${off[0]}`)
    : ok(`${quantity(Rules.length, 'rule')}, all enabled.`)
}

async function alarmsCheck(clients: TrailClients): Promise<Finding> {
  const { DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch')
  const { MetricAlarms = [] } = await callAws(clients.place, 'cloudwatch:DescribeAlarms', () =>
    clients.cloudWatch.send(new DescribeAlarmsCommand({ AlarmNamePrefix: prefix, MaxRecords: 100 })),
  )
  if (MetricAlarms.length === 0) return fail('The alarms are missing.', again)
  const off = MetricAlarms.filter(({ ActionsEnabled }) => !ActionsEnabled).map(({ AlarmName }) => AlarmName)
  if (off.length > 0)
    return fail(`Actions disabled: ${off.join(', ')}.`, `aws cloudwatch enable-alarm-actions --alarm-names ${off[0]}`)
  const own = MetricAlarms.filter(
    ({ AlarmName = '', StateValue }) => /-(?:silence|stopped|dead-letters|errors)$/.test(AlarmName) && StateValue === 'ALARM',
  )
  if (own.length > 0)
    return fail(`In alarm: ${own.map(({ AlarmName }) => AlarmName).join(', ')}.`, 'fix the failed checks of this list')
  return ok(`${quantity(MetricAlarms.length, 'alarm')}, all with actions enabled.`)
}

async function functionCheck(clients: TrailClients, outputs: Outputs, now: number): Promise<Finding> {
  const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda')
  const { GetMetricStatisticsCommand } = await import('@aws-sdk/client-cloudwatch')
  const found = await callAws(clients.place, 'lambda:GetFunctionConfiguration', () =>
    clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: outputs.FunctionName })),
  )
  if (found.State !== undefined && found.State !== 'Active') return fail(`The function is ${found.State}.`, again)
  const { Datapoints = [] } = await callAws(clients.place, 'cloudwatch:GetMetricStatistics', () =>
    clients.cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'FunctionName', Value: outputs.FunctionName }],
        StartTime: new Date(now - 86_400_000),
        EndTime: new Date(now),
        Period: 86_400,
        Statistics: ['Sum'],
      }),
    ),
  )
  const errors = Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0)
  return errors > 0
    ? warn(`${errors} failed invocations in the last 24 hours.`, `aws logs tail /${prefix}/notifier --since 1d`)
    : ok('No errors in the last 24 hours.')
}

async function deadLettersCheck({ queue }: TrailClients, outputs: Outputs): Promise<Finding> {
  const { visible, inFlight } = await queue.state(queueName(outputs))
  return visible + inFlight > 0
    ? fail(
        `${quantity(visible + inFlight, 'alert')} could not be posted.`,
        step`${apigw('trail dlq list')}, then ${apigw('trail dlq redrive')}`,
      )
    : ok('The dead-letter queue is empty.')
}

/** The dead-letter queue's name, from its URL. */
export function queueName(outputs: Outputs): string {
  return outputs.DeadLetterQueueUrl?.split('/').at(-1) ?? ''
}

async function webhookCheck(clients: TrailClients): Promise<Finding> {
  const stored = await storedWebhooks(clients)
  const put = step`APIGW_SLACK_WEBHOOK=… ${apigw('trail install')}`
  if (stored === undefined) return fail('No webhook is stored.', put)
  for (const [channel, url] of readWebhooks(stored)) {
    const { state, words } = await probeWebhook(url)
    if (state === 'refused') return fail(`The webhook of "${channel}" does not work: ${words}.`, put)
    if (state === 'unclear')
      return fail(`The webhook of "${channel}" could not be tested: ${words}.`, step`${apigw('trail status')}, later`)
  }
  return ok('Slack accepts every webhook.')
}

/** Checks each part of the pipeline. A check that cannot run is a failed finding and does not affect the others. */
export async function status(clients: TrailClients, now: number): Promise<Check[]> {
  const outputs = await installedOutputs(clients.place)
  const checks: Readonly<Record<string, () => Promise<Finding>>> = {
    trail: () => trailChecks(clients, outputs, now),
    topic: () => topicCheck(clients, outputs),
    key: () => keyCheck(clients, outputs),
    subscriptions: () => subscriptionCheck(clients, outputs),
    'event rules': () => eventRulesCheck(clients),
    alarms: () => alarmsCheck(clients),
    notifier: () => functionCheck(clients, outputs, now),
    'dead letters': () => deadLettersCheck(clients, outputs),
    webhook: () => webhookCheck(clients),
  }
  return Promise.all(
    Object.entries(checks).map(async ([check, run]): Promise<Check> => {
      try {
        return { check, ...(await run()) }
      } catch (error) {
        if (!(error instanceof Problem) || error.code === 'aws-credentials') throw error
        return { check, ...fail(error.message, error.step ?? again) }
      }
    }),
  )
}
