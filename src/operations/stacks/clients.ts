import { setTimeout as sleep } from 'node:timers/promises'
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import type { S3Client } from '@aws-sdk/client-s3'
import type { STSClient } from '@aws-sdk/client-sts'
import { type AwsPlace, awsProblem, callAws, clientOptions } from '../../aws/index.ts'

/** The AWS clients for stack operations, in one account and region. */
export interface StackClients {
  readonly region: string
  readonly profile: string | undefined
  readonly cloudFormation: CloudFormationClient
  readonly s3: S3Client
  readonly sts: STSClient
  /** Waits between two polls. Ends early, without an error, when the signal aborts. */
  pause(ms: number, signal: AbortSignal | undefined): Promise<void>
  close(): void
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { ...(signal !== undefined && { signal }) }).catch(() => undefined)
}

/**
 * Creates the clients. Makes no API call.
 * @throws Problem `input-missing` if no region is configured
 */
export async function stackClients(place: AwsPlace): Promise<StackClients> {
  const [{ CloudFormationClient }, { S3Client }, { STSClient }] = await Promise.all([
    import('@aws-sdk/client-cloudformation'),
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/client-sts'),
  ])
  const options = clientOptions(place)
  const cloudFormation = new CloudFormationClient(options)
  const s3 = new S3Client(options)
  const sts = new STSClient(options)
  const close = (): void => {
    for (const client of [cloudFormation, s3, sts]) client.destroy()
  }
  try {
    const region = await cloudFormation.config.region()
    return { region, profile: place.profile, cloudFormation, s3, sts, pause, close }
  } catch (error) {
    close()
    throw awsProblem(error, { action: 'cloudformation', ...place })
  }
}

/** The 12-digit account id of the credentials. */
export async function accountOf(clients: StackClients): Promise<string> {
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
  const { Account = '' } = await callAws(clients, 'sts:GetCallerIdentity', () =>
    clients.sts.send(new GetCallerIdentityCommand({})),
  )
  return Account
}
