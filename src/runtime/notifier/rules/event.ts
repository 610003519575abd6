import { isRecord } from '../../../domain/record.ts'
import { type Json, member, textAt } from './json.ts'

/** What rules are matched with. */
export interface Activity {
  readonly source: 'cloudtrail' | 'guardduty'
  /** A CloudTrail record, or a finding of GuardDuty. */
  readonly detail: Json
}

/** The kinds of events that CloudTrail sends to EventBridge. */
export const trailDetailTypes = [
  'AWS API Call via CloudTrail',
  'AWS Console Sign In via CloudTrail',
  'AWS Service Event via CloudTrail',
  'AWS Console Action via CloudTrail',
] as const

export const guardDutyDetailType = 'GuardDuty Finding'

const sourceOf = new Map<string, Activity['source']>([
  ...trailDetailTypes.map((type) => [type, 'cloudtrail'] as const),
  [guardDutyDetailType, 'guardduty'],
])

/** Takes a CloudTrail record, a GuardDuty finding, or either wrapped by EventBridge. `undefined` for anything else. */
export function activityIn(event: unknown): Activity | undefined {
  if (!isRecord(event)) return undefined
  const type = textAt(event, 'detail-type')
  if (type !== undefined) {
    const source = sourceOf.get(type)
    const detail = member(event, 'detail')
    return source !== undefined && isRecord(detail) ? { source, detail } : undefined
  }
  if (textAt(event, 'eventName') !== undefined) return { source: 'cloudtrail', detail: event }
  const isFinding = textAt(event, 'service', 'serviceName') === 'guardduty' && textAt(event, 'type') !== undefined
  return isFinding ? { source: 'guardduty', detail: event } : undefined
}
