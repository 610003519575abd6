import type { MasterKeys } from '../../../domain/seal.ts'
import { loadMasterKeys, masterKeySources, type OpenRegistry, type Registry } from '../../../registry/index.ts'
import { AwsClient, secretFrom } from '../../ports/index.ts'
import { required } from '../../process.ts'

/** Opens what authentication needs. The gateway and the authorizer share it. */
export async function openProofs(
  openRegistry: OpenRegistry,
): Promise<{ registry: Registry; masterKeys: MasterKeys | undefined }> {
  const { env } = process
  // Read both at once: each costs a round trip in a cold start.
  const [password, text] = await Promise.all([secretFrom(env, 'APIGW_REGISTRY_PASSWORD'), secretFrom(env, 'APIGW_MASTER_KEY')])
  const masterKeys = await loadMasterKeys({ ...masterKeySources(env), text })
  const registry = await openRegistry(required('APIGW_REGISTRY'), {
    password,
    keepTrying: true,
    dynamodb: (options) => new AwsClient('dynamodb', options),
  })
  return { registry, masterKeys }
}
