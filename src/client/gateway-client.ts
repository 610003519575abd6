import * as z from 'zod'
import type { Scheme } from '../domain/credential.ts'
import { keyedIdOf } from '../domain/message-content.ts'
import type { Environment } from '../domain/names.ts'
import {
  bodyOf,
  type CallRefusal,
  causeOf,
  type Incoming,
  type NoClearAnswer,
  refusalFrom,
  retryAfterFrom,
  unreadable,
} from './incoming.ts'
import { messageFieldsIn } from './message-fields.ts'
import type { Fetch } from './proxy-fetch.ts'
import { type Credentials, signInHeaders } from './sign-in.ts'

/** Where the gateway is, and who calls it. */
export interface GatewayConnection {
  /** `https://api.example.com` */
  readonly gateway: string
  readonly credentials: Credentials
  readonly scheme: Scheme
  readonly environment: Environment
  /** Names the program and its version in the gateway's log: `apigw-agent/1.2.0`. */
  readonly userAgent?: string
  /** Default: the global `fetch`. */
  readonly fetch?: Fetch
}

/** What the gateway said about one message of a batch. */
export interface MessageResult {
  readonly index: number
  readonly status: 'accepted' | 'rejected'
  readonly id?: string | undefined
  readonly code?: string | undefined
  readonly detail?: string | undefined
  readonly retryable?: boolean | undefined
}

export type BatchAnswer = { readonly kind: 'answered'; readonly results: readonly MessageResult[] } | CallRefusal | NoClearAnswer

/** The final outcome of a message. Its status is an open list. */
export interface GatewayReport {
  readonly id: string
  readonly ref?: string | undefined
  readonly status: string
  readonly code?: string | undefined
  /** Milliseconds since 1970. */
  readonly at: number
}

export type ReportsAnswer =
  | { readonly kind: 'page'; readonly reports: readonly GatewayReport[]; readonly cursor: string; readonly more: boolean }
  | CallRefusal
  | NoClearAnswer

export type CancelAnswer = { readonly kind: 'cancelled'; readonly message: GatewayReport } | CallRefusal | NoClearAnswer

export type UploadAnswer = { readonly kind: 'kept'; readonly id: string } | CallRefusal | NoClearAnswer

export type LookupAnswer =
  | { readonly kind: 'found'; readonly messages: readonly GatewayReport[]; readonly unknown: readonly string[] }
  | CallRefusal
  | NoClearAnswer

/** Whether the gateway takes `messages[].key`, and `unknown` where its description does not say. */
export type KeySupport = { readonly kind: 'known'; readonly keys: boolean | 'unknown' } | NoClearAnswer

const answerMs = 30_000

const batchAnswer = z.object({
  results: z.array(
    z.object({
      index: z.int().nonnegative(),
      id: z.string().optional(),
      status: z.enum(['accepted', 'rejected']),
      problem: z.object({ code: z.string(), detail: z.string(), retryable: z.boolean() }).optional(),
    }),
  ),
})
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const standing = z.object({
  id: z.string(),
  ref: z.string().optional(),
  status: z.string(),
  code: z.string().optional(),
  at: instant,
})
const reportPage = z.object({ reports: z.array(standing), cursor: z.string(), more: z.boolean() })
const lookupAnswer = z.object({ messages: z.array(standing), unknown: z.array(z.string()) })
const keptImage = z.object({ id: z.string() })

interface Outgoing {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** JSON, or bytes as they are: then `headers` says what they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

type Answer = (Incoming & { readonly date?: string | undefined }) | NoClearAnswer

function bytesOf(body: unknown): Buffer {
  return Buffer.from(body instanceof Uint8Array ? body : body === undefined ? '' : JSON.stringify(body))
}

/** The calls of a customer's program to the gateway. It never throws for an answer: each is one of a few kinds. */
export class GatewayClient {
  readonly #connection: GatewayConnection
  readonly #fetch: Fetch

  constructor(connection: GatewayConnection) {
    this.#connection = connection
    this.#fetch = connection.fetch ?? fetch
  }

  /** Sends a batch under an Idempotency-Key. Repeating it sends nothing twice. */
  async sendBatch(idempotencyKey: string, messages: readonly unknown[], signal?: AbortSignal): Promise<BatchAnswer> {
    const headers = { 'idempotency-key': idempotencyKey }
    const answer = await this.#call({ method: 'POST', path: '/messages/batch', body: { messages }, headers, signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status !== 202) return refusalFrom(answer)
    const parsed = batchAnswer.safeParse(answer.body)
    if (!parsed.success || parsed.data.results.length !== messages.length) return unreadable(answer)
    const results = parsed.data.results.map(({ problem, ...result }) => ({ ...result, ...problem }))
    return { kind: 'answered', results }
  }

