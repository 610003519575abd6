import { log, main, numberFrom } from '../process.ts'
import { openGateway } from './environment.ts'
import { serve } from './node.ts'
import { observe } from './observe.ts'
import { watchReadiness } from './readiness.ts'

/** The gateway as a process of its own: what a container starts. It is configured by its environment alone. */
await main(async () => {
  const { gateway, registry, close } = await openGateway(observe)
  const listening = await serve(gateway, {
    host: process.env.APIGW_HOST ?? '0.0.0.0',
    port: numberFrom('APIGW_PORT', 8080),
    trustedProxies: numberFrom('APIGW_TRUSTED_PROXIES', 0),
  })
  log('listening', { url: listening.url, registry: registry.address })
  const watching = watchReadiness(registry, log)
  return async () => {
    watching.stop()
    await listening.stop()
    await close()
  }
})
