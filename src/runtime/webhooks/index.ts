export type { WebhookWorkerEvent } from './events.ts'
export { deliverWebhooks } from './run.ts'
export { type SchedulerLimits, WebhookScheduler } from './scheduler.ts'
export { createSender } from './send.ts'
