import { callAws } from '../../../aws/index.ts'
import { apigw } from '../../../domain/next-step.ts'
import type { Check } from '../check.ts'
import type { Account } from './account.ts'

const name = 'waf'

/** Whether the load balancer of the stage has a web ACL. */
export async function checkWaf(account: Account, signal: AbortSignal): Promise<Check[]> {
  const { stage } = account
  const balancer = (await account.stack(`apigw-${stage}-edge`))?.outputs.BalancerArn
  if (balancer === undefined) {
    const detail = `the stack apigw-${stage}-edge has no load balancer output`
    return [{ name, state: 'skipped', detail, fix: apigw('deploy', 'edge', '--stage', stage) }]
  }
  const { GetWebACLForResourceCommand, WAFV2Client } = await import('@aws-sdk/client-wafv2')
  const client = new WAFV2Client(account.options)
  const { WebACL } = await callAws(account.place, 'wafv2:GetWebACLForResource', () =>
    client.send(new GetWebACLForResourceCommand({ ResourceArn: balancer }), { abortSignal: signal }),
  )
  if (WebACL === undefined) {
    const detail = 'the load balancer has no web ACL: blocked addresses get through'
    return [{ name, state: 'fail', detail, fix: apigw('deploy', 'edge', '--stage', stage) }]
  }
  return [{ name, state: 'ok', detail: `${WebACL.Name} protects the load balancer` }]
}
