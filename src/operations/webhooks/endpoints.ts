import { Problem } from '../../domain/problem.ts'
import { isPublicAddress } from '../../domain/public-address.ts'
import { seal } from '../../domain/seal.ts'
import {
  eventType,
  maxWebhooks,
  originOf,
  type Webhook,
  type WebhookKey,
  type WebhookSecret,
  webhookName,
  webhookOwner,
  webhookUrl,
} from '../../domain/webhook.ts'
import { newWebhookSecret } from '../../domain/webhook-signature.ts'
import type { Owner } from '../../runtime/ports/index.ts'
import type { Resolve } from '../../runtime/webhooks/index.ts'
import { changed, emptyProgress, moved, type SealingPlace, storedWebhook, type WebhookPlace, type WebhookStore } from './place.ts'

export interface Target {
  readonly url: string
  /** Whether it may be of this machine, for `apigw dev`. */
  readonly local: boolean
}

/** An endpoint with a secret that is shown once. */
export interface WithSecret {
  readonly webhook: Webhook
  readonly secret: string
}

/**
 * A URL that leads to the public internet now. A name that does not resolve here may resolve where events are sent, so it is
 * accepted: the worker checks each connection.
 * @throws Problem `input-invalid`
 */
async function checkedUrl({ url, local }: Target, resolve: Resolve): Promise<string> {
  const text = webhookUrl(url, local)
  const { hostname } = new URL(text)
  const found = local ? [] : await resolve(hostname)
  if (found.every(isPublicAddress)) return text
  throw new Problem('input-invalid', `The URL cannot be a webhook: ${hostname} resolves to an address that is not public.`)
}

function sealed(place: SealingPlace, key: WebhookKey): { readonly secret: string; readonly stored: WebhookSecret } {
  const secret = newWebhookSecret()
  return { secret, stored: { sealed: seal(secret, webhookOwner(key), place.masterKeys), createdAt: place.now() } }
}

/**
 * Adds an endpoint. It gets what happens from now on.
 * @throws Problem `input-invalid`, `webhook-exists`
 */
export async function addWebhook(
  place: SealingPlace,
  owner: Owner,
  input: Target & {
    readonly name: string
    readonly events: readonly string[]
    readonly callbacks: boolean
    readonly suspended: boolean
  },
  resolve: Resolve,
): Promise<WithSecret> {
  const { customer, environment } = owner
  const key = { customer, environment, name: webhookName(input.name) }
  const url = await checkedUrl(input, resolve)
  const others = (await place.webhooks.of(customer)).filter(({ value }) => value.environment === environment)
  if (others.some(({ value }) => value.name === key.name)) throw exists(key)
  if (others.length >= maxWebhooks) {
    throw new Problem('input-invalid', `${customer} has ${maxWebhooks} webhooks in ${environment}, which is the most.`)
  }
  if (input.callbacks)
    refuseSecond(
      others.map(({ value }) => value),
      url,
    )
  const { secret, stored } = sealed(place, key)
  const now = place.now()
  const webhook: Webhook = {
    ...key,
    url,
    events: [...new Set(input.events.map(eventType))],
    ...(input.callbacks && { callbacks: true }),
    secrets: [stored],
    createdAt: now,
    ...(input.suspended && { disabled: { at: now, why: 'suspended' } }),
  }
  const cursor = await place.ledger.cursorAt(owner, 'end')
  // Before the endpoint: a worker must not find one without its place, and would begin with the oldest report.
  await moved(place, key, () => ({ ...emptyProgress, cursor }))
  if (!place.dryRun && !(await place.webhooks.save(webhook))) throw exists(key)
  return { webhook, secret }
}

/** Two endpoints for the callbacks of one host would both send each event. @throws Problem `input-invalid` */
function refuseSecond(others: readonly Webhook[], url: string): void {
  const same = others.find((one) => one.callbacks && originOf(one.url) === originOf(url))
  if (same === undefined) return
  throw new Problem('input-invalid', `The webhook "${same.name}" takes the callbacks of ${originOf(url)} already.`, {
    next: { command: 'webhook list', args: [same.customer, '--env', same.environment] },
  })
}

