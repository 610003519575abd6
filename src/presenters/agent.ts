import { quantity } from '../domain/quantity.ts'
import { wallClock } from '../domain/wall-clock.ts'
import type { PreviewRow } from '../operations/agent/index.ts'
import type { AgentEvent, AgentStatus } from '../runtime/agent/index.ts'
import { count, facts, plain, styled, table } from './output.ts'

function rows(n: number): string {
  return quantity(n, 'row')
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms / 100) / 10} s` : `${count(Math.round(ms / 1000))} s`
}

/** A duration for people: `45 s`, `12 min`, `3 h`. */
function age(ms: number): string {
  if (ms < 120_000) return seconds(ms)
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** What happened, in one sentence. */
export function agentEventText(event: AgentEvent): string {
  switch (event.kind) {
    case 'sent':
      return `${event.table}: ${rows(event.accepted)} accepted, ${seconds(event.lagMs)} after the claim`
    case 'failed':
      return `${event.table}: ${rows(event.rows)} failed: ${event.code}: ${event.detail}`
    case 'held':
      return `${event.table}: ${rows(event.rows)} wait ${seconds(event.retryMs)}: ${event.code}: ${event.detail}`
    case 'unclear':
      return `${event.table}: no clear answer for ${rows(event.rows)}; the same call is repeated in ${seconds(event.retryMs)}: ${event.why}`
    case 'waiting':
      return `${event.table}: ${rows(event.rows)} wait for an image: ${event.why}`
    case 'refused':
      return `${event.table}: the database refuses to change ${rows(event.rows)}; retry in ten minutes: ${event.why}`
    case 'reported':
      return event.unmatched === 0
        ? `${quantity(event.reports, 'report')} written`
        : `${quantity(event.reports, 'report')} read, ${count(event.unmatched)} without a row`
    case 'moved':
      return `${event.table}: ${rows(event.rows)} moved into the log table`
    case 'not-moved':
      return `${event.table}: finished rows are not moved: ${event.why}. To fix it: ${event.fix}`
    case 'unmapped':
      return `${event.table}: the result code ${event.code} has no value in the map; the default was written`
    case 'recovered':
      return `${event.table}: ${rows(event.rows)} taken over that were claimed and not sent`
    case 'not-listening':
      return `notifications of new rows are lost, and the tables are polled; retry in ${seconds(event.retryMs)}: ${event.why}`
    case 'unavailable':
      return `the ${event.what} is not available; retry in ${seconds(event.retryMs)}: ${event.why}`
  }
}

/** One line of the log. */
export function agentLogLine(event: AgentEvent, now: number): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  return `${wallClock(now, timeZone)} ${plain(agentEventText(event))}`
}

export function agentStatusText(status: AgentStatus, now: number): string {
  const { tables, journal, openCalls, unwritten, waitingFor, lastSentAt } = status
  const head = ['table', 'due', 'claimed', 'oldest due']
  const body = tables.map(({ table: name, due, claimed, oldestMs }) => [
    name,
    count(due),
    count(claimed),
    oldestMs === null ? '–' : age(oldestMs),
  ])
  const { accepted = 0, delivered = 0, failed = 0, expired = 0, unknown = 0 } = journal
  const lines = facts([
    ['accepted, report open', count(accepted)],
    ['delivered', count(delivered)],
    ['failed', count(failed)],
    ['expired', count(expired)],
    ['unknown', count(unknown)],
    ['calls without an answer', count(openCalls)],
    ['results not written yet', count(unwritten)],
    ['last accepted', lastSentAt === null ? 'never' : `${age(now - lastSentAt)} ago`],
  ])
  const waiting = waitingFor === null ? [] : ['', `${styled('yellow', '!')} ${plain(waitingFor)}`]
  return [table(head, body), '', lines, ...waiting].join('\n')
}

export function previewText(found: readonly PreviewRow[]): string {
  const head = ['table', 'key', 'to', 'from', 'type', 'characters', 'result']
  const body = found.map(({ table: name, key, to, from, type, characters, ends }) => [
    name,
    key,
    to,
    from,
    type ?? '–',
    count(characters),
    ends === undefined ? 'would be sent' : `${ends.as}: ${ends.code}: ${ends.detail}`,
  ])
  return table(head, body)
}
