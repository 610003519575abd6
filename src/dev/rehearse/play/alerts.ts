import { randomUUID } from 'node:crypto'
import { recordOf } from '../../../domain/record.ts'
import { allRules, entryOf } from '../../../operations/trail/index.ts'
import { compilePattern } from '../../../runtime/notifier/index.ts'
import { nameOf } from '../stage/functions.ts'
import type { RehearsedStage } from '../stage/stage.ts'
import type { Resource } from '../template/resource.ts'
import { mapsIn } from '../template/values.ts'
import type { Tell } from './messages.ts'

/** The posts that Slack has received in a rehearsal. */
export type SlackPosts = readonly string[]

/** Delivers a message of a topic to its subscribers that are functions. @returns how many */
async function publish(stage: RehearsedStage, topicArn: string, message: string, subject?: string): Promise<number> {
  const subscribed = subscribers(stage, topicArn)
  for (const { properties } of subscribed) {
    const Sns = {
      TopicArn: topicArn,
      MessageId: randomUUID(),
      Timestamp: new Date().toISOString(),
      Subject: subject,
      Message: message,
    }
    const event = { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', Sns }] }
    await stage.functions.invokeAs('sns.amazonaws.com', topicArn, String(properties.Endpoint), event)
  }
  return subscribed.length
}

/** Publishes as a service, if the policies of the topic and of its key let it. */
async function publishAs(
  stage: RehearsedStage,
  service: string,
  from: Resource,
  topicArn: string,
  message: string,
): Promise<void> {
  const sender = { kind: 'service', service, sourceArn: String(from.attribute('Arn')) } as const
  const { allowed, reason } = stage.workshop.access.evaluate(sender, { action: 'sns:Publish', resource: topicArn })
  if (!allowed) {
    stage.findings.add(nameOf(from), `${service} may not publish to ${topicArn}: ${reason}`)
    return
  }
  await publish(stage, topicArn, message)
}

/** Puts an event on the default bus of EventBridge. @returns the rules that it matches */
async function putEvent(stage: RehearsedStage, event: object): Promise<readonly Resource[]> {
  const rules = stage.resources.filter(
    ({ type, properties }) => type === 'AWS::Events::Rule' && properties.EventPattern !== undefined,
  )
  const matching = rules.filter(({ properties }) => compilePattern(properties.EventPattern)(event))
  for (const rule of matching) {
    for (const { Arn } of mapsIn(rule.properties.Targets)) {
      if (String(Arn).startsWith('arn:aws:sns:')) {
        await publishAs(stage, 'events.amazonaws.com', rule, String(Arn), JSON.stringify(event))
      }
    }
  }
  return matching
}

/** The example of a shipped rule as the event that AWS would send, and not as a test. */
function exampleEvent(stage: RehearsedStage, id: string, source: string): object {
  const rule = allRules({}).find((one) => one.id === id)
  if (rule === undefined) throw new Error(`there is no rule ${id}`)
  const { DetailType, Detail } = entryOf(rule, randomUUID())
  const { account, region } = stage.workshop.place
  return {
    version: '0',
    id: randomUUID(),
    source,
    'detail-type': DetailType,
    account,
    region,
    time: new Date().toISOString(),
    resources: [],
    detail: JSON.parse(Detail),
  }
}

/** An alarm goes off, as CloudWatch sends a topic (https://docs.aws.amazon.com/sns/latest/dg/cloudwatch-alarms.html). */
async function raise(stage: RehearsedStage, alarm: Resource): Promise<void> {
  const { AlarmActions, AlarmDescription } = alarm.properties
  const message = {
    AlarmName: alarm.physicalId,
    AlarmDescription,
    AWSAccountId: stage.workshop.place.account,
    Region: stage.workshop.place.region,
    NewStateValue: 'ALARM',
    OldStateValue: 'OK',
    NewStateReason: 'Threshold Crossed',
    StateChangeTime: new Date().toISOString(),
    Trigger: { MetricName: alarm.properties.MetricName, Namespace: alarm.properties.Namespace, Threshold: 1 },
  }
  for (const topic of Array.isArray(AlarmActions) ? AlarmActions : []) {
    await publishAs(stage, 'cloudwatch.amazonaws.com', alarm, String(topic), JSON.stringify(message))
  }
}

function subscribers(stage: RehearsedStage, topicArn: string): readonly Resource[] {
  return stage.resources.filter(
    ({ type, properties }) =>
      type === 'AWS::SNS::Subscription' && properties.TopicArn === topicArn && properties.Protocol === 'lambda',
  )
}

/** Some alarms go to people by mail alone. */
function reachesFunctions(stage: RehearsedStage, { properties: { AlarmActions } }: Resource): boolean {
  return Array.isArray(AlarmActions) && AlarmActions.some((topic) => subscribers(stage, String(topic)).length > 0)
}

/** Plays an alarm, a finding of GuardDuty and an event of CloudTrail through the pipeline of the trail, up to Slack. */
export async function playAlerts(stage: RehearsedStage, posts: SlackPosts, tell: Tell): Promise<void> {
  const play = async (what: string, happen: () => Promise<unknown>): Promise<void> => {
    const before = posts.length
    try {
      await happen()
      const text = posts.slice(before).join(' ')
      tell({ what, passed: text !== '', detail: text === '' ? 'nothing reached Slack' : summary(text) })
    } catch (error) {
      tell({ what, passed: false, detail: error instanceof Error ? error.message : String(error) })
    }
  }
  const alarm = stage.resources.find((one) => one.type === 'AWS::CloudWatch::Alarm' && reachesFunctions(stage, one))
  await play('an event of CloudTrail reaches Slack', () =>
    putEvent(stage, exampleEvent(stage, 'access-key-created-for-other', 'aws.iam')),
  )
  await play('a finding of GuardDuty reaches Slack', () =>
    putEvent(stage, exampleEvent(stage, 'guardduty-high', 'aws.guardduty')),
  )
  await play('an alarm reaches Slack', async () => alarm !== undefined && raise(stage, alarm))
}

function summary(post: string): string {
  const { text } = recordOf(JSON.parse(post))
  return String(text ?? post).slice(0, 120)
}
