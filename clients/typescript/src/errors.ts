import type { FieldError, Problem } from './generated.ts'

/** Why a call was not carried out. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** `undefined`: there was no answer. */
  readonly status: number | undefined
  /** What happened, for programs. `no-answer` and `unknown` are the client's own. */
  readonly code: Problem['code']
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** Names the call when you ask about it. */
  readonly requestId: string | undefined
  readonly errors: readonly FieldError[]
  /** How long the API asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    what: Partial<Pick<ApiError, 'status' | 'requestId' | 'errors' | 'retryAfterMs'>> & Pick<ApiError, 'code' | 'retryable'>,
    cause?: unknown,
  ) {
    super(message, { cause })
    this.status = what.status
    this.code = what.code
    this.retryable = what.retryable
    this.requestId = what.requestId
    this.errors = what.errors ?? []
    this.retryAfterMs = what.retryAfterMs
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string'
}

/** Seconds or a date (RFC 9110, section 10.2.3). */
function retryAfterOf(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (!text) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

const temporary = new Set([408, 425, 429, 500, 502, 503, 504])

/** What an answer that is not a success says. A proxy in between may have written it. */
export function errorOf(response: Response, text: string, now: number): ApiError {
  const { status, headers } = response
  const retryAfterMs = retryAfterOf(headers, now)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  if (!isProblem(body)) {
    return new ApiError(`HTTP ${status}`, { status, code: 'unknown', retryable: temporary.has(status), retryAfterMs })
  }
  // The token call answers as OAuth defines: with a description, and without `retryable`.
  const { code, retryable = temporary.has(status), requestId, errors } = body
  const detail = body.detail ?? String(Object(body).error_description ?? code)
  return new ApiError(`${code}: ${detail}`, { status, code, retryable, requestId, errors: errors ?? [], retryAfterMs })
}
