import { callAws } from '../../../aws/index.ts'
import type { Check } from '../check.ts'
import type { Account } from './account.ts'

const name = 'thresholds'

/**
 * Whether the operator can hear by Slack that customers have used a part of a quota. Whether the mails have a reader is what
 * the check of alerts says. A stage without such a setting has nothing to check.
 */
export async function checkThresholds(account: Account, signal: AbortSignal): Promise<Check[]> {
  const { stage } = account
  const by = (await account.stack(`apigw-${stage}-worker`))?.parameters.Thresholds
  if (by !== 'slack' && by !== 'both') return []
  const secret = `apigw-${stage}-slack`
  const { DescribeSecretCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient(account.options)
  const found = await callAws(account.place, 'secretsmanager:DescribeSecret', () =>
    client.send(new DescribeSecretCommand({ SecretId: secret }), { abortSignal: signal }).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
      throw error
    }),
  )
  if (found !== undefined && found.DeletedDate === undefined) {
    return [{ name, state: 'ok', detail: `notices of quotas go to Slack, by the secret ${secret}` }]
  }
  return [
    {
      name,
      state: 'fail',
      detail: `notices of quotas are to go to Slack, and the secret ${secret} does not exist`,
      fix: `put the address of an incoming webhook into a file, then: aws secretsmanager create-secret --name ${secret} --secret-string file://FILE`,
    },
  ]
}
