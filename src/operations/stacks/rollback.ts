import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { type StackKey, stackKeys, stackName } from '../../domain/stage.ts'
import { isMap, readSections } from '../cloudformation/index.ts'
import { accountOf, type StackClients } from './clients.ts'
import { refuseFixed } from './fixed.ts'
import { findImage } from './image/repository.ts'
import { type Input, stackInputs } from './inputs.ts'
import { refuseOthers } from './others.ts'
import { chosenStacks, type StackPlan, type Stage } from './plan.ts'
import { bucketOf, type DeploymentRecord, readObject, readRecord } from './record.ts'
import { restoredNames } from './restore.ts'
import { describeStack, originalTemplate, type Stack } from './stack.ts'
import { templateParameters } from './template.ts'

/** A deployment back to an earlier version. */
export interface Rollback {
  /** When the deployment that is rolled back began. */
  readonly at: string
  /** Who made it, if known. */
  readonly by: string | null
  readonly plans: readonly StackPlan[]
}

interface Found {
  readonly key: StackKey
  readonly stack: Stack
  /** The deployed template. */
  readonly now: string
  readonly template: string
  readonly parameters: Readonly<Record<string, string>>
}

const deployEarlier = 'deploy the earlier apigw.yaml with its version of the program'

async function deployedNow(clients: StackClients, stage: Stage, key: StackKey): Promise<Stack | undefined> {
  const stack = await describeStack(clients, stackName(stage.name, key))
  if (stack !== undefined) refuseOthers(clients, stage.name, stack)
  return stack
}

/** The earlier template and parameters of a stack; undefined if the stack was created anew since. */
async function earlierStack(
  clients: StackClients,
  stage: Stage,
  record: DeploymentRecord,
  key: StackKey,
): Promise<Found | undefined> {
  const recorded = record.stacks[key]
  const stack = await deployedNow(clients, stage, key)
  if (recorded === undefined || stack === undefined || stack.id !== recorded.id) return undefined
  const bucket = await bucketOf(clients, stage)
  const template = await readObject(clients, bucket, recorded.template)
  if (template === undefined || template === '') {
    throw new Problem('stack-refused', `The earlier template of ${stack.name} is not in ${bucket} any more.`, {
      next: deployEarlier,
    })
  }
  await refuseWithoutCode(clients, stack.name, recorded.parameters)
  await refuseWithoutImage(clients, stack.name, recorded.parameters.Image)
  const parameters = { ...recorded.parameters, ...staying(stack) }
  return { key, stack, now: await originalTemplate(clients, stack.id), template, parameters }
}

/**
 * Parameters that a rollback does not take back: what the stack was restored from, because another value replaces it with an
 * empty one, and the protection of its data.
 */
function staying({ parameters }: Stack): Readonly<Record<string, string>> {
  const names = new Set(['DeletionProtection', ...restoredNames])
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => names.has(name)))
}

/** An earlier version has served before, so all callers return to it without a trial. */
function atOnce(template: string): Readonly<Record<string, string>> {
  return templateParameters(template).some(({ name }) => name === 'Release') ? { Release: 'at-once' } : {}
}

/** @throws Problem `stack-refused` if the code of an earlier function was deleted */
async function refuseWithoutCode(clients: StackClients, name: string, parameters: Readonly<Record<string, string>>) {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
  const { CodeBucket: Bucket = '' } = parameters
  const keys = Object.entries(parameters).flatMap(([parameter, key]) =>
    parameter.endsWith('CodeKey') && key.endsWith('.zip') ? [key] : [],
  )
  const ExpectedBucketOwner = await accountOf(clients)
  for (const Key of keys) {
    await callAws(clients, 's3:GetObject', async () => {
      try {
        await clients.s3.send(new HeadObjectCommand({ Bucket, Key, ExpectedBucketOwner }))
      } catch (cause) {
        if (!(cause instanceof Error && cause.name === 'NotFound')) throw cause
        throw new Problem('stack-refused', `The earlier code of ${name}, ${Key}, is not in ${Bucket} any more.`, {
          next: deployEarlier,
          cause,
        })
      }
    })
  }
}

/**
 * The repository keeps the last twenty images. One of another registry is not looked up.
 * @throws Problem `stack-refused` if the earlier image was deleted
 */
