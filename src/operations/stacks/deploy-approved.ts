import { importingStack, leftQueues } from './adopt.ts'
import type { Change } from './change.ts'
import type { DesiredStack } from './change-set.ts'
import type { StackClients } from './clients.ts'
import { type Deployed, deployStack } from './deploy.ts'
import { onlyProtects, unprotectedCreation } from './protect.ts'
import { describeStack } from './stack.ts'
import type { Steps } from './steps.ts'

/**
 * Deploys a stack in the steps that CloudFormation needs: first it imports queues that an earlier stack left behind, then it
 * creates or updates the stack, and at last it turns deletion protection on. A run that ends in between is finished by the next.
 * @throws Problem as `deployStack`
 */
export async function deployApproved(clients: StackClients, desired: DesiredStack, steps: Steps): Promise<Deployed> {
  const all = { ...steps, mayRemoveFailed: async () => true }
  const before = await describeStack(clients, desired.name)
  const left = await leftQueues(clients, desired, before)
  if (left.length > 0) {
    for (const { id, name } of left) steps.report(`Importing ${name} into ${desired.name} as ${id}.`)
    const importing = await importingStack(clients, desired, before, left)
    const onlyImports = async (changes: readonly Change[]) => changes.every(({ kind }) => kind === 'import')
    await deployStack(clients, importing, { ...all, approve: onlyImports })
  }
  const created = unprotectedCreation(desired, before)
  if (created === undefined) return deployStack(clients, desired, all)
  await deployStack(clients, created, all)
  const approve = async (changes: readonly Change[]) => onlyProtects(changes) || steps.approve(changes)
  return { ...(await deployStack(clients, desired, { ...all, approve })), changed: true }
}