function exists({ customer, environment, name }: WebhookKey): Problem {
  return new Problem('webhook-exists', `${customer} already has a webhook "${name}" in ${environment}.`, {
    next: { command: 'webhook set', args: [customer, name] },
  })
}

/** Changes where an endpoint is, or what it gets. @throws Problem `input-invalid`, `webhook-unknown` */
export async function setWebhook(
  place: WebhookPlace,
  key: WebhookKey,
  input: { readonly target?: Target; readonly events?: readonly string[] },
  resolve: Resolve,
): Promise<Webhook> {
  const url = input.target && (await checkedUrl(input.target, resolve))
  const events = input.events?.map(eventType)
  const all = url === undefined ? [] : (await place.webhooks.of(key.customer)).map(({ value }) => value)
  const same = all.filter(({ environment }) => environment === key.environment)
  if (url !== undefined && same.some(({ name, callbacks }) => name === key.name && callbacks)) {
    refuseSecond(
      same.filter(({ name }) => name !== key.name),
      url,
    )
  }
  return changed(place, key, (webhook) => ({
    ...webhook,
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events: [...new Set(events)] }),
  }))
}

/** Removes an endpoint with what waits for it. @throws Problem `webhook-unknown` */
export async function removeWebhook(place: WebhookPlace, key: WebhookKey): Promise<Webhook> {
  const { value } = await storedWebhook(place, key)
  if (!place.dryRun) await place.webhooks.remove(key)
  return value
}

/**
 * Gives an endpoint a new secret. Events are signed with the old one too until it ends.
 * @param overlapMs for how long; 0: it ends now
 * @throws Problem `webhook-unknown`
 */
export async function rotateWebhook(place: SealingPlace, key: WebhookKey, overlapMs: number): Promise<WithSecret> {
  const { secret, stored } = sealed(place, key)
  const endsAt = place.now() + overlapMs
  const webhook = await changed(place, key, (before) => {
    const [current] = before.secrets
    return { ...before, secrets: [stored, ...(current === undefined || overlapMs === 0 ? [] : [{ ...current, endsAt }])] }
  })
  return { webhook, secret }
}

/** Lets an endpoint that was disabled get events again, from where it was. @throws Problem `webhook-unknown` */
export async function enableWebhook(place: WebhookPlace, key: WebhookKey): Promise<Webhook> {
  const { value } = await storedWebhook(place, key)
  if (value.disabled?.why === 'suspended') {
    throw new Problem('input-invalid', `${key.customer} is suspended, so its webhooks get nothing.`, {
      next: { command: 'customer resume', args: [key.customer] },
    })
  }
  const now = place.now()
  await moved(place, key, ({ failingSince: _since, notBefore: _before, ...rest }) => ({
    ...rest,
    failures: 0,
    pending: rest.pending.map((one) => ({ ...one, nextAt: now })),
  }))
  return changed(place, key, ({ disabled: _disabled, ...webhook }) => webhook)
}

/** Stops all deliveries of a customer, or lets them continue from where they were. @returns how many endpoints that changed */
export async function suspendWebhooks(place: WebhookStore, customer: string, suspended: boolean): Promise<number> {
  const stored = await place.webhooks.of(customer)
  // One that was disabled for a reason of its own keeps it.
  const affected = stored.filter(({ value: { disabled } }) =>
    suspended ? disabled === undefined : disabled?.why === 'suspended',
  )
  for (const { value } of affected) {
    await changed(place, value, ({ disabled, ...webhook }) =>
      suspended ? { ...webhook, disabled: disabled ?? { at: place.now(), why: 'suspended' } } : webhook,
    )
  }
  return affected.length
}

/** Removes all endpoints of a customer. @returns how many there were */
export async function removeWebhooks(place: WebhookStore, customer: string): Promise<number> {
  const stored = await place.webhooks.of(customer)
  for (const { value } of place.dryRun ? [] : stored) await place.webhooks.remove(value)
  return stored.length
}
