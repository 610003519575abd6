import { createHash } from 'node:crypto'
import type { Alert } from './alert.ts'
import { activityAlert } from './describe/activity.ts'
import { textAt } from './describe/actor.ts'
import { findingAlert } from './describe/finding.ts'
import { alarmAlert, textAlert } from './describe/report.ts'
import type { Explanations } from './explain.ts'
import type { Memory } from './memory/memory.ts'
import type { Reported } from './read/records.ts'
import { type Signal, signalOf, type TrailRecord } from './read/signal.ts'
import { type Match, type Matcher, type Rule, windowMs } from './rules/index.ts'

/** What became of one alert, for the log: no text of it, no address of a webhook. */
export interface Outcome {
  readonly key: string
  readonly rule: string
  readonly outcome: 'posted' | 'collected' | 'repeated' | 'counted' | 'ignored'
}

export interface NotifyParts {
  readonly rules: Matcher
  readonly memory: Memory
  readonly explain: Explanations
  /** Posts an alert wherever it belongs. @throws where it did not arrive */
  send(alert: Alert): Promise<void>
  readonly now: () => number
}

/** The number of alerts of one kind that are sent one by one in five minutes. Further ones are sent as a digest. */
const burstAlerts = 5
const burstMs = 300_000
/** How long alerts are collected before they are sent. */
const digestMs = 15 * 60_000

/** The report was taken by another run that has not ended: Lambda has to bring it again. */
export class StillRunning extends Error {
  override readonly name = 'StillRunning'
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** What EventBridge or CloudTrail wrote may be of any length; a key of the memory may not. */
function bounded(key: string): string {
  return key.length <= 120 && /^[\x21-\x7e]+$/.test(key) ? key : `${key.split(':')[0]}:${short(key)}`
}

/** Sends one signal, unless it was sent. A retry after a failure sends only what is missing. */
export class Notifier {
  readonly #parts: NotifyParts

  constructor(parts: NotifyParts) {
    this.#parts = parts
  }

  /** @throws NotPosted, StillRunning, and what the memory throws: the report has to come again then */
  async notify(reported: Reported): Promise<Outcome[]> {
    const signal = signalOf(reported)
    switch (signal.kind) {
      case 'tick':
        return []
      case 'activity':
        return [await this.#activity(signal, reported.id)]
      case 'alarm':
        return this.#alarm(signal.alarm, reported.id)
      case 'finding':
        return [await this.#finding(signal, reported.id)]
      default:
        return [
          await this.#tell(textAlert(signal.kind, signal.subject, signal.text, reported.id, this.#parts.now()), reported.id),
        ]
    }
  }

  async #activity({ record, test }: Extract<Signal, { kind: 'activity' }>, report: string, found?: Rule): Promise<Outcome> {
    const { rules, now } = this.#parts
    const { matches, held, expired } = rules.matchesOf(record, now())
    const reached: Match[] = []
    for (const match of matches) if (test || (await this.#reached(match, record, report))) reached.push(match)
    const rule = reached[0]?.rule ?? (held.length === 0 && matches.length === 0 ? found : undefined)
    if (rule === undefined) {
      const [first] = matches
      return {
        key: bounded(`activity:${textAt(record, 'eventID') ?? report}`),
        rule: first?.rule.id ?? '',
        outcome: first ? 'counted' : 'ignored',
      }
    }
    const alert = activityAlert(record, { matches: reached, expired, rule, messageId: report, test, now: now() })
    const collected = rule.digest && !test
    // From the threshold on, one alert per window. Further ones are collected.
    const once = rule.threshold === undefined || test ? undefined : this.#window(rule, record, alert.at)
    return this.#tell(alert, report, { collected, once })
  }

  /** Whether a rule's threshold is reached with this event; each event counts once, however often it comes. */
  async #reached({ rule: { id, threshold } }: Match, record: TrailRecord, report: string): Promise<boolean> {
    if (threshold === undefined) return true
    const what = short([id, ...threshold.by.map((path) => textAt(record, path) ?? '')].join('\n'))
    const at = Date.parse(String(record.eventTime)) || this.#parts.now()
    const event = short(textAt(record, 'eventID') ?? report)
    return (await this.#parts.memory.count(what, event, at, windowMs(threshold), threshold.count)) >= threshold.count
  }

  #window(rule: Rule, record: TrailRecord, at: number): string | undefined {
    const { threshold } = rule
    if (threshold === undefined) return undefined
    const by = threshold.by.map((path) => textAt(record, path) ?? '')
    return `window:${short([rule.id, ...by, Math.floor(at / windowMs(threshold))].join('\n'))}`
  }

  async #finding({ event, test }: Extract<Signal, { kind: 'finding' }>, report: string): Promise<Outcome> {
    const { rules, now } = this.#parts
    const { matches, held } = rules.matchesOf(event, now())
    const [first] = matches
    if (first === undefined && held[0] !== undefined)
      return { key: `finding:${report}`, rule: held[0].rule.id, outcome: 'ignored' }
    return this.#tell(findingAlert(event, first?.rule, report, test, now()), report)
  }

  /** An alarm says that something happened. The events behind it say who did it, and may have been reported already. */
  async #alarm(alarm: TrailRecord, report: string): Promise<Outcome[]> {
    if (alarm.NewStateValue !== 'ALARM') return [{ key: `report:${report}`, rule: 'cloudwatch-alarm', outcome: 'ignored' }]
    const { records, rule, note } = await this.#parts.explain(alarm)
    if (records.length === 0) return [await this.#tell(alarmAlert(alarm, report, note, this.#parts.now()), report)]
    const outcomes: Outcome[] = []
    for (const record of records) outcomes.push(await this.#activity({ kind: 'activity', record, test: false }, report, rule))
    return outcomes
  }

  async #tell(
    alert: Alert,
    report: string,
    { collected = false, once }: { collected?: boolean; once?: string | undefined } = {},
  ): Promise<Outcome> {
    const { memory, send } = this.#parts
    const key = bounded(alert.key)
    const of = { key, rule: alert.rule }
    const taken = await memory.take(key, report)
    if (taken === 'busy') throw new StillRunning(`${key} is being sent by another run`)
    if (taken !== 'ours') return { ...of, outcome: 'repeated' }
    try {
      if (collected || (!alert.test && (await this.#isMore(alert, key, report, once)))) {
        await this.#collect(alert, key)
        await memory.settle(key, report)
        return { ...of, outcome: 'collected' }
      }
      await send(alert)
    } catch (error) {
      await memory.release(key, report)
      throw error
    }
    await memory.settle(key, report)
    return { ...of, outcome: 'posted' }
  }

  /** Whether people have seen enough of this kind for now. */
  async #isMore({ group, at }: Alert, key: string, report: string, once: string | undefined): Promise<boolean> {
    const { memory } = this.#parts
    if (once !== undefined && (await memory.take(once, report)) === 'others') return true
    return (await memory.count(`burst|${short(group)}`, short(key), at, burstMs, burstAlerts + 1)) > burstAlerts
  }

  async #collect({ rule, severity, title, facts, at }: Alert, key: string): Promise<void> {
    const said = (wanted: string) => facts.find(({ label }) => label === wanted)?.value.slice(0, 200) ?? ''
    const due = (Math.floor(at / digestMs) + 1) * digestMs
    await this.#parts.memory.collect(due, {
      key,
      rule,
      severity,
      title: title.slice(0, 200),
      actor: said('Who'),
      action: said('What'),
      at,
    })
  }
}
