import { readFile } from 'node:fs/promises'
import { Problem } from '../domain/problem.ts'
import { type MasterKeys, masterKeysFrom } from '../domain/seal.ts'

/** Where the master key may be. The first that is given counts. */
export interface MasterKeySources {
  /** The keys themselves: current first, then older ones. */
  readonly text?: string | undefined
  readonly file?: string | undefined
  /** Name or ARN of an AWS Secrets Manager secret. */
  readonly secretId?: string | undefined
  readonly region?: string | undefined
}

async function fromFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Problem('master-key-missing', `The master key file ${path} cannot be read.`, {
      next: 'openssl rand -base64 32 > FILE',
      cause,
    })
  }
}

/** Loaded only by those who keep their key there. */
async function fromSecretsManager(SecretId: string, region: string | undefined): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient({ ...(region !== undefined && { region }), maxAttempts: 3 })
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }))
    return SecretString
  } catch (cause) {
    const reason = cause instanceof Error ? cause.name : 'no answer'
    throw new Problem('master-key-missing', `The secret ${SecretId} cannot be read from Secrets Manager: ${reason}.`, {
      next: 'allow secretsmanager:GetSecretValue on it',
      cause,
    })
  } finally {
    client.destroy()
  }
}

/**
 * Reads the master keys.
 * @returns `undefined` where none is configured: Basic keys need none
 * @throws Problem `master-key-missing`, `master-key-invalid`
 */
export async function loadMasterKeys(sources: MasterKeySources): Promise<MasterKeys | undefined> {
  const { text, file, secretId, region } = sources
  if (text) return masterKeysFrom(text)
  if (file) return masterKeysFrom(await fromFile(file))
  if (secretId) return masterKeysFrom(await fromSecretsManager(secretId, region))
  return undefined
}

/** The sources as a process finds them in its environment. */
export function masterKeySources(env: NodeJS.ProcessEnv): MasterKeySources {
  return {
    text: env.APIGW_MASTER_KEY,
    file: env.APIGW_MASTER_KEY_FILE,
    secretId: env.APIGW_MASTER_KEY_SECRET,
    region: env.AWS_REGION,
  }
}
