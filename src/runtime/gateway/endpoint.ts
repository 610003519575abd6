import { isUtf8 } from 'node:buffer'
import type * as z from 'zod'
import type { Admission } from '../../domain/admission.ts'
import type { Charset } from '../../domain/euc-kr.ts'
import type { Environment } from '../../domain/names.ts'
import { type FieldError, Problem } from '../../domain/problem.ts'
import type { Registry } from '../../registry/index.ts'
import type { Ledger, Media } from '../ports/index.ts'
import { boundedErrors, checkDepth, pointerOf } from './bounded.ts'
import type { Caller } from './caller.ts'
import type { Cursors } from './cursors.ts'
import { type HttpRequest, type HttpResponse, single } from './http.ts'
import type { Publisher } from './publisher.ts'
import type { ReadKind, ReadLimits } from './read-limits.ts'
import type { Settlements } from './settlements.ts'
import type { Tokens } from './tokens.ts'

/** What endpoints work with. */
export interface Parts {
  readonly registry: Registry
  readonly publisher: Publisher
  readonly settlements: Settlements
  readonly ledger: Ledger
  readonly media: Media
  readonly tokens: Tokens
  readonly cursors: Cursors
  readonly readLimits: ReadLimits
  /** What the carriers' tables hold: which texts are accepted, and how their bytes are counted. */
  readonly charset: Charset
  readonly now: () => number
}

/** One authenticated call on its way through the gateway. */
export interface Call extends Parts {
  readonly request: HttpRequest
  readonly requestId: string
  /** Path without query. */
  readonly path: string
  readonly environment: Environment
  readonly caller: Caller
  /** Fires when the client left or the time of the call is over. Reads end then; what was admitted is finished. */
  readonly signal: AbortSignal
  /** Turns a refusal into the answer that tells what to do about it. */
  readonly refuse: (admission: Extract<Admission, { kind: 'refused' }>) => HttpResponse
  /** Whether the gateway is stopping: what waits had better end. */
  readonly draining: () => boolean
  /** Notes for the log how many units the call took and how long a part of it was waited for. */
  readonly note: (what: { units?: number; admitMs?: number; publishMs?: number }) => void
}

/** What an endpoint answers, by status, for the description of the API. */
export type Answers = Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType }>>

/** What an endpoint takes and gives, as its description has it. */
export interface Description {
  readonly summary: string
  readonly params?: z.ZodObject | undefined
  readonly query?: z.ZodObject | undefined
  readonly body?: ((charset: Charset) => z.ZodType) | undefined
  /** The type of a body that is no JSON. */
  readonly bodyType?: string
  readonly answers: Answers
  /** Whether `Idempotency-Key` is read. */
  readonly idempotent?: boolean
}

/** What one file in a version's folder exports by default. */
export interface Endpoint {
  readonly method: 'GET' | 'POST'
  /**
   * Below the version: `/messages` in the folder `v1.0` answers at `/v1.0/messages` and `/test/v1.0/messages`. A part
   * in braces, as in `/messages/{id}`, takes one segment of a path.
   */
  readonly path: string
  readonly description: Description
  /** `token`: signs in with a key of the scheme `jwt`, by Basic. Absent: a call like any other. */
  readonly signIn?: 'token'
  /** What it takes of the rate at which a customer may read. Absent: nothing. */
  readonly kind?: ReadKind
  /** Longest body in bytes, where it is not the usual one. */
  readonly maxBodyBytes?: number
  /** Where its errors have another form than problem+json. */
  readonly problem?: (problem: Problem, requestId: string) => HttpResponse
  /** @param params the segments that the braces of `path` took, as they came */
  readonly run: (call: Call, params: Readonly<Record<string, string>>) => Promise<HttpResponse>
}

interface Definition<
  Body extends z.ZodType | undefined,
  Query extends z.ZodObject | undefined,
  Params extends z.ZodObject | undefined,
> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  /** What the body has to be; absent: the endpoint takes none. */
  readonly body?: Body
  /** What the description shows of the body, where its parts are checked one by one. */
  readonly described?: (charset: Charset) => z.ZodType
  /** What may follow the question mark; absent: nothing is read. */
  readonly query?: Query
  readonly params?: Params
  readonly answers: Answers
  readonly idempotent?: boolean
  readonly kind?: ReadKind
  readonly maxBodyBytes?: number
  readonly handle: (
    call: Call,
    input: { readonly body: Output<Body>; readonly query: Output<Query>; readonly params: Output<Params> },
  ) => Promise<HttpResponse>
}

type Output<Schema extends z.ZodType | undefined> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** More are never shown. */
const maxIssues = 20

/** Schema issues as the API reports them. Unknown fields get a pointer each, so that a typing slip is seen at once. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  return issues.slice(0, maxIssues).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: pointerOf(issue.path), detail: issue.message }]
    return issue.keys
      .slice(0, maxIssues)
      .map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'is not a known field' }))
  })
}

const jsonType = /^application\/(?:[\w.+-]+\+)?json$/

/** The media type of the body, without parameters and in lower case. */
export function mediaType(request: HttpRequest): string {
  const type = single(request, 'content-type') ?? ''
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** @throws Problem `unsupported-media-type`, `invalid-body` */
function parsedJson(request: HttpRequest): unknown {
  if (!jsonType.test(mediaType(request))) {
    throw new Problem('unsupported-media-type', 'Content-Type has to be application/json.')
  }
  const encoding = single(request, 'content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Problem('unsupported-media-type', 'Content-Encoding is not supported: send the body as it is.')
  }
  if (!isUtf8(request.body)) throw new Problem('invalid-body', 'The body is not valid UTF-8.')
  checkDepth(request.body)
  try {
    return JSON.parse(Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength).toString('utf8'))
  } catch (error) {
    // The parser's message quotes the body, and a body is nobody's business: only the position is passed on.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
    throw new Problem('invalid-body', `The body is not valid JSON${position === undefined ? '' : ` (at position ${position})`}.`)
  }
}

/** The body as its schema has it. @throws Problem `invalid-request` that names every field at fault */
export function validated<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = boundedErrors(fieldErrors(result.error.issues), maxIssues)
  const first = errors[0]
  const where = first?.pointer ? first.pointer : 'the body'
  throw new Problem('invalid-request', `${where}: ${first?.detail ?? 'is not valid'}`, { errors })
}

/** The query as its schema has it. @throws Problem `invalid-request` */
function parsedQuery(request: HttpRequest): Record<string, string> {
  const at = request.target.indexOf('?')
  const found: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : request.target.slice(at + 1))) {
    if (Object.hasOwn(found, name)) throw new Problem('invalid-request', `The query has "${name.slice(0, 40)}" more than once.`)
    found[name] = value
  }
  return found
}

function given<Schema extends z.ZodType | undefined>(schema: Schema, value: () => unknown): Output<Schema> {
  return (schema === undefined ? undefined : validated(schema, value())) as Output<Schema>
}

/** Defines an endpoint: its schema is written once and gives validation, types and documentation. */
export function endpoint<
  Body extends z.ZodType | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Params extends z.ZodObject | undefined = undefined,
>(definition: Definition<Body, Query, Params>): Endpoint {
  const { method, path, handle, kind, maxBodyBytes, body, described = body && (() => body), ...rest } = definition
  const { query, params } = rest
  const description: Description = { ...rest, body: described }
  return {
    method,
    path,
    description,
    ...(kind !== undefined && { kind }),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    run: async (call, segments) =>
      handle(call, {
        params: given(params as Params, () => segments),
        query: given(query as Query, () => parsedQuery(call.request)),
        body: given(body as Body, () => parsedJson(call.request)),
      }),
  }
}
