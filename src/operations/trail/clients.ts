import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail'
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { SNSClient } from '@aws-sdk/client-sns'
import { type AwsPlace, awsProblem, clientOptions } from '../../aws/index.ts'
import { openQueue, type Queue } from '../../runtime/ports/index.ts'

/** The AWS clients of the trail, in one account and region. */
export interface TrailClients {
  readonly place: AwsPlace
  readonly cloudTrail: CloudTrailClient
  readonly cloudWatch: CloudWatchClient
  readonly logs: CloudWatchLogsClient
  readonly events: EventBridgeClient
  readonly lambda: LambdaClient
  readonly secrets: SecretsManagerClient
  readonly sns: SNSClient
  readonly queue: Queue
  close(): void
}

/** @throws Problem `input-missing` if no region is configured */
async function regionOf({ config }: SNSClient, place: AwsPlace): Promise<string> {
  try {
    return await config.region()
  } catch (error) {
    throw awsProblem(error, { action: 'sns', ...place })
  }
}

/** Creates the clients. Makes no API call. */
export async function trailClients(place: AwsPlace): Promise<TrailClients> {
  const [cloudTrail, cloudWatch, logs, events, lambda, secrets, sns] = await Promise.all([
    import('@aws-sdk/client-cloudtrail'),
    import('@aws-sdk/client-cloudwatch'),
    import('@aws-sdk/client-cloudwatch-logs'),
    import('@aws-sdk/client-eventbridge'),
    import('@aws-sdk/client-lambda'),
    import('@aws-sdk/client-secrets-manager'),
    import('@aws-sdk/client-sns'),
  ])
  const options = clientOptions(place)
  const opened = {
    cloudTrail: new cloudTrail.CloudTrailClient(options),
    cloudWatch: new cloudWatch.CloudWatchClient(options),
    logs: new logs.CloudWatchLogsClient(options),
    events: new events.EventBridgeClient(options),
    lambda: new lambda.LambdaClient(options),
    secrets: new secrets.SecretsManagerClient(options),
    sns: new sns.SNSClient(options),
  }
  // The runtime's small SQS client uses the SDK's credentials and region, so profiles and SSO work.
  const endpoint = process.env.AWS_ENDPOINT_URL_SQS ?? process.env.AWS_ENDPOINT_URL
  const queue = openQueue({
    region: await regionOf(opened.sns, place),
    ...(endpoint !== undefined && { endpoint }),
    credentials: () => opened.sns.config.credentials(),
  })
  const close = (): void => {
    for (const client of Object.values(opened)) client.destroy()
    queue.close()
  }
  return { place, ...opened, queue, close }
}

/** Whether the AWS error says that the resource does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && /NotFound|NoSuch|DoesNotExist/.test(error.name)
}
