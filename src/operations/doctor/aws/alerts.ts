import { callAws } from '../../../aws/index.ts'
import { apigw, step } from '../../../domain/next-step.ts'
import type { Check } from '../check.ts'
import type { Account } from './account.ts'

const name = 'alerts'

/** Whether the stage's alarms have a subscriber. Unconfirmed subscriptions do not count. */
export async function checkAlerts(account: Account, signal: AbortSignal): Promise<Check[]> {
  const { stage } = account
  const topic = (await account.stack(`apigw-${stage}-security`))?.outputs.AlertTopicArn
  if (topic === undefined) {
    const detail = `the stack apigw-${stage}-security has no topic output`
    return [{ name, state: 'skipped', detail, fix: apigw('deploy', 'security', '--stage', stage) }]
  }
  const { ListSubscriptionsByTopicCommand, SNSClient } = await import('@aws-sdk/client-sns')
  const client = new SNSClient(account.options)
  const { Subscriptions = [] } = await callAws(account.place, 'sns:ListSubscriptionsByTopic', () =>
    client.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }), { abortSignal: signal }),
  )
  const confirmed = Subscriptions.filter(({ SubscriptionArn = '' }) => SubscriptionArn.startsWith('arn:'))
  if (confirmed.length > 0) return [{ name, state: 'ok', detail: `${confirmed.length} confirmed subscriptions to the alarms` }]
  const waiting = Subscriptions.length > 0
  return [
    {
      name,
      state: 'warn',
      detail: waiting ? 'the subscription to the alarms is not confirmed' : 'the alarms have no subscribers',
      fix: waiting
        ? 'open the confirmation link in the email from AWS'
        : step`set deploy.alertEmail of the stage and run ${apigw('deploy', 'security', '--stage', stage)}; or ${apigw('trail install')}`,
    },
  ]
}
