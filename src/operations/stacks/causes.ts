import { deniedIn } from '../../aws/index.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import type { StackEvent } from './events.ts'

/** Why a change of a stack failed, and what to do about it. */
export interface Cause {
  readonly resource: string
  readonly type: string
  readonly reason: string
  readonly next: NextStep
}

/** What is only stopped because something else failed says so. */
const follower = /^Resource (?:creation|update|deletion) cancelled/i

/**
 * The event that the rest followed from: the first that failed and was not merely stopped. The stack's own events come
 * after it, and only repeat names.
 */
export function firstFailure(events: readonly StackEvent[]): StackEvent | undefined {
  const failed = events.filter(({ status }) => status.endsWith('_FAILED'))
  const own = failed.filter(({ ofStack }) => !ofStack)
  return own.find(({ reason }) => !follower.test(reason ?? '')) ?? own[0] ?? failed[0]
}

/** A stack imports what another one exports. */
export const missingExport = step`deploy the stacks that it builds on first: ${apigw('deploy')}`

/** What to do, by what AWS's services say. The first that matches counts. */
const advice: readonly (readonly [RegExp, NextStep])[] = [
  [/not empty/i, 'empty it, then run it again: aws s3 rm s3://{id} --recursive'],
  [/deletion protection|Cannot delete protected/i, 'take its deletion protection off if it is to go, then run it again'],
  [/cannot be deleted as it is in use by|in use by another stack/i, 'destroy the stacks that use it first'],
  [/No export named/i, missingExport],
  [
    /has a dependent object|DependencyViolation|has dependencies/i,
    'network interfaces of functions go some minutes late: run it again in half an hour',
  ],
  [
    /already exists|AlreadyExists|already owned/i,
    'delete what has this name if an earlier stage left it, or choose another name; then run it again',
  ],
  [/service[- ]linked role/i, 'run it again: AWS makes the role on first use, and it takes a moment'],
  [
    /limit exceeded|LimitExceeded|quota|maximum number of|has been reached/i,
    'ask for more in Service Quotas (console), or delete what is not used; then run it again',
  ],
  [/Throttl|Rate exceeded|TooManyRequests/i, 'run it again in some minutes'],
  [
    /InsufficientDBInstanceCapacity|insufficient capacity|not (?:available|supported) in (?:this|the requested|your requested) (?:Availability Zone|region)|InsufficientCache/i,
    'choose another size for the stage in apigw.yaml, then run it again',
  ],
  [
    /Cannot find version|engine version|InvalidParameterCombination/i,
    'choose a version or size that the region has, then run it again',
  ],
  [
    /circuit breaker|did not stabilize|failed to stabilize|health checks?/i,
    step`see why it does not start: ${apigw('logs')}; then run it again`,
  ],
  [/certificate|DNS validation|hosted zone/i, 'check domain and hostedZoneId of the stage in apigw.yaml, then run it again'],
]

function nextOf({ reason = '', physicalId }: StackEvent): NextStep {
  const denied = deniedIn(reason)
  if (denied !== undefined) {
    const on = denied.resource === undefined ? '' : ` on ${denied.resource}`
    return `let an administrator allow ${denied.action}${on}, then run it again`
  }
  const found = advice.find(([pattern]) => pattern.test(reason))?.[1]
  const next = found ?? 'correct that, then run it again; what was finished is not made twice'
  return typeof next === 'string' ? next.replace('{id}', physicalId) : next
}

/** What SDKs put behind a message, for support and not for a reader. */
function plainReason(reason: string | undefined): string {
  const text = (reason ?? 'AWS gives no reason')
    .replaceAll(/\s*\((?:Service|Status Code|Request ID|RequestToken|HandlerErrorCode|SDK Attempt Count)[^)]*\)/g, '')
    .replaceAll(/\s*\(RequestToken: [^)]*\)/g, '')
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** @param events of one change, oldest first */
export function causeOf(events: readonly StackEvent[]): Cause | undefined {
  const first = firstFailure(events)
  if (first === undefined) return undefined
  return { resource: first.resource, type: first.type, reason: plainReason(first.reason), next: nextOf(first) }
}
