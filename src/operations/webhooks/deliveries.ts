import { randomId } from '../../domain/ids.ts'
import { Problem } from '../../domain/problem.ts'
import { outcomes } from '../../domain/report.ts'
import { eventId, originOf, reportEvent, type Webhook, type WebhookEvent, type WebhookKey } from '../../domain/webhook.ts'
import type { Attempt, AttemptPage, Owner, Progress } from '../../runtime/ports/index.ts'
import { emptyProgress, moved, storedWebhook, type WebhookPlace } from './place.ts'

const dayMs = 86_400_000
/** Reports, and so what can be sent again, are kept for seven days. */
const keptDays = 7
const pageSize = 500

/** An endpoint and how far it is. */
export interface WebhookStanding {
  readonly webhook: Webhook
  readonly progress: Progress
}

/** The endpoints of a customer, or of all. */
export async function webhookStandings({ webhooks }: WebhookPlace, customer?: string): Promise<WebhookStanding[]> {
  const stored = customer === undefined ? await webhooks.all() : await webhooks.of(customer)
  const found: WebhookStanding[] = []
  for (const { value } of stored) {
    found.push({ webhook: value, progress: (await webhooks.progress(value))?.value ?? emptyProgress })
  }
  return found
}

/** The last attempts. @throws Problem `webhook-unknown`, `cursor-invalid` */
export async function deliveriesOf(place: WebhookPlace, key: WebhookKey, cursor: string | undefined): Promise<AttemptPage> {
  await storedWebhook(place, key)
  return place.webhooks.attempts(key, cursor)
}

async function addFor(place: WebhookPlace, key: WebhookKey, kind: string, event: WebhookEvent, to?: string): Promise<void> {
  if (place.dryRun) return
  const side = { key: `${kind}#${place.now()}#${randomId(8)}`, event, only: key.name, ...(to !== undefined && { to }) }
  await place.webhooks.addSideEvent(key, side, keptDays)
}

/** Has the worker send an event of the type `webhook.test`. @throws Problem `webhook-unknown` */
export async function testWebhook(place: WebhookPlace, key: WebhookKey): Promise<WebhookEvent> {
  const { value } = await storedWebhook(place, key)
  if (value.disabled !== undefined) {
    throw new Problem('input-invalid', `The webhook "${key.name}" is disabled, so it gets nothing.`, {
      next: { command: 'webhook enable', args: [key.customer, key.name, '--env', key.environment] },
    })
  }
  const at = place.now()
  const { customer, environment, name } = key
  const event = {
    id: eventId(customer, environment, 'webhook.test', name, randomId()),
    type: 'webhook.test',
    at,
    data: { webhook: name, environment },
  }
  await addFor(place, key, 'test', event)
  return event
}

/**
 * Waits for the first attempt of an event.
 * @param pause between two looks
 * @returns `undefined`: there was none until `signal`
 */
export async function attemptOf(
  place: WebhookPlace,
  key: WebhookKey,
  id: string,
  signal: AbortSignal,
  pause: () => Promise<void>,
): Promise<Attempt | undefined> {
  for (;;) {
    const { attempts } = await place.webhooks.attempts(key, undefined)
    const found = attempts.find((one) => one.id === id)
    if (found !== undefined || signal.aborted) return found
    await pause()
  }
}

/** Sends the event of one message again, with the id that it had. @throws Problem `webhook-unknown`, `message-unknown`, `input-invalid` */
export async function replayMessage(place: WebhookPlace, key: WebhookKey, id: string): Promise<WebhookEvent> {
  const { value: webhook } = await storedWebhook(place, key)
  const standing = (await place.ledger.standings(key, [id])).get(id)
  const status = outcomes.find((known) => known === standing?.status)
  if (standing === undefined || status === undefined) {
    const why = standing === undefined ? 'is not known' : 'has no outcome yet'
    throw new Problem('message-unknown', `The message ${id} of ${key.customer} ${why}.`, {
      next: { command: 'message show', args: [key.customer, id] },
    })
  }
  const { callback, ...report } = standing
  const event = reportEvent(key, { ...report, status })
  if (!webhook.callbacks) await addFor(place, key, 'replay', event)
  else if (callback !== undefined && originOf(callback) === originOf(webhook.url)) {
    await addFor(place, key, 'replay', event, callback)
  } else {
    throw new Problem('input-invalid', `The message ${id} names no callback at ${originOf(webhook.url)}.`, {
      next: { command: 'message show', args: [key.customer, id] },
    })
  }
  return event
}

/** The position of the first report from an instant on, and how many reports follow. */
async function positionOf({ ledger }: WebhookPlace, owner: Owner, since: number): Promise<{ cursor: string; reports: number }> {
  const before = new Date(since - dayMs).toISOString().slice(0, 10)
  let cursor = await ledger.cursorAt(owner, before)
  let position: string | undefined
  let reports = 0
  for (let more = true; more; ) {
    const page = await ledger.reports(owner, cursor, pageSize)
    const first = page.reports.findIndex(({ at }) => at >= since)
    if (position === undefined && first >= 0) {
      position = first === 0 ? cursor : (await ledger.reports(owner, cursor, first)).cursor
      reports += page.reports.length - first
    } else if (position !== undefined) reports += page.reports.length
    cursor = page.cursor
    more = page.more || page.reports.length === pageSize
  }
  return { cursor: position ?? cursor, reports }
}

/**
 * Moves an endpoint back, so that it gets all events of messages since an instant again, with the ids that they had.
 * @returns how many reports there are since then
 * @throws Problem `webhook-unknown`, `input-invalid`
 */
export async function replaySince(place: WebhookPlace, key: WebhookKey, since: number): Promise<number> {
  await storedWebhook(place, key)
  const now = place.now()
  if (since > now || since < now - keptDays * dayMs) {
    throw new Problem('input-invalid', `Events can be sent again for the last ${keptDays} days.`)
  }
  const { cursor, reports } = await positionOf(place, key, since)
  await moved(place, key, (progress) => ({ ...progress, cursor }))
  return reports
}
