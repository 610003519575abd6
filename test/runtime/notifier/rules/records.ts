import { loadRules, shippedRules } from '../../../../src/runtime/notifier/rules/load.ts'
import type { Rule } from '../../../../src/runtime/notifier/rules/rule.ts'

export const account = '123456789012'

/** The rules that apigw ships. */
export const shipped: readonly Rule[] = loadRules(shippedRules)

/** A CloudTrail record with the fields that rules use. */
export function record(eventName: string, requestParameters: unknown = null, more: Readonly<Record<string, unknown>> = {}) {
  return {
    eventSource: 'iam.amazonaws.com',
    eventName,
    userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${account}:user/alice`, accountId: account, userName: 'alice' },
    requestParameters,
    recipientAccountId: account,
    ...more,
  }
}

export interface Example {
  readonly rule: Rule
  readonly matches: boolean
  readonly event: Readonly<Record<string, unknown>>
  /** Such as `trail-stopped, matches 1`. */
  readonly name: string
}

/** Every example of every shipped rule. */
export const examples: readonly Example[] = shipped.flatMap((rule) =>
  (['matches', 'misses'] as const).flatMap((kind) =>
    (rule.examples?.[kind] ?? []).map((event, index) => ({
      rule,
      matches: kind === 'matches',
      event,
      name: `${rule.id}, ${kind} ${index + 1}`,
    })),
  ),
)

/** As EventBridge delivers it. */
export function wrapped({ rule, event }: Pick<Example, 'rule' | 'event'>) {
  const isFinding = rule.source === 'guardduty'
  const isSignIn = event.eventType === 'AwsConsoleSignIn'
  return {
    version: '0',
    id: 'b8a5e1d2-3c4f-4a6b-9d7e-0f1a2b3c4d5e',
    'detail-type': isFinding
      ? 'GuardDuty Finding'
      : isSignIn
        ? 'AWS Console Sign In via CloudTrail'
        : 'AWS API Call via CloudTrail',
    source: isFinding ? 'aws.guardduty' : `aws.${String(event.eventSource).split('.')[0]}`,
    account,
    time: '2026-03-14T09:27:40Z',
    region: 'ap-northeast-2',
    resources: [],
    detail: event,
  }
}
