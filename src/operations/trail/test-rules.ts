import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { callAws } from '../../aws/index.ts'
import { quantity } from '../../domain/quantity.ts'
import { recordOf } from '../../domain/record.ts'
import { type Rule, testSource } from '../../runtime/notifier/index.ts'
import type { TrailClients } from './clients.ts'
import { notifierLogGroup } from './names.ts'
import { installedOutputs } from './status.ts'

/** Whether the synthetic event of a rule reached Slack. */
export interface RuleTest {
  readonly rule: string
  readonly arrived: boolean
}

interface Sent {
  readonly rule: string
  /** The event's id, which the notifier logs after Slack has accepted the alert. */
  readonly eventId: string
}

export interface TestOptions {
  readonly rules: readonly Rule[]
  /** The timeout for all events, in milliseconds. */
  readonly waitMs: number
  readonly report: (line: string) => void
  readonly signal?: AbortSignal
  readonly pause?: (ms: number) => Promise<unknown>
}

const entriesARequest = 10
const pauseMs = 3_000

/** The first example of a rule, as an event with a new id that is marked as a test. */
export function entryOf(rule: Rule, eventId: string) {
  const example = recordOf(rule.examples?.matches[0])
  const finding = rule.source === 'guardduty'
  const detail = finding
    ? { ...example, id: eventId.replaceAll('-', '') }
    : { ...example, eventID: eventId, eventTime: new Date().toISOString() }
  const signIn = example.eventSource === 'signin.amazonaws.com'
  const kind = finding ? 'GuardDuty Finding' : signIn ? 'AWS Console Sign In via CloudTrail' : 'AWS API Call via CloudTrail'
  return { Source: testSource, DetailType: kind, Detail: JSON.stringify(detail) }
}

/** @returns the events that EventBridge accepted */
async function put(clients: TrailClients, rules: readonly Rule[]): Promise<Sent[]> {
  const { PutEventsCommand } = await import('@aws-sdk/client-eventbridge')
  const sent: Sent[] = []
  for (let from = 0; from < rules.length; from += entriesARequest) {
    const some = rules.slice(from, from + entriesARequest).map((rule) => ({ rule, eventId: randomUUID() }))
    const { Entries = [] } = await callAws(clients.place, 'events:PutEvents', () =>
      clients.events.send(new PutEventsCommand({ Entries: some.map(({ rule, eventId }) => entryOf(rule, eventId)) })),
    )
    sent.push(
      ...some.filter((_, at) => Entries[at]?.ErrorCode === undefined).map(({ rule, eventId }) => ({ rule: rule.id, eventId })),
    )
  }
  return sent
}

/** The ids of events that were posted to Slack, from the notifier's log. */
async function postedSince(clients: TrailClients, since: number): Promise<ReadonlySet<string>> {
  const { FilterLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs')
  const found = new Set<string>()
  let nextToken: string | undefined
  do {
    const page = await callAws(clients.place, 'logs:FilterLogEvents', () =>
      clients.logs.send(
        new FilterLogEventsCommand({
          logGroupName: notifierLogGroup,
          startTime: since,
          filterPattern: '{ $.event = "alert" && $.outcome = "posted" }',
          nextToken,
        }),
      ),
    )
    for (const { message = '' } of page.events ?? []) {
      for (const [, id = ''] of message.matchAll(/"key":"(?:activity|finding):([0-9a-f-]+)"/g)) found.add(id.replaceAll('-', ''))
    }
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return found
}

/**
 * Sends one synthetic event per rule to EventBridge and waits until each is posted to Slack.
 * @throws Problem `trail-missing`, `aws-…`
 */
export async function testRules(clients: TrailClients, options: TestOptions): Promise<RuleTest[]> {
  const { rules, waitMs, report, signal, pause = sleep } = options
  await installedOutputs(clients.place)
  // Tolerates a local clock that is ahead of AWS's.
  const since = Date.now() - 60_000
  const sent = await put(clients, rules)
  report(`Sent ${quantity(sent.length, 'event')}. Each appears in Slack, marked TEST.`)
  let posted: ReadonlySet<string> = new Set()
  const missing = () => sent.filter(({ eventId }) => !posted.has(eventId.replaceAll('-', '')))
  for (let waited = 0; missing().length > 0 && waited < waitMs && !signal?.aborted; waited += pauseMs) {
    await pause(pauseMs)
    const before = posted.size
    posted = await postedSince(clients, since)
    if (posted.size > before) report(`${sent.length - missing().length} of ${sent.length} arrived.`)
  }
  const lost = new Set(missing().map(({ rule }) => rule))
  const taken = new Set(sent.map(({ rule }) => rule))
  return rules.map(({ id }) => ({ rule: id, arrived: taken.has(id) && !lost.has(id) }))
}
