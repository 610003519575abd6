import type { StackKey } from '../../domain/stage.ts'
import { stackKeys, stackName } from '../../domain/stage.ts'
import { artifactBucket } from './bucket.ts'
import type { Change } from './change.ts'
import type { DesiredStack } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { deployApproved } from './deploy-approved.ts'
import { diffStack, isCovered, type StackDiff } from './diff.ts'
import { refuseFixed } from './fixed.ts'
import { buildImage, type LocalImage, pushImage } from './image/build.ts'
import { imageMissing } from './image/by-hand.ts'
import { findImage } from './image/repository.ts'
import type { ImageSource } from './image/source.ts'
import { type Input, inputValues, missingInput } from './inputs.ts'
import { updateOrder } from './order.ts'
import { refuseOthers } from './others.ts'
import type { Code, StackPlan, Stage } from './plan.ts'
import { failedCreation } from './ready.ts'
import { bucketOf, DeploymentRecorder } from './record.ts'
import { keptParameters } from './restore.ts'
import { sentParameters } from './sent.ts'
import { refuseSwap } from './shape.ts'
import { describeStack, type Stack, stageTag } from './stack.ts'
import type { Steps } from './steps.ts'
import { effectiveParameters } from './template.ts'
import { isKept, protectStack } from './termination.ts'
import { uploadAsset } from './upload.ts'
import { withVersions } from './versions.ts'

/** A stack to deploy, and what would change. */
export interface StackDeployment extends StackDiff {
  readonly key: StackKey
  readonly desired: DesiredStack
  readonly inputs: readonly Input[]
  /** Inputs whose values are known only after an earlier stack of the run is deployed. */
  readonly unknown: readonly Input[]
  readonly code: readonly Code[]
  /** The image that is not in the repository yet: the deployment builds and pushes it. */
  readonly image: ImageSource | undefined
}

type Deployed = ReadonlyMap<StackKey, Stack>

/** The stacks of a stage that exist. @throws Problem `stack-stuck` if one of them is not of the stage */
async function deployedStacks(clients: StackClients, stage: string): Promise<Deployed> {
  const found = await Promise.all(
    stackKeys.map(async (key) => [key, await describeStack(clients, stackName(stage, key))] as const),
  )
  return new Map(
    found.flatMap(([key, stack]) => {
      if (stack === undefined) return []
      refuseOthers(clients, stage, stack)
      return [[key, stack]]
    }),
  )
}

/** Stands in for a value that is not known yet, so that the rest can be compared. */
function placeholder({ parameter, from }: Input): string {
  return `known-after-${from}-is-deployed:${parameter}`
}

/** The output of the data stack that the image is pushed to. */
const repository: Input = { parameter: 'RepositoryUri', from: 'data', optional: false }

/** The image by digest, if it is in the repository; else a value that differs from every image before. */
async function knownImage(clients: StackClients, { tag }: ImageSource, uri: string | undefined) {
  const digest = uri === undefined ? undefined : await findImage(clients, uri, { imageTag: tag })
  return { isThere: digest !== undefined, value: `${uri ?? repository.parameter}@${digest ?? `sha256:${tag}`}` }
}

/** The stack with the names of its functions' versions, which follow from the template and the parameters. */
function versioned(desired: DesiredStack): DesiredStack {
  return { ...desired, templateBody: withVersions(desired.templateBody, desired.parameters) }
}

interface Run {
  readonly clients: StackClients
  readonly stage: Stage
  readonly bucket: string
  readonly deployed: Deployed
  readonly planned: readonly StackKey[]
  readonly steps: Steps
}

/** What a stack of an earlier version has, which has no such parameter. */
const earlierShape: Readonly<Record<string, string>> = {
  Registries: 'redis',
  RegistryStore: 'redis',
  Fronts: 'balancer',
  RecordTo: 'balancer',
}

function deployedShape(stack: Stack | undefined, parameter: string): string | undefined {
  if (stack === undefined || failedCreation.has(stack.status)) return undefined
  return stack.parameters[parameter] ?? earlierShape[parameter]
}

async function stackDeployment(plan: StackPlan, run: Run): Promise<StackDeployment> {
  const { key, name, template, inputs, code } = plan
  const { clients, stage, deployed, planned, steps } = run
  const before = deployed.get(key)
  const wanted = effectiveParameters(template, plan.parameters)
  refuseFixed(key, wanted, before)
  refuseSwap(key, wanted, (of, parameter) => deployedShape(deployed.get(of), parameter))
  const { known, unknown } = inputValues(inputs, (from) => deployed.get(from)?.outputs)
  const never = unknown.find(({ from }) => !planned.includes(from))
  if (never !== undefined) throw missingInput(stage.name, key, never)
  const guesses = unknown.map((input) => [input.parameter, before?.parameters[input.parameter] ?? placeholder(input)])
  const image = plan.image && (await knownImage(clients, plan.image, deployed.get('data')?.outputs.RepositoryUri))
  const sent = { ...sentParameters(plan, run.bucket), ...(image && { Image: image.value }) }
  const sending: DesiredStack = {
    name,
    templateBody: template,
    parameters: { ...sent, ...keptParameters(key, sent, before?.parameters), ...known, ...Object.fromEntries(guesses) },
    bucket: run.bucket,
    tags: { [stageTag]: stage.name },
  }
  const desired = versioned(sending)
  const pending = image?.isThere === false ? plan.image : undefined
  return { key, desired, inputs, unknown, code, image: pending, ...(await diffStack(clients, desired, steps)) }
}

