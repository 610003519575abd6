import { setTimeout as sleep } from 'node:timers/promises'
import { randomId } from '../../domain/ids.ts'
import { type NoticeParts, sendNotices } from './notices.ts'
import { WebhookScheduler } from './scheduler.ts'
import { createSender, type SenderOptions } from './send.ts'
import type { TurnParts } from './turn.ts'

/** Time that requests under way have to end by themselves: less than the 20 seconds of a process that stops. */
const graceMs = 10_000
const noticesEveryMs = 10_000

/** Tells the operator what there is, until `signal`. */
async function notify(noticing: NoticeParts, holder: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sendNotices(noticing, holder)
    await sleep(noticesEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** Delivers until stopped. A request that is cut counts as failed, and comes again. */
export function deliverWebhooks(
  parts: Omit<TurnParts, 'send' | 'holder'>,
  options: SenderOptions = {},
  noticing?: NoticeParts,
): { stop(): Promise<void> } {
  const sender = createSender(options)
  const stopping = new AbortController()
  const holder = randomId(12)
  const scheduler = new WebhookScheduler({ ...parts, send: sender.send, holder })
  const notices = noticing === undefined ? Promise.resolve() : notify(noticing, holder, stopping.signal)
  const running = Promise.all([scheduler.run(stopping.signal), notices])
  return {
    stop: async () => {
      stopping.abort()
      await Promise.race([running, sleep(graceMs, undefined, { ref: false })])
      sender.close()
      await running
    },
  }
}
