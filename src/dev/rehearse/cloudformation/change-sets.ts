import { type JsonMap, readSections } from '../../../operations/cloudformation/index.ts'
import { checkCapabilities, checkSections, checkSize } from './limits.ts'
import type { Desired } from './operations.ts'
import { inOrder } from './order.ts'
import { Refusal } from './refusal.ts'
import { isInProgress, type Stack, updatable } from './stack.ts'

export const changeSetTypes = ['CREATE', 'UPDATE', 'IMPORT'] as const
export type ChangeSetType = (typeof changeSetTypes)[number]

/** What CreateChangeSet is asked for. */
export interface ChangeSetRequest {
  readonly stackName: string
  readonly changeSetName: string
  readonly type: ChangeSetType
  readonly templateBody: string
  /** Whether it was sent by `TemplateURL`. */
  readonly uploaded: boolean
  readonly parameters: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly capabilities: readonly string[]
  /** For an import: the value of the identifier of each resource, by logical id. */
  readonly imported: ReadonlyMap<string, string>
}

export interface ChangeSet {
  readonly id: string
  readonly name: string
  readonly stackId: string
  readonly type: ChangeSetType
  status: 'CREATE_COMPLETE' | 'FAILED' | 'OBSOLETE'
  readonly reason: string | undefined
  readonly desired: Desired | undefined
}

/** Nothing would change (CreateChangeSet). */
export const unchanged = "The submitted information didn't contain changes. Submit different information to create a change set."

/** @throws Refusal if a stack of this name and status cannot get this kind of change set */
export function checkType({ stackName, changeSetName, type }: ChangeSetRequest, stack: Stack | undefined): void {
  if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(stackName)) {
    throw new Refusal(
      `1 validation error detected: Value '${stackName}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    )
  }
  const exists = stack !== undefined && stack.status !== 'REVIEW_IN_PROGRESS'
  if (exists && isInProgress(stack.status)) {
    throw new Refusal(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`)
  }
  if (exists && type === 'CREATE') {
    throw new Refusal(`Stack [${stackName}] already exists and cannot be created again with the changeSet [${changeSetName}].`)
  }
  if (!exists && type === 'UPDATE') throw new Refusal(`Stack [${stackName}] does not exist`)
  if (exists && !updatable.has(stack.status)) {
    throw new Refusal(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`)
  }
}

function sectionsOf(templateBody: string): JsonMap {
  try {
    return readSections(templateBody, { name: 'The template', code: 'config-invalid' })
  } catch (error) {
    throw new Refusal(`Template format error: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** @throws Refusal if CloudFormation would not accept the template */
export function checkedTemplate({ templateBody, uploaded, capabilities }: ChangeSetRequest): JsonMap {
  checkSize(templateBody, uploaded)
  const template = sectionsOf(templateBody)
  checkSections(template)
  checkCapabilities(template, capabilities)
  return template
}

/**
 * What an import may not do
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html): change anything else, or
 * adopt a resource without a deletion policy.
 * @throws Refusal
 */
export function checkImport({ plan: { changes, target } }: Desired, before: Stack | undefined): void {
  const others = [...changes.values()].filter(({ action }) => action !== 'Import').map(({ logicalId }) => logicalId)
  if (others.length > 0) {
    throw new Refusal(
      `You have modified resources [${others.join(', ')}] in your template that are not being imported. Update, create or delete operations cannot be executed during import operations.`,
    )
  }
  if (JSON.stringify(target.outputs) !== JSON.stringify(before?.outputs ?? {})) {
    throw new Refusal('As part of the import operation, you cannot modify or add [Outputs]')
  }
  const unsafe = target.resources.filter(
    ({ logicalId, deletionPolicy }) => changes.has(logicalId) && deletionPolicy === undefined,
  )
  if (unsafe.length > 0) {
    throw new Refusal(
      `Resources [${unsafe.map(({ logicalId }) => logicalId).join(', ')}] to import must have a DeletionPolicy attribute specified in the template.`,
    )
  }
}

/** @throws Refusal for a circle of dependencies */
export function checkOrder({ plan: { target } }: Desired): void {
  inOrder(target.resources, 'first')
}

/** Whether a change set would change nothing, not even an output. */
export function changesNothing({ plan, tags }: Desired, before: Stack): boolean {
  const { outputs, exports } = plan.target
  const same = JSON.stringify([outputs, exports, tags]) === JSON.stringify([before.outputs, before.exports, before.tags])
  return plan.changes.size === 0 && same
}
