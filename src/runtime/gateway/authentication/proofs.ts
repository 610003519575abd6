import type { MasterKeys } from '../../../domain/seal.ts'
import { loadMasterKeys, masterKeySources, openRegistry, type Registry } from '../../../registry/index.ts'
import { secretFrom } from '../../ports/index.ts'
import { required } from '../../process.ts'

/** What proves who calls: the gateway and its authorizer open the same. */
export async function openProofs(): Promise<{ registry: Registry; masterKeys: MasterKeys | undefined }> {
  const { env } = process
  // Both are asked for at once: on a cold start of Lambda each costs a round trip.
  const [password, text] = await Promise.all([secretFrom(env, 'APIGW_REGISTRY_PASSWORD'), secretFrom(env, 'APIGW_MASTER_KEY')])
  const masterKeys = await loadMasterKeys({ ...masterKeySources(env), text })
  return { registry: await openRegistry(required('APIGW_REGISTRY'), { password, keepTrying: true }), masterKeys }
}
