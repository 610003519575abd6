import type * as z from 'zod'
import type { Charset } from '../../../domain/euc-kr.ts'
import type { ApiProblem, ApiProblemCode } from '../../../domain/problem.ts'
import type { HttpResponse } from '../http/http.ts'
import { parsedJson, parsedQuery, validated } from '../http/input.ts'
import type { Call } from '../messages/call.ts'
import type { ReadKind } from '../messages/read-limits.ts'

/** What an endpoint answers, by status, for the description of the API. */
export type Answers = Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType }>>

/** What calls are about: the groups of the description and of the page, in their order. */
export const groups = ['Messages', 'Images', 'Reports', 'Opt-outs', 'Quota', 'Tokens'] as const
export type Group = (typeof groups)[number]

/** How the description of the API presents an endpoint. */
interface Presented {
  readonly summary: string
  /** Its operation id, which is the name of a method in generated clients. Absent: made from method and path. */
  readonly name?: string
  readonly group?: Group
  /** Codes that it answers with beside those of every call, of signing in and of its kind (docs/problems.ts). */
  readonly problems?: readonly ApiProblemCode[]
}

/** What an endpoint accepts and returns, for the description of the API. */
export interface Description extends Presented {
  readonly params?: z.ZodObject | undefined
  readonly query?: z.ZodObject | undefined
  readonly body?: ((charset: Charset) => z.ZodType) | undefined
  /** The media type of a body that is not JSON. */
  readonly bodyType?: string
  readonly answers: Answers
  /** Whether `Idempotency-Key` is read. */
  readonly idempotent?: boolean
}

/** What one file in a version's folder exports by default. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE'
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
  /** Formats its errors, if not as problem+json. */
  readonly problem?: (problem: ApiProblem, requestId: string) => HttpResponse
  /** @param params the segments that the braces of `path` took, as they came */
  readonly run: (call: Call, params: Readonly<Record<string, string>>) => Promise<HttpResponse>
}

interface Definition<
  Body extends z.ZodType | undefined,
  Query extends z.ZodObject | undefined,
  Params extends z.ZodObject | undefined,
> extends Presented {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
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

function parseOptional<Schema extends z.ZodType | undefined>(schema: Schema, value: () => unknown): Output<Schema> {
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
        params: parseOptional(params as Params, () => segments),
        query: parseOptional(query as Query, () => parsedQuery(call.request)),
        body: parseOptional(body as Body, () => parsedJson(call.request)),
      }),
  }
}
