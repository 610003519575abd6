import { createHmac, randomBytes } from 'node:crypto'
import { Problem } from './problem.ts'

const prefix = 'whsec_'
/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme" */
const minBytes = 24
const maxBytes = 64

/** A new secret of 256 random bits in the form that receivers' libraries take. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64')
}

/** @throws Problem `input-invalid`, without the secret */
export function webhookKey(secret: string): Uint8Array {
  const bytes = secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), 'base64') : Buffer.alloc(0)
  if (bytes.length >= minBytes && bytes.length <= maxBytes) return bytes
  throw new Problem('input-invalid', `A webhook secret is "${prefix}" and ${minBytes} to ${maxBytes} bytes in base64.`)
}

/**
 * The headers of one attempt by Standard Webhooks. The receiver accepts any of the signatures, so a secret can be replaced while
 * its predecessor is still valid.
 * @param secrets those that are valid now
 * @param at of this attempt, in milliseconds since 1970
 */
export function signedHeaders(secrets: readonly string[], id: string, at: number, body: string): Record<string, string> {
  const seconds = Math.floor(at / 1000)
  const content = `${id}.${seconds}.${body}`
  const signatures = secrets.map((secret) => `v1,${createHmac('sha256', webhookKey(secret)).update(content).digest('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') }
}
