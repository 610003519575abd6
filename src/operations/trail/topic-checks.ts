import { callAws, jsonCall } from '../../aws/index.ts'
import type { TrailClients } from './clients.ts'
import { again, type Finding, fail, type Outputs, ok } from './finding.ts'
import { publishersWithout } from './publishers.ts'

/** Whether alarms, events and budgets can publish to the topic. */
export async function topicCheck(clients: TrailClients, { TopicArn }: Outputs): Promise<Finding> {
  const { GetTopicAttributesCommand } = await import('@aws-sdk/client-sns')
  const { Attributes = {} } = await callAws(clients.place, 'sns:GetTopicAttributes', () =>
    clients.sns.send(new GetTopicAttributesCommand({ TopicArn })),
  )
  if (!Attributes.KmsMasterKeyId) return fail('The topic is not encrypted.', again)
  const missing = publishersWithout(Attributes.Policy ?? '', ['sns:Publish'])
  if (missing.length > 0) return fail(`${missing.join(', ')} may not publish to the topic.`, again)
  return ok('Encrypted; CloudWatch, EventBridge and Budgets may publish.')
}

/** Whether they may also use the topic's key. Without it, their messages are lost without an error. */
export async function keyCheck(clients: TrailClients, { KeyArn }: Outputs): Promise<Finding> {
  const { config } = clients.sns
  const region = await config.region()
  const { Policy } = await callAws(clients.place, 'kms:GetKeyPolicy', async () =>
    jsonCall(await config.credentials(), {
      service: 'kms',
      region,
      endpoint: `https://kms.${region}.amazonaws.com`,
      target: 'TrentService.GetKeyPolicy',
      body: { KeyId: KeyArn, PolicyName: 'default' },
    }),
  )
  const missing = publishersWithout(String(Policy), ['kms:Decrypt', 'kms:GenerateDataKey'])
  if (missing.length > 0) return fail(`${missing.join(', ')} may not use the topic's key, so their messages are lost.`, again)
  return ok('CloudWatch, EventBridge and Budgets may use it.')
}
