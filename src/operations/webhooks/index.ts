export type { Attempt } from '../../runtime/ports/index.ts'
export { openWebhooks } from '../../runtime/ports/index.ts'
export { resolveName } from '../../runtime/webhooks/index.ts'
export {
  attemptOf,
  deliveriesOf,
  replayMessage,
  replaySince,
  testWebhook,
  type WebhookStanding,
  webhookStandings,
} from './deliveries.ts'
export {
  addWebhook,
  enableWebhook,
  removeWebhook,
  removeWebhooks,
  rotateWebhook,
  setWebhook,
  suspendWebhooks,
  type WithSecret,
} from './endpoints.ts'
export type { SealingPlace, WebhookPlace, WebhookStore } from './place.ts'
