import { setTimeout as sleep } from 'node:timers/promises'
import { IncomingWebhook, type IncomingWebhookHTTPError } from '@slack/webhook'
import { plainMessage, type SlackMessage } from './message.ts'

/** Why Slack does not have a message. It never holds the address of the webhook, which is a secret. */
export class NotPosted extends Error {
  override readonly name = 'NotPosted'
  /** Whether trying again can help: not where the webhook is wrong or revoked. */
  readonly retryable: boolean

  constructor(reason: string, retryable: boolean) {
    super(reason)
    this.retryable = retryable
  }
}

export interface PostOptions {
  /** Milliseconds that are left for this message, all waiting included. */
  remaining(): number
  /** Longest that Slack may take to answer, in milliseconds. */
  readonly timeoutMs?: number
  readonly pause?: (ms: number) => Promise<unknown>
}

/** What came of one try. */
type Answer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'limited'; readonly waitMs: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'shape'; readonly reason: string }
  | { readonly kind: 'gone'; readonly reason: string }

const timeoutMs = 5_000
/** Kept back, so that Lambda does not end in the middle of a try. */
const spareMs = 1_000
const failuresAllowed = 3

function isHttpError(error: unknown): error is IncomingWebhookHTTPError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
}

/** Seconds or a date (RFC 9110, section 10.2.3); Slack sends seconds, and allows one message per second. */
export function retryAfterMs(header: string | null, now: number): number {
  if (header === null || header.trim() === '') return 1_000
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now
  return Number.isFinite(ms) && ms > 0 ? ms : 1_000
}

/** The words Slack answers with (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors). */
function reasonOf({ statusCode, body }: IncomingWebhookHTTPError): string {
  return `Slack answered ${statusCode} ${body.slice(0, 80).replace(/[^\w .-]/g, ' ')}`.trim()
}

async function tryOnce(url: string, message: SlackMessage, limit: number): Promise<Answer> {
  // The library's own error keeps status and body but no header, so the header is read on its way in.
  let retryAfter: string | null = null
  const webhook = new IncomingWebhook(url, {
    timeout: limit,
    fetch: async (to, init) => {
      const { method = 'POST', headers = {}, redirect = 'error', signal, body } = init ?? {}
      const response = await fetch(to, {
        method,
        headers,
        redirect,
        ...(signal !== undefined && { signal }),
        ...(body !== undefined && { body }),
      })
      retryAfter = response.headers.get('retry-after')
      return response
    },
  })
  try {
    await webhook.send({
      ...message,
      attachments: message.attachments?.map((one) => ({ ...one, blocks: [...one.blocks] })) ?? [],
    })
    return { kind: 'ok' }
  } catch (error) {
    if (!isHttpError(error)) {
      const cause = error instanceof Error && 'original' in error ? error.original : error
      return { kind: 'failed', reason: `Slack did not answer (${networkReason(cause)})` }
    }
    const { statusCode } = error
    if (statusCode === 429) return { kind: 'limited', waitMs: retryAfterMs(retryAfter, Date.now()) }
    if (statusCode >= 500) return { kind: 'failed', reason: reasonOf(error) }
    return { kind: statusCode === 400 || statusCode === 413 ? 'shape' : 'gone', reason: reasonOf(error) }
  }
}

function networkReason(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return inner.code
  return inner instanceof Error ? inner.name : 'unknown'
}

/**
 * Posts a message, and waits and tries again as long as there is time.
 * @throws NotPosted when it is certain, or likely, that Slack does not have it
 */
export async function post(url: string, message: SlackMessage, options: PostOptions): Promise<void> {
  const { remaining, pause = sleep } = options
  let current = message
  let simpler = false
  for (let failures = 0; ; ) {
    const limit = Math.min(options.timeoutMs ?? timeoutMs, remaining() - spareMs)
    if (limit <= 0) throw new NotPosted('no time was left to post it', true)
    const answer = await tryOnce(url, current, limit)
    switch (answer.kind) {
      case 'ok':
        return
      case 'gone':
        throw new NotPosted(`${answer.reason}: the webhook is wrong or was revoked`, false)
      case 'shape':
        if (simpler) throw new NotPosted(answer.reason, false)
        simpler = true
        current = plainMessage(message)
        break
      case 'limited':
        if (answer.waitMs + 2 * spareMs > remaining()) {
          throw new NotPosted(
            `Slack asks to wait ${Math.ceil(answer.waitMs / 1_000)} s, which is longer than there is time`,
            true,
          )
        }
        await pause(answer.waitMs)
        break
      case 'failed': {
        failures++
        const waitMs = 500 * 2 ** failures * (0.5 + Math.random() / 2)
        if (failures === failuresAllowed || waitMs + 2 * spareMs > remaining()) throw new NotPosted(answer.reason, true)
        await pause(waitMs)
      }
    }
  }
}
