import type { Severity } from '../../../domain/alerting.ts'
import { type Alert, fact } from '../alert.ts'
import type { TrailRecord } from '../read/signal.ts'
import type { Rule } from '../rules/index.ts'
import { timeOf } from './activity.ts'
import { at, textAt } from './actor.ts'

/** GuardDuty's own bands: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html */
export function findingSeverity(value: unknown): Severity {
  const severity = typeof value === 'number' ? value : 0
  if (severity >= 9) return 'critical'
  if (severity >= 7) return 'high'
  return severity >= 4 ? 'medium' : 'low'
}

function link(region: string | undefined, id: string | undefined): string | undefined {
  if (region === undefined || id === undefined || !/^[a-z0-9-]+$/.test(region) || !/^[0-9a-f]{32}$/.test(id)) return undefined
  return `https://${region}.console.aws.amazon.com/guardduty/home?region=${region}#/findings?search=id%3D${id}`
}

function remoteOf(detail: unknown): string | undefined {
  for (const path of ['awsApiCallAction', 'networkConnectionAction', 'kubernetesApiCallAction']) {
    const address = textAt(detail, `service.action.${path}.remoteIpDetails.ipAddressV4`)
    if (address !== undefined) return address
  }
  return textAt(detail, 'service.action.portProbeAction.portProbeDetails.0.remoteIpDetails.ipAddressV4')
}

/** A finding of GuardDuty. It comes again whenever it is seen again, so its own id is the key. */
export function findingAlert(event: TrailRecord, rule: Rule | undefined, messageId: string, test: boolean, now: number): Alert {
  const { detail } = event
  const type = textAt(detail, 'type') ?? 'unknown type'
  const region = textAt(detail, 'region') ?? textAt(event, 'region')
  const id = textAt(detail, 'id')
  const resource = textAt(detail, 'resource.instanceDetails.instanceId') ?? textAt(detail, 'resource.s3BucketDetails.0.arn')
  return {
    key: `finding:${id ?? messageId}`,
    rule: rule?.id ?? 'guardduty-finding',
    also: [],
    severity: findingSeverity(at(detail, 'severity')),
    title: `GuardDuty: ${textAt(detail, 'title') ?? type}`,
    why: textAt(detail, 'description'),
    fix: rule?.fix,
    facts: [
      ...fact('Type', type),
      ...fact('Who', textAt(detail, 'resource.accessKeyDetails.userName')),
      ...fact('What', textAt(detail, 'service.action.awsApiCallAction.api') ?? textAt(detail, 'service.action.actionType')),
      ...fact('On', resource ?? textAt(detail, 'resource.resourceType')),
      ...fact('From', remoteOf(detail)),
      ...fact('Seen', at(detail, 'service.count')),
      ...fact('Account', textAt(detail, 'accountId') ?? textAt(event, 'account')),
      ...fact('Region', region),
    ],
    link: link(region, id),
    at: timeOf(at(detail, 'updatedAt'), now),
    group: `guardduty|${type}`,
    test,
  }
}
