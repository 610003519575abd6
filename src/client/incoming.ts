import * as z from 'zod'
import type { FetchResponse } from './proxy-fetch.ts'

/** A refusal of a whole call. Nothing of it was sent. */
export interface CallRefusal {
  readonly kind: 'refused'
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
}

/** No answer that can be read: the gateway may have accepted the call. */
export interface NoClearAnswer {
  readonly kind: 'unclear'
  readonly why: string
  readonly retryAfterMs?: number
}

/** Answers are read up to here: more is not from a gateway. */
const maxAnswerBytes = 4 * 1024 * 1024
const problemAnswer = z.object({ code: z.string(), detail: z.string().default(''), retryable: z.unknown().optional() })

/** An answer as it came. */
export interface Incoming {
  readonly kind: 'incoming'
  readonly status: number
  readonly body: unknown
  readonly retryAfterMs?: number
}

/** Reads the body within the limit. `undefined`: it is not JSON. */
export async function bodyOf(response: FetchResponse): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes / 1024 / 1024} MB`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

/** Seconds; a date is not what the gateway sends. */
export function retryAfterFrom(header: string | null): number | undefined {
  return header !== null && /^\d{1,7}$/.test(header) ? Number(header) * 1000 : undefined
}

/**
 * What an answer other than success means. Below 500 it is a decision: nothing was sent. An answer without a problem document
 * comes from a proxy or another server, so it decides nothing.
 */
export function refusalFrom({ status, body, retryAfterMs }: Incoming): CallRefusal | NoClearAnswer {
  const problem = problemAnswer.safeParse(body)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (!problem.success)
    return { kind: 'unclear', why: `HTTP ${status} without a problem document: is a proxy in between?`, ...wait }
  const { code, detail, retryable } = problem.data
  if (status >= 500 || status === 408) return { kind: 'unclear', why: `${code}: ${detail}`, ...wait }
  return { kind: 'refused', status, code, detail, retryable: retryable === true, ...wait }
}

export function unreadable({ status }: Incoming): NoClearAnswer {
  return { kind: 'unclear', why: `HTTP ${status} with a body that this version cannot read` }
}

/** The reason of a failed call in a few words: `fetch` hides it in `cause`. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  if (error.message.startsWith('through the proxy')) return error.message
  const inner = cause instanceof Error ? (cause.message !== '' ? cause.message : codeIn(cause)) : undefined
  return inner ?? error.message
}

function codeIn(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
