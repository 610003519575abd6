import { callAws } from '../../aws/index.ts'
import { type Change, lossOf } from './change.ts'
import type { StackClients } from './clients.ts'
import { originalTemplate, type Stack } from './stack.ts'
import { deletionPolicies } from './template.ts'

/** A resource that a stack has. */
export interface StackResource {
  readonly id: string
  readonly type: string
  readonly physicalId: string | undefined
}

/** All resources of a stack. @throws Problem `aws-…` */
export async function stackResources(clients: StackClients, { id }: Stack): Promise<StackResource[]> {
  const { ListStackResourcesCommand } = await import('@aws-sdk/client-cloudformation')
  const found: StackResource[] = []
  let token: string | undefined
  do {
    const input = { StackName: id, NextToken: token }
    const { StackResourceSummaries = [], NextToken } = await callAws(clients, 'cloudformation:ListStackResources', () =>
      clients.cloudFormation.send(new ListStackResourcesCommand(input)),
    )
    for (const { LogicalResourceId = '', ResourceType = '', PhysicalResourceId, ResourceStatus } of StackResourceSummaries) {
      if (ResourceStatus === 'DELETE_COMPLETE') continue
      found.push({ id: LogicalResourceId, type: ResourceType, physicalId: PhysicalResourceId })
    }
    token = NextToken
  } while (token !== undefined)
  return found
}

/** All resources of a stack, as the changes of a deletion. */
export async function contentsOf(clients: StackClients, stack: Stack): Promise<Change[]> {
  const policies = deletionPolicies(await originalTemplate(clients, stack.id))
  return (await stackResources(clients, stack)).map(({ id, type, physicalId }) => {
    const loss = lossOf(type, policies.get(id))
    return { kind: 'delete', id, type, perhaps: false, why: [], loss, physicalId: physicalId ?? null }
  })
}
