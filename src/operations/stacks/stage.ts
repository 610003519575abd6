import type { StackKey } from '../../domain/stage.ts'
import { artifactBucket, defaultBucket } from './bucket.ts'
import type { Change } from './change.ts'
import type { Wanted } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { deployStack } from './deploy.ts'
import type { Code, StackPlan, Stage } from './plan.ts'
import type { Steps } from './steps.ts'
import { isCovered, type Survey, surveyStack } from './survey.ts'
import { assetKey, uploadAsset } from './upload.ts'

/** A stack of a stage, and what would change of it. */
export interface Surveyed extends Survey {
  readonly key: StackKey
  readonly wanted: Wanted
  readonly code: readonly Code[]
}

function wantedOf(stage: Stage, { name, template, parameters, code }: StackPlan, bucket: string): Wanted {
  const keys = code.map(({ parameter, archive }) => [parameter, assetKey(archive, 'zip')])
  return {
    name,
    templateBody: template,
    parameters: { ...parameters, ...(code.length > 0 && { CodeBucket: bucket }), ...Object.fromEntries(keys) },
    // The budget counts by it, and so does the bill.
    tags: { 'apigw:stage': stage.name },
  }
}

async function surveyed(clients: StackClients, plan: StackPlan, wanted: Wanted, steps: Steps): Promise<Surveyed> {
  const { key, code } = plan
  return { key, wanted, code, ...(await surveyStack(clients, wanted, steps)) }
}

/**
 * Finds out what a deployment would change, all stacks side by side. Nothing is uploaded: a key is known from the content.
 * @throws Problem as `deployStack`, where one of them cannot be changed now
 */
export async function surveyStage(
  clients: StackClients,
  stage: Stage,
  plans: readonly StackPlan[],
  steps: Steps,
): Promise<readonly Surveyed[]> {
  const bucket = stage.settings.artifactBucket ?? (await defaultBucket(clients))
  // All of them end before the first error is handed on, so that each has deleted its change set.
  const found = await Promise.allSettled(plans.map((plan) => surveyed(clients, plan, wantedOf(stage, plan, bucket), steps)))
  return found.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

/** How one stack came out. */
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
 * Deploys what was surveyed and approved, one stack after the other. `steps.approve` is asked again only where a stack
 * turns out to change otherwise than the survey showed. The first failure ends it; the next run goes on from there,
 * because a stack that is done has no changes.
 * @param done is told of each stack
 */
export async function deployStage(
  clients: StackClients,
  survey: readonly Surveyed[],
  stage: Stage,
  steps: Omit<Steps, 'approve'> & { approve(name: string, changes: readonly Change[]): Promise<boolean> },
  done: (result: StackResult) => void,
): Promise<void> {
  for (const { key, wanted, code, changes: approved } of survey) {
    if (code.length > 0) await uploadCode(clients, stage, code)
    const { outputs, changed } = await deployStack(clients, wanted, {
      ...steps,
      mayRemoveFailed: async () => true,
      approve: async (changes) => changes.every((change) => isCovered(change, approved)) || steps.approve(wanted.name, changes),
    })
    done({ stack: key, name: wanted.name, changed, outputs })
  }
}
