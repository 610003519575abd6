import { log, main } from '../process.ts'
import { webhookEnvironment } from './environment.ts'
import { deliverWebhooks } from './run.ts'

/** The worker of webhooks as a process of its own: what a container starts. It is configured by its environment alone. */
await main(async () => {
  const { parts, sending, noticing } = await webhookEnvironment()
  const delivering = deliverWebhooks(parts, sending, noticing)
  log('delivering')
  return () => delivering.stop()
})