  /** @param waitSeconds how long the gateway may wait for a report, up to 20 */
  async reports(cursor: string | undefined, waitSeconds: number, signal?: AbortSignal): Promise<ReportsAnswer> {
    const query = new URLSearchParams({ limit: '500', wait: String(waitSeconds), ...(cursor !== undefined && { cursor }) })
    const timeoutMs = answerMs + waitSeconds * 1000
    const answer = await this.#call({ method: 'GET', path: `/reports?${query}`, timeoutMs, signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status !== 200) return refusalFrom(answer)
    const parsed = reportPage.safeParse(answer.body)
    return parsed.success ? { kind: 'page', ...parsed.data } : unreadable(answer)
  }

  /** The id that the gateway gives a message with a `key` of its own. */
  idOf(message: unknown): string | undefined {
    const { credentials, environment } = this.#connection
    return keyedIdOf({ customer: credentials.customer, environment }, message)
  }

  /** The status of up to 100 messages. */
  async lookup(ids: readonly string[], signal?: AbortSignal): Promise<LookupAnswer> {
    const answer = await this.#call({ method: 'POST', path: '/messages/lookup', body: { ids }, signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status !== 200) return refusalFrom(answer)
    const parsed = lookupAnswer.safeParse(answer.body)
    return parsed.success ? { kind: 'found', ...parsed.data } : unreadable(answer)
  }

  /** Cancels a message that is held for its time. Repeating it gives the same answer. */
  async cancel(id: string, signal?: AbortSignal): Promise<CancelAnswer> {
    const answer = await this.#call({ method: 'DELETE', path: `/messages/${encodeURIComponent(id)}`, signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status !== 200) return refusalFrom(answer)
    const parsed = standing.safeParse(answer.body)
    return parsed.success ? { kind: 'cancelled', message: parsed.data } : unreadable(answer)
  }

  /** Keeps an image for later messages. The same image has the same id, so that repeating it does no harm. */
  async uploadImage(image: Uint8Array, signal?: AbortSignal): Promise<UploadAnswer> {
    const headers = { 'content-type': 'image/jpeg' }
    const answer = await this.#call({ method: 'POST', path: '/media', body: image, headers, signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status !== 201) return refusalFrom(answer)
    const parsed = keptImage.safeParse(answer.body)
    return parsed.success ? { kind: 'kept', id: parsed.data.id } : unreadable(answer)
  }

  /** Whether the gateway lets this customer in, and how far its clock is ahead of this machine’s, to the second. */
  async check(signal?: AbortSignal): Promise<{ readonly kind: 'ok'; readonly aheadMs?: number } | CallRefusal | NoClearAnswer> {
    const started = Date.now()
    const answer = await this.#call({ method: 'GET', path: '/quota', signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status !== 200) return refusalFrom(answer)
    const date = Date.parse(answer.date ?? '')
    return { kind: 'ok', ...(!Number.isNaN(date) && { aheadMs: date - started }) }
  }

  /**
   * Whether the gateway takes `messages[].key`: an older one refuses each message that has one. Its OpenAPI description says it, to
   * anyone. A proxy may keep that page from us, so a missing description decides nothing.
   */
  async keySupport(signal?: AbortSignal): Promise<KeySupport> {
    const answer = await this.#request(new URL('/openapi.json', this.#connection.gateway), { method: 'GET', path: '', signal })
    if (answer.kind !== 'incoming') return answer
    if (answer.status >= 500) return { kind: 'unclear', why: `HTTP ${answer.status}` }
    const fields = answer.status === 200 ? messageFieldsIn(answer.body) : undefined
    return { kind: 'known', keys: fields === undefined ? 'unknown' : Object.hasOwn(fields, 'key') }
  }

  async #call(outgoing: Outgoing): Promise<Answer> {
    const { gateway, credentials, scheme, environment } = this.#connection
    const { method, path, body } = outgoing
    const url = new URL(`${environment === 'test' ? '/test' : ''}/v1.0${path}`, gateway)
    try {
      const signIn = await signInHeaders(scheme, credentials, { method, url, body: bytesOf(body) })
      return await this.#request(url, outgoing, signIn)
    } catch (error) {
      return { kind: 'unclear', why: causeOf(error) }
    }
  }

  async #request(
    url: URL,
    { method, body, headers = {}, timeoutMs = answerMs, signal }: Outgoing,
    signIn: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { userAgent } = this.#connection
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await this.#fetch(url, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(userAgent !== undefined && { 'user-agent': userAgent }),
          ...signIn,
          ...headers,
        },
        ...(body !== undefined && { body: bytesOf(body) }),
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      const retryAfterMs = retryAfterFrom(response.headers.get('retry-after'))
      return {
        kind: 'incoming',
        status: response.status,
        body: await bodyOf(response),
        date: response.headers.get('date') ?? undefined,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      }
    } catch (error) {
      return { kind: 'unclear', why: causeOf(error) }
    }
  }
}
