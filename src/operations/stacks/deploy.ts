import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { causeOf } from './causes.ts'
import type { Change } from './change.ts'
import { type ChangeSet, type DesiredStack, discard, makeChangeSet } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { EventFeed } from './events.ts'
import { interruptedBefore } from './interrupted.ts'
import { updatableStack } from './ready.ts'
import type { Steps } from './steps.ts'
import { stoppedRelease } from './stopped-release.ts'
import { tokenFor } from './token.ts'
import { type Watched, watch } from './watch.ts'

export interface Deployed {
  readonly outputs: Readonly<Record<string, string>>
  readonly changed: boolean
}

const done = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'])

/**
 * Creates or updates a stack: creates a change set, asks for approval, executes it and reports progress. A stack without
 * changes is left as it is.
 * @throws Problem `declined`, `interrupted`, `stack-busy`, `stack-stuck`, `stack-refused`, `stack-failed` with the first
 * cause, `aws-…`
 */
export async function deployStack(clients: StackClients, desired: DesiredStack, steps: Steps): Promise<Deployed> {
  const before = await updatableStack(clients, desired.name, steps)
  const set = await makeChangeSet(clients, desired, before, steps.signal)
  if (set === undefined) return { outputs: before?.outputs ?? {}, changed: false }
  let feed: EventFeed
  try {
    if (!(await steps.approve(set.changes))) {
      throw new Problem('declined', `Not confirmed. ${desired.name} was not changed.`)
    }
    if (steps.signal?.aborted) throw interruptedBefore(desired.name)
    feed = await EventFeed.open(clients, set.stackId)
    await execute(clients, desired.name, set, steps)
  } catch (error) {
    await discard(clients, set)
    throw error
  }
  const watched = await watch(clients, set.stackId, feed, steps)
  if (watched.stack === undefined || !done.has(watched.stack.status)) throw await failure(clients, desired, watched, steps)
  return { outputs: watched.stack.outputs, changed: true }
}

/**
 * Lists what a deployment would change, without changing it.
 * @throws as `deployStack`
 */
export async function previewStack(clients: StackClients, desired: DesiredStack, steps: Steps): Promise<readonly Change[]> {
  const before = await updatableStack(clients, desired.name, { ...steps, mayRemoveFailed: async () => false })
  const set = await makeChangeSet(clients, desired, before, steps.signal)
  if (set === undefined) return []
  await discard(clients, set)
  return set.changes
}

async function execute(clients: StackClients, name: string, set: ChangeSet, { who }: Steps): Promise<void> {
  const { ExecuteChangeSetCommand } = await import('@aws-sdk/client-cloudformation')
  await callAws(clients, 'cloudformation:ExecuteChangeSet', async () => {
    try {
      await clients.cloudFormation.send(
        new ExecuteChangeSetCommand({
          ChangeSetName: set.id,
          ClientRequestToken: tokenFor(who),
          // What a failed deployment has created is deleted, also what its template retains: it is empty, and its name has to be
          // free for the next attempt (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html).
          // An imported resource was not created, and is never deleted.
          ...(!set.imports && { RetainExceptOnCreate: true }),
        }),
      )
    } catch (error) {
      if (!(error instanceof Error) || !wasSuperseded(error)) throw error
      throw new Problem('stack-busy', `A different deployment changed ${name} after the approval; nothing was changed.`, {
        next: 'run it again: it shows the remaining changes',
        cause: error,
      })
    }
  })
}

/** Whether a different change set was executed first: this one is obsolete or deleted, or the stack is being updated. */
function wasSuperseded({ name, message }: Error): boolean {
  if (/^InvalidChangeSetStatus|^ChangeSetNotFound/.test(name)) return true
  return name === 'ValidationError' && /_IN_PROGRESS state/.test(message)
}

async function failure(
  clients: StackClients,
  desired: DesiredStack,
  { stack, events }: Watched,
  { statusCommand }: Steps,
): Promise<Problem> {
  const { name } = desired
  const cause = causeOf(events)
  const status = stack?.status ?? 'gone'
  const after = status.includes('ROLLBACK_COMPLETE') ? 'it was rolled back' : `it is ${status}`
  if (cause === undefined) {
    return new Problem('stack-failed', `${name} could not be updated; ${after}. ${stack?.reason ?? ''}`.trim(), {
      next: statusCommand ?? 'run it again',
    })
  }
  const stopped = stack && (await stoppedRelease(clients, desired, cause, { stack, events }, after))
  if (stopped !== undefined) return stopped
  const { resource, type, reason, next } = cause
  return new Problem('stack-failed', `${name} could not be updated; ${after}. ${resource} (${type}): ${reason}`, { next })
}
