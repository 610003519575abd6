import { Problem } from '../../domain/problem.ts'
import {
  DeliveryFailed,
  explainer,
  handle,
  InProcessMemory,
  Notifier,
  post,
  readPackedSettings,
  readWebhooks,
  type SlackMessage,
  sendAlert,
  sendDigest,
  tellDue,
} from '../../runtime/notifier/index.ts'
import { settingsText, type TrailChoices } from './settings.ts'

export interface Replayed {
  readonly events: number
  readonly posted: number
  readonly collected: number
  readonly repeated: number
  readonly ignored: number
  readonly failed: number
  readonly messages: readonly { readonly channel: string; readonly message: SlackMessage }[]
}

/** Parses Lambda events: one as JSON, a list of them, or one per line. @throws Problem `input-invalid`, which names the line */
export function eventsIn(text: string, name: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : [value]
  } catch {
    return text.split('\n').flatMap((line, at) => {
      if (line.trim() === '') return []
      try {
        return [JSON.parse(line)]
      } catch (cause) {
        throw new Problem('input-invalid', `${name}, line ${at + 1}: not valid JSON.`, {
          next: 'provide one Lambda event as JSON, a list of them, or one per line',
          cause,
        })
      }
    })
  }
}

export interface ReplayOptions {
  readonly choices: TrailChoices
  /** In the format of the secret; undefined: messages are only collected. */
  readonly webhooks: string | undefined
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** The timeout of the shipped Lambda function. */
const runMs = 50_000

/** Runs the shipped handler over recorded events, with an empty in-process memory. */
export async function replay(events: readonly unknown[], { choices, webhooks, log }: ReplayOptions): Promise<Replayed> {
  const settings = readPackedSettings(await settingsText(choices))
  const memory = new InProcessMemory()
  const urls = webhooks === undefined ? undefined : readWebhooks(webhooks)
  const messages: { channel: string; message: SlackMessage }[] = []
  const counts = { posted: 0, collected: 0, repeated: 0, counted: 0, ignored: 0 }
  let failed = 0
  let started = Date.now()
  const delivery = {
    channels: settings.channels,
    memory,
    post: async (channel: string, message: SlackMessage) => {
      messages.push({ channel, message })
      const url = urls?.get(channel) ?? urls?.get('default')
      if (url !== undefined) await post(url, message, { remaining: () => started + runMs - Date.now() })
    },
  }
  const notifier = new Notifier({
    rules: settings.rules,
    memory,
    explain: explainer(settings.filters, undefined, Date.now),
    send: (alert) => sendAlert(alert, delivery),
    now: Date.now,
  })
  const sendDue = (until: number) => () => tellDue(memory, (key, bursts) => sendDigest(key, bursts, delivery), until)
  for (const event of events) {
    started = Date.now()
    const { outcomes, failures } = await handle(event, { notifier, tellDue: sendDue(Date.now()), log }).then(
      (handled) => ({ outcomes: handled.outcomes, failures: handled.batchItemFailures.length }),
      (error: unknown) => {
        if (error instanceof DeliveryFailed) return { outcomes: error.outcomes, failures: error.failures }
        throw error
      },
    )
    for (const { outcome } of outcomes) counts[outcome]++
    failed += failures
  }
  // Sends digests now instead of at the end of their 15 minutes.
  await sendDue(Number.MAX_SAFE_INTEGER)()
  const { posted, collected, repeated, ignored, counted } = counts
  return { events: events.length, posted, collected, repeated, ignored: ignored + counted, failed, messages }
}
