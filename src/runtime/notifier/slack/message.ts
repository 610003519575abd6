import type { Severity } from '../../../domain/alerting.ts'
import type { Alert } from '../alert.ts'
import { code, cut, words } from './escape.ts'

interface Mrkdwn {
  readonly type: 'mrkdwn'
  readonly text: string
}

export type Block =
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'section'; readonly fields: readonly Mrkdwn[] }
  | { readonly type: 'context'; readonly elements: readonly Mrkdwn[] }

/** What is posted. `text` is all that a notification, an old client or a screen reader shows. */
export interface SlackMessage {
  readonly text: string
  readonly unfurl_links: false
  readonly unfurl_media: false
  readonly attachments?: readonly { readonly color: string; readonly fallback: string; readonly blocks: readonly Block[] }[]
}

export const colours: Readonly<Record<Severity, string>> = {
  critical: '#b00020',
  high: '#e8590c',
  medium: '#e6b800',
  low: '#6b7280',
}

/**
 * Slack refuses a message near 13,200 characters in all (slackapi/bolt-js#2509), a section over 3,000, a field over 2,000
 * and more than 10 fields. These are lengths as escaped, so that an alert stays far below.
 */
const titleLength = 200
const valueLength = 300
const proseLength = 600
const maxFields = 10

function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text }
}

function section(text: string): Block {
  return { type: 'section', text: mrkdwn(text) }
}

/** Slack shows it in the reader's own time; the part after the bar is what clients without that show. */
function timeOf(at: number): string {
  return `<!date^${Math.floor(at / 1000)}^{date_num} {time_secs}|${new Date(at).toISOString()}>`
}

function headline({ severity, title, test }: Pick<Alert, 'severity' | 'title' | 'test'>): string {
  return `${test ? 'TEST · ' : ''}*${severity.toUpperCase()}* · ${words(title, titleLength)}`
}

function proseOf({ why, fix }: Alert): Block[] {
  const lines = [
    ...(why === undefined ? [] : [words(why, proseLength)]),
    ...(fix === undefined ? [] : [`*Do:* ${words(fix, proseLength)}`]),
  ]
  return lines.length === 0 ? [] : [section(lines.join('\n'))]
}

function contextOf({ rule, also, link, at }: Alert): Block {
  const parts = [
    `rule ${code([rule, ...also.slice(0, 3)].join(', '), valueLength)}`,
    ...(link === undefined ? [] : [`<${link}|AWS console>`]),
    timeOf(at),
  ]
  return { type: 'context', elements: [mrkdwn(parts.join(' · '))] }
}

/** One alert as Slack takes it. Whatever came from outside is escaped, cut and without anything that pings. */
export function alertMessage(alert: Alert): SlackMessage {
  const facts = alert.facts.slice(0, maxFields)
  const fields = facts.map(({ label, value }) => mrkdwn(`*${label}*\n${code(value, valueLength)}`))
  const spoken = facts.slice(0, 3).map(({ label, value }) => `${label}: ${words(value, valueLength)}`)
  const first = headline(alert)
  return {
    text: first,
    unfurl_links: false,
    unfurl_media: false,
    attachments: [
      {
        color: colours[alert.severity],
        fallback: cut([first, ...spoken].join('\n'), 1_500),
        blocks: [...(fields.length === 0 ? [] : [{ type: 'section', fields } as const]), ...proseOf(alert), contextOf(alert)],
      },
    ],
  }
}

/** The same without blocks, for when Slack does not take those. */
export function plainMessage(message: SlackMessage): SlackMessage {
  const rest = (message.attachments ?? []).map(({ fallback }) => fallback)
  return { text: cut(rest.length === 0 ? message.text : rest.join('\n'), 3_000), unfurl_links: false, unfurl_media: false }
}

/** Many alerts of one kind, counted. */
export interface Burst {
  readonly rule: string
  readonly severity: Severity
  readonly title: string
  readonly count: number
  readonly from: number
  readonly to: number
  /** Who did it and from where, with how often, the most first. */
  readonly actors: readonly { readonly name: string; readonly count: number }[]
  readonly actions: readonly { readonly name: string; readonly count: number }[]
}

const maxLines = 20

/** Collected alerts in one message: a line per rule, and the most frequent actor. */
export function digestMessage(bursts: readonly Burst[]): SlackMessage {
  const [worst] = bursts
  const total = bursts.reduce((sum, { count }) => sum + count, 0)
  const counted = (all: Burst['actors']) =>
    all
      .slice(0, 2)
      .map(({ name, count }) => `${code(name, 70)} ×${count}`)
      .join(', ')
  const lines = bursts
    .slice(0, maxLines)
    .map(({ title, count, actors, actions }) => `*${count}×* ${words(title, 80)} — ${counted(actions)} by ${counted(actors)}`)
  const left = bursts.length - lines.length
  if (left > 0) lines.push(`and ${left} more kinds`)
  const text = `*DIGEST* · ${total} alerts of ${bursts.length} ${bursts.length === 1 ? 'kind' : 'kinds'}`
  const from = Math.min(...bursts.map((burst) => burst.from))
  const to = Math.max(...bursts.map((burst) => burst.to))
  return {
    text,
    unfurl_links: false,
    unfurl_media: false,
    attachments: [
      {
        color: colours[worst?.severity ?? 'low'],
        fallback: text,
        blocks: [...packed(lines).map(section), { type: 'context', elements: [mrkdwn(`${timeOf(from)} to ${timeOf(to)}`)] }],
      },
    ],
  }
}

const sectionLength = 2_900
const digestLength = 9_000

/** Lines in as few sections as hold them; what is over the limit of a whole message is left to the count in its text. */
function packed(lines: readonly string[]): string[] {
  const sections: string[] = []
  let used = 0
  for (const line of lines) {
    if (used + line.length > digestLength) break
    used += line.length
    const last = sections.at(-1)
    if (last !== undefined && last.length + line.length < sectionLength) sections[sections.length - 1] = `${last}\n${line}`
    else sections.push(line)
  }
  return sections
}
