import type { MasterKeys } from '../../domain/seal.ts'
import { unseal } from '../../domain/seal.ts'
import { eventBody, originOf, reportEvent, signingSecrets, takes, type Webhook, webhookOwner } from '../../domain/webhook.ts'
import { maxDownMs } from '../../domain/webhook-schedule.ts'
import { signedHeaders } from '../../domain/webhook-signature.ts'
import type { Ledger, Progress, Reported, SideEvent, Stored, Webhooks } from '../ports/index.ts'
import type { ObserveWebhooks } from './events.ts'
import type { Send } from './send.ts'
import { type Done, isDown, isGone, isTaken, maxPending, settled, type Work } from './settle.ts'

/** Requests of one endpoint at the same time. */
const sendsAtOnce = 8
/** Events of one turn: others are served before the next. */
const eventsATurn = 100
/** No request begins later in a turn. With the 15 seconds of the last one it ends long before its lease. */
const beginsWithinMs = 15_000
const leaseMs = 90_000
/** Failures of one turn without a success after which the rest waits. */
const failuresATurn = 5

export interface TurnParts {
  readonly webhooks: Webhooks
  readonly ledger: Pick<Ledger, 'reports' | 'cursorAt'>
  readonly send: Send
  readonly masterKeys: MasterKeys
  /** Which worker this is. */
  readonly holder: string
  readonly observe: ObserveWebhooks
  readonly now?: () => number
  readonly random?: () => number
}

/** What a turn did. */
export interface Turned {
  /** Requests that were sent. */
  readonly sent: number
  /** It had no success, or took long: it must not take the place of others. */
  readonly slow: boolean
  readonly down: boolean
  /** There is more to do now. */
  readonly more: boolean
  /** Milliseconds since 1970: nothing is to be done before; absent: whenever there is a new event. */
  readonly wakeAt?: number
  /** How long the first new event had waited. */
  readonly lagMs?: number
}

/** What a turn attempts, and where that ends in the customer's events. */
interface Plan {
  readonly waiting: readonly Work[]
  readonly side: readonly { readonly key: string; readonly only: boolean; readonly work: Work | undefined }[]
  /** Reports in their order; `undefined`: the endpoint does not take it. */
  readonly reports: readonly (Work | undefined)[]
  readonly doneKeys: readonly string[]
  readonly cursor: string | undefined
  readonly more: boolean
}

/** A report's event, where the endpoint takes it. An endpoint for callbacks takes those of messages that name its host. */
function workOf(webhook: Webhook, { callback, ...report }: Reported): Work | undefined {
  const event = reportEvent(webhook, report)
  if (!takes(webhook, event.type)) return undefined
  if (!webhook.callbacks) return { event, attempts: 0 }
  return callback !== undefined && isOf(webhook, callback) ? { event, to: callback, attempts: 0 } : undefined
}

/** Whether a callback leads to the host of an endpoint. What was stored may be from another version, so it is checked here too. */
function isOf({ url }: Webhook, callback: string): boolean {
  return URL.canParse(callback) && originOf(callback) === originOf(url)
}

/** An event beside the reports. One that is for all endpoints is not for those for callbacks. */
function sideWork(webhook: Webhook, { event, only, to }: SideEvent): Work | undefined {
  if (only === undefined) return webhook.callbacks || !takes(webhook, event.type) ? undefined : { event, attempts: 0 }
  return { event, attempts: 0, ...(to !== undefined && isOf(webhook, to) && { to }) }
}

/** How many new events a turn takes: one as a probe of an endpoint that is down. */
function roomFor(progress: Progress, waiting: number): number {
  if (isDown(progress)) return progress.pending.length < maxPending ? 1 : 0
  return eventsATurn - waiting
}

