import type { StackKey } from '../domain/stage.ts'
import { artifactBucket, usualBucket } from './bucket.ts'
import type { Change } from './change.ts'
import type { Wanted } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { resourcesMade } from './conditions.ts'
import { deployStack, previewStack } from './deploy.ts'
import type { Code, StackPlan, Stage } from './plan.ts'
import { failedFirst } from './ready.ts'
import { describeStack, isShell } from './stack.ts'
import type { Steps } from './steps.ts'
import { assetKey, uploadAsset } from './upload.ts'

/** A stack of a stage, and what would change of it. */
export interface Surveyed {
  readonly key: StackKey
  readonly wanted: Wanted
  readonly code: readonly Code[]
  /** `new`: it is to be made. `failed`: so it was, that went wrong, and what is left is deleted first. */
  readonly state: 'new' | 'failed' | 'there'
  /** Of a stack that is to be made, what its template makes with its parameters: AWS is not asked for it. */
  readonly changes: readonly Change[]
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

function allOf({ templateBody, parameters }: Wanted): Change[] {
  return resourcesMade(templateBody, parameters).map(({ id, type }) => ({
    kind: 'create',
    id,
    type,
    physicalId: null,
    perhaps: false,
    why: [],
    loss: null,
  }))
}

async function surveyed(clients: StackClients, plan: StackPlan, wanted: Wanted, steps: Steps): Promise<Surveyed> {
  const { key, code } = plan
  const stack = await describeStack(clients, wanted.name)
  const failed = stack !== undefined && failedFirst.has(stack.status)
  if (stack === undefined || isShell(stack) || failed) {
    return { key, wanted, code, state: failed ? 'failed' : 'new', changes: allOf(wanted) }
  }
  return { key, wanted, code, state: 'there', changes: await previewStack(clients, wanted, steps) }
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
  const bucket = stage.settings.artifactBucket ?? (await usualBucket(clients))
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

/** Whether what a change set says now was in what has been approved already. What is only made anew takes nothing away. */
function isCovered(change: Change, approved: readonly Change[]): boolean {
  if (change.kind === 'create') return true
  return approved.some(({ id, kind, loss }) => id === change.id && kind === change.kind && loss === change.loss)
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