/**
 * Lists what a deployment would change, for all stacks in parallel. Uploads no code: S3 keys are content hashes. A template that
 * is too long for a request is uploaded, because CloudFormation compares it.
 * @throws Problem as `deployStack`, if a stack cannot be updated now
 */
export async function diffStage(
  clients: StackClients,
  stage: Stage,
  plans: readonly StackPlan[],
  steps: Steps,
): Promise<readonly StackDeployment[]> {
  const bucket = await bucketOf(clients, stage)
  const deployed = await deployedStacks(clients, stage.name)
  const run = { clients, stage, bucket, deployed, planned: plans.map(({ key }) => key), steps }
  // Waits for all before it throws the first error, so that each has deleted its change set.
  const found = await Promise.allSettled(plans.map((plan) => stackDeployment(plan, run)))
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

/** The desired stack with its image, which is pushed now if it is not in the repository. @throws Problem `image-missing` */
async function withImage(
  desired: DesiredStack,
  { key, image }: StackDeployment,
  local: LocalImage | undefined,
  { clients, stage, outputs, steps }: Push,
): Promise<DesiredStack> {
  if (image === undefined) return desired
  const uri = outputs.get('data')?.RepositoryUri
  if (uri === undefined) throw missingInput(stage.name, key, repository)
  const { isThere, value } = await knownImage(clients, image, uri)
  if (!isThere && local === undefined) throw imageMissing(image, uri, stage.name)
  const Image = isThere || local === undefined ? value : await pushImage(clients, local, uri, steps)
  return { ...desired, parameters: { ...desired.parameters, Image } }
}

/** The desired stack with what the earlier stacks give now. @throws Problem `stack-refused` if one does not give it */
function withInputs(stage: Stage, { key, desired, inputs }: StackDeployment, outputs: OutputsOf): DesiredStack {
  const { known, unknown } = inputValues(inputs, (from) => outputs.get(from))
  if (unknown[0] !== undefined) throw missingInput(stage.name, key, unknown[0])
  const others = Object.entries(desired.parameters).filter(([name]) => !inputs.some(({ parameter }) => parameter === name))
  return versioned({ ...desired, parameters: { ...Object.fromEntries(others), ...known } })
}

type OutputsOf = ReadonlyMap<StackKey, Readonly<Record<string, string>>>

interface Push {
  readonly clients: StackClients
  readonly stage: Stage
  readonly outputs: OutputsOf
  readonly steps: StageSteps
}

interface StageSteps extends Omit<Steps, 'approve'> {
  approve(name: string, changes: readonly Change[]): Promise<boolean>
  /** Whether the run is a rollback. It leaves the record as it is, so that it can be repeated until it is complete. */
  readonly rollback?: boolean
}

/**
 * Deploys the approved stacks one by one. A missing image is built before the first stack, so that a build that fails changes
 * nothing, and pushed before the first stack that needs it. Records first what was there, for `apigw deploy --rollback`. Calls `steps.approve` again only if a stack would change differently from what was
 * approved. Stops at the first failure; the next run continues from there, because a deployed stack has no changes.
 * @param done called after each stack
 */
export async function deployStage(
  clients: StackClients,
  deployments: readonly StackDeployment[],
  stage: Stage,
  steps: StageSteps,
  done: (result: StackResult) => void,
): Promise<void> {
  const deployed = await deployedStacks(clients, stage.name)
  const outputs = new Map([...deployed].map(([key, stack]) => [key, stack.outputs]))
  const recorder = steps.rollback ? undefined : new DeploymentRecorder(clients, stage, deployed, steps.who)
  const pending = deployments.find(({ image }) => image !== undefined)?.image
  const local = pending && (await buildImage(pending, steps))
  for (const deployment of updateOrder(deployments, deployed)) {
    const { key, code, changes: approved } = deployment
    const given = withInputs(stage, deployment, outputs)
    const desired = await withImage(given, deployment, local, { clients, stage, outputs, steps })
    if (code.length > 0) await uploadCode(clients, stage, code)
    const approve = async (changes: readonly Change[]) => {
      const agreed = changes.every((change) => isCovered(change, approved)) || (await steps.approve(desired.name, changes))
      if (agreed) await recorder?.before(key)
      return agreed
    }
    const result = await deployApproved(clients, desired, { ...steps, approve })
    if (isKept(key) && deployed.get(key)?.isProtected !== true) await protectStack(clients, desired.name, true)
    outputs.set(key, result.outputs)
    done({ stack: key, name: desired.name, ...result })
  }
  await recorder?.finish()
}