async function planned(parts: TurnParts, webhook: Webhook, progress: Progress, now: number): Promise<Plan> {
  const due = progress.pending.filter(({ nextAt }) => isDown(progress) || nextAt <= now)
  const waiting = due.slice(0, isDown(progress) ? 1 : eventsATurn).map((pending) => ({ ...pending, pending }))
  const room = roomFor(progress, waiting.length)
  const events = await parts.webhooks.sideEvents(webhook)
  const mine = events.filter(
    ({ event, only }) => (only ?? webhook.name) === webhook.name && (only !== undefined || event.at >= webhook.createdAt),
  )
  const side = mine
    .filter(({ key }) => !progress.done.includes(key))
    .slice(0, room)
    .map((one) => ({ key: one.key, only: one.only !== undefined, work: sideWork(webhook, one) }))
  const left = room - side.length
  const page = left > 0 ? await parts.ledger.reports(webhook, progress.cursor, left) : undefined
  return {
    waiting,
    side,
    reports: page?.reports.map((report) => workOf(webhook, report)) ?? [],
    // Keys of events that have expired need not be remembered.
    doneKeys: progress.done.filter((key) => mine.some((one) => one.key === key)),
    cursor: page?.cursor ?? progress.cursor,
    more: page === undefined || page.more || page.reports.length === left,
  }
}

/** What an attempt of the turn needs, opened once. */
function secretsOf(webhook: Webhook, masterKeys: MasterKeys, now: number): string[] {
  return signingSecrets(webhook, now).map(({ sealed }) => unseal(sealed, webhookOwner(webhook), masterKeys))
}

/** Whether no further request should begin. */
function isOver(done: readonly Done[], startedAt: number, now: number): boolean {
  if (now - startedAt > beginsWithinMs) return true
  const failed = done.filter((one) => !isTaken(one.answer) && !isGone(one))
  if (failed.some(({ answer }) => answer.status === 410 || answer.retryAfter !== undefined)) return true
  return failed.length >= failuresATurn && failed.length === done.length
}

/** Sends in order, several at once, and ends early where that is of no use. @returns those that were begun, which come first */
async function sendAll(
  parts: TurnParts,
  { url }: Webhook,
  secrets: readonly string[],
  work: readonly (Work | undefined)[],
): Promise<(Done | undefined)[]> {
  const { now = Date.now } = parts
  const startedAt = now()
  const results: (Done | undefined)[] = []
  const ended: Done[] = []
  let next = 0
  const sender = async (): Promise<void> => {
    while (next < work.length && !isOver(ended, startedAt, now())) {
      const at = next++
      const one = work[at]
      results[at] = undefined
      if (one === undefined) continue
      const sentAt = now()
      const body = eventBody(one.event)
      const signed = signedHeaders(secrets, one.event.id, sentAt, body)
      const headers = { ...signed, 'content-type': 'application/json', 'user-agent': 'apigw-webhooks/1' }
      const answer = await parts.send({ url: one.to ?? url, headers, body })
      const done = { ...one, answer, at: sentAt, ms: Math.max(0, now() - sentAt) }
      results[at] = done
      ended.push(done)
    }
  }
  await Promise.all(Array.from({ length: sendsAtOnce }, sender))
  return results
}

/** The cursor after as many reports as the turn has begun. */
async function reached(
  parts: TurnParts,
  webhook: Webhook,
  progress: Progress,
  plan: Plan,
  count: number,
): Promise<string | undefined> {
  if (count >= plan.reports.length) return plan.cursor
  let { cursor } = progress
  for (let left = count; left > 0; ) {
    const page = await parts.ledger.reports(webhook, cursor, left)
    left -= page.reports.length
    cursor = page.cursor
    if (page.reports.length === 0 && !page.more) break
  }
  return cursor
}

function wakeOf({ pending, notBefore }: Progress): number | undefined {
  const times = pending.map(({ nextAt }) => nextAt)
  if (notBefore !== undefined) return notBefore
  return times.length === 0 ? undefined : Math.min(...times)
}

/** @returns why the endpoint gets nothing from now on */
function endOf(webhook: Webhook, progress: Progress, done: readonly Done[], now: number): Webhook['disabled'] {
  if (done.some((one) => one.answer.status === 410 && !isGone(one))) return { at: now, why: 'gone' }
  const { failingSince = now } = progress
  return now - failingSince > maxDownMs ? { at: now, why: 'failing' } : webhook.disabled
}

