import { callAws } from '../../aws/index.ts'
import { type Change, lossOf } from './change.ts'
import type { StackClients } from './clients.ts'
import { originalTemplate, type Stack } from './stack.ts'
import { deletionPolicies } from './template.ts'

/** All resources of a stack, as the changes of a deletion. */
export async function contentsOf(clients: StackClients, { id }: Stack): Promise<Change[]> {
  const { ListStackResourcesCommand } = await import('@aws-sdk/client-cloudformation')
  const policies = deletionPolicies(await originalTemplate(clients, id))
  const found: Change[] = []
  let token: string | undefined
  do {
    const input = { StackName: id, NextToken: token }
    const { StackResourceSummaries = [], NextToken } = await callAws(clients, 'cloudformation:ListStackResources', () =>
      clients.cloudFormation.send(new ListStackResourcesCommand(input)),
    )
    for (const { LogicalResourceId = '', ResourceType = '', PhysicalResourceId, ResourceStatus } of StackResourceSummaries) {
      if (ResourceStatus === 'DELETE_COMPLETE') continue
      const loss = lossOf(ResourceType, policies.get(LogicalResourceId))
      const change = { kind: 'delete', id: LogicalResourceId, type: ResourceType, perhaps: false, why: [], loss } as const
      found.push({ ...change, physicalId: PhysicalResourceId ?? null })
    }
    token = NextToken
  } while (token !== undefined)
  return found
}
