import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { causeOf } from './causes.ts'
import type { StackClients } from './clients.ts'
import { EventFeed, lastStart } from './events.ts'
import { interruptedBefore } from './interrupted.ts'
import { describeStack, isBusy, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'
import { actorIn, tokenFor } from './token.ts'
import { watch } from './watch.ts'

const pauseMs = 5_000

/** Statuses after a failed creation: the stack can only be deleted (CloudFormation guide, stack status codes). */
export const failedCreation = new Set(['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED'])

/**
 * Waits until a stack can be updated, and deletes it if its creation failed.
 * @returns undefined if the stack does not exist
 * @throws Problem `stack-busy`, `stack-stuck`, `interrupted`
 */
export async function updatableStack(clients: StackClients, name: string, steps: Steps): Promise<Stack | undefined> {
  const stack = await idleStack(clients, name, steps)
  if (stack === undefined) return undefined
  if (failedCreation.has(stack.status)) return removeFailed(clients, stack, steps)
  if (stack.status === 'UPDATE_ROLLBACK_FAILED' || stack.status === 'UPDATE_FAILED') throw await rollbackFailed(clients, stack)
  if (stack.status === 'DELETE_FAILED') {
    throw new Problem('stack-stuck', `An earlier deletion of ${name} failed: ${stack.reason ?? 'AWS gave no reason'}`, {
      next: `delete it again to see what blocks it: ${deleteCommand(clients, name)}`,
    })
  }
  return stack
}

/** The stack when no operation is in progress. @throws Problem `stack-busy` unless `steps.wait` */
export async function idleStack(clients: StackClients, name: string, steps: Steps): Promise<Stack | undefined> {
  for (let reported = false; ; reported = true) {
    const stack = await describeStack(clients, name)
    if (stack === undefined || !isBusy(stack)) return stack
    const busy = await busyProblem(clients, stack)
    if (!steps.wait) throw busy
    if (!reported) steps.report(`${busy.message} Waiting.`)
    if (steps.signal?.aborted) throw interruptedBefore(name)
    await clients.pause(pauseMs, steps.signal)
    if (steps.signal?.aborted) throw interruptedBefore(name)
  }
}

async function busyProblem(clients: StackClients, stack: Stack): Promise<Problem> {
  const start = await lastStart(clients, stack.id)
  const who = actorIn(start?.token)
  const since = start === undefined ? '' : ` since ${new Date(start.at).toISOString().slice(0, 19)}Z`
  return new Problem('stack-busy', `${stack.name} is being changed${since} by ${who} (${stack.status}).`, {
    next: 'wait until it is finished and run it again, or add --wait',
  })
}

function deleteCommand({ region }: StackClients, name: string): string {
  return `aws cloudformation delete-stack --region ${region} --stack-name ${name}`
}

async function removeFailed(clients: StackClients, stack: Stack, steps: Steps): Promise<undefined> {
  const { name, status } = stack
  const contents = status === 'ROLLBACK_COMPLETE' ? 'It has no resources.' : 'It may have resources, which were never in use.'
  const what = `${name} failed during creation (${status}), so it can only be deleted and created again. ${contents}`
  if (!(await steps.mayRemoveFailed?.(what))) {
    throw new Problem('stack-stuck', what, { next: `run it again with --yes, or ${deleteCommand(clients, name)}` })
  }
  steps.report(`Deleting the failed stack ${name}.`)
  const { DeleteStackCommand } = await import('@aws-sdk/client-cloudformation')
  const feed = await EventFeed.open(clients, stack.id)
  await callAws(clients, 'cloudformation:DeleteStack', () =>
    clients.cloudFormation.send(new DeleteStackCommand({ StackName: stack.id, ClientRequestToken: tokenFor(steps.who) })),
  )
  const { stack: after, events } = await watch(clients, stack.id, feed, steps)
  if (after === undefined || after.status === 'DELETE_COMPLETE') return undefined
  const cause = causeOf(events)
  const why = cause === undefined ? (after.reason ?? after.status) : `${cause.resource} (${cause.type}): ${cause.reason}`
  throw new Problem('stack-stuck', `The failed stack ${name} could not be deleted. ${why}`, {
    next: cause?.next ?? `remove what blocks the deletion, then ${deleteCommand(clients, name)}`,
  })
}

/** An update failed, and so did its rollback: an operator must decide which resources to skip. */
async function rollbackFailed(clients: StackClients, { name, status, reason }: Stack): Promise<Problem> {
  const { DescribeStackResourcesCommand } = await import('@aws-sdk/client-cloudformation')
  const { StackResources = [] } = await callAws(clients, 'cloudformation:DescribeStackResources', () =>
    clients.cloudFormation.send(new DescribeStackResourcesCommand({ StackName: name })),
  )
  const failed = StackResources.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'))
  const reasons = failed.map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`)
  const skip = failed.map(({ LogicalResourceId }) => LogicalResourceId).join(' ')
  const where = `--region ${clients.region} --stack-name ${name}`
  const next =
    status === 'UPDATE_FAILED'
      ? `aws cloudformation rollback-stack ${where}`
      : `fix the cause, then aws cloudformation continue-update-rollback ${where}; add --resources-to-skip ${skip || 'NAME'} to skip what cannot be restored`
  return new Problem(
    'stack-stuck',
    `An update of ${name} failed, and so did the rollback (${status}). ${reasons.join('; ') || (reason ?? '')}`.trim(),
    { next },
  )
}
