import { callAws } from '../../aws/index.ts'
import { step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { contentsOf, destroyStack, idleStack, isInReview, type Stack, type StackClients, type Steps } from '../stacks/index.ts'
import { isMissing, type TrailClients } from './clients.ts'
import { emptyBucket } from './empty-bucket.ts'
import { globalRegion, globalStackName, trailStack } from './names.ts'
import { inBothRegions } from './regions.ts'
import { trailMissing } from './status.ts'
import { deleteWebhooks } from './webhooks.ts'

export interface Uninstalled {
  readonly stacks: readonly string[]
  /** Retained resources, which may cost money. */
  readonly left: readonly string[]
}

/** The bucket and log group with recorded events. Empty for an adopted log group, which belongs to another trail. */
interface Recorded {
  readonly bucket: string
  readonly group: string
}

function recordedBy({ outputs }: Stack): Recorded {
  return { bucket: outputs.BucketName ?? '', group: outputs.TrailName ? (outputs.LogGroup ?? '') : '' }
}

async function deleteLogs(clients: TrailClients, { bucket, group }: Recorded, steps: Steps): Promise<void> {
  if (bucket) {
    steps.report(`Emptying the bucket ${bucket}.`)
    await emptyBucket(clients, bucket)
  }
  if (!group) return
  const { DeleteLogGroupCommand } = await import('@aws-sdk/client-cloudwatch-logs')
  await callAws(clients.place, 'logs:DeleteLogGroup', async () => {
    try {
      await clients.logs.send(new DeleteLogGroupCommand({ logGroupName: group }))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
  steps.report(`Deleted the log group ${group}.`)
}

/** Adds the names of the remaining resources to an error, because the deleted stack can no longer show them. */
function stillThere(error: unknown, { bucket, group }: Recorded): unknown {
  if (!(error instanceof Problem)) return error
  const rest = [bucket && `the bucket ${bucket}`, group && `the log group ${group}`].filter(Boolean).join(' and ')
  return new Problem(error.code, `The trail is deleted, but some recorded events remain. ${error.message}`, {
    next: step`${error.step === undefined ? '' : step`${error.step}; `}delete ${rest} in the console, if it still exists`,
    cause: error,
  })
}

/**
 * A stack of this trail, once no operation is in progress. Ignores a stack in review, which is empty, and a forwarding stack
 * with a different home region, which belongs to the trail there.
 */
async function installedStack(stacks: StackClients, name: string, home: string, steps: Steps): Promise<Stack | undefined> {
  const stack = await idleStack(stacks, name, steps)
  if (stack === undefined || isInReview(stack)) return undefined
  return name === globalStackName && stack.parameters.HomeRegion !== home ? undefined : stack
}

/** Deletes the recorded events. @returns the resources that are still retained */
async function without(clients: TrailClients, retained: readonly string[], recorded: Recorded, steps: Steps): Promise<string[]> {
  try {
    await deleteLogs(clients, recorded, steps)
  } catch (error) {
    throw stillThere(error, recorded)
  }
  const gone = [recorded.bucket, recorded.group].filter(Boolean)
  return retained.filter((one) => !gone.some((name) => one.endsWith(` ${name}`)))
}

/**
 * Deletes the trail, and with `deleteLogs` also the recorded events. Asks once for both stacks. Deletes the home stack last,
 * because its outputs name the other resources: after an interruption, the next run continues.
 * @throws Problem `trail-missing`, `declined`, `aws-…`, `stack-…`
 */
export async function uninstall(clients: TrailClients, options: { deleteLogs: boolean }, steps: Steps): Promise<Uninstalled> {
  return inBothRegions(clients.place, async (here, there) => {
    const places = [
      { stacks: here, name: trailStack },
      ...(here.region === globalRegion ? [] : [{ stacks: there, name: globalStackName }]),
    ]
    const found = await Promise.all(
      places.map(async (at) => ({ ...at, stack: await installedStack(at.stacks, at.name, here.region, steps) })),
    )
    const installed = found.flatMap(({ stack, ...at }) => (stack === undefined ? [] : [{ ...at, stack }]))
    if (installed.length === 0) throw trailMissing(here.region)
    const contents = await Promise.all(installed.map(({ stacks, stack }) => contentsOf(stacks, stack)))
    if (!(await steps.approve(contents.flat()))) throw new Problem('declined', 'Not confirmed. Nothing was deleted.')
    await deleteWebhooks(clients)
    let left: readonly string[] = []
    for (const { stacks, name } of installed.toReversed()) {
      const { retained } = await destroyStack(stacks, name, { ...steps, approve: async () => true })
      left = [...left, ...retained]
    }
    const home = installed.find(({ name }) => name === trailStack)?.stack
    if (options.deleteLogs && home !== undefined) left = await without(clients, left, recordedBy(home), steps)
    return { stacks: installed.map(({ name }) => name), left }
  })
}
