import { Problem } from '../../domain/problem.ts'
import { AwsError } from './aws.ts'
import { readSecret } from './secrets.ts'

/**
 * A secret as the environment gives it: the text itself in `NAME`, where ECS puts it for the container alone, or the name or
 * ARN of a secret of Secrets Manager in `NAME_SECRET`, on Lambda, where anyone who may view a function sees its variables.
 *
 * @returns `undefined` where neither is given
 * @throws Problem `config-invalid` that names the variable and what AWS said, never the secret
 */
export async function secretFrom(env: NodeJS.ProcessEnv, name: string): Promise<string | undefined> {
  const given = env[name]
  if (given) return given
  const id = env[`${name}_SECRET`]
  if (!id) return undefined
  try {
    return await readSecret(id, { endpoint: env.APIGW_SECRETS_ENDPOINT, region: env.AWS_REGION })
  } catch (cause) {
    if (!(cause instanceof AwsError)) throw cause
    throw new Problem('config-invalid', `The secret that ${name}_SECRET names cannot be read: ${cause.name}.`, {
      next: `allow secretsmanager:GetSecretValue on ${id}, and let it be reached from here`,
      cause,
    })
  }
}
