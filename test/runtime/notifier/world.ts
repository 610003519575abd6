import type { Channels, IgnoreRule } from '../../../src/domain/alerting.ts'
import type { MetricFilter } from '../../../src/runtime/notifier/explain.ts'
import { handle } from '../../../src/runtime/notifier/handler.ts'
import {
  explainer,
  InProcessMemory,
  Notifier,
  post,
  sendAlert,
  sendDigest,
  tellDue,
} from '../../../src/runtime/notifier/index.ts'
import type { Memory } from '../../../src/runtime/notifier/memory/memory.ts'
import { compileRules } from '../../../src/runtime/notifier/rules/index.ts'
import { loadRules, shippedRules } from '../../../src/runtime/notifier/rules/load.ts'
import { loopbackSlack, type SlackAnswer } from '../../support/slack.ts'

export const rules = loadRules(shippedRules)

export interface WorldOptions {
  readonly answers?: SlackAnswer[]
  readonly memory?: Memory
  readonly channels?: Channels
  readonly ignores?: readonly IgnoreRule[]
  readonly filters?: readonly MetricFilter[]
  /** The content of the trail's log group. */
  readonly logged?: (query: { pattern: string }) => Promise<string[]>
  readonly timeoutMs?: number
}

/** The shipped handler with its real rules, an emulated Slack, and a clock that the test controls. */
export async function world(options: WorldOptions = {}) {
  const slack = await loopbackSlack(options.answers)
  const clock = { now: Date.parse('2026-11-25T01:05:00Z') }
  const now = () => clock.now
  const memory = options.memory ?? new InProcessMemory(now)
  const logs: Readonly<Record<string, unknown>>[] = []
  const byChannel = new Map<string, number>()
  let deadline = Number.POSITIVE_INFINITY
  const delivery = {
    channels: options.channels ?? {},
    memory,
    post: async (channel: string, message: Parameters<typeof post>[1]) => {
      await post(slack.url, message, {
        remaining: () => deadline - clock.now,
        timeoutMs: options.timeoutMs ?? 5_000,
        pause: async (ms) => {
          clock.now += ms
        },
      })
      byChannel.set(channel, (byChannel.get(channel) ?? 0) + 1)
    },
  }
  const notifier = new Notifier({
    rules: compileRules(rules, options.ignores ?? []),
    memory,
    explain: explainer(options.filters ?? [], options.logged, now),
    send: (alert) => sendAlert(alert, delivery),
    now,
  })
  const parts = {
    notifier,
    tellDue: () => tellDue(memory, (key, bursts) => sendDigest(key, bursts, delivery), now()),
    log: (event: string, fields: Readonly<Record<string, unknown>>) => void logs.push({ event, ...fields }),
  }
  return {
    slack,
    clock,
    memory,
    logs,
    byChannel,
    /** One run of the function, with a limit of 50 seconds. */
    run: (event: unknown) => {
      deadline = clock.now + 50_000
      return handle(event, parts)
    },
    /** Like Lambda: retries after one and two minutes, then dead-letters. @returns which of the two happened */
    async invoke(event: unknown): Promise<'handled' | 'dead'> {
      for (const pauseMs of [60_000, 120_000, 0]) {
        try {
          deadline = clock.now + 50_000
          await handle(event, parts)
          return 'handled'
        } catch {
          clock.now += pauseMs
        }
      }
      return 'dead'
    },
  }
}

let ids = 0
export function uuid(): string {
  ids++
  return `00000000-0000-4000-8000-${ids.toString(16).padStart(12, '0')}`
}

/** An example of a rule, as a new event. */
export function example(id: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const detail = rules.find((rule) => rule.id === id)?.examples?.matches[0]
  if (detail === undefined) throw new Error(`there is no rule ${id}`)
  return { ...detail, eventID: uuid(), ...more }
}

export function bridged(detail: Readonly<Record<string, unknown>>, more: object = {}) {
  return { id: uuid(), source: 'aws.any', 'detail-type': 'AWS API Call via CloudTrail', detail, ...more }
}

/** As SNS hands it to Lambda. */
export function sns(message: unknown, more: object = {}) {
  const Message = typeof message === 'string' ? message : JSON.stringify(message)
  return {
    EventSource: 'aws:sns',
    Sns: { MessageId: uuid(), TopicArn: 'arn:aws:sns:ap-northeast-2:123456789012:apigw-trail-alerts', Message, ...more },
  }
}
