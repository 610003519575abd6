import type { Trail } from '@aws-sdk/client-cloudtrail'
import { callAws } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Stack } from '../stacks/index.ts'
import type { TrailClients } from './clients.ts'

/** An existing trail whose log group is used; `own` creates a trail even if the account has one. */
export type Adopt = { readonly trail: string } | 'own' | undefined

/** The source of the events. */
export interface Source {
  /** The log group of an adopted trail; empty for apigw's own trail. */
  readonly logGroup: string
  /** The name of the adopted trail. */
  readonly trail: string
}

const own: Source = { logGroup: '', trail: '' }

/** Parts of a log group's ARN: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`. */
function groupIn(arn: string): { name: string; region: string } {
  return { name: arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? '', region: arn.split(':')[3] ?? '' }
}

function sourceFrom({ Name: trail = '', CloudWatchLogsLogGroupArn: arn }: Trail, here: string): Source {
  if (!arn) {
    throw new Problem('input-invalid', `The trail "${trail}" does not write to CloudWatch Logs.`, {
      next: `aws cloudtrail update-trail --name ${trail} --cloud-watch-logs-log-group-arn … --cloud-watch-logs-role-arn …, or --own`,
    })
  }
  const { name, region } = groupIn(arn)
  if (region === here) return { logGroup: name, trail }
  // A multi-region trail is listed in every region, but its log group is in the home region, and metric filters work only there.
  throw new Problem('input-invalid', `The trail "${trail}" writes to CloudWatch Logs in ${region}, not in ${here}.`, {
    next: step`${apigw('trail install', '--region', region, '--adopt', trail)}, or --own`,
  })
}

/**
 * Selects the trail: the one that the installed stack uses, the named one, or apigw's own. AWS charges for every event of a
 * second trail, so it is not created without asking.
 * @param installed the stack, if it is installed
 * @param ask asks whether to adopt an existing trail; undefined if the session is not interactive
 * @throws Problem `trail-exists`, `input-invalid`
 */
export async function sourceOf(
  clients: TrailClients,
  here: string,
  adopt: Adopt,
  installed: Stack | undefined,
  ask: ((trail: string) => Promise<'adopt' | 'own'>) | undefined,
): Promise<Source> {
  if (adopt === 'own') return own
  const logGroup = installed?.parameters.AdoptLogGroup ?? ''
  if (adopt === undefined && installed !== undefined && logGroup === '') return own
  const { DescribeTrailsCommand } = await import('@aws-sdk/client-cloudtrail')
  const { trailList = [] } = await callAws(clients.place, 'cloudtrail:DescribeTrails', () =>
    clients.cloudTrail.send(new DescribeTrailsCommand({})),
  )
  if (adopt !== undefined) {
    const wanted = trailList.find(({ Name, TrailARN }) => Name === adopt.trail || TrailARN === adopt.trail)
    if (wanted !== undefined) return sourceFrom(wanted, here)
    throw new Problem('input-invalid', `The trail "${adopt.trail}" does not exist.`, { next: 'aws cloudtrail describe-trails' })
  }
  if (installed !== undefined) {
    const used = trailList.find(({ CloudWatchLogsLogGroupArn = '' }) => groupIn(CloudWatchLogsLogGroupArn).name === logGroup)
    return { logGroup, trail: used?.Name ?? '' }
  }
  const other = trailList.find(({ IsMultiRegionTrail }) => IsMultiRegionTrail)
  if (other === undefined) return own
  const { Name = '' } = other
  if (ask !== undefined) return (await ask(Name)) === 'own' ? own : sourceFrom(other, here)
  const detail = `The account already has a multi-region trail: ${Name}. AWS charges for every event of a second one.`
  throw new Problem('trail-exists', detail, {
    next: step`${apigw('trail install', '--adopt', Name)}, or --own to create a second one`,
  })
}
