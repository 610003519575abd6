import type { IAMClient } from '@aws-sdk/client-iam'
import { callAws, clientOptions } from '../../aws/index.ts'
import type { Change } from './change.ts'
import type { StackClients } from './clients.ts'

/** A user in a group of a stack. */
export interface Member {
  readonly group: string
  readonly user: string
}

async function withIam<T>(clients: StackClients, work: (iam: IAMClient) => Promise<T>): Promise<T> {
  const { IAMClient: Client } = await import('@aws-sdk/client-iam')
  const iam = new Client(clientOptions(clients))
  try {
    return await work(iam)
  } finally {
    iam.destroy()
  }
}

/**
 * The users in the groups of a stack. IAM deletes no group with users in it
 * (https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html), so they have to leave it first.
 */
export async function membersOf(clients: StackClients, contents: readonly Change[]): Promise<readonly Member[]> {
  const groups = contents.flatMap(({ type, physicalId }) =>
    type === 'AWS::IAM::Group' && physicalId !== null ? [physicalId] : [],
  )
  if (groups.length === 0) return []
  const { paginateGetGroup } = await import('@aws-sdk/client-iam')
  return withIam(clients, async (client) => {
    const found: Member[] = []
    for (const group of groups) {
      const users = await callAws(clients, 'iam:GetGroup', async () => {
        try {
          const pages: string[] = []
          for await (const { Users = [] } of paginateGetGroup({ client }, { GroupName: group })) {
            pages.push(...Users.flatMap(({ UserName }) => UserName ?? []))
          }
          return pages
        } catch (error) {
          // Deleted outside the stack.
          if (error instanceof Error && error.name.startsWith('NoSuchEntity')) return []
          throw error
        }
      })
      found.push(...users.map((user) => ({ group, user })))
    }
    return found
  })
}

/** Removes users from groups. Ignores a user who has left the group meanwhile. */
export async function removeMembers(
  clients: StackClients,
  members: readonly Member[],
  report: (line: string) => void,
): Promise<void> {
  if (members.length === 0) return
  const { RemoveUserFromGroupCommand } = await import('@aws-sdk/client-iam')
  await withIam(clients, async (iam) => {
    for (const { group, user } of members) {
      report(`Removing ${user} from ${group}.`)
      await callAws(clients, 'iam:RemoveUserFromGroup', async () => {
        try {
          await iam.send(new RemoveUserFromGroupCommand({ GroupName: group, UserName: user }))
        } catch (error) {
          if (!(error instanceof Error && error.name.startsWith('NoSuchEntity'))) throw error
        }
      })
    }
  })
}
