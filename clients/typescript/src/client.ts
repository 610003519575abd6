import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, errorOf } from './errors.ts'
import { Calls, type ReportPage, type Token } from './generated.ts'
import { basic, type Key, parseKey, type Scheme, signed } from './sign-in.ts'
import type { CallOptions, Request, SendOptions } from './types.ts'

export interface ClientOptions {
  /** Where the API is: `https://api.example.com`. The environment is that of the key. */
  readonly url: string
  /** The key: `ID:PW:API_KEY`. */
  readonly credentials: string
  /** The scheme that the key was issued with. Default: `basic`. */
  readonly scheme?: Scheme
  /** Milliseconds that one attempt may take, beside the `wait` of reports. Default: 30,000. */
  readonly timeoutMs?: number
  /** Attempts of a call that may succeed later. Default: 5. */
  readonly maxAttempts?: number
  /** The longest wait between two attempts, in milliseconds. A call that has to wait longer fails at once. Default: 60,000. */
  readonly maxWaitMs?: number
  /** Instead of the global one. */
  readonly fetch?: typeof fetch
}

/** Which reports are iterated over. */
export interface ReportOptions extends CallOptions {
  /** The cursor of the last page that you have. Absent: the oldest report that is kept. */
  readonly cursor?: string
  readonly limit?: number
  /** Whether to wait for reports that do not exist yet. Default: end after the last one. */
  readonly follow?: boolean
}

const firstWaitMs = 500
/** A token is replaced this long before it ends. */
const tokenMarginMs = 60_000
const maxPollSeconds = 20

/** A client of the API: signs in, repeats what may be repeated, and never sends twice. */
export class Client extends Calls {
  readonly #key: Key
  readonly #origin: string
  readonly #options: Required<Omit<ClientOptions, 'credentials' | 'url'>>
  #token: { readonly text: string; readonly endsAt: number } | undefined

  /** @throws Error if the credentials or the URL cannot be read */
  constructor({
    url,
    credentials,
    scheme = 'basic',
    timeoutMs = 30_000,
    maxAttempts = 5,
    maxWaitMs = 60_000,
    ...rest
  }: ClientOptions) {
    super()
    this.#key = parseKey(credentials)
    const { origin } = new URL(url)
    this.#origin = this.#key.name.startsWith('ak_test_') ? `${origin}/test` : origin
    this.#options = { scheme, timeoutMs, maxAttempts, maxWaitMs, fetch: rest.fetch ?? fetch }
  }

  /**
   * Pages of reports. Asking for the next page acknowledges the one before, so store what a page has, and its `cursor`, in the body
   * of the loop. A report can come twice.
   */
  async *reportPages({ cursor, limit, follow = false, signal }: ReportOptions = {}): AsyncGenerator<ReportPage, void, void> {
    let next = cursor
    while (true) {
      const query = {
        ...(next !== undefined && { cursor: next }),
        ...(limit !== undefined && { limit }),
        ...(follow && { wait: maxPollSeconds }),
      }
      const page = await this.listReports(query, signal === undefined ? {} : { signal })
      next = page.cursor
      if (page.reports.length > 0 || follow) yield page
      if (!page.more && !follow) return
    }
  }

  protected override async call<Answer>(request: Request, { signal, idempotencyKey }: SendOptions): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (request.mediaType !== undefined) headers['content-type'] = request.mediaType
    if (request.idempotent) headers['idempotency-key'] = idempotencyKey ?? randomUUID()
    const made = { ...request, headers, bytes: bytesOf(request), signal }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt<Answer>(made)
      } catch (error) {
        if (!(error instanceof ApiError) || signal?.aborted) throw error
        if (error.code === 'token-expired' || error.code === 'token-invalid') this.#token = undefined
        const isRepeatable = error.retryable || (error.code === 'token-expired' && attempt === 1)
        const waitMs = waitOf(error, attempt)
        if (!isRepeatable || attempt >= this.#options.maxAttempts || waitMs > this.#options.maxWaitMs) throw error
        await sleep(waitMs, undefined, { signal })
      }
    }
  }

  async #attempt<Answer>(request: Made): Promise<Answer> {
    const { method, path, query = {}, bytes, signal } = request
    const url = new URL(`${this.#origin}${path}`)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
    const proof = await this.#proof(method, url.href, bytes ?? new Uint8Array(), path)
    const waitMs = Number(query.wait ?? 0) * 1000
    const limit = AbortSignal.timeout(this.#options.timeoutMs + waitMs)
    let response: Response
    let text: string
    try {
      response = await this.#options.fetch(url, {
        method,
        headers: { ...request.headers, ...proof },
        // A key is for this origin only.
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        ...(bytes !== undefined && { body: bytes }),
      })
      text = await response.text()
    } catch (cause) {
      throw new ApiError(`There is no answer from ${url.host}.`, { code: 'no-answer', retryable: true }, cause)
    }
    if (!response.ok) throw errorOf(response, text, Date.now())
    return JSON.parse(text)
  }

  async #proof(method: string, url: string, body: Uint8Array, path: string): Promise<Record<string, string>> {
    const { scheme } = this.#options
    if (scheme === 'hmac') return signed(this.#key, method, url, body, Date.now())
    if (scheme === 'basic' || path.endsWith('/token')) return { authorization: basic(this.#key) }
    if (this.#token === undefined || this.#token.endsAt - tokenMarginMs < Date.now()) {
      const form = new TextEncoder().encode('grant_type=client_credentials')
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const given = await this.#attempt<Token>({ method: 'POST', path: '/v1.0/token', headers, bytes: form, signal: undefined })
      this.#token = { text: given.access_token, endsAt: Date.now() + given.expires_in * 1000 }
    }
    return { authorization: `Bearer ${this.#token.text}` }
  }
}

/** A call whose body and headers are made. */
interface Made extends Omit<Request, 'body' | 'mediaType' | 'idempotent'> {
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
  readonly signal: AbortSignal | undefined
}

function bytesOf({ body, mediaType = '' }: Request): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return new Uint8Array(body)
  const text = mediaType.includes('form') ? new URLSearchParams(Object(body)).toString() : JSON.stringify(body)
  return new TextEncoder().encode(text)
}

/** What the API asks for, and else twice as long each time. With chance, so that many clients do not come again together. */
function waitOf({ retryAfterMs }: ApiError, attempt: number): number {
  const backOff = firstWaitMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
  return retryAfterMs === undefined ? backOff : retryAfterMs + Math.random() * Math.min(1000, retryAfterMs / 10)
}
