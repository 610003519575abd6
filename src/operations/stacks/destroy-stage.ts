import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { dependentsOf, type RestoreSettings, type StackKey, stackName } from '../../domain/stage.ts'
import type { Change } from './change.ts'
import type { StackClients } from './clients.ts'
import { contentsOf } from './contents.ts'
import { destroyStack } from './destroy.ts'
import { type Member, membersOf, removeMembers } from './members.ts'
import { refuseOthers } from './others.ts'
import { chosenStacks } from './plan.ts'
import { failedCreation } from './ready.ts'
import { restoreSettings } from './restore.ts'
import { describeStack, isInReview, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'

/** A stack to delete, with its resources. */
export interface StackToDelete {
  readonly key: StackKey
  readonly name: string
  readonly changes: readonly Change[]
  /** Users in its groups, who leave them first. */
  readonly members: readonly Member[]
  /** Whether termination protection is turned off first. */
  readonly isProtected: boolean
}

/**
 * Lists what would be deleted, in order of deletion: dependent stacks first.
 * @throws Problem `stack-unknown`; `stack-stuck` if a stack is protected, or if a stack that is kept depends on it
 */
export async function findStacksToDelete(
  clients: StackClients,
  stage: string,
  named: readonly string[],
): Promise<readonly StackToDelete[]> {
  const keys = chosenStacks(named).toReversed()
  const there = await Promise.all(
    keys.map(async (key): Promise<StackToDelete | undefined> => {
      const stack = await describeStack(clients, stackName(stage, key))
      if (stack === undefined) return undefined
      refuseOthers(clients, stage, stack)
      refuseProtected(key, stack)
      const changes = isInReview(stack) ? [] : await contentsOf(clients, stack)
      return { key, name: stack.name, changes, members: await membersOf(clients, changes), isProtected: stack.isProtected }
    }),
  )
  const toDelete = there.filter((one) => one !== undefined)
  await refuseWhileUsed(
    clients,
    stage,
    toDelete.map(({ key }) => key),
  )
  return toDelete
}

/**
 * Rejects a stack with deletion protection before anything is deleted. A deletion would fail halfway and leave a stack that
 * cannot be updated, so its protection could no longer be turned off.
 */
function refuseProtected(key: StackKey, { name, parameters, status }: Stack): void {
  // A stack whose creation failed cannot be deployed again before it is deleted.
  if (parameters.DeletionProtection !== 'true' || failedCreation.has(status)) return
  throw new Problem('stack-stuck', `${name} has deletion protection enabled.`, {
    next: step`set deploy.parameters.${key}.DeletionProtection of the stage in apigw.yaml to false, ${apigw('deploy', key)}, then destroy`,
  })
}

async function refuseWhileUsed(clients: StackClients, stage: string, keys: readonly StackKey[]): Promise<void> {
  const staying = [...new Set(keys.flatMap(dependentsOf))].filter((key) => !keys.includes(key))
  const found = await Promise.all(
    staying.map(async (key) => ((await describeStack(clients, stackName(stage, key))) === undefined ? [] : [key])),
  )
  const users = found.flat()
  if (users.length === 0) return
  throw new Problem(
    'stack-stuck',
    `${users.join(', ')} of ${stage} ${users.length === 1 ? 'depends' : 'depend'} on the stacks to delete.`,
    {
      next: apigw('destroy', ...keys, ...users),
    },
  )
}

/** A deleted stack. */
export interface DeletedStack {
  readonly stack: StackKey
  readonly name: string
  /** `TYPE ID` of each resource that the template retains. */
  readonly retained: readonly string[]
  /** The settings with which a new stage takes over what is retained; null if there is nothing of the kind. */
  readonly restore: RestoreSettings | null
}

/**
 * Deletes the approved stacks one by one. Stops at the first failure; the next run continues from there.
 * @throws Problem as `destroyStack`
 */
export async function destroyStage(
  clients: StackClients,
  toDelete: readonly StackToDelete[],
  steps: Omit<Steps, 'approve'>,
  done: (gone: DeletedStack) => void,
): Promise<void> {
  for (const { key, name, members } of toDelete) {
    await removeMembers(clients, members, steps.report)
    const { retained, ids } = await destroyStack(clients, name, { ...steps, approve: async () => true, unprotects: true })
    done({ stack: key, name, retained, restore: restoreSettings(key, ids) })
  }
}
