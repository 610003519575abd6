import { type Alert, fact } from '../alert.ts'
import type { TrailRecord } from '../read/signal.ts'
import { timeOf } from './activity.ts'
import { at, textAt } from './actor.ts'

function alarmLink(alarm: TrailRecord): string | undefined {
  const region = /^arn:aws[\w-]*:cloudwatch:([a-z0-9-]+):/.exec(textAt(alarm, 'AlarmArn') ?? '')?.[1]
  const name = textAt(alarm, 'AlarmName')
  if (region === undefined || name === undefined) return undefined
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(name)}`
}

/** An alarm of CloudWatch for which no event was found that explains it. */
export function alarmAlert(alarm: TrailRecord, messageId: string, note: string | undefined, now: number): Alert {
  const name = textAt(alarm, 'AlarmName') ?? 'unnamed'
  return {
    key: `report:${messageId}`,
    rule: 'cloudwatch-alarm',
    also: [],
    severity: 'medium',
    title: `Alarm ${name}`,
    why: textAt(alarm, 'AlarmDescription'),
    fix: note,
    facts: [
      ...fact('State', textAt(alarm, 'NewStateValue')),
      ...fact('Reason', textAt(alarm, 'NewStateReason')),
      ...fact('Metric', textAt(alarm, 'Trigger.MetricName')),
      ...fact('Account', textAt(alarm, 'AWSAccountId')),
      ...fact('Region', textAt(alarm, 'Region')),
    ],
    link: alarmLink(alarm),
    at: timeOf(at(alarm, 'StateChangeTime'), now),
    group: `alarm|${name}`,
    test: false,
  }
}

/** What AWS Budgets, a person or a program of its own sent to the topic. */
export function textAlert(
  kind: 'budget' | 'text',
  subject: string | undefined,
  text: string,
  messageId: string,
  now: number,
): Alert {
  return {
    key: `report:${messageId}`,
    rule: kind === 'budget' ? 'budget' : 'notice',
    also: [],
    severity: kind === 'budget' ? 'high' : 'low',
    title: subject ?? (kind === 'budget' ? 'AWS Budgets' : 'A message without a subject'),
    facts: fact('Message', text),
    at: now,
    group: `${kind}|${subject ?? messageId}`,
    test: false,
  }
}
