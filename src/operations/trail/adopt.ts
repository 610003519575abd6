import type { Trail } from '@aws-sdk/client-cloudtrail'
import { callAws } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Stack } from '../stacks/index.ts'
import type { TrailClients } from './clients.ts'

/** A trail whose log group is used instead of making one; `own` makes one although there is another. */
export type Adopt = { readonly trail: string } | 'own' | undefined

/** Where the events come from. */
export interface Source {
  /** The log group of a trail that is not ours; empty for one of our own. */
  readonly logGroup: string
  /** What that trail is called. */
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
  // A trail of all regions shows in each, but writes its log group in its own, and filters work only there.
  throw new Problem('input-invalid', `The trail "${trail}" writes to CloudWatch Logs in ${region}, and this is ${here}.`, {
    next: step`${apigw('trail install', '--region', region, '--adopt', trail)}, or --own`,
  })
}

/**
 * The trail to use: the one that this installation uses already, one that is named, or one of our own. A second trail is
 * billed for every event, so it is not made in silence.
 * @param installed our own stack, where it stands
 * @param ask what to do with a trail that is there, where somebody can be asked
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
    throw new Problem('input-invalid', `There is no trail "${adopt.trail}".`, { next: 'aws cloudtrail describe-trails' })
  }
  if (installed !== undefined) {
    const used = trailList.find(({ CloudWatchLogsLogGroupArn = '' }) => groupIn(CloudWatchLogsLogGroupArn).name === logGroup)
    return { logGroup, trail: used?.Name ?? '' }
  }
  const other = trailList.find(({ IsMultiRegionTrail }) => IsMultiRegionTrail)
  if (other === undefined) return own
  const { Name = '' } = other
  if (ask !== undefined) return (await ask(Name)) === 'own' ? own : sourceFrom(other, here)
  const detail = `There is a trail of all regions already: ${Name}. AWS bills a second one for every event.`
  throw new Problem('trail-exists', detail, { next: step`${apigw('trail install', '--adopt', Name)}, or --own for another` })
}