async function disable(
  parts: TurnParts,
  { value: webhook, revision }: Stored<Webhook>,
  disabled: NonNullable<Webhook['disabled']>,
) {
  // Whoever changed it meanwhile has decided; the next attempt ends the same way.
  if (!(await parts.webhooks.save({ ...webhook, disabled }, revision))) return
  const { customer, environment, name } = webhook
  parts.observe({ kind: 'webhook-disabled', customer, environment, name, why: disabled.why })
}

/**
 * One turn of an endpoint: what waits for another attempt first, then what is new. The progress is written after the requests, so
 * a process that dies repeats them, each with the id that it had.
 */
export async function takeTurn(parts: TurnParts, stored: Stored<Webhook>): Promise<Turned> {
  const { webhooks, now = Date.now, random = Math.random } = parts
  const webhook = stored.value
  const known = await webhooks.progress(webhook)
  const progress: Progress = known?.value ?? { pending: [], done: [], failures: 0 }
  const startedAt = now()
  const idle = { sent: 0, slow: false, down: isDown(progress), more: false }
  const { lease, notBefore = 0 } = progress
  if (lease !== undefined && lease.holder !== parts.holder && lease.until > startedAt) return { ...idle, wakeAt: lease.until }
  if (notBefore > startedAt) return { ...idle, wakeAt: notBefore }
  const plan = await planned(parts, webhook, progress, startedAt)
  const work = [...plan.waiting, ...plan.side.map((one) => one.work), ...plan.reports]
  if (work.length === 0) {
    const wakeAt = wakeOf(progress)
    return { ...idle, ...(wakeAt !== undefined && { wakeAt }) }
  }
  const secrets = secretsOf(webhook, parts.masterKeys, startedAt)
  const leased = { ...progress, lease: { holder: parts.holder, until: startedAt + leaseMs } }
  if (!(await webhooks.saveProgress(webhook, leased, known?.revision))) return { ...idle, more: true }
  const begun = await sendAll(parts, webhook, secrets, work)
  const done = begun.filter((one) => one !== undefined)
  const side = plan.side.slice(0, Math.max(0, begun.length - plan.waiting.length))
  const reports = Math.max(0, begun.length - plan.waiting.length - plan.side.length)
  const cursor = await reached(parts, webhook, progress, plan, reports)
  const keys = side.filter((one) => !one.only).map(({ key }) => key)
  const at = { ...progress, done: [...plan.doneKeys, ...keys], ...(cursor !== undefined && { cursor }) }
  const after = settled(at, done, now(), random)
  const isWritten = await webhooks.saveProgress(webhook, after.progress, (known?.revision ?? 0) + 1)
  if (isWritten) {
    await webhooks.removeSideEvents(
      webhook,
      side.filter((one) => one.only).map(({ key }) => key),
    )
    await webhooks.record(webhook, after.attempts)
    const end = endOf(webhook, after.progress, done, now())
    if (end !== undefined) await disable(parts, stored, end)
  }
  return turnedOf(parts, webhook, {
    done,
    begun: begun.length,
    planned: work.length,
    more: plan.more,
    startedAt,
    progress: after.progress,
  })
}

interface Ended {
  readonly done: readonly Done[]
  readonly begun: number
  readonly planned: number
  readonly more: boolean
  readonly startedAt: number
  readonly progress: Progress
}

const slowMs = 5_000

function turnedOf({ observe, now = Date.now }: TurnParts, webhook: Webhook, ended: Ended): Turned {
  const { customer, environment, name } = webhook
  const { done, startedAt, progress } = ended
  const delivered = done.filter(({ answer }) => isTaken(answer)).length
  const failed = done.length - delivered
  const ms = Math.max(0, now() - startedAt)
  if (done.length > 0) observe({ kind: 'webhook', customer, environment, name, delivered, failed, ms })
  const wakeAt = wakeOf(progress)
  const fresh = done.find(({ pending }) => pending === undefined)
  const more = progress.notBefore === undefined && (ended.more || ended.begun < ended.planned)
  return {
    sent: done.length,
    slow: ms > slowMs || (failed > 0 && delivered === 0),
    down: isDown(progress),
    more,
    ...(wakeAt !== undefined && { wakeAt }),
    ...(fresh !== undefined && !isDown(progress) && { lagMs: Math.max(0, startedAt - fresh.event.at) }),
  }
}
