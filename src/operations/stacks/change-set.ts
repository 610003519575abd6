import { randomUUID } from 'node:crypto'
import type { CreateChangeSetCommandInput, DescribeChangeSetCommandOutput } from '@aws-sdk/client-cloudformation'
import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import type { JsonMap } from '../cloudformation/index.ts'
import { artifactBucket } from './bucket.ts'
import { missingExport } from './causes.ts'
import { type Change, changeFrom } from './change.ts'
import type { StackClients } from './clients.ts'
import { interruptedBefore } from './interrupted.ts'
import { describeStack, isInReview, type Stack } from './stack.ts'
import { checkTemplateSize, isLongTemplate, templateUrl } from './template-size.ts'
import { uploadAsset } from './upload.ts'

/** An existing resource that becomes part of a stack. */
export interface Import {
  /** Its name in the template. */
  readonly id: string
  readonly type: string
  readonly name: string
  /** What CloudFormation finds it by, such as `QueueUrl`. */
  readonly identifier: Readonly<Record<string, string>>
  /** The properties that it is imported with. */
  readonly properties: JsonMap
}

/** The desired state of a stack. */
export interface DesiredStack {
  readonly name: string
  /** YAML or JSON. */
  readonly templateBody: string
  readonly parameters: Readonly<Record<string, string>>
  /** Where a template goes that is too long for a request. Without it, the default artifact bucket. */
  readonly bucket?: string
  readonly tags?: Readonly<Record<string, string>>
  /** Resources to import; the change set then does nothing else. */
  readonly imports?: readonly Import[]
  readonly capabilities?: readonly ('CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND')[]
}

/** A change set that was created and not executed. */
export interface ChangeSet {
  /** Its ARN. */
  readonly id: string
  readonly stackId: string
  readonly creates: boolean
  readonly imports: boolean
  readonly changes: readonly Change[]
}

const pausesMs = [250, 500, 1_000, 2_000]

async function templateOf(clients: StackClients, { name, templateBody, bucket: named }: DesiredStack) {
  checkTemplateSize(name, templateBody)
  if (!isLongTemplate(templateBody)) return { TemplateBody: templateBody }
  const bucket = await artifactBucket(clients, named)
  const key = await uploadAsset(clients, bucket, Buffer.from(templateBody), 'template')
  return { TemplateURL: templateUrl(bucket, clients.region, key) }
}

function pairs<K extends string, V extends string>(of: Readonly<Record<string, string>>, key: K, value: V) {
  return Object.entries(of).map(([name, text]) => ({ [key]: name, [value]: text }) as Record<K | V, string>)
}

function changeSetKind({ imports }: DesiredStack, creates: boolean) {
  if (imports === undefined) return { ChangeSetType: creates ? ('CREATE' as const) : ('UPDATE' as const) }
  const ResourcesToImport = imports.map(({ id, type, identifier }) => ({
    ResourceType: type,
    LogicalResourceId: id,
    ResourceIdentifier: { ...identifier },
  }))
  return { ChangeSetType: 'IMPORT' as const, ResourcesToImport }
}

/**
 * Creates a change set, which shows what would change without changing it.
 * @param before the current stack; undefined or in review: the stack is created
 * @returns undefined if there are no changes
 * @throws Problem `stack-refused` if CloudFormation rejects the change, `interrupted`, `aws-…`
 */
export async function makeChangeSet(
  clients: StackClients,
  desired: DesiredStack,
  before: Stack | undefined,
  signal: AbortSignal | undefined,
): Promise<ChangeSet | undefined> {
  const { CreateChangeSetCommand } = await import('@aws-sdk/client-cloudformation')
  const creates = before === undefined || isInReview(before)
  const name = `apigw-${randomUUID()}`
  const input: CreateChangeSetCommandInput = {
    StackName: desired.name,
    ChangeSetName: name,
    // A retry after a lost response finds the change set of the first request.
    ClientToken: name,
    ...changeSetKind(desired, creates),
    ...(await templateOf(clients, desired)),
    Parameters: pairs(desired.parameters, 'ParameterKey', 'ParameterValue'),
    Tags: pairs(desired.tags ?? {}, 'Key', 'Value'),
    Capabilities: [...(desired.capabilities ?? ['CAPABILITY_NAMED_IAM'])],
  }
  const { Id: id = name, StackId: stackId = desired.name } = await callAws(clients, 'cloudformation:CreateChangeSet', () =>
    clients.cloudFormation.send(new CreateChangeSetCommand(input)),
  )
  const made = { id, stackId, creates, imports: desired.imports !== undefined }
  try {
    const pages = await waitForChangeSet(clients, desired.name, id, signal)
    const changes = pages.flatMap(({ Changes = [] }) => Changes.flatMap(({ ResourceChange }) => ResourceChange ?? []))
    if (pages[0]?.Status !== 'FAILED') return { ...made, changes: changes.map(changeFrom) }
    const reason = pages[0].StatusReason ?? ''
    if (!/didn't contain changes|No updates are to be performed/.test(reason)) throw refused(desired.name, reason)
    await discard(clients, made)
    return undefined
  } catch (error) {
    await discard(clients, made)
    throw error
  }
}

function refused(name: string, reason: string): Problem {
  return new Problem('stack-refused', `CloudFormation rejected the change to ${name}: ${reason || 'it gave no reason'}`, {
    next: /No export named/.test(reason)
      ? missingExport
      : 'fix the template or its parameters, then run it again; nothing was changed',
  })
}

/** Waits until the change set is created or has failed, and reads all its pages. */
async function waitForChangeSet(
  clients: StackClients,
  stack: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<DescribeChangeSetCommandOutput[]> {
  const { DescribeChangeSetCommand } = await import('@aws-sdk/client-cloudformation')
  const page = (token: string | undefined) =>
    callAws(clients, 'cloudformation:DescribeChangeSet', () =>
      clients.cloudFormation.send(new DescribeChangeSetCommand({ ChangeSetName: id, NextToken: token })),
    )
  for (let round = 0; ; round++) {
    if (signal?.aborted) throw interruptedBefore(stack)
    const pages = [await page(undefined)]
    if (pages[0]?.Status === 'CREATE_COMPLETE' || pages[0]?.Status === 'FAILED') {
      for (let token = pages[0].NextToken; token !== undefined; token = pages.at(-1)?.NextToken) pages.push(await page(token))
      return pages
    }
    await clients.pause(pausesMs[Math.min(round, pausesMs.length - 1)] ?? 0, signal)
  }
}

/**
 * Deletes a change set that will not be executed. Also deletes the empty stack that it created, unless the stack has other
 * change sets. This is cleanup, so errors are ignored.
 */
export async function discard(clients: StackClients, set: Pick<ChangeSet, 'id' | 'stackId' | 'creates'>): Promise<void> {
  const { DeleteChangeSetCommand, DeleteStackCommand, ListChangeSetsCommand } = await import('@aws-sdk/client-cloudformation')
  const { cloudFormation } = clients
  try {
    await cloudFormation.send(new DeleteChangeSetCommand({ ChangeSetName: set.id }))
    if (!set.creates) return
    const { Summaries = [] } = await cloudFormation.send(new ListChangeSetsCommand({ StackName: set.stackId }))
    const stack = await describeStack(clients, set.stackId)
    if (stack !== undefined && isInReview(stack) && Summaries.every(({ ChangeSetId }) => ChangeSetId === set.id)) {
      await cloudFormation.send(new DeleteStackCommand({ StackName: set.stackId }))
    }
  } catch {
    // A leftover change set costs nothing, and the next deployment ignores it.
  }
}
