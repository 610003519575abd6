import { loadMasterKeys, masterKeySources, openRegistry } from '../../registry/index.ts'
import { openLedger, openMedia, openQueue } from '../ports/index.ts'
import { errorFields, log, main, numberFrom, required } from '../process.ts'
import { discoverEndpoints } from './endpoints.ts'
import { createGateway, type Observation } from './gateway.ts'
import { serve } from './node.ts'

/** One line for each call that did not end well. */
function observe({ error, ...seen }: Observation): void {
  if (seen.status >= 500) log('call failed', { ...seen, ...(error !== undefined && errorFields(error)) })
}

/** The gateway as a process of its own: what a container starts. It is configured by its environment alone. */
await main(async () => {
  const registry = await openRegistry(required('APIGW_REGISTRY'), {
    password: process.env.APIGW_REGISTRY_PASSWORD,
    keepTrying: true,
  })
  const queue = openQueue({ endpoint: process.env.APIGW_SQS_ENDPOINT, region: process.env.AWS_REGION })
  const { env } = process
  const ledger = openLedger({ endpoint: env.APIGW_LEDGER_ENDPOINT, region: env.AWS_REGION, table: env.APIGW_LEDGER_TABLE })
  const media = openMedia({ endpoint: env.APIGW_MEDIA_ENDPOINT, region: env.AWS_REGION, bucket: env.APIGW_MEDIA_BUCKET })
  const gateway = createGateway({
    registry,
    queue,
    ledger,
    media,
    endpoints: await discoverEndpoints(),
    masterKeys: await loadMasterKeys(masterKeySources(process.env)),
    publicOrigin: process.env.APIGW_PUBLIC_ORIGIN,
    observe,
  })
  const listening = await serve(gateway, {
    host: process.env.APIGW_HOST ?? '0.0.0.0',
    port: numberFrom('APIGW_PORT', 8080),
    trustedProxies: numberFrom('APIGW_TRUSTED_PROXIES', 0),
  })
  log('listening', { url: listening.url, registry: registry.address })
  return async () => {
    await listening.stop()
    queue.close()
    await registry.close()
  }
})
