import type { Scheme } from '../domain/credential.ts'
import { type NormalizedTexts, normalizedTexts } from '../domain/message.ts'
import type { Environment } from '../domain/names.ts'
import { apigw, type NextStep, step } from '../domain/next-step.ts'
import { isProblemCode, Problem } from '../domain/problem.ts'
import { parseCredentials, signInHeaders } from './sign-in.ts'

/** One call to the gateway, as a customer makes it. */
export interface SendRequest {
  /** `https://api.example.com` */
  readonly gateway: string
  /** `ID:PW:API_KEY` */
  readonly credentials: string
  readonly scheme: Scheme
  /** Absent: what the key's name says. */
  readonly environment?: Environment | undefined
  readonly idempotencyKey?: string | undefined
  readonly message: Readonly<Record<string, unknown>>
}

export interface Sent {
  readonly id: string
  readonly status: string
  readonly replayed: boolean
  /** What is sent instead of what was given; absent: the text is sent as it was given. */
  readonly normalized?: NormalizedTexts
  /** What is left of each limit, by its name. */
  readonly remaining: Readonly<Record<string, number>>
}

const answerMs = 15_000

/** What a person looks at next, by what the gateway said. */
function nextAfter(status: number, customer: string): NextStep | undefined {
  if (status === 401 || status === 403) return apigw('customer show', customer)
  if (status === 429) return apigw('quota show', customer)
  return status >= 500 ? apigw('doctor') : undefined
}

/** Turns the gateway's answer into a problem. */
function problemFrom(status: number, body: Record<string, unknown>, customer: string): Problem {
  const detail = typeof body.detail === 'string' ? body.detail : `The gateway answered ${status}.`
  const errors = Array.isArray(body.errors) ? body.errors : []
  const more = errors.map((error: { pointer?: unknown; detail?: unknown }) => `${error.pointer} ${error.detail}`).slice(1)
  const known = isProblemCode(body.code) ? body.code : 'gateway-unavailable'
  const next =
    nextAfter(status, customer) ?? (isProblemCode(body.code) ? undefined : 'is that the address of a gateway? --gateway URL')
  return new Problem(known, [detail, ...more].join('\n'), next === undefined ? {} : { next })
}

/** Reads `"day";r=12;t=3600, "month";r=4;t=99` */
function remainingFrom(header: string | null): Record<string, number> {
  const found = (header ?? '').matchAll(/"(\w+)";r=(\d+)/g)
  return Object.fromEntries([...found].map(([, name, value]) => [name, Number(value)]))
}

async function answerOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json().catch(() => undefined)
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** @throws Problem: the gateway's own, or `gateway-unavailable` */
export async function sendMessage(request: SendRequest): Promise<Sent> {
  const { gateway, credentials, idempotencyKey } = request
  const parts = parseCredentials(credentials)
  const environment = request.environment ?? (parts.keyId.startsWith('ak_test_') ? 'test' : 'live')
  const url = new URL(`${environment === 'test' ? '/test' : ''}/v1.0/messages`, gateway)
  // A header could not carry it, and the gateway takes no other.
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]*$/.test(idempotencyKey)) {
    throw new Problem(
      'invalid-idempotency-key',
      `"${idempotencyKey}" cannot be an Idempotency-Key: use visible ASCII characters.`,
    )
  }
  const body = Buffer.from(JSON.stringify(request.message))
  const signIn = await signInHeaders(request.scheme, parts, { method: 'POST', url, body })
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...signIn,
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      body,
      signal: AbortSignal.timeout(answerMs),
    })
  } catch (cause) {
    throw new Problem('gateway-unavailable', `${url.origin} does not answer.`, { next: step`start it: ${apigw('dev')}`, cause })
  }
  const answer = await answerOf(response)
  if (response.status !== 202) throw problemFrom(response.status, answer, parts.customer)
  const normalized = normalizedTexts.safeParse(answer.normalized)
  return {
    id: String(answer.id),
    status: String(answer.status),
    replayed: response.headers.get('idempotency-replayed') === 'true',
    ...(normalized.success && { normalized: normalized.data }),
    remaining: remainingFrom(response.headers.get('ratelimit')),
  }
}
