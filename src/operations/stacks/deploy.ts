import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { causeOf } from './causes.ts'
import type { Change } from './change.ts'
import { type ChangeSet, discard, makeChangeSet, type Wanted } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { EventFeed } from './events.ts'
import { readyStack } from './ready.ts'
import { interruptedBefore } from './refusals.ts'
import type { Steps } from './steps.ts'
import { tokenFor } from './token.ts'
import { type Watched, watch } from './watch.ts'

export interface Deployed {
  readonly outputs: Readonly<Record<string, string>>
  readonly changed: boolean
}

const done = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'])

/**
 * Makes a stack what it should be: asks AWS what would change, has that approved, does it, and tells what happens. A
 * stack that is so already is left alone.
 * @throws Problem `declined`, `interrupted`, `stack-busy`, `stack-stuck`, `stack-refused`, `stack-failed` with the first
 * cause, `aws-…`
 */
export async function deployStack(clients: StackClients, wanted: Wanted, steps: Steps): Promise<Deployed> {
  const before = await readyStack(clients, wanted.name, steps)
  const set = await makeChangeSet(clients, wanted, before, steps.signal)
  if (set === undefined) return { outputs: before?.outputs ?? {}, changed: false }
  let feed: EventFeed
  try {
    if (!(await steps.approve(set.changes))) {
      throw new Problem('declined', `That was no yes; nothing of ${wanted.name} was changed.`)
    }
    if (steps.signal?.aborted) throw interruptedBefore(wanted.name)
    feed = await EventFeed.open(clients, set.stackId)
    await execute(clients, wanted.name, set, steps)
  } catch (error) {
    await discard(clients, set)
    throw error
  }
  const watched = await watch(clients, set.stackId, feed, steps)
  if (watched.stack === undefined || !done.has(watched.stack.status)) throw failure(wanted.name, watched, steps)
  return { outputs: watched.stack.outputs, changed: true }
}

/**
 * What would change, without changing it.
 * @throws as `deployStack`
 */
export async function previewStack(clients: StackClients, wanted: Wanted, steps: Steps): Promise<readonly Change[]> {
  const before = await readyStack(clients, wanted.name, { ...steps, mayRemoveFailed: async () => false })
  const set = await makeChangeSet(clients, wanted, before, steps.signal)
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
          // A first creation that fails leaves nothing that would keep its name from the next one.
          ...(set.creates && { RetainExceptOnCreate: true }),
        }),
      )
    } catch (error) {
      if (!(error instanceof Error) || !overtaken(error)) throw error
      throw new Problem('stack-busy', `Somebody else changed ${name} since this was approved; nothing of it was done.`, {
        next: 'run it again: it shows what is still to change',
        cause: error,
      })
    }
  })
}

/** Another change set was executed first, so that this one is obsolete or gone, or its work is going on. */
function overtaken({ name, message }: Error): boolean {
  if (/^InvalidChangeSetStatus|^ChangeSetNotFound/.test(name)) return true
  return name === 'ValidationError' && /_IN_PROGRESS state/.test(message)
}

function failure(name: string, { stack, events }: Watched, { look }: Steps): Problem {
  const cause = causeOf(events)
  const status = stack?.status ?? 'gone'
  const after = status.includes('ROLLBACK_COMPLETE') ? 'it was brought back to what it was' : `it is ${status}`
  if (cause === undefined) {
    return new Problem('stack-failed', `${name} could not be changed; ${after}. ${stack?.reason ?? ''}`.trim(), {
      next: look ?? 'run it again',
    })
  }
  const { resource, type, reason, next } = cause
  return new Problem('stack-failed', `${name} could not be changed; ${after}. ${resource} (${type}): ${reason}`, { next })
}
