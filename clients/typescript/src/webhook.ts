import { createHmac, timingSafeEqual } from 'node:crypto'

/** An event that was verified. */
export interface WebhookEvent {
  /** The same in each attempt: store it, and ignore an event that you have. */
  readonly id: string
  /** `message.delivered`, … More may be added. */
  readonly type: string
  readonly timestamp: string
  readonly data: unknown
}

/** The request does not come from the API, or it is too old. Answer 401. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
}

export interface WebhookOptions {
  /** How far its timestamp may be from now, in seconds. Default: 300. */
  readonly toleranceSeconds?: number
  /** Milliseconds since 1970. Default: now. */
  readonly now?: number
}

const prefix = 'whsec_'

function keyOf(secret: string): Uint8Array {
  const key = Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : '', 'base64')
  if (key.length >= 24) return key
  throw new Error('A webhook secret is "whsec_" and at least 24 bytes in base64.')
}

function headerOf(headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : ''
}

/**
 * Verifies a webhook as Standard Webhooks defines (https://www.standardwebhooks.com).
 * @param secrets that of the webhook, or both while it is replaced
 * @param headers names in lower case, as `request.headers` of Node has them
 * @param body the bytes as they came: JSON that was parsed and written again differs
 * @throws WebhookError
 */
export function verifyWebhook(
  secrets: string | readonly string[],
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  body: Uint8Array | string,
  { toleranceSeconds = 300, now = Date.now() }: WebhookOptions = {},
): WebhookEvent {
  const id = headerOf(headers, 'webhook-id')
  const sentAt = headerOf(headers, 'webhook-timestamp')
  if (id === '' || !/^\d{1,12}$/.test(sentAt)) throw new WebhookError('The headers of a webhook are missing.')
  if (Math.abs(now / 1000 - Number(sentAt)) > toleranceSeconds)
    throw new WebhookError('The timestamp is too old, or in the future.')
  const given = headerOf(headers, 'webhook-signature')
    .split(' ')
    .flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []))
  const isGenuine = [secrets].flat().some((secret) => {
    const expected = createHmac('sha256', keyOf(secret)).update(`${id}.${sentAt}.`).update(body).digest()
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected))
  })
  if (!isGenuine) throw new WebhookError('No signature fits.')
  const { type, timestamp, data } = JSON.parse(Buffer.from(body).toString('utf8'))
  return { id, type, timestamp, data }
}
