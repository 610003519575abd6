import { openRegistry } from '../../registry/index.ts'
import { log, main, numberFrom } from '../process.ts'
import { openGateway } from './environment.ts'
import { defaultLimits, type ServeLimits } from './http/node/limits.ts'
import { serve } from './http/node.ts'
import { sweepOpenUnits } from './messages/sweep.ts'
import { observe, observeShed } from './observe.ts'
import { watchReadiness } from './readiness.ts'

function limitsFromEnvironment(): Partial<ServeLimits> {
  return {
    maxCalls: numberFrom('APIGW_MAX_CALLS', defaultLimits.maxCalls),
    maxConnections: numberFrom('APIGW_MAX_CONNECTIONS', defaultLimits.maxConnections),
    maxConnectionsPerAddress: numberFrom('APIGW_MAX_CONNECTIONS_PER_ADDRESS', defaultLimits.maxConnectionsPerAddress),
  }
}

/** The entry point of the gateway's container. Environment variables are its only configuration. */
await main(async () => {
  const { gateway, registry, ledger, close } = await openGateway(observe, openRegistry)
  const listening = await serve(gateway, {
    host: process.env.APIGW_HOST ?? '0.0.0.0',
    port: numberFrom('APIGW_PORT', 8080),
    trustedProxies: numberFrom('APIGW_TRUSTED_PROXIES', 0),
    limits: limitsFromEnvironment(),
    onShed: observeShed,
  })
  const watching = watchReadiness(registry, log)
  const everyMs = 1000 * numberFrom('APIGW_RECONCILE_EVERY_SECONDS', 3600)
  const sweep = ledger !== undefined && everyMs > 0 ? sweepOpenUnits({ registry, ledger, everyMs, log }) : undefined
  log('listening', { url: listening.url, registry: registry.address, reconciles: sweep !== undefined })
  return async () => {
    watching.stop()
    await sweep?.stop()
    await listening.stop()
    await close()
  }
})
