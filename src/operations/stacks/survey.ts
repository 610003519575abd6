import type { Change } from './change.ts'
import type { Wanted } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { resourcesMade } from './conditions.ts'
import { previewStack } from './deploy.ts'
import { failedFirst } from './ready.ts'
import { describeStack, isShell } from './stack.ts'
import type { Steps } from './steps.ts'

/** What would change of a stack. */
export interface Survey {
  /** `new`: it is to be made. `failed`: so it was, that went wrong, and what is left is deleted first. */
  readonly state: 'new' | 'failed' | 'there'
  /** Of a stack that is to be made, what its template makes with its parameters: AWS is not asked for it. */
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

/** Finds out what would change, and leaves nothing behind, not even the empty shell of a stack that is to be made. */
export async function surveyStack(clients: StackClients, wanted: Wanted, steps: Steps): Promise<Survey> {
  const stack = await describeStack(clients, wanted.name)
  const failed = stack !== undefined && failedFirst.has(stack.status)
  if (stack === undefined || isShell(stack) || failed) {
    return { state: failed ? 'failed' : 'new', changes: allOf(wanted) }
  }
  return { state: 'there', changes: await previewStack(clients, wanted, steps) }
}

/** Whether what a change set says now was in what has been approved already. What is only made anew takes nothing away. */
export function isCovered(change: Change, approved: readonly Change[]): boolean {
  if (change.kind === 'create') return true
  return approved.some(({ id, kind, loss }) => id === change.id && kind === change.kind && loss === change.loss)
}
