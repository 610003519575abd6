import { Problem } from '../domain/problem.ts'
import { secretText } from './secrets.ts'

/**
 * The registry's password as a process finds it in its environment: itself, or the name of the secret that holds it, so that
 * it stands in no variable of a function, where whoever may look at the function could read it.
 *
 * @returns undefined where there is none
 * @throws Problem `registry-unavailable`
 */
export async function registryPassword(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { APIGW_REGISTRY_PASSWORD: text, APIGW_REGISTRY_PASSWORD_SECRET: secretId } = env
  if (text || !secretId) return text || undefined
  try {
    return await secretText(secretId, env.AWS_REGION)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.name : 'no answer'
    throw new Problem('registry-unavailable', `The registry's password (${secretId}) cannot be read: ${reason}.`, {
      next: 'allow secretsmanager:GetSecretValue on it',
      cause,
    })
  }
}
