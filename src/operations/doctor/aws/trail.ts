import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail'
import { callAws } from '../../../aws/index.ts'
import { apigw } from '../../../domain/next-step.ts'
import type { Check } from '../check.ts'
import type { Account } from './account.ts'

const name = 'trail'
const stackName = 'apigw-trail'

/** An existing trail that was adopted: the stack knows only its log group. */
async function adopted(account: Account, client: CloudTrailClient, group: string | undefined, signal: AbortSignal) {
  const { DescribeTrailsCommand } = await import('@aws-sdk/client-cloudtrail')
  const { trailList = [] } = await callAws(account.place, 'cloudtrail:DescribeTrails', () =>
    client.send(new DescribeTrailsCommand({}), { abortSignal: signal }),
  )
  return trailList.find(({ CloudWatchLogsLogGroupArn }) => CloudWatchLogsLogGroupArn?.includes(`:${group}:`))?.TrailARN
}

/** Whether CloudTrail records the account's activity and can deliver it. */
export async function checkTrail(account: Account, signal: AbortSignal): Promise<Check[]> {
  const outputs = (await account.stack(stackName))?.outputs
  if (outputs === undefined) {
    const detail = `the stack ${stackName} does not exist, so account activity is not reported`
    return [{ name, state: 'warn', detail, fix: apigw('trail install') }]
  }
  const { CloudTrailClient, GetTrailStatusCommand } = await import('@aws-sdk/client-cloudtrail')
  const client = new CloudTrailClient(account.options)
  const trail = outputs.TrailName || (await adopted(account, client, outputs.LogGroup, signal))
  if (trail === undefined) {
    return [{ name, state: 'fail', detail: `no trail writes to ${outputs.LogGroup}`, fix: apigw('trail install') }]
  }
  const { IsLogging, LatestDeliveryError, LatestCloudWatchLogsDeliveryError } = await callAws(
    account.place,
    'cloudtrail:GetTrailStatus',
    () => client.send(new GetTrailStatusCommand({ Name: trail }), { abortSignal: signal }),
  )
  if (!IsLogging) {
    return [{ name, state: 'fail', detail: `${trail} is stopped`, fix: `aws cloudtrail start-logging --name ${trail}` }]
  }
  const fault = LatestDeliveryError || LatestCloudWatchLogsDeliveryError
  if (fault) return [{ name, state: 'fail', detail: `${trail} cannot deliver: ${fault}`, fix: apigw('trail status') }]
  return [{ name, state: 'ok', detail: `${trail} is logging` }]
}
