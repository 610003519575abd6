import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { Environment } from './names.ts'
import { Problem } from './problem.ts'
import type { Report } from './report.ts'

/** Which endpoint: a customer's, in one environment, by its name. */
export interface WebhookKey {
  readonly customer: string
  readonly environment: Environment
  readonly name: string
}

/** A secret that signs events, sealed under the master key. */
export interface WebhookSecret {
  readonly sealed: string
  readonly createdAt: number
  /** Milliseconds since 1970: until when it signs beside its successor. */
  readonly endsAt?: number
}

/** Why an endpoint gets nothing, in words. It keeps its place. */
export interface Disabled {
  readonly at: number
  readonly why: 'gone' | 'failing' | 'suspended'
}

/** Where a customer's events are sent. */
export interface Webhook extends WebhookKey {
  readonly url: string
  /** Types that it gets; empty: all, also those that come later. */
  readonly events: readonly string[]
  /** It gets only events of messages whose `callback` has the origin of `url`, each at the URL that its message names. */
  readonly callbacks?: true
  /** Newest first. */
  readonly secrets: readonly WebhookSecret[]
  readonly createdAt: number
  readonly disabled?: Disabled
}

/** An event as it is sent. `id` is the same in each attempt, to each endpoint. */
export interface WebhookEvent {
  readonly id: string
  readonly type: string
  /** Milliseconds since 1970: when it happened. */
  readonly at: number
  readonly data: Readonly<Record<string, string | number>>
}

/** Endpoints of one customer in one environment. */
export const maxWebhooks = 10
/** Every type that exists. A list is open: readers show what they do not know. */
export const eventTypes = [
  'message.delivered',
  'message.failed',
  'message.expired',
  'message.rejected',
  'message.cancelled',
  'quota.threshold',
  'webhook.test',
] as const

const namePattern = /^[a-z][a-z0-9-]{0,39}$/
const typePattern = /^[a-z]+(?:\.[a-z_]+)+$/
const maxUrl = 1_000
/** Characters of a message's callback. 200 of them wait in one item of DynamoDB, and 250 are in one page of reports. */
export const maxCallback = 500

/** @throws Problem `input-invalid` */
export function webhookName(text: string): string {
  if (namePattern.test(text)) return text
  throw new Problem('input-invalid', `"${text}" cannot be the name of a webhook: use 1 to 40 of a-z, 0-9 and "-".`)
}

/** @throws Problem `input-invalid` */
export function eventType(text: string): string {
  if (eventTypes.some((known) => known === text)) return text
  const why = typePattern.test(text) ? 'is not an event type' : 'does not look like an event type'
  throw new Problem('input-invalid', `"${text}" ${why}.`, { next: `use some of: ${eventTypes.join(', ')}` })
}

/** Names that lead to a local network: RFC 6761, RFC 6762, RFC 8375, and `internal`, which ICANN has reserved. */
const localName = /(?:^|\.)(?:localhost|local|internal|home\.arpa|lan|test|invalid|example)$/

function refusalOf(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (url.protocol !== 'https:') return 'it has to begin with https://'
  // WHATWG URLs write 2130706433, 0x7f.1 and 0177.0.0.1 as the address that they are.
  if (isIP(host) !== 0) return 'it has to name a host, not an IP address'
  if (!host.includes('.') || localName.test(host)) return 'its host is not a name of the public internet'
  const port = Number(url.port || 443)
  return port === 443 || port >= 1024 ? undefined : 'its port has to be 443, or 1024 and higher'
}

function isLocal({ protocol, hostname }: URL): boolean {
  return /^https?:$/.test(protocol) && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

/** A URL that may get events, as it is used, or why it may not. @param most characters, also once it is normalized */
function readUrl(text: string, most: number, local: boolean): { readonly href: string } | { readonly why: string } {
  const why = `it is not a URL of up to ${most} characters`
  if (text.length > most || !URL.canParse(text)) return { why }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return { why: 'it must not hold a user name or a password' }
  if (url.hash !== '') return { why: 'it must not have a fragment' }
  const refusal = local && isLocal(url) ? undefined : refusalOf(url)
  if (refusal !== undefined) return { why: refusal }
  return url.href.length > most ? { why } : { href: url.href }
}

/**
 * A URL that may get events, by what it says. Where its name leads is checked at each connection.
 * @param local whether it may also be of this machine, over HTTP: `apigw dev` alone
 * @throws Problem `input-invalid`
 */
export function webhookUrl(text: string, local: boolean): string {
  const read = readUrl(text, maxUrl, local)
  if ('href' in read) return read.href
  const isOfThisMachine = URL.canParse(text) && new URL(text).protocol === 'http:' && isLocal(new URL(text))
  const why = isOfThisMachine ? 'it leads to this machine' : read.why
  throw new Problem('input-invalid', `The URL cannot be a webhook: ${why}.`, {
    ...(isOfThisMachine && { next: 'add --local, if this is for a machine of your own' }),
  })
}

/**
 * The URL to which the events of one message are sent, as it is used, or why it cannot be one. One of this machine is read too:
 * it needs an endpoint there, which `apigw dev` alone sends to.
 */
export function callbackUrl(text: string): { readonly href: string } | { readonly why: string } {
  return readUrl(text, maxCallback, true)
}

/** Scheme, host and port, by which callbacks are allowed. */
export function originOf(url: string): string {
  return new URL(url).origin
}

/** A URL for logs and lists: what follows the question mark may be a secret of the receiver. */
export function withoutQuery(url: string): string {
  const [path = '', query] = url.split('?', 2)
  return query === undefined ? path : `${path}?…`
}

/** What is bound into a sealed secret. */
export function webhookOwner({ customer, environment, name }: WebhookKey): string {
  return `${customer}:webhook/${name}:${environment}`
}

/** Secrets that sign at an instant: the newest, and those that have not ended. */
export function signingSecrets({ secrets }: Pick<Webhook, 'secrets'>, now: number): readonly WebhookSecret[] {
  return secrets.filter(({ endsAt }) => endsAt === undefined || endsAt > now)
}

/** Whether an endpoint gets events of a type. A test of the endpoint itself always arrives. */
export function takes({ events }: Pick<Webhook, 'events'>, type: string): boolean {
  return events.length === 0 || events.includes(type) || type === 'webhook.test'
}

/** The same source has the same id, from any process, at any time: a receiver recognises what it has seen. */
export function eventId(...source: readonly string[]): string {
  return `evt_${createHash('sha256').update(JSON.stringify(source)).digest('base64url').slice(0, 24)}`
}

/** The event of a report: what `GET /v1.0/reports` says of it, and the environment. */
export function reportEvent({ customer, environment }: Omit<WebhookKey, 'name'>, report: Report): WebhookEvent {
  const { at, code, ...rest } = report
  const type = `message.${report.status}`
  return {
    id: eventId(customer, environment, type, report.id),
    type,
    at,
    data: { ...rest, ...(code && { code }), at: new Date(at).toISOString(), environment },
  }
}

/** The body that is signed and sent. */
export function eventBody({ type, at, data }: WebhookEvent): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })
}
