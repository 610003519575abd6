import type { Change } from './change.ts'
import type { Wanted } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { resourcesMade } from './conditions.ts'
import { previewStack } from './deploy.ts'
import { failedFirst } from './ready.ts'
import { describeStack, isShell } from './stack.ts'
import type { Steps } from './steps.ts'

/** What would change in a stack. */
export interface Survey {
  /** `new`: it is created. `failed`: an earlier creation failed, so the stack is deleted first. */
  readonly state: 'new' | 'failed' | 'there'
  /** For a new stack, the resources of its template and parameters; this needs no API call. */
  readonly changes: readonly Change[]
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

/** Lists what would change. Leaves nothing behind, not even the empty stack of a change set. */
export async function surveyStack(clients: StackClients, wanted: Wanted, steps: Steps): Promise<Survey> {
  const stack = await describeStack(clients, wanted.name)
  const failed = stack !== undefined && failedFirst.has(stack.status)
  if (stack === undefined || isShell(stack) || failed) {
    return { state: failed ? 'failed' : 'new', changes: allOf(wanted) }
  }
  return { state: 'there', changes: await previewStack(clients, wanted, steps) }
}

/** Whether a change was already approved. A new resource needs no approval, because it deletes nothing. */
export function isCovered(change: Change, approved: readonly Change[]): boolean {
  if (change.kind === 'create') return true
  return approved.some(({ id, kind, loss }) => id === change.id && kind === change.kind && loss === change.loss)
}
