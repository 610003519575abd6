import { randomId } from '../../domain/ids.ts'
import { webhookEnvironment } from './environment.ts'
import { sendNotices } from './notices.ts'
import { WebhookScheduler } from './scheduler.ts'
import { createSender } from './send.ts'

async function open() {
  const { parts, sending, noticing } = await webhookEnvironment()
  const sender = createSender(sending)
  const holder = randomId(12)
  return {
    scheduler: new WebhookScheduler({ ...parts, send: sender.send, holder }),
    notify: () => sendNotices(noticing, holder),
    close: sender.close,
  }
}

let opened: ReturnType<typeof open> | undefined
/** A turn that has begun ends in 30 seconds: 15 in which requests begin, and 15 of the last one. */
const spareMs = 35_000

/** What a schedule calls: sends events until none waits, or the function's time is over. */
export async function handler(_event: unknown, context: { getRemainingTimeInMillis(): number }): Promise<{ sent: number }> {
  opened ??= open()
  try {
    const { scheduler, notify, close } = await opened
    const notified = notify()
    const sent = await scheduler.once(AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - spareMs)))
    await notified
    scheduler.tellLag()
    // A connection does not outlive the freeze of a function.
    close()
    return { sent }
  } catch (error) {
    await opened.catch(() => {
      opened = undefined
    })
    throw error
  }
}
