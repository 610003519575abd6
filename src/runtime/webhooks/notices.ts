import { noticeText, type ThresholdNotice } from '../../domain/threshold-notice.ts'
import { endpointPause } from '../../domain/webhook-schedule.ts'
import type { NoticeState, Notices, WaitingNotice } from '../ports/index.ts'
import type { ObserveWebhooks } from './events.ts'

/** Notices of one message: the rest comes with the next. */
const maxAtOnce = 100
const leaseMs = 60_000
/** What no channel took in a day is no news any more. */
const maxAgeMs = 86_400_000

/** A way to the operator. It ends within ten seconds. */
export interface NoticeChannel {
  readonly name: string
  send(message: ReturnType<typeof noticeText>): Promise<void>
}

export interface NoticeParts {
  readonly notices: Notices
  readonly channels: readonly NoticeChannel[]
  readonly observe: ObserveWebhooks
  readonly now?: () => number
  readonly random?: () => number
}

interface Sent {
  readonly waiting: readonly WaitingNotice[]
  readonly channels: NoticeState['channels']
}

/** Sends what each channel lacks, as one message. A channel that fails is left alone for a while, and the others are not. */
async function sendAll(parts: NoticeParts, before: NoticeState, open: readonly WaitingNotice[], now: number): Promise<Sent> {
  const { channels, observe, random = Math.random } = parts
  const states = { ...before.channels }
  let waiting = open
  for (const { name, send } of channels) {
    const { failures = 0, notBefore = 0 } = states[name] ?? {}
    const lacking = waiting.filter(({ sent, notice }) => !sent.includes(name) && now - notice.at <= maxAgeMs)
    if (lacking.length === 0 || notBefore > now) continue
    try {
      await send(noticeText(lacking.map(({ notice }) => notice)))
      waiting = waiting.map((one) => (lacking.includes(one) ? { ...one, sent: [...one.sent, name] } : one))
      states[name] = { failures: 0, notBefore: 0 }
    } catch (error) {
      states[name] = { failures: failures + 1, notBefore: now + endpointPause(failures + 1, random()) }
      observe({ kind: 'notice-failed', channel: name, notices: lacking.length, error })
    }
  }
  return { waiting, channels: states }
}

/** Writes what came of it. What all channels have is over, and what is too old is given up. */
async function settle({ notices, channels, observe }: NoticeParts, open: readonly WaitingNotice[], sent: Sent, now: number) {
  const isOld = ({ at }: ThresholdNotice): boolean => now - at > maxAgeMs
  const isSent = (one: WaitingNotice): boolean => channels.every(({ name }) => one.sent.includes(name))
  const over = sent.waiting.filter((one) => isSent(one) || isOld(one.notice))
  const lost = over.filter((one) => !isSent(one))
  // Where there was no channel until now, nothing failed.
  const hasFailed = Object.values(sent.channels).some(({ failures }) => failures > 0)
  if (lost.length > 0 && hasFailed)
    observe({ kind: 'notice-failed', channel: 'all', notices: lost.length, error: new Error('given up') })
  await notices.end(over.map(({ notice }) => notice))
  const changed = sent.waiting.filter((one) => !over.includes(one) && !open.includes(one))
  for (const one of changed) await notices.update(one)
}

/**
 * Tells the operator which customers have used a part of a limit. It does not throw: webhooks do not depend on it. A process that
 * dies after it has sent sends once more.
 * @param holder which worker this is
 */
export async function sendNotices(parts: NoticeParts, holder: string): Promise<void> {
  const { notices, observe, now: clock = Date.now } = parts
  if (parts.channels.length === 0) return
  try {
    const found = await notices.waiting(maxAtOnce)
    if (found.length === 0) return
    const now = clock()
    const { value, revision } = await notices.state()
    const { lease, ...before } = value
    if (lease !== undefined && lease.holder !== holder && lease.until > now) return
    if (parts.channels.every(({ name }) => (before.channels[name]?.notBefore ?? 0) > now)) return
    if (!(await notices.saveState({ ...before, lease: { holder, until: now + leaseMs } }, revision))) return
    const ended = await notices.endedAmong(found)
    await notices.end([...ended])
    const open = found.filter(({ notice }) => !ended.has(notice))
    const sent = await sendAll(parts, before, open, now)
    await settle(parts, open, sent, now)
    await notices.saveState({ channels: sent.channels }, revision + 1)
    const count = sent.waiting.filter((one) => !open.includes(one)).length
    if (count > 0) observe({ kind: 'notices', sent: count })
  } catch (error) {
    observe({ kind: 'webhook-failed', error })
  }
}
