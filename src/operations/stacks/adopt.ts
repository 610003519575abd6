import { callAws, jsonCall } from '../../aws/index.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { Conditions, functionOf, isMap, type Json, type JsonMap, readSections, scalarText } from '../cloudformation/index.ts'
import type { DesiredStack, Import } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { contentsOf } from './contents.ts'
import { failedCreation } from './ready.ts'
import { isInReview, originalTemplate, type Stack } from './stack.ts'
import { effectiveParameters, templateFrom } from './template.ts'

const queueType = 'AWS::SQS::Queue'
const timeoutMs = 10_000

/** A queue of a template that is kept when the stack goes, with its name. */
interface KeptQueue {
  readonly id: string
  readonly name: string
}

type Values = Readonly<Record<string, string | undefined>>

/** A name in a template: a text, or one with parameters in it. Undefined if it has anything else in it. */
export function nameFrom(value: Json | undefined, parameters: Values): string | undefined {
  const [name, of] = functionOf(value) ?? []
  const text = name === undefined ? scalarText(value) : name === 'Fn::Sub' ? scalarText(of) : undefined
  const filled = text?.replaceAll(/\$\{([^}]*)\}/g, (all, key: string) => parameters[key] ?? all)
  return filled?.includes('${') ? undefined : filled
}

function keptQueues({ templateBody, parameters }: DesiredStack): KeptQueue[] {
  const template = templateFrom(templateBody)
  const conditions = new Conditions(template, parameters)
  const values = effectiveParameters(templateBody, parameters)
  return [...template.resources].flatMap(([id, { type, condition, deletionPolicy, properties }]) => {
    if (type !== queueType || deletionPolicy !== 'Retain') return []
    if (condition !== undefined && conditions.holds(condition) !== true) return []
    const name = nameFrom(properties.QueueName, values)
    return name === undefined ? [] : [{ id, name }]
  })
}

/** @returns undefined if there is no queue of the name */
export async function queueUrl(clients: StackClients, name: string): Promise<string | undefined> {
  const credentials = await clients.cloudFormation.config.credentials()
  const { region } = clients
  const endpoint = `https://sqs.${region}.amazonaws.com`
  const call = {
    service: 'sqs',
    region,
    endpoint,
    target: 'AmazonSQS.GetQueueUrl',
    version: '1.0',
    body: { QueueName: name },
  } as const
  return callAws(clients, 'sqs:GetQueueUrl', async () => {
    try {
      return scalarText(String((await jsonCall(credentials, { ...call, signal: AbortSignal.timeout(timeoutMs) })).QueueUrl))
    } catch (error) {
      if (error instanceof Error && /QueueDoesNotExist|NonExistentQueue/.test(error.name)) return undefined
      throw error
    }
  })
}

/** The stack, unless it has no resources yet or is created anew. */
export function stackThere(before: Stack | undefined): Stack | undefined {
  return before === undefined || isInReview(before) || failedCreation.has(before.status) ? undefined : before
}

/**
 * Rejects a new name of a queue that an earlier change left outside the stack. CloudFormation would fail to create it, and
 * cannot import it, because its name in the template belongs to the queue that is deployed.
 * @throws Problem `stack-refused`
 */
async function refuseReturning(clients: StackClients, desired: DesiredStack, before: Stack, own: ReadonlySet<string>) {
  const names = new Map(keptQueues({ ...desired, parameters: before.parameters }).map(({ id, name }) => [id, name]))
  const renamed = keptQueues(desired).filter(({ id, name }) => own.has(id) && (names.get(id) ?? name) !== name)
  const found = await Promise.all(renamed.map(async (one) => ({ ...one, url: await queueUrl(clients, one.name) })))
  const returning = found.find(({ url }) => url !== undefined)
  if (returning === undefined) return
  throw new Problem(
    'stack-refused',
    `${before.name} cannot take back the queue ${returning.name}: an earlier change left it outside the stack, perhaps with accepted messages.`,
    { next: nextForReturning(desired, before) },
  )
}

/** A carrier that the deployed stack does not have takes its queue back by an import. */
function nextForReturning({ templateBody, parameters }: DesiredStack, { parameters: now }: Stack): NextStep {
  const { Carrier = '', SecondCarrier = '' } = effectiveParameters(templateBody, parameters)
  const deploy = apigw('deploy', 'data')
  if (Carrier === now.Carrier) {
    return step`remove deploy.secondCarrier of the stage in apigw.yaml, ${deploy}, set it to ${SecondCarrier} again, and ${deploy}: it imports the queue with its messages`
  }
  if (SecondCarrier === '') {
    return step`set deploy.carrier to ${now.Carrier ?? ''} and deploy.secondCarrier to ${Carrier} of the stage in apigw.yaml, and ${deploy}: it imports the queue with its messages`
  }
  return step`set deploy.carrier to ${now.Carrier ?? ''} of the stage in apigw.yaml; to use ${Carrier} again, delete its queues with aws sqs delete-queue when they are empty`
}

/**
 * The queues that an earlier stack of the stage left behind and that the new one would fail to create, because their names are
 * taken. They may hold accepted messages, so they become part of the stack.
 * @param before the deployed stack
 * @throws Problem `stack-refused` if a queue cannot become part of it
 */
export async function leftQueues(
  clients: StackClients,
  desired: DesiredStack,
  before: Stack | undefined,
): Promise<readonly Import[]> {
  const queues = keptQueues(desired)
  if (queues.length === 0) return []
  const there = stackThere(before)
  const own = new Set(there === undefined ? [] : (await contentsOf(clients, there)).map(({ id }) => id))
  if (there !== undefined) await refuseReturning(clients, desired, there, own)
  const missing = queues.filter(({ id }) => !own.has(id))
  const found = await Promise.all(
    missing.map(async ({ id, name }): Promise<Import[]> => {
      const url = await queueUrl(clients, name)
      return url === undefined
        ? []
        : [{ id, type: queueType, name, identifier: { QueueUrl: url }, properties: { QueueName: name } }]
    }),
  )
  return found.flat()
}

/** A resource as an import names it: everything else about it is set by the update that follows. */
function imported({ type, properties }: Import): JsonMap {
  return { Type: type, DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain', Properties: properties }
}

/**
 * The deployed stack with the imported resources added, and nothing else: an import may not change anything else
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html).
 */
export async function importingStack(
  clients: StackClients,
  desired: DesiredStack,
  before: Stack | undefined,
  imports: readonly Import[],
): Promise<DesiredStack> {
  const there = stackThere(before)
  const now =
    there === undefined
      ? {}
      : readSections(await originalTemplate(clients, there.id), { name: there.name, code: 'stack-refused' })
  const added = Object.fromEntries(imports.map((one) => [one.id, imported(one)]))
  const resources = isMap(now.Resources) ? now.Resources : {}
  return {
    ...desired,
    templateBody: JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', ...now, Resources: { ...resources, ...added } }),
    parameters: there?.parameters ?? {},
    imports,
  }
}
