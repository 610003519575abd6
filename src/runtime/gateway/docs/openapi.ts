import * as z from 'zod'
import type { Charset } from '../../../domain/euc-kr.ts'
import { problemTable } from '../../../domain/problem.ts'
import type { Description, Endpoint } from '../versions/endpoint.ts'
import type { Mounted } from '../versions/endpoints.ts'

type Json = Readonly<Record<string, unknown>>

/** JSON Schema of what a caller sends or gets. Transformations inside the gateway are not shown. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return rest
}

const ref = (name: string): Json => ({ $ref: `#/components/${name}` })

const limitHeaders = {
  RateLimit: ref('headers/RateLimit'),
  'RateLimit-Policy': ref('headers/RateLimitPolicy'),
}
const everyAnswer = { 'X-Request-Id': ref('headers/RequestId') }

function parametersOf({ params, query, idempotent }: Description): Json[] {
  const named = (place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] =>
    Object.entries(schema?.shape ?? {}).map(([name, field]) => {
      const { description, ...rest } = schemaOf(field as z.ZodType, 'input')
      const required = place === 'path' || !(field as z.ZodType).safeParse(undefined).success
      return { name, in: place, required, ...(description !== undefined && { description }), schema: rest }
    })
  const headers = [ref('parameters/RequestId'), ...(idempotent ? [ref('parameters/IdempotencyKey')] : [])]
  return [...named('path', params), ...named('query', query), ...headers]
}

function answersOf(endpoint: Endpoint): Json {
  const { answers, idempotent } = endpoint.description
  const good = Object.entries(answers).map(([status, { description, schema }]) => [
    status,
    {
      description,
      headers: {
        ...everyAnswer,
        ...(idempotent && { ...limitHeaders, 'Idempotency-Replayed': ref('headers/IdempotencyReplayed') }),
      },
      ...(schema !== undefined && { content: { 'application/json': { schema: schemaOf(schema, 'output') } } }),
    },
  ])
  const bad = endpoint.problem === undefined ? ['4XX', '5XX'].map((status) => [status, ref('responses/Problem')]) : []
  return Object.fromEntries([...good, ...bad])
}

function operationOf({ path, endpoint }: Mounted, charset: Charset): Json {
  const { summary, body, bodyType = 'application/json' } = endpoint.description
  const raw = bodyType === 'image/jpeg' ? { type: 'string', format: 'binary' } : undefined
  const schema = body === undefined ? raw : schemaOf(body(charset), 'input')
  const version = path.split('/')[1] ?? ''
  const words = `${endpoint.method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+(\w)/g, (_, letter) => letter.toUpperCase())}`
  return {
    operationId: words.replaceAll(/[^A-Za-z0-9]/g, ''),
    summary,
    tags: [version],
    security: endpoint.signIn === 'token' ? [{ basic: [] }] : [{ basic: [] }, { bearer: [] }, { signature: [] }],
    parameters: parametersOf(endpoint.description),
    ...(schema !== undefined && { requestBody: { required: true, content: { [bodyType]: { schema } } } }),
    responses: answersOf(endpoint),
  }
}

/** What a problem looks like (RFC 9457), and every code that a caller may meet. */
function problemSchema(): Json {
  const codes = Object.entries(problemTable).filter(([, { status }]) => status !== undefined)
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'requestId'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string', enum: codes.map(([code]) => code) },
      retryable: { type: 'boolean', description: 'Whether the same call may succeed later' },
      requestId: { type: 'string' },
      errors: {
        type: 'array',
        description: 'Every field at fault',
        items: {
          type: 'object',
          properties: { pointer: { type: 'string', description: 'RFC 6901' }, detail: { type: 'string' } },
        },
      },
    },
  }
}

const text = (description: string): Json => ({ description, schema: { type: 'string' } })

function componentsOf(): Json {
  return {
    securitySchemes: {
      basic: { type: 'http', scheme: 'basic', description: 'base64 of ID:PW:API_KEY, the three parts of a key' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token that POST /v1.0/token gave' },
      signature: {
        type: 'apiKey',
        in: 'header',
        name: 'Signature',
        description: 'HTTP Message Signatures (RFC 9421), hmac-sha256, with Signature-Input and Content-Digest',
      },
    },
    parameters: {
      IdempotencyKey: {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'A name of your own for this call. The same call with the same key is carried out once',
        schema: { type: 'string', maxLength: 255 },
      },
      RequestId: {
        name: 'X-Request-Id',
        in: 'header',
        description: 'Your own name for this request, for the logs',
        schema: { type: 'string', minLength: 8, maxLength: 128 },
      },
    },
    headers: {
      RateLimit: text('What is left of each limit, and when it is whole again'),
      RateLimitPolicy: text('Every limit'),
      RequestId: text('Names this request in the logs'),
      IdempotencyReplayed: text('true: the answer of the first call with this key'),
      RetryAfter: text('Seconds after which the same call may succeed'),
    },
    responses: {
      Problem: {
        description: 'A problem (RFC 9457)',
        headers: { ...everyAnswer, 'Retry-After': ref('headers/RetryAfter') },
        content: { 'application/problem+json': { schema: ref('schemas/Problem') } },
      },
    },
    schemas: { Problem: problemSchema() },
  }
}

/** The OpenAPI 3.1 description of the API, generated from its endpoints. */
export function openApi(mounted: readonly Mounted[], charset: Charset = 'euc-kr'): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const one of [...mounted].sort((a, b) => a.path.localeCompare(b.path))) {
    const place = paths[one.path] ?? {}
    place[one.endpoint.method.toLowerCase()] = operationOf(one, charset)
    paths[one.path] = place
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Messaging API',
      version: '1.0',
      description: 'Sends SMS, LMS and MMS. Every accepted call to the live environment sends something and costs money.',
    },
    servers: [
      { url: '/', description: 'Live: sends, and costs money' },
      { url: '/test', description: 'Test: sends nothing; has keys and limits of its own' },
    ],
    paths,
    components: componentsOf(),
  }
}
