import type { Channels, Severity } from '../../domain/alerting.ts'
import type { Alert } from './alert.ts'
import { channelsOf, defaultChannel } from './channels.ts'
import type { Memory } from './memory/memory.ts'
import { alertMessage, type Burst, digestMessage, type SlackMessage } from './slack/message.ts'

/** Posts a message to a channel. @throws NotPosted */
export type Post = (channel: string, message: SlackMessage) => Promise<void>

export interface DeliverParts {
  readonly channels: Channels
  readonly memory: Memory
  readonly post: Post
}

/** Posts to each channel once: what one has is not posted again because another failed. @throws the first failure */
async function toAll(
  names: readonly string[],
  key: string,
  message: SlackMessage,
  { memory, post }: DeliverParts,
): Promise<void> {
  if (names.length === 1) return post(names[0] ?? defaultChannel, message)
  const failures: unknown[] = []
  for (const name of names) {
    const mine = `${key}@${name}`
    if ((await memory.take(mine, key)) === 'sent') continue
    try {
      await post(name, message)
      await memory.settle(mine, key)
    } catch (error) {
      await memory.release(mine, key)
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Sends an alert to the channels that ask for it. */
export function sendAlert(alert: Alert, parts: DeliverParts): Promise<void> {
  return toAll(channelsOf(parts.channels, alert.rule, alert.severity), alert.key.slice(0, 200), alertMessage(alert), parts)
}

function worst(bursts: readonly Burst[]): Severity {
  return bursts[0]?.severity ?? 'low'
}

/** Sends a digest: each channel gets the kinds that it asks for. */
export async function sendDigest(key: string, bursts: readonly Burst[], parts: DeliverParts): Promise<void> {
  const byChannel = new Map<string, Burst[]>()
  for (const burst of bursts) {
    for (const name of channelsOf(parts.channels, burst.rule, burst.severity)) {
      byChannel.set(name, [...(byChannel.get(name) ?? []), burst])
    }
  }
  const failures: unknown[] = []
  for (const [name, some] of byChannel) {
    try {
      await toAll([name], `${key}:${worst(some)}`, digestMessage(some), parts)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
