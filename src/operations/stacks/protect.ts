import type { Change } from './change.ts'
import type { DesiredStack } from './change-set.ts'
import { failedCreation } from './ready.ts'
import type { Stack } from './stack.ts'
import { effectiveParameters } from './template.ts'

const parameter = 'DeletionProtection'

/**
 * The stack as it is created, if that differs from how it stays: without deletion protection. A creation that fails deletes
 * what it has created, and a protected database or table cannot be deleted, so the stack would be stuck in ROLLBACK_FAILED
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html). It is protected in a second step, which an
 * interrupted run leaves to the next one.
 * @param before the deployed stack; an earlier step that only imported resources has no parameters
 */
export function unprotectedCreation(desired: DesiredStack, before: Stack | undefined): DesiredStack | undefined {
  if (effectiveParameters(desired.templateBody, desired.parameters)[parameter] !== 'true') return undefined
  const created = before !== undefined && !failedCreation.has(before.status) && before.parameters[parameter] !== undefined
  return created ? undefined : { ...desired, parameters: { ...desired.parameters, [parameter]: 'false' } }
}

/** Whether changes are those of the second step: nothing is created, replaced or deleted. */
export function onlyProtects(changes: readonly Change[]): boolean {
  return changes.every(({ kind, loss }) => kind === 'change' && loss === null)
}
