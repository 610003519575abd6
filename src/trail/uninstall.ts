import type { AwsPlace } from '../aws/index.ts'
import { destroyStack, type Steps, stackClients } from '../stacks/index.ts'
import { called, isMissing, type TrailClients } from './clients.ts'
import { emptyBucket } from './empty-bucket.ts'
import { globalRegion, globalStackName, trailStack } from './names.ts'
import { installedOutputs } from './status.ts'
import { deleteWebhooks } from './webhooks.ts'

export interface Uninstalled {
  readonly stacks: readonly string[]
  /** What is still there, and may cost something. */
  readonly left: readonly string[]
}

async function destroyIn(place: AwsPlace, name: string, steps: Steps): Promise<readonly string[]> {
  const stacks = await stackClients(place)
  try {
    return (await destroyStack(stacks, name, steps)).retained
  } finally {
    stacks.close()
  }
}

async function deleteLogs(
  clients: TrailClients,
  bucket: string | undefined,
  group: string | undefined,
  own: boolean,
  steps: Steps,
): Promise<void> {
  if (bucket) {
    steps.tell(`Emptying the bucket ${bucket}.`)
    await emptyBucket(clients, bucket)
  }
  if (!own || !group) return
  const { DeleteLogGroupCommand } = await import('@aws-sdk/client-cloudwatch-logs')
  await called(clients, 'logs:DeleteLogGroup', async () => {
    try {
      await clients.logs.send(new DeleteLogGroupCommand({ logGroupName: group }))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
  steps.tell(`Deleted the log group ${group}.`)
}

/**
 * Takes the trail away. The recorded events stay, unless they are to go too.
 * @throws Problem `trail-missing`, `declined`, `aws-…`
 */
export async function uninstall(clients: TrailClients, options: { deleteLogs: boolean }, steps: Steps): Promise<Uninstalled> {
  const outputs = await installedOutputs(clients.place)
  const retained = await destroyIn(clients.place, trailStack, steps)
  const stacks = [trailStack]
  const home = await regionOf(clients.place)
  if (home !== globalRegion) {
    await destroyIn({ ...clients.place, region: globalRegion }, globalStackName, steps)
    stacks.push(globalStackName)
  }
  await deleteWebhooks(clients)
  if (!options.deleteLogs) return { stacks, left: retained }
  await deleteLogs(clients, outputs.BucketName, outputs.LogGroup, Boolean(outputs.TrailName), steps)
  const gone = [outputs.BucketName, outputs.LogGroup].filter(Boolean)
  return { stacks, left: retained.filter((one) => !gone.some((name) => one.includes(name ?? ''))) }
}

async function regionOf(place: AwsPlace): Promise<string> {
  const stacks = await stackClients(place)
  stacks.close()
  return stacks.region
}
