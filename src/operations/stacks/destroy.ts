import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { causeOf } from './causes.ts'
import type { StackClients } from './clients.ts'
import { contentsOf } from './contents.ts'
import { EventFeed } from './events.ts'
import { interruptedBefore } from './interrupted.ts'
import { idleStack } from './ready.ts'
import { isInReview, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'
import { protectStack } from './termination.ts'
import { tokenFor } from './token.ts'
import { watch } from './watch.ts'

export interface Destroyed {
  /** `TYPE ID` of each resource that the template retained. */
  readonly retained: readonly string[]
  /** The physical ids of the same resources, by their names in the template. */
  readonly ids: Readonly<Record<string, string>>
}

interface DestroySteps extends Steps {
  /** Whether the approval covers termination protection, which is then turned off. Otherwise a protected stack is refused. */
  readonly unprotects?: boolean
}

/**
 * Deletes a stack after approval. Does nothing if the stack does not exist.
 * @throws Problem `declined`, `interrupted`, `stack-busy`, `stack-failed` with the first cause, `aws-…`
 */
export async function destroyStack(clients: StackClients, name: string, steps: DestroySteps): Promise<Destroyed> {
  const stack = await idleStack(clients, name, steps)
  if (stack === undefined) return { retained: [], ids: {} }
  const approved = await steps.approve(isInReview(stack) ? [] : await contentsOf(clients, stack))
  if (!approved) throw new Problem('declined', `Not confirmed. ${name} was not deleted.`)
  if (steps.signal?.aborted) throw interruptedBefore(name)
  if (stack.isProtected && steps.unprotects) await protectStack(clients, stack.id, false)
  const feed = await EventFeed.open(clients, stack.id)
  await remove(clients, stack, steps)
  const { stack: after, events } = await watch(clients, stack.id, feed, steps)
  const kept = events.filter(({ status, ofStack }) => status === 'DELETE_SKIPPED' && !ofStack)
  const retained = [...new Set(kept.map(({ type, physicalId }) => `${type} ${physicalId}`))]
  const ids = Object.fromEntries(kept.map(({ resource, physicalId }) => [resource, physicalId]))
  if (after === undefined || after.status === 'DELETE_COMPLETE') return { retained, ids }
  const cause = causeOf(events)
  const why = cause === undefined ? (after.reason ?? after.status) : `${cause.resource} (${cause.type}): ${cause.reason}`
  throw new Problem('stack-failed', `${name} could not be deleted completely (${after.status}). ${why}`, {
    next: cause?.next ?? steps.statusCommand ?? 'run it again',
  })
}

async function remove(clients: StackClients, { id, name }: Stack, { who }: Steps): Promise<void> {
  const { DeleteStackCommand } = await import('@aws-sdk/client-cloudformation')
  await callAws(clients, 'cloudformation:DeleteStack', async () => {
    try {
      await clients.cloudFormation.send(new DeleteStackCommand({ StackName: id, ClientRequestToken: tokenFor(who) }))
    } catch (error) {
      if (!(error instanceof Error && /TerminationProtection/.test(error.message))) throw error
      throw new Problem('stack-stuck', `${name} has termination protection enabled.`, {
        next: `aws cloudformation update-termination-protection --no-enable-termination-protection --region ${clients.region} --stack-name ${name}`,
        cause: error,
      })
    }
  })
}
