import { deniedIn } from '../../aws/index.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import type { StackEvent } from './events.ts'

/** Why a stack operation failed, and what to do about it. */
export interface Cause {
  readonly resource: string
  readonly type: string
  readonly reason: string
  readonly next: NextStep
}

/** The reason of a resource that CloudFormation cancelled because a different resource failed. */
const cancelled = /^Resource (?:creation|update|deletion) cancelled/i

/**
 * A failure. CloudFormation starts a rollback without a failed resource too, such as for a parameter that it cannot read or a
 * missing permission of its own, and then only the stack's event has the reason
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events-by-operation.html).
 */
function isFailure({ status, reason, ofStack }: StackEvent): boolean {
  return status.endsWith('_FAILED') || (ofStack && status.endsWith('ROLLBACK_IN_PROGRESS') && reason !== undefined)
}

/**
 * The root cause: the first resource that failed and was not merely cancelled. The stack's own events follow it and only
 * repeat resource names.
 */
export function firstFailure(events: readonly StackEvent[]): StackEvent | undefined {
  const failed = events.filter(isFailure)
  const own = failed.filter(({ ofStack }) => !ofStack)
  return own.find(({ reason }) => !cancelled.test(reason ?? '')) ?? own[0] ?? failed[0]
}

/** A stack imports a value that no stack exports yet. */
export const missingExport = step`deploy the stacks that it depends on first: ${apigw('deploy')}`

/** The next step for each AWS error message. The first match wins. */
const advice: readonly (readonly [RegExp, NextStep])[] = [
  [
    /A version for this Lambda function exists/i,
    'a version was left by an earlier deployment: aws lambda delete-function with its --function-name and --qualifier, then run it again',
  ],
  [
    /Activated alarms|alarm\(s\) detected/i,
    step`an alarm took the release back. See why: ${apigw('logs')}; fix the cause, and deploy again`,
  ],
  [/not empty/i, 'empty it, then run it again: aws s3 rm s3://{id} --recursive'],
  [
    /protected DB Instance|DB ?Instance.*deletion protection/i,
    'aws rds modify-db-instance --db-instance-identifier {id} --no-deletion-protection --apply-immediately, then run it again',
  ],
  [
    /Table.*deletion protection/is,
    'aws dynamodb update-table --table-name {id} --no-deletion-protection-enabled, then run it again',
  ],
  [/deletion protection/i, 'turn off the deletion protection of {id}, then run it again'],
  [/cannot be deleted as it is in use by|in use by another stack/i, 'destroy the stacks that use it first'],
  [/No export named/i, missingExport],
  [
    /has a dependent object|DependencyViolation|has dependencies/i,
    'Lambda releases its network interfaces with a delay: run it again in 30 minutes',
  ],
  [
    /(?:queue|sqs).*(?:already exists|AlreadyExists)/is,
    'the queue may hold accepted messages. Choose a different carrier in apigw.yaml, or empty the queue and delete it; then run it again',
  ],
  [
    /already exists|AlreadyExists|already owned/i,
    'see if an earlier stage left the resource behind and if it holds data. Delete it or choose a different name; then run it again',
  ],
  [/service[- ]linked role/i, 'run it again: AWS creates the role on first use, which takes a moment'],
  [
    /limit exceeded|LimitExceeded|quota|maximum number of|has been reached/i,
    'request an increase in the Service Quotas console, or delete unused resources; then run it again',
  ],
  [/Throttl|Rate exceeded|TooManyRequests/i, 'run it again in a few minutes'],
  [
    /InsufficientDBInstanceCapacity|insufficient capacity|not (?:available|supported) in (?:this|the requested|your requested) (?:Availability Zone|region)|InsufficientCache/i,
    'choose a different size for the stage in apigw.yaml, then run it again',
  ],
  [
    /Cannot find version|engine version|InvalidParameterCombination/i,
    'choose a version or size that is available in the region, then run it again',
  ],
  [
    /circuit breaker|did not stabilize|failed to stabilize|health checks?/i,
    step`check why it does not start: ${apigw('logs')}; then run it again`,
  ],
  [/certificate|DNS validation|hosted zone/i, 'check domain and hostedZoneId of the stage in apigw.yaml, then run it again'],
]

function nextOf({ reason = '', physicalId }: StackEvent): NextStep {
  const denied = deniedIn(reason)
  if (denied !== undefined) {
    const on = denied.resource === undefined ? '' : ` on ${denied.resource}`
    return `ask an administrator to allow ${denied.action}${on}, then run it again`
  }
  const found = advice.find(([pattern]) => pattern.test(reason))?.[1]
  const next = found ?? 'fix the cause, then run it again; finished resources are not created twice'
  return typeof next === 'string' ? next.replace('{id}', physicalId) : next
}

/** The reason without the request ids and status codes that SDKs append. */
function plainReason(reason: string | undefined): string {
  const text = (reason ?? 'AWS gave no reason')
    .replaceAll(/\s*\((?:Service|Status Code|Request ID|RequestToken|HandlerErrorCode|SDK Attempt Count)[^)]*\)/g, '')
    .replaceAll(/\s*\(RequestToken: [^)]*\)/g, '')
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** @param events of one stack operation, oldest first */
export function causeOf(events: readonly StackEvent[]): Cause | undefined {
  const first = firstFailure(events)
  if (first === undefined) return undefined
  return { resource: first.resource, type: first.type, reason: plainReason(first.reason), next: nextOf(first) }
}
