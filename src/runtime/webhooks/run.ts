import { setTimeout as sleep } from 'node:timers/promises'
import { randomId } from '../../domain/ids.ts'
import { WebhookScheduler } from './scheduler.ts'
import { createSender, type SenderOptions } from './send.ts'
import type { TurnParts } from './turn.ts'

/** Time that requests under way have to end by themselves: less than the 20 seconds of a process that stops. */
const graceMs = 10_000

/** Delivers until stopped. A request that is cut counts as failed, and comes again. */
export function deliverWebhooks(
  parts: Omit<TurnParts, 'send' | 'holder'>,
  options: SenderOptions = {},
): { stop(): Promise<void> } {
  const sender = createSender(options)
  const stopping = new AbortController()
  const scheduler = new WebhookScheduler({ ...parts, send: sender.send, holder: randomId(12) })
  const running = scheduler.run(stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await Promise.race([running, sleep(graceMs, undefined, { ref: false })])
      sender.close()
      await running
    },
  }
}
