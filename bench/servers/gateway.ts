import { loadMasterKeys, openRegistry } from '../../src/registry/index.ts'
import { callerFrom } from '../../src/runtime/gateway/http/lambda/authorizer-context.ts'
import { createGateway, type Gateway, serve } from '../../src/runtime/gateway/index.ts'
import { discoverEndpoints } from '../../src/runtime/gateway/versions/endpoints.ts'
import type { Queue } from '../../src/runtime/ports/index.ts'
import { ready } from './ready.ts'

/** A queue that confirms at once and keeps nothing: what it costs to publish is another question. */
const queue: Queue = {
  sendBatch: (_queue, bodies) => Promise.resolve(bodies.map(() => true as const)),
  receive: () => Promise.resolve([]),
  delete: () => Promise.resolve([]),
  extend: () => Promise.resolve([]),
  state: () => Promise.resolve({ visible: 0, inFlight: 0, delayed: 0, visibilitySeconds: 30 }),
  names: () => Promise.resolve([]),
  purge: () => Promise.resolve(),
  close: () => undefined,
}

let failed = 0
/** Looks at every call, as the real process does. */
function observe({ status }: { status: number }): void {
  if (status >= 500) failed++
}

/** Our gateway as it is deployed, on the registry at BENCH_REGISTRY. */
const registry = await openRegistry(process.env.BENCH_REGISTRY ?? '')
const masterKeys = await loadMasterKeys({ file: process.env.BENCH_MASTER_KEY_FILE })
const gateway = createGateway({ registry, queue, masterKeys, endpoints: await discoverEndpoints(), observe })
// Treats the caller as authenticated already, to measure a call without authentication.
const proven = callerFrom(JSON.parse(process.env.BENCH_PROVEN ?? '{}'))
const handled: Gateway =
  proven === undefined ? gateway : { ...gateway, handle: (request) => gateway.handle({ ...request, proven }) }
// All of the load comes from one address, as it does behind a proxy.
const limits = { maxConnectionsPerAddress: Number.POSITIVE_INFINITY }
const { port } = await serve(handled, { port: 0, trustedProxies: Number(process.env.BENCH_PROXIES ?? 0), limits })
process.on('exit', () => failed > 0 && process.stderr.write(`${failed} calls failed inside the gateway\n`))
ready(port)
