import { objectsIn, textAt } from './json.ts'
import type { RegionReader } from './region.ts'

export async function readStateMachines(region: RegionReader): Promise<void> {
  for await (const page of region.pages('states:ListStateMachines', { maxResults: 1_000 })) {
    for (const summary of objectsIn(page, 'stateMachines')) {
      const arn = textAt(summary, 'stateMachineArn')
      const answer = await region.json('states:DescribeStateMachine', { stateMachineArn: arn })
      region.add({ arn, kind: 'state-machine', role: region.role(answer.roleArn) })
    }
  }
}

export async function readIdentityPools(region: RegionReader): Promise<void> {
  for await (const page of region.pages('cognito-identity:ListIdentityPools', { MaxResults: 60 }, 'NextToken')) {
    for (const pool of objectsIn(page, 'IdentityPools')) {
      const arn = region.arn('cognito-identity', `identitypool/${textAt(pool, 'IdentityPoolId')}`)
      region.add({ arn, kind: 'identity-pool' })
    }
  }
}
