import { signingSecrets, type Webhook } from '../domain/webhook.ts'
import { failuresUntilDown } from '../domain/webhook-schedule.ts'
import type { Attempt, WebhookStanding, WithSecret } from '../operations/webhooks/index.ts'
import { facts, iso, styled, table } from './output.ts'

/** Why an endpoint was disabled, and what that means. */
const reasons = {
  gone: 'it answered 410',
  failing: 'it took nothing for five days',
  suspended: 'its customer is suspended',
} as const

/** What has been set of an endpoint. It has no secret. */
export function webhookJson(webhook: Webhook, now: number) {
  const { customer, environment, name, url, events, callbacks = false, createdAt, disabled } = webhook
  return {
    customer,
    environment,
    name,
    url,
    events,
    callbacks,
    createdAt: iso(createdAt),
    secrets: signingSecrets(webhook, now).map((one) => ({ createdAt: iso(one.createdAt), endsAt: iso(one.endsAt) })),
    disabled: disabled === undefined ? null : { at: iso(disabled.at), why: disabled.why },
  }
}

function stateOf({ webhook: { disabled }, progress: { failures } }: WebhookStanding): string {
  if (disabled !== undefined) return `disabled: ${reasons[disabled.why]}`
  if (failures >= failuresUntilDown) return 'down'
  return failures > 0 ? 'failing' : 'active'
}

/** An endpoint and how far it is. */
export function standingJson(standing: WebhookStanding, now: number) {
  const { pending, failures, failingSince, notBefore, lastFailure, lastSuccessAt } = standing.progress
  return {
    ...webhookJson(standing.webhook, now),
    state: stateOf(standing).split(':', 1)[0],
    waiting: pending.length,
    failures,
    failingSince: iso(failingSince),
    nextAttemptAt: iso(notBefore),
    lastSuccessAt: iso(lastSuccessAt),
    lastFailure: lastFailure === undefined ? null : { at: iso(lastFailure.at), why: lastFailure.why },
  }
}

export function standingsText(standings: readonly WebhookStanding[]): string {
  const rows = standings.map((standing) => {
    const { webhook, progress } = standing
    const { pending, lastFailure } = progress
    const types = webhook.events.length === 0 ? 'all' : webhook.events.join(' ')
    const events = webhook.callbacks ? `callbacks: ${types}` : types
    const why = lastFailure === undefined ? '' : `${iso(lastFailure.at)} ${lastFailure.why}`
    return [webhook.name, webhook.environment, stateOf(standing), webhook.url, events, String(pending.length), why]
  })
  return table(['name', 'env', 'state', 'url', 'events', 'waiting', 'last failure'], rows)
}

/** An endpoint with its secret, which is shown once. */
export function secretText({ webhook: { name, environment, url }, secret }: WithSecret, dryRun: boolean): string {
  if (dryRun) return `Would make a new secret for the webhook ${name} (${environment}).`
  const parts = facts(
    [
      ['url', url],
      ['secret', secret],
    ],
    '  ',
  )
  return `Webhook ${styled('bold', name)} (${environment})\n${parts}\n${styled('yellow', 'Save the secret now. It cannot be shown again.')}`
}

export function attemptJson({ id, type, message, to, at, ms, result, why }: Attempt) {
  return { id, type, message: message ?? null, callback: to ?? null, at: iso(at), ms, result, why }
}

export function attemptsText(attempts: readonly Attempt[]): string {
  const named = attempts.some(({ to }) => to !== undefined)
  const rows = attempts.map(({ id, type, message = '', to = '', at, ms, result, why }) => {
    return [iso(at) ?? '', result, why, `${ms} ms`, type, message, id, ...(named ? [to] : [])]
  })
  return table(['at', 'result', 'answer', 'time', 'type', 'message', 'id', ...(named ? ['callback'] : [])], rows)
}
