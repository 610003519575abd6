import { isUtf8 } from 'node:buffer'
import type * as z from 'zod'
import type { Admission } from '../../domain/admission.ts'
import type { Environment } from '../../domain/names.ts'
import { type FieldError, Problem } from '../../domain/problem.ts'
import type { Registry } from '../../registry/index.ts'
import type { Queue } from '../ports/index.ts'
import type { Caller } from './caller.ts'
import { type HttpRequest, type HttpResponse, single } from './http.ts'
import type { Tokens } from './tokens.ts'

/** One authenticated call on its way through the gateway. */
export interface Call {
  readonly request: HttpRequest
  readonly requestId: string
  /** Path without query. */
  readonly path: string
  readonly environment: Environment
  readonly caller: Caller
  readonly registry: Registry
  readonly queue: Queue
  readonly tokens: Tokens
  readonly now: () => number
  /** Turns a refusal into the answer that tells what to do about it. */
  readonly refuse: (admission: Extract<Admission, { kind: 'refused' }>) => HttpResponse
}

/** What one file in a version's folder exports by default. */
export interface Endpoint {
  readonly method: 'GET' | 'POST'
  /** Below the version: `/messages` in the folder `v1.0` answers at `/v1.0/messages` and `/test/v1.0/messages`. */
  readonly path: string
  readonly summary: string
  /** `token`: signs in with a key of the scheme `jwt`, by Basic. Absent: a call like any other. */
  readonly signIn?: 'token'
  /** Where its errors have another form than problem+json. */
  readonly problem?: (problem: Problem, requestId: string) => HttpResponse
  readonly run: (call: Call) => Promise<HttpResponse>
}

interface Definition<Schema extends z.ZodType | undefined> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  /** What the body has to be; absent: the endpoint takes none. */
  readonly body?: Schema
  readonly handle: (call: Call, body: Schema extends z.ZodType ? z.output<Schema> : undefined) => Promise<HttpResponse>
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Schema issues as the API reports them. Unknown fields get a pointer each, so that a typing slip is seen at once. */
function fieldErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: pointerOf(issue.path), detail: issue.message }]
    return issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'is not a known field' }))
  })
}

const jsonType = /^application\/(?:[\w.+-]+\+)?json *(?:;.*)?$/i

/** @throws Problem `unsupported-media-type`, `invalid-body` */
function parsedJson(request: HttpRequest): unknown {
  const type = single(request, 'content-type')
  if (!type || !jsonType.test(type)) {
    throw new Problem('unsupported-media-type', 'Content-Type has to be application/json.')
  }
  const encoding = single(request, 'content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Problem('unsupported-media-type', 'Content-Encoding is not supported: send the body as it is.')
  }
  if (!isUtf8(request.body)) throw new Problem('invalid-body', 'The body is not valid UTF-8.')
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
  const errors = fieldErrors(result.error.issues).slice(0, 20)
  const first = errors[0]
  const where = first?.pointer ? first.pointer : 'the body'
  throw new Problem('invalid-request', `${where}: ${first?.detail ?? 'is not valid'}`, { errors })
}

/** Defines an endpoint: its schema is written once and gives validation, types and documentation. */
export function endpoint<Schema extends z.ZodType | undefined = undefined>(definition: Definition<Schema>): Endpoint {
  const { method, path, summary, body, handle } = definition
  type Body = Schema extends z.ZodType ? z.output<Schema> : undefined
  return {
    method,
    path,
    summary,
    run: async (call) => handle(call, (body === undefined ? undefined : validated(body, parsedJson(call.request))) as Body),
  }
}
