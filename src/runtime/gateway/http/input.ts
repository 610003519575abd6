import { isUtf8 } from 'node:buffer'
import type * as z from 'zod'
import { type FieldError, Problem } from '../../../domain/problem.ts'
import { boundedErrors, checkDepth, pointerOf } from './bounded.ts'
import { type HttpRequest, single } from './http.ts'

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
export function parsedJson(request: HttpRequest): unknown {
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
    // The parser's message quotes the body, which is private. Only the position is returned.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
    throw new Problem('invalid-body', `The body is not valid JSON${position === undefined ? '' : ` (at position ${position})`}.`)
  }
}

/** Parses a body with its schema. @throws Problem `invalid-request` that names every field at fault */
export function validated<Output>(schema: Pick<z.ZodType<Output>, 'safeParse'>, value: unknown): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = boundedErrors(fieldErrors(result.error.issues), maxIssues)
  const first = errors[0]
  const where = first?.pointer ? first.pointer : 'the body'
  throw new Problem('invalid-request', `${where}: ${first?.detail ?? 'is not valid'}`, { errors })
}

/** Parses a query string. @throws Problem `invalid-request` */
export function parsedQuery(request: HttpRequest): Record<string, string> {
  const at = request.target.indexOf('?')
  const found: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : request.target.slice(at + 1))) {
    if (Object.hasOwn(found, name)) throw new Problem('invalid-request', `The query has "${name.slice(0, 40)}" more than once.`)
    found[name] = value
  }
  return found
}
