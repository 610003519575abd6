import type { MasterKeys } from '../../domain/seal.ts'
import { loadMasterKeys, masterKeySources, openRegistry, type Registry } from '../../registry/index.ts'
import { openLedger, openMedia, openQueue, secretFrom } from '../ports/index.ts'
import { required } from '../process.ts'
import { discoverEndpoints } from './endpoints.ts'
import { createGateway, type Gateway, type Observation } from './gateway.ts'

export interface Opened {
  readonly gateway: Gateway
  readonly registry: Registry
  close(): Promise<void>
}

/** What proves who calls: the gateway and its authorizer open the same. */
export async function openProofs(): Promise<{ registry: Registry; masterKeys: MasterKeys | undefined }> {
  const { env } = process
  // Both are asked for at once: on a cold start of Lambda each costs a round trip.
  const [password, text] = await Promise.all([secretFrom(env, 'APIGW_REGISTRY_PASSWORD'), secretFrom(env, 'APIGW_MASTER_KEY')])
  const masterKeys = await loadMasterKeys({ ...masterKeySources(env), text })
  return { registry: await openRegistry(required('APIGW_REGISTRY'), { password, keepTrying: true }), masterKeys }
}

/** The gateway as its environment describes it: in a container and on Lambda alike. */
export async function openGateway(observe: (observation: Observation) => void): Promise<Opened> {
  const { env } = process
  const region = env.AWS_REGION
  const { registry, masterKeys } = await openProofs()
  const queue = openQueue({ endpoint: env.APIGW_SQS_ENDPOINT, region })
  const gateway = createGateway({
    registry,
    queue,
    ledger: openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region, table: env.APIGW_LEDGER_TABLE }),
    media: openMedia({ endpoint: env.APIGW_MEDIA_ENDPOINT, region, bucket: env.APIGW_MEDIA_BUCKET }),
    endpoints: await discoverEndpoints(),
    masterKeys,
    publicOrigin: env.APIGW_PUBLIC_ORIGIN,
    observe,
  })
  return {
    gateway,
    registry,
    close: async () => {
      queue.close()
      await registry.close()
    },
  }
}
