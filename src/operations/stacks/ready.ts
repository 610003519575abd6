import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'
import { EventFeed, lastStart } from './events.ts'
import { interruptedBefore } from './refusals.ts'
import { describeStack, isBusy, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'
import { tokenFor, whoIs } from './token.ts'
import { watch } from './watch.ts'

const pauseMs = 5_000

/** A first creation that did not work: the stack can only be deleted (CloudFormation guide, stack status codes). */
export const failedFirst = new Set(['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED'])

/**
 * Brings a stack to where it can be changed, or says why it cannot.
 * @returns undefined where it is to be made
 * @throws Problem `stack-busy`, `stack-stuck`, `interrupted`
 */
export async function readyStack(clients: StackClients, name: string, steps: Steps): Promise<Stack | undefined> {
  const stack = await restingStack(clients, name, steps)
  if (stack === undefined) return undefined
  if (failedFirst.has(stack.status)) return removeFailed(clients, stack, steps)
  if (stack.status === 'UPDATE_ROLLBACK_FAILED' || stack.status === 'UPDATE_FAILED') throw await stuckHalfway(clients, stack)
  if (stack.status === 'DELETE_FAILED') {
    throw new Problem('stack-stuck', `${name} was to be deleted, and a part of it could not be: ${stack.reason ?? 'no reason'}`, {
      next: `delete it again and see what stands in the way: ${deleteCommand(clients, name)}`,
    })
  }
  return stack
}

/** The stack when nobody changes it. @throws Problem `stack-busy` where that is not waited for */
export async function restingStack(clients: StackClients, name: string, steps: Steps): Promise<Stack | undefined> {
  for (let told = false; ; told = true) {
    const stack = await describeStack(clients, name)
    if (stack === undefined || !isBusy(stack)) return stack
    const busy = await busyProblem(clients, stack)
    if (!steps.wait) throw busy
    if (!told) steps.tell(`${busy.message} Waiting.`)
    if (steps.signal?.aborted) throw interruptedBefore(name)
    await clients.pause(pauseMs, steps.signal)
    if (steps.signal?.aborted) throw interruptedBefore(name)
  }
}

async function busyProblem(clients: StackClients, stack: Stack): Promise<Problem> {
  const start = await lastStart(clients, stack.id)
  const who = whoIs(start?.token)
  const since = start === undefined ? '' : ` since ${new Date(start.at).toISOString().slice(0, 19)}Z`
  return new Problem('stack-busy', `${stack.name} is being changed${since} by ${who} (${stack.status}).`, {
    next: 'wait until that is over and run it again, or add --wait',
  })
}

function deleteCommand({ region }: StackClients, name: string): string {
  return `aws cloudformation delete-stack --region ${region} --stack-name ${name}`
}

async function removeFailed(clients: StackClients, stack: Stack, steps: Steps): Promise<undefined> {
  const { name, status } = stack
  const what = `${name} failed when it was first made (${status}), so it can only be deleted and made again; nothing lives in it.`
  if (!(await steps.mayRemoveFailed?.(what))) {
    throw new Problem('stack-stuck', what, { next: `run it again with --yes, or ${deleteCommand(clients, name)}` })
  }
  steps.tell(`Deleting what is left of ${name}.`)
  const { DeleteStackCommand } = await import('@aws-sdk/client-cloudformation')
  const feed = await EventFeed.open(clients, stack.id)
  await callAws(clients, 'cloudformation:DeleteStack', () =>
    clients.cloudFormation.send(new DeleteStackCommand({ StackName: stack.id, ClientRequestToken: tokenFor(steps.who) })),
  )
  const { stack: after } = await watch(clients, stack.id, feed, steps)
  if (after === undefined || after.status === 'DELETE_COMPLETE') return undefined
  throw new Problem('stack-stuck', `What is left of ${name} could not be deleted: ${after.reason ?? after.status}`, {
    next: `remove what stands in the way, then ${deleteCommand(clients, name)}`,
  })
}

/** An update failed, and so did the way back: somebody has to say which resources are given up. */
async function stuckHalfway(clients: StackClients, { name, status, reason }: Stack): Promise<Problem> {
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
      : `correct the cause, then aws cloudformation continue-update-rollback ${where}; add --resources-to-skip ${skip || 'NAME'} to give up what cannot be restored`
  return new Problem(
    'stack-stuck',
    `An update of ${name} failed, and it could not go back (${status}). ${reasons.join('; ') || (reason ?? '')}`.trim(),
    { next },
  )
}
