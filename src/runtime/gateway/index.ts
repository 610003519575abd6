export { discoverEndpoints } from './endpoints.ts'
export { createGateway, type Gateway, type Observation } from './gateway.ts'
export { type Listening, serve } from './node.ts'
export { reconcile } from './reconcile.ts'
