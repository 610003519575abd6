import { Problem } from '../../domain/problem.ts'
import { AwsClient, type AwsOptions } from './aws.ts'

/**
 * The text of a secret in AWS Secrets Manager.
 * @param id its name or ARN
 * @throws AwsError, and Problem `config-invalid` for a secret that is not text
 */
export async function readSecret(id: string, options: AwsOptions): Promise<string> {
  const { SecretString } = await new AwsClient('secretsmanager', options).call('secretsmanager.GetSecretValue', { SecretId: id })
  if (typeof SecretString === 'string') return SecretString
  throw new Problem('config-invalid', `The secret ${id} holds no text.`)
}
