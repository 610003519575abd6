import { type Alert, fact } from '../alert.ts'
import type { TrailRecord } from '../read/signal.ts'
import type { Held, Match, Rule } from '../rules/index.ts'
import { actorOf, at, textAt } from './actor.ts'

const eventId = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const region = /^[a-z]{2}(?:-[a-z]+)+-\d$/

/** The event in CloudTrail's console, where id and region are what they should be: both come from outside. */
export function eventLink(record: TrailRecord): string | undefined {
  const id = textAt(record, 'eventID')
  const where = textAt(record, 'awsRegion')
  if (id === undefined || where === undefined || !eventId.test(id) || !region.test(where)) return undefined
  return `https://${where}.console.aws.amazon.com/cloudtrailv2/home?region=${where}#/events/${id}`
}

/** Names of requestParameters that say what was acted upon, the most telling first. */
const targets = [
  'bucketName',
  'userName',
  'roleName',
  'groupName',
  'policyArn',
  'policyName',
  'functionName',
  'keyId',
  'trailName',
  'name',
  'topicArn',
  'queueUrl',
  'groupId',
  'networkAclId',
  'routeTableId',
  'vpcId',
  'internetGatewayId',
  'dBInstanceIdentifier',
  'dBSnapshotIdentifier',
  'snapshotId',
  'detectorId',
  'webACLArn',
  'resourceArn',
  'secretId',
  'stackName',
  'tableName',
  'instanceId',
] as const

/** What was acted upon: the resources that the event lists, or what its parameters name. */
export function resourceOf(record: TrailRecord): string | undefined {
  const { resources } = record
  const arns = Array.isArray(resources) ? resources.flatMap((one) => textAt(one, 'ARN') ?? textAt(one, 'arn') ?? []) : []
  if (arns.length > 0) return arns.slice(0, 3).join(', ')
  for (const name of targets) {
    const value = textAt(record, `requestParameters.${name}`)
    if (value !== undefined) return value
  }
  return undefined
}

/** The service's own name, without the ending that all have. */
function actionOf(record: TrailRecord): string {
  const service = textAt(record, 'eventSource')?.replace(/\.amazonaws\.com$/, '') ?? 'aws'
  return `${service}:${textAt(record, 'eventName') ?? 'unknown'}`
}

function errorOf(record: TrailRecord): string | undefined {
  const words = [textAt(record, 'errorCode'), textAt(record, 'errorMessage')].filter((word) => word !== undefined)
  return words.length === 0 ? undefined : words.join(': ')
}

export function timeOf(value: unknown, fallback: number): number {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? fallback : time
}

/** Names an action by CloudTrail's own id of it, so that every report of it has the same key. */
export function activityKey(record: TrailRecord, messageId: string): string {
  return `activity:${textAt(record, 'eventID') ?? messageId}`
}

export interface Explained {
  readonly matches: readonly Match[]
  /** Reported again because its ignore rule has expired. */
  readonly expired: readonly Held[]
  /** The rule of the first, worst, match. */
  readonly rule: Rule
  readonly messageId: string
  readonly test: boolean
  readonly now: number
}

/** Says who did what, where and from where. */
export function activityAlert(record: TrailRecord, { matches, expired, rule, messageId, test, now }: Explained): Alert {
  const actor = actorOf(record)
  const action = actionOf(record)
  const error = errorOf(record)
  return {
    key: activityKey(record, messageId),
    rule: rule.id,
    also: matches.map((match) => match.rule.id).filter((id) => id !== rule.id),
    severity: rule.severity,
    title: rule.title,
    why: rule.why,
    fix: rule.fix,
    facts: [
      ...fact('Who', actor),
      ...fact('What', action),
      ...fact('On', resourceOf(record)),
      ...fact('Error', error),
      ...fact('From', textAt(record, 'sourceIPAddress')),
      ...fact('With', textAt(record, 'userAgent')),
      ...fact(
        'MFA',
        textAt(record, 'additionalEventData.MFAUsed') ??
          textAt(record, 'userIdentity.sessionContext.attributes.mfaAuthenticated'),
      ),
      ...fact('Account', textAt(record, 'recipientAccountId') ?? textAt(record, 'userIdentity.accountId')),
      ...fact('Region', textAt(record, 'awsRegion')),
      ...expired
        .slice(0, 1)
        .flatMap(({ ignore }) => fact('Was ignored', `until ${ignore.expires}, by ${ignore.owner}: ${ignore.reason}`)),
    ],
    link: eventLink(record),
    at: timeOf(at(record, 'eventTime'), now),
    group: `${rule.id}|${actor}|${action}|${textAt(record, 'errorCode') ?? ''}`,
    test,
  }
}