async function refuseWithoutImage(clients: StackClients, name: string, image: string | undefined) {
  const [, uri, imageDigest] = /^(\d{12}\.dkr\.ecr\.[^/]+\/apigw-[^@]+)@(sha256:[0-9a-f]{64})$/.exec(image ?? '') ?? []
  if (uri === undefined || imageDigest === undefined) return
  if (!uri.startsWith(await accountOf(clients)) || (await findImage(clients, uri, { imageDigest })) !== undefined) return
  throw new Problem('stack-refused', `The earlier image of ${name}, ${imageDigest}, is not in ${uri} any more.`, {
    next: deployEarlier,
  })
}

/** The inputs of an earlier stack: a parameter whose value differs from the output was set by apigw.yaml. */
function earlierInputs(
  { key, parameters }: Found,
  templates: Readonly<Record<StackKey, string>>,
  record: DeploymentRecord,
): Input[] {
  return stackInputs(key, templates, {}).filter(({ parameter, from }) => {
    const output = record.outputs[from]?.[parameter]
    return output === undefined || output === parameters[parameter]
  })
}

function planOf(found: Found, templates: Readonly<Record<StackKey, string>>, record: DeploymentRecord): StackPlan {
  const { key, stack, template } = found
  const inputs = earlierInputs(found, templates, record)
  const names = new Set(inputs.map(({ parameter }) => parameter))
  const given = Object.fromEntries(Object.entries(found.parameters).filter(([name]) => !names.has(name)))
  const parameters = { ...given, ...atOnce(template) }
  refuseLasting(key, parameters, stack)
  return { key, name: stack.name, template, parameters, inputs, code: [] }
}

/** @throws Problem `stack-refused` if a parameter cannot return to its earlier value */
function refuseLasting(key: StackKey, parameters: Readonly<Record<string, string>>, stack: Stack): void {
  try {
    refuseFixed(key, parameters, stack)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem('stack-refused', `The last deployment cannot be rolled back. ${error.message}`, {
      next: 'keep that setting, change the others back in apigw.yaml, and run apigw deploy',
      cause: error,
    })
  }
}

function exportsOf(template: string): ReadonlySet<string> {
  const { Outputs } = readSections(template, { name: 'The template', code: 'stack-refused' })
  const all = isMap(Outputs) ? Object.values(Outputs) : []
  return new Set(all.flatMap((output) => (isMap(output) && output.Export !== undefined ? [JSON.stringify(output.Export)] : [])))
}

/** Whether the stack loses an export. CloudFormation refuses that while a later stack still imports it. */
function losesExports({ now, template }: Found): boolean {
  const then = exportsOf(template)
  return [...exportsOf(now)].some((name) => !then.has(name))
}

/**
 * Plans the way back to the stage before its last deployment, from what that deployment recorded. Stacks that it created stay.
 * Reads only.
 * @throws Problem `stack-refused` if there is no record, or if something cannot return to its earlier state
 */
export async function planRollback(clients: StackClients, stage: Stage, named: readonly string[]): Promise<Rollback> {
  const keys = chosenStacks(named)
  const record = await readRecord(clients, stage)
  const found = record === undefined ? [] : await Promise.all(keys.map((key) => earlierStack(clients, stage, record, key)))
  const stacks = found.filter((one) => one !== undefined)
  if (record === undefined || stacks.length === 0) {
    const of = named.length === 0 ? stage.name : `${keys.join(', ')} of ${stage.name}`
    throw new Problem('stack-refused', `The last deployment recorded no earlier version of ${of}.`, { next: deployEarlier })
  }
  const templates = await allTemplates(clients, stage, stacks)
  const ordered = [...stacks.filter((one) => !losesExports(one)), ...stacks.filter(losesExports).toReversed()]
  return { at: record.at, by: record.by, plans: ordered.map((one) => planOf(one, templates, record)) }
}

/** The earlier templates, and the deployed ones of other stacks: a stack takes outputs of both. */
async function allTemplates(
  clients: StackClients,
  stage: Stage,
  stacks: readonly Found[],
): Promise<Readonly<Record<StackKey, string>>> {
  const entries = await Promise.all(
    stackKeys.map(async (key) => {
      const earlier = stacks.find((one) => one.key === key)
      if (earlier !== undefined) return [key, earlier.template] as const
      const stack = await deployedNow(clients, stage, key)
      return [key, stack === undefined ? '' : await originalTemplate(clients, stack.id)] as const
    }),
  )
  const all = new Map<StackKey, string>(entries)
  const of = (key: StackKey): string => all.get(key) || '{}'
  return {
    security: of('security'),
    network: of('network'),
    data: of('data'),
    edge: of('edge'),
    gateway: of('gateway'),
    worker: of('worker'),
    admin: of('admin'),
  }
}
