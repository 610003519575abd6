import type { StackKey } from '../../domain/stage.ts'
import { artifactBucket, defaultBucket } from './bucket.ts'
import type { Change } from './change.ts'
import type { DesiredStack } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { deployStack } from './deploy.ts'
import { diffStack, isCovered, type StackDiff } from './diff.ts'
import type { Code, StackPlan, Stage } from './plan.ts'
import { sentParameters } from './sent.ts'
import type { Steps } from './steps.ts'
import { uploadAsset } from './upload.ts'

/** A stack to deploy, and what would change. */
export interface StackDeployment extends StackDiff {
  readonly key: StackKey
  readonly desired: DesiredStack
  readonly code: readonly Code[]
}

function desiredStack(stage: Stage, plan: StackPlan, bucket: string): DesiredStack {
  return {
    name: plan.name,
    templateBody: plan.template,
    parameters: sentParameters(plan, bucket),
    // The budget and the cost report filter by this tag.
    tags: { 'apigw:stage': stage.name },
  }
}

async function stackDeployment(
  clients: StackClients,
  plan: StackPlan,
  desired: DesiredStack,
  steps: Steps,
): Promise<StackDeployment> {
  const { key, code } = plan
  return { key, desired, code, ...(await diffStack(clients, desired, steps)) }
}

/**
 * Lists what a deployment would change, for all stacks in parallel. Uploads nothing: S3 keys are content hashes.
 * @throws Problem as `deployStack`, if a stack cannot be updated now
 */
export async function diffStage(
  clients: StackClients,
  stage: Stage,
  plans: readonly StackPlan[],
  steps: Steps,
): Promise<readonly StackDeployment[]> {
  const bucket = stage.settings.artifactBucket ?? (await defaultBucket(clients))
  // Waits for all before it throws the first error, so that each has deleted its change set.
  const found = await Promise.allSettled(
    plans.map((plan) => stackDeployment(clients, plan, desiredStack(stage, plan, bucket), steps)),
  )
  return found.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

/** The result of one stack. */
export interface StackResult {
  readonly stack: StackKey
  readonly name: string
  readonly changed: boolean
  readonly outputs: Readonly<Record<string, string>>
}

async function uploadCode(clients: StackClients, stage: Stage, code: readonly Code[]): Promise<void> {
  const bucket = await artifactBucket(clients, stage.settings.artifactBucket)
  await Promise.all(code.map(({ archive }) => uploadAsset(clients, bucket, archive, 'zip')))
}

/**
 * Deploys the approved stacks one by one. Calls `steps.approve` again only if a stack would change differently from what was
 * approved. Stops at the first failure; the next run continues from there, because a deployed stack has no changes.
 * @param done called after each stack
 */
export async function deployStage(
  clients: StackClients,
  deployments: readonly StackDeployment[],
  stage: Stage,
  steps: Omit<Steps, 'approve'> & { approve(name: string, changes: readonly Change[]): Promise<boolean> },
  done: (result: StackResult) => void,
): Promise<void> {
  for (const { key, desired, code, changes: approved } of deployments) {
    if (code.length > 0) await uploadCode(clients, stage, code)
    const { outputs, changed } = await deployStack(clients, desired, {
      ...steps,
      mayRemoveFailed: async () => true,
      approve: async (changes) => changes.every((change) => isCovered(change, approved)) || steps.approve(desired.name, changes),
    })
    done({ stack: key, name: desired.name, changed, outputs })
  }
}
