import { leftQueues } from './adopt.ts'
import type { Change } from './change.ts'
import type { DesiredStack, Import } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { resourcesMade } from './conditions.ts'
import { previewStack } from './deploy.ts'
import { failedCreation } from './ready.ts'
import { describeStack, isInReview } from './stack.ts'
import type { Steps } from './steps.ts'

/** What would change in a stack. */
export interface StackDiff {
  /** `new`: it is created. `failed`: an earlier creation failed, so the stack is deleted first. */
  readonly state: 'new' | 'failed' | 'there'
  /** For a new stack, the resources of its template and parameters; this needs no API call. */
  readonly changes: readonly Change[]
}

function allOf({ templateBody, parameters }: DesiredStack): Change[] {
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

/** Lists what would change. Leaves nothing behind, not even the empty stack of a change set. */
export async function diffStack(clients: StackClients, desired: DesiredStack, steps: Steps): Promise<StackDiff> {
  const stack = await describeStack(clients, desired.name)
  const failed = stack !== undefined && failedCreation.has(stack.status)
  const left = await leftQueues(clients, desired, stack)
  if (stack === undefined || isInReview(stack) || failed) {
    return { state: failed ? 'failed' : 'new', changes: withImports(allOf(desired), left) }
  }
  return { state: 'there', changes: withImports(await previewStack(clients, desired, steps), left) }
}

/** An existing queue is imported, although the change set would create it. */
function withImports(changes: readonly Change[], left: readonly Import[]): readonly Change[] {
  return changes.map((change) => {
    const found = left.find(({ id }) => id === change.id)
    return found === undefined ? change : { ...change, kind: 'import', physicalId: found.name }
  })
}

/** Whether a change was already approved. A new or imported resource needs no approval, because nothing is deleted. */
export function isCovered(change: Change, approved: readonly Change[]): boolean {
  if (change.kind === 'create' || change.kind === 'import') return true
  return approved.some(({ id, kind, loss }) => id === change.id && kind === change.kind && loss === change.loss)
}
